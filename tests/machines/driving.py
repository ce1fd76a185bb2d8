"""Drives state machines through their transition tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, ClassVar

from serfsim.protocol.transitions import Transition


class Driver:
    """Drives the machine of `module`.

    `enter` brings a new machine into a state, `give` gives it an input, `shows` tells whether an effect has
    been had since then: functions by the table's words, each called with the driver. `impossible` lists pairs
    of a state and an input that cannot meet.
    """

    module: ClassVar[ModuleType]
    enter: ClassVar[Mapping[str, Callable[[Any], object]]]
    give: ClassVar[Mapping[str, Callable[[Any], object]]]
    shows: ClassVar[Mapping[str, Callable[[Any], bool]]]
    impossible: ClassVar[frozenset[tuple[str, str]]] = frozenset()

    def state(self) -> str:
        """The machine's state in the table's words."""
        raise NotImplementedError

    def clear(self) -> None:
        """Forget the effects had so far."""


def table_of(driver: type[Driver]) -> tuple[Transition, ...]:
    rows: tuple[Transition, ...] = driver.module.TRANSITIONS
    return rows


def effects_of(row: Transition) -> list[str]:
    return row.effect.split("; ") if row.effect else []


def in_state(kind: type[Driver], state: str) -> Driver:
    """A new machine in a state."""
    driver = kind()
    kind.enter[state](driver)
    assert driver.state() == state
    driver.clear()
    return driver


def take(kind: type[Driver], row: Transition) -> None:
    """Take one row; AssertionError where the machine does something else."""
    driver = in_state(kind, row.state)
    kind.give[row.input](driver)
    assert driver.state() == row.next_state, row
    for effect in effects_of(row):
        assert kind.shows[effect](driver), f"{row}: not seen: {effect}"


def unlisted(kind: type[Driver]) -> list[tuple[str, str]]:
    """States and inputs that have no row together, of those that can meet."""
    rows = {(row.state, row.input) for row in table_of(kind)} | kind.impossible
    return [(state, given) for state in kind.enter for given in kind.give if (state, given) not in rows]

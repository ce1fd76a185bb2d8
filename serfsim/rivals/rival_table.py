"""The rivals by name: a folder beside this file each."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from serfsim.protocol.settings import Setting
from serfsim.rivals.rival import Rival


class RivalProtocol(NamedTuple):
    """A protocol to compare Serf with.

    `source` is the paper or open specification that it follows, `member` the class of its members, and
    `settings` the rows of `cluster.rival`. The first of each pair in `below` has to be below the second,
    the first of each in `at_most` no more than it.
    """

    name: str
    title: str
    source: str
    member: type[Rival]
    settings: tuple[Setting, ...]
    below: tuple[tuple[str, str], ...] = ()
    at_most: tuple[tuple[str, str], ...] = ()


@cache
def rival_names() -> tuple[str, ...]:
    """Return the names of all rivals, in order, without importing them."""
    here = Path(__file__).parent
    return tuple(sorted(place.parent.name for place in here.glob("*/rival_protocol.py")))


@cache
def rival_protocol(name: str) -> RivalProtocol:
    """Return a rival by its name."""
    found: RivalProtocol = import_module(f"serfsim.rivals.{name}.rival_protocol").RIVAL
    return found

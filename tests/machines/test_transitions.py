"""Every row of every transition table is what the machine does, and no other input changes a state."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

import serfsim
from serfsim.protocol.transitions import Transition
from tests.machines.drivers import DRIVERS, MACHINES
from tests.machines.driving import Driver, effects_of, in_state, table_of, take, unlisted
from tests.machines.page import PAGE, page

PACKAGE = Path(serfsim.__file__).parent
ROWS = [
    pytest.param(driver, row, id=f"{driver.__name__}: {row.state}, {row.input}")
    for driver in DRIVERS
    for row in table_of(driver)
]
OTHERS = [
    pytest.param(driver, state, given, id=f"{driver.__name__}: {state}, {given}")
    for driver in DRIVERS
    for state, given in unlisted(driver)
]


@pytest.mark.parametrize(("driver", "row"), ROWS)
def test_the_machine_takes_every_row_of_its_table(driver: type[Driver], row: Transition) -> None:
    take(driver, row)


@pytest.mark.parametrize(("driver", "state", "given"), OTHERS)
def test_no_input_without_a_row_changes_the_state(driver: type[Driver], state: str, given: str) -> None:
    machine = in_state(driver, state)
    driver.give[given](machine)
    assert machine.state() == state


def test_every_module_with_a_table_has_a_driver() -> None:
    with_a_table = {
        "serfsim." + ".".join(file.relative_to(PACKAGE).with_suffix("").parts)
        for file in PACKAGE.rglob("*.py")
        if re.search(r"^TRANSITIONS\b", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    }
    # A module may have its table from the file beside it.
    tables = {id(import_module(name).TRANSITIONS) for name in with_a_table}
    assert tables == {id(module.TRANSITIONS) for module in MACHINES}
    assert len(with_a_table) == len(tables) == len(MACHINES)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_knows_the_words_of_its_table_and_no_others(driver: type[Driver]) -> None:
    rows = table_of(driver)
    states = {row.state for row in rows} | {row.next_state for row in rows}
    assert set(driver.enter) == states
    assert {row.input for row in rows} <= set(driver.give)
    assert {effect for row in rows for effect in effects_of(row)} == set(driver.shows)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_state_and_an_input_have_one_row(driver: type[Driver]) -> None:
    pairs = [(row.state, row.input) for row in table_of(driver)]
    assert len(pairs) == len(set(pairs))


def test_the_page_of_state_machines_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.machines.page"

"""The progress bar of a cell: late, seldom, and gone in the end."""

from __future__ import annotations

from typing import Any

import pytest

from serfsim.base import jupyter
from serfsim.base.pace import Pace


class Cell:
    """Stands for IPython's `display`: remembers what the one output showed, in order."""

    def __init__(self) -> None:
        self.shown: list[dict[str, str]] = []

    def __call__(self, data: dict[str, str], *, raw: bool, display_id: bool) -> Cell:
        assert raw
        assert display_id
        assert self.shown == []
        self.shown.append(data)
        return self

    def update(self, data: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.shown.append(data)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(jupyter.time, "monotonic", lambda: now[0])
    return now


def test_short_work_shows_no_bar(clock: list[float]) -> None:
    cell = Cell()
    with jupyter.cell_bar("quick", cell) as report:
        clock[0] += 0.9
        report(1.0)
    assert cell.shown == []


def test_the_bar_of_long_work_is_renewed_a_few_times_a_second_and_emptied(clock: list[float]) -> None:
    cell = Cell()
    with jupyter.cell_bar("<long>", cell) as report:
        for step in range(1, 41):
            clock[0] += 0.125
            report(step / 40)
    first, *_, last = cell.shown
    assert first["text/plain"] == "<long>: 20 %, 4 s left"
    assert 'value="0.200"' in first["text/html"]
    assert "&lt;long&gt;" in first["text/html"]
    assert set(last.values()) == {""}
    assert 10 < len(cell.shown) < 20


def test_the_bar_is_emptied_when_the_work_fails(clock: list[float]) -> None:
    cell = Cell()

    def work() -> Any:
        with jupyter.cell_bar("broken", cell) as report:
            clock[0] += 2.0
            report(0.5)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert set(cell.shown[-1].values()) == {""}


def test_the_rest_is_told_by_the_pace_of_the_last_seconds() -> None:
    pace, now = Pace(0.0), 0.0
    # Calm for the first half, in a second; then a storm, a hundredth a second.
    for step in range(1, 11):
        now = step / 10.0
        pace.tell(step / 20.0, now)
    assert pace.seconds_left(now) == pytest.approx(1.0)
    for step in range(1, 25 * 8 + 1):
        now = 1.0 + step / 8.0
        pace.tell(0.5 + step / 800.0, now)
        left = pace.seconds_left(now)
        assert left is not None
        if now > 6.5:
            assert left == pytest.approx(51.0 - now, rel=0.05)
    # A slice that does not end is no reason to promise the same.
    later = pace.seconds_left(now + 60.0)
    assert later is not None
    assert later > 300.0


def test_without_any_progress_no_rest_is_told() -> None:
    pace = Pace(0.0)
    assert pace.seconds_left(10.0) is None
    pace.tell(0.0, 10.0)
    assert pace.seconds_left(11.0) is None

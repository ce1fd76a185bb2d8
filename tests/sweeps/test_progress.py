"""What is said of many runs while they run."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from serfsim.base import progress
from serfsim.base.jupyter import cell_bar


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [50.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_the_words_tell_done_failed_left_rate_and_time(clock: list[float]) -> None:
    count = progress.RunCount(40)
    assert count.words() == "0 done, 40 left"
    for _ in range(5):
        count.tell(found=True)
    assert count.words() == "5 done, 35 left"
    clock[0] += 4.0
    for _ in range(9):
        count.tell()
    count.tell(failed=True)
    # Ten in four seconds; those that an earlier sweep had finished say nothing about speed.
    assert count.words() == "14 done, 1 failed, 25 left, 2.5 runs/s, 0:10 to go"
    assert count.share == pytest.approx(15 / 40)
    clock[0] += 596.0
    assert count.words().endswith("1 runs/min, 25:00 to go")


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "0:00"), (8, "0:08"), (760, "12:40"), (3723, "1:02:03")])
def test_times_are_those_of_a_clock(seconds: float, text: str) -> None:
    assert progress.clock_text(seconds) == text


def test_a_log_gets_a_line_now_and_then(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with progress.runs_bar("crash", 100, lines=True) as tell:
        for _ in range(100):
            clock[0] += 1.0
            tell()
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "crash: 30 done, 70 left, 1 runs/s, 1:10 to go",
        "crash: 60 done, 40 left, 1 runs/s, 0:40 to go",
        "crash: 90 done, 10 left, 1 runs/s, 0:10 to go",
    ]


@pytest.mark.parametrize("options", [{}, {"quiet": True, "lines": True}])
def test_nobody_is_told_what_he_did_not_ask_for(
    clock: list[float], capsys: pytest.CaptureFixture[str], options: dict[str, bool]
) -> None:
    with progress.runs_bar("crash", 2, **options) as tell:
        clock[0] += 100.0
        tell()
    assert capsys.readouterr() == ("", "")


def test_a_terminal_has_a_bar_that_is_gone_in_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress.runs_bar("crash", 3) as tell:
        tell()
        tell(failed=True)
    said = capsys.readouterr()
    assert said.out == ""
    assert "1 done, 1 failed, 1 left" in said.err
    assert said.err.endswith("\x1b[1A\x1b[2K")  # the line is wiped


def test_a_cell_says_the_same_words(clock: list[float]) -> None:
    shown: list[dict[str, str]] = []

    class Handle:
        def update(self, data: dict[str, str], raw: bool) -> None:
            shown.append(data)

    def display(data: dict[str, str], **_: Any) -> Handle:
        shown.append(data)
        return Handle()

    count = progress.RunCount(4)
    with cell_bar("crash", display, words=count.words) as report:
        clock[0] += 2.0
        count.tell()
        report(count.share)
    assert shown[0]["text/plain"] == "crash: 1 done, 3 left, 30 runs/min, 0:06 to go"
    assert set(shown[-1].values()) == {""}

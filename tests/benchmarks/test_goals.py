"""The arithmetic of the benchmark: pairs, goals, rows and the page's table."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from benchmarks import goals
from benchmarks.cases import LOADS, Measurement, Peers, Unavailable
from benchmarks.goals import Goal, Row
from benchmarks.instructions import read_count
from benchmarks.pairs import in_turns, ratio
from benchmarks.speed import LONG, SAVED, Bench, measure, parts, select
from benchmarks.table import BEGIN, END, PAGE, with_table


def runs(cpu_s: list[float], nodes: int = 1000, seconds: float = 10.0, **raw: Any) -> list[Measurement]:
    return [Measurement(nodes, each, seconds, 100.0, {"run_s": each, **raw}) for each in cpu_s]


@dataclass(frozen=True)
class Noted:
    """A case that only notes that it was measured."""

    label: str
    notes: list[tuple[str, int]] = field(hash=False)

    def measure(self, seed: int) -> Measurement:
        self.notes.append((self.label, seed))
        return Measurement(1, float(seed), 1.0, 1.0)


def test_a_ratio_is_the_median_of_the_pairs_not_the_ratio_of_the_medians() -> None:
    # A machine that was ten times as slow during the first pair does not count.
    found = ratio([30.0, 3.0, 4.0], [10.0, 1.0, 2.0])
    assert found.median == 3.0
    assert (found.low, found.high, found.pairs) == (2.0, 3.0, 3)


def test_cases_take_turns_and_who_goes_first_changes() -> None:
    notes: list[tuple[str, int]] = []
    first, second = in_turns([Noted("a", notes), Noted("b", notes)], 3)  # type: ignore[list-item]
    assert notes == [("a", 1), ("b", 1), ("b", 2), ("a", 2), ("a", 3), ("b", 3)]
    assert [one.cpu_s for one in first] == [one.cpu_s for one in second] == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("goal", "value", "verdict"),
    [
        (Goal(3.0), 3.0, "met"),
        (Goal(3.0), 3.01, "missed"),
        (Goal(at_least=10.0), 10.0, "met"),
        (Goal(at_least=10.0), 9.9, "missed"),
        (None, 7.0, ""),
    ],
)
def test_a_value_meets_its_goal_or_misses_it(goal: Goal | None, value: float, verdict: str) -> None:
    assert Row("figure", value, goal).verdict == verdict


def test_a_storm_is_held_against_the_commit_of_before_by_way_of_the_cpp_program() -> None:
    before = goals.BEFORE["zone-1000"]
    rows = goals.cpu_rows(LOADS["zone-1000"], runs([before, before, before]), runs([2.0, 2.0, 2.0]))
    assert [row.value for row in rows] == [pytest.approx(before / 2), pytest.approx(0.5)]
    assert rows[1].interval == pytest.approx((0.5, 0.5))
    assert [row.verdict for row in rows] == ["", "missed"]


def test_what_follows_a_short_run_is_shown_but_not_judged() -> None:
    load = LOADS["join-2000"]
    short = goals.share_row(load, runs([4.0], scoring_s=1.0, saving_s=1.0))
    long = goals.share_row(load, runs([40.0], scoring_s=8.0, saving_s=4.0))
    assert (short.value, short.verdict[:10]) == (0.5, "not judged")
    assert (long.value, long.verdict) == (pytest.approx(0.3), "missed")


def test_a_calm_run_counts_without_its_set_up() -> None:
    load = LOADS["idle-1000"]
    ours = [Measurement(1000, 5.0, 120.0, 100.0, {"run_s": 1.2})]
    row = goals.idle_row(load, ours, [Measurement(1000, 0.3, 60.0, 10.0)])
    assert (row.value, row.verdict) == (pytest.approx(2.0), "met")


def test_growth_is_judged_only_from_a_hundred_to_ten_thousand() -> None:
    idle = {100: runs([0.002], 100), 1000: runs([0.03])}
    assert goals.flat_row(idle).verdict.startswith("not judged")  # type: ignore[arg-type]
    idle[10_000] = runs([1.0], 10_000)
    row = goals.flat_row(idle)  # type: ignore[arg-type]
    assert (row.value, row.verdict) == (pytest.approx(5.0), "missed")


def test_instructions_are_read_from_perf_and_from_cachegrind() -> None:
    assert read_count("words\n1234567;;instructions:u;100;100.00;;\n") == 1_234_567
    assert read_count("==7== \n==7== I   refs:      1,731,789\n") == 1_731_789
    assert read_count("<not supported>;;instructions:u;0;100.00;;\n") is None


def test_a_name_selects_one_case_and_a_part_of_names_several() -> None:
    names = ["join-200", "join-2000", "idle-100", "idle-1000"]
    assert select(names, ["join-200"], quick=False) == ["join-200"]
    assert select(names, ["idle-1000", "join"], quick=False) == ["join-200", "join-2000", "idle-1000"]
    assert select(names, [], quick=True) == ["join-200", "idle-100", "idle-1000"]


def test_what_is_named_apart_is_among_what_is_measured(tmp_path: Path) -> None:
    names = parts(Bench(Peers(tmp_path), pairs=5, quick=False, begins=print))
    assert set(LONG) | set(SAVED) | set(goals.STORMS) | set(goals.BEFORE) | set(goals.MEMORY) <= set(names)


def test_what_cannot_be_measured_says_why_and_the_rest_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(Peers(tmp_path), pairs=5, quick=False, begins=lambda label: None)
    monkeypatch.setattr("benchmarks.speed.require_compiled", refuse)
    bench.idle = {100: runs([0.002], 100), 10_000: runs([0.2], 10_000)}
    rows, complete = measure(bench, ["sweep", "idle-growth"])
    assert [row.verdict for row in rows] == ["met", "not here"]
    assert complete


def refuse() -> None:
    raise Unavailable("not here")


def test_an_unknown_name_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        select(["join-200", "zone-1000"], ["strom"], quick=False)
    assert "strom" in (told := capsys.readouterr().err)
    assert "zone-1000" in told


def test_the_pages_table_is_replaced_and_the_rest_stays() -> None:
    page = f"before\n{BEGIN}\n\nold\n\n{END}\nafter\n"
    once = with_table(page, [Row("join", 2.5, Goal(3.0))], "a machine")
    assert once.startswith(f"before\n{BEGIN}\n")
    assert once.endswith(f"{END}\nafter\n")
    assert "| join |  |  | 2.5 |  | at most 3 times | met |" in once
    assert "old" not in once
    assert with_table(once, [Row("join", 2.5, Goal(3.0))], "a machine") == once
    assert with_table(PAGE.read_text(encoding="utf-8"), [], "a machine")


def test_a_page_without_marks_is_left_alone() -> None:
    with pytest.raises(ValueError, match=Path(PAGE).name):
        with_table("nothing", [], "a machine")

"""The page for a pull request, and its numbers in words."""

from __future__ import annotations

import numpy as np
import pytest

from serfsim.study.regression.comparison import Comparison, FigureTest, compare
from serfsim.study.regression.describe import difference, number, p_text, spread, verdict
from serfsim.study.regression.markdown import LONGEST, markdown
from serfsim.study.regression.runs import Failure
from tests.regression.made import baseline, entry, normal, runs, scenario

FIRST = "detection.first_s.mean"


def page(comparison: Comparison) -> str:
    return markdown(comparison, baseline="results/baseline", command="serfsim regress --accept")


def compared(shift: float, figure: str = FIRST, **options: object) -> Comparison:
    what = scenario()
    kept = baseline(entry(runs({figure: normal(30, 8, 1), "detection.flaps": normal(30, 8, 3)}), what))
    now = runs({figure: normal(30, 8 + shift, 2), "detection.flaps": normal(30, 8, 4)}, same="new ")
    return compare(kept, {"tiny": what}, {"tiny": now}, **options)  # type: ignore[arg-type]


def test_the_first_line_is_the_verdict() -> None:
    found = compared(5.0)
    assert page(found).splitlines()[0] == f"**serfsim regress: {verdict(found)}**"
    assert "Changed without being accepted: 1 figure (1 worse) in tiny" in verdict(found)


def test_what_changed_is_open_and_the_rest_is_folded() -> None:
    text = page(compared(5.0))
    open_, folded = text.split("<details>", 1)
    assert f"| worse | tiny | `{FIRST}` |" in open_
    assert "detection.flaps" not in open_
    assert "| tiny | `detection.flaps` |" in folded
    assert text.count("<details>") == text.count("</details>")


def test_how_to_accept_is_told_where_there_is_something_to_accept() -> None:
    assert "serfsim regress --accept" in page(compared(5.0))
    moved_only = compared(0.0)
    assert not moved_only.changed
    assert "serfsim regress --accept" in page(moved_only)
    kept = runs({FIRST: normal(8, 8, 1)})
    same = compare(baseline(entry(kept)), {"tiny": scenario()}, {"tiny": kept})
    assert "serfsim regress --accept" not in page(same)


def test_what_a_worker_said_breaks_no_table() -> None:
    text = page(compared(0.0, failures=[Failure("tiny", 3, "a | b\n<script>")]))
    assert "| tiny | 3 | a \\| b &lt;script> |" in text


def test_a_page_stays_short_enough_for_a_comment() -> None:
    what = [scenario(name=f"scenario_{at}") for at in range(40)]
    figures = {f"detection.made_up_{at}": normal(30, 8, at) for at in range(15)}
    now = {f"detection.made_up_{at}": normal(30, 8, 100 + at) for at in range(15)}
    kept = baseline(*(entry(runs(figures), one) for one in what))
    found = compare(kept, {one.name: one for one in what}, {one.name: runs(now, first=101) for one in what})
    assert len(found.tests) == 600
    assert len(page(found)) < LONGEST


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (5.9312, "5.931"),
        (1234567.0, "1,234,567"),
        (0.00012346, "0.0001235"),
        (1.5e-7, "1.5e-07"),
        (-12.5, "-12.5"),
        (float("inf"), "-"),
    ],
)
def test_numbers_have_four_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_a_spread_is_the_median_the_middle_and_the_runs_without_a_value() -> None:
    values = np.array([*range(1, 20), np.inf])
    assert spread(values, FIRST) == "10 [1.9, 18.1] s; none in 1 of 20"
    assert spread(np.array([np.inf]), FIRST) == "none in 1 of 1"


def test_a_difference_is_that_of_medians_or_of_means_or_of_shares_without_a_value() -> None:
    def of(then: list[float], now: list[float]) -> str:
        return difference(FigureTest("tiny", FIRST, np.array(then), np.array(now), 0.0))

    assert of([4.0, 4.0], [3.0, 3.0]) == "-1 s (-25.0%)"
    assert of([0.0, 0.0, 0.0], [0.0, 0.0, 3.0]) == "mean +1 s"
    assert of([4.0, 4.0], [4.0, np.inf]) == "none in 0% then, 50% now"
    assert of([1.0, 3.0], [0.0, 4.0]) == "spread"


def test_p_values_are_short() -> None:
    assert [p_text(p) for p in (1.0, 0.9999, 0.0421, 0.00012)] == ["1", "1", "0.042", "1e-04"]

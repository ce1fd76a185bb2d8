"""Verdicts over scenarios and figures together, on tables made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serfsim.study.regression.comparison import BETTER, CHANGED, WORSE, Comparison, compare
from serfsim.study.regression.describe import verdict
from serfsim.study.regression.runs import CLAIMS_FAILED, Failure, Runs, runs_from
from serfsim.study.statistics import holm
from tests.regression.made import NAN, baseline, entry, normal, runs, scenario

FIRST = "detection.first_s.mean"
ERROR = "coordinates.relative_error.p50"
ACCURACY = "coordinates.nearest_accuracy"
FALLBACKS = "detection.tcp_fallbacks"


def compared(then: Runs, now: Runs, **options: object) -> Comparison:
    what = scenario()
    return compare(baseline(entry(then, what)), {"tiny": what}, {"tiny": now}, **options)  # type: ignore[arg-type]


def test_the_same_digests_need_no_test() -> None:
    kept = runs({FIRST: normal(20, 8, 1)})
    found = compared(kept, runs({FIRST: list(kept.figures[FIRST][:8])}))
    assert found.is_identical
    assert not found.is_regression
    assert found.tests == []
    assert verdict(found) == "Identical: all 8 runs of 1 scenario have the digests of the baseline."


def test_other_runs_of_the_same_distribution_are_no_regression() -> None:
    found = compared(runs({FIRST: normal(30, 8, 1)}), runs({FIRST: normal(30, 8, 2)}, first=101))
    assert not found.is_identical
    assert not found.is_regression
    assert found.differing == []
    assert verdict(found) == "No figure of 1 scenario changed (1 test, family-wise error 0.01)."


def test_a_digest_that_differs_is_told_though_no_figure_moved() -> None:
    found = compared(runs({FIRST: normal(30, 8, 1)}), runs({FIRST: normal(30, 8, 2)}, same="other "))
    assert not found.is_regression
    assert found.differing == ["tiny"]
    assert verdict(found).endswith("digests differ in tiny.")


def test_every_significant_difference_is_a_regression_whichever_way_it_goes() -> None:
    then = {
        FIRST: normal(30, 8, 1),
        ERROR: normal(30, 50, 2),
        ACCURACY: normal(30, 50, 3),
        FALLBACKS: normal(30, 50, 4),
    }
    now = {
        FIRST: normal(16, 12, 5),
        ERROR: normal(16, 40, 6),
        ACCURACY: normal(16, 60, 7),
        FALLBACKS: normal(16, 60, 8),
    }
    found = compared(runs(then), runs(now, first=101))
    assert {test.figure: test.verdict for test in found.changed} == {
        FIRST: WORSE,
        ERROR: BETTER,
        ACCURACY: BETTER,
        FALLBACKS: CHANGED,
    }
    assert found.is_regression
    assert "4 figures (1 worse, 2 better, 1 neutral) in tiny" in verdict(found)


def test_an_improvement_alone_is_a_regression_too() -> None:
    found = compared(runs({ERROR: normal(30, 50, 1)}), runs({ERROR: normal(30, 40, 2)}, first=101))
    assert [test.verdict for test in found.changed] == [BETTER]
    assert found.is_regression


def test_p_values_are_adjusted_over_all_scenarios_and_figures() -> None:
    names = ("one", "two", "three")
    scenarios = {name: scenario(name=name) for name in names}
    kept = baseline(
        *(entry(runs({FIRST: normal(20, 8, at)}), scenarios[name]) for at, name in enumerate(names))
    )
    now = {name: runs({FIRST: normal(20, 8.5, 10 + at)}, first=101) for at, name in enumerate(names)}
    tests = compare(kept, scenarios, now).tests
    assert [test.adjusted for test in tests] == pytest.approx(holm([test.p for test in tests]).tolist())


def test_a_share_of_runs_without_a_value_is_tested_with_the_values() -> None:
    figure = "coordinates.converged_s"
    then, now = normal(30, 50, 1), [NAN] * 14 + normal(16, 50, 2)
    found = compared(runs({figure: then}), runs({figure: now}, first=101))
    assert [test.verdict for test in found.changed] == [WORSE]


def test_claims_that_fail_more_often_are_a_regression_unless_the_claims_are_others() -> None:
    then, now = {CLAIMS_FAILED: [0.0] * 30}, {CLAIMS_FAILED: [1.0] * 30}
    found = compared(runs(then), runs(now, first=101))
    assert [(test.figure, test.verdict) for test in found.changed] == [(CLAIMS_FAILED, WORSE)]
    other = scenario().with_settings({"claims": ["detection.missed == 0"]})
    kept = baseline(entry(runs(then)))
    assert compare(kept, {"tiny": other}, {"tiny": runs(now, first=101)}).tests == []


def test_settings_that_differ_from_those_of_the_baseline_are_named() -> None:
    what = scenario()
    changed = what.with_settings({"cluster.config.suspicion_mult": 3})
    kept = runs({FIRST: normal(8, 8, 1)})
    (found,) = compare(baseline(entry(kept, what)), {"tiny": changed}, {"tiny": kept}).scenarios
    assert found.settings == ("cluster.config.suspicion_mult: 4 then, 3 now",)


def test_figures_that_came_or_went_are_told_and_do_not_fail() -> None:
    then = runs({FIRST: normal(8, 8, 1), ERROR: normal(8, 8, 1)})
    now = runs({FIRST: normal(8, 8, 2), ACCURACY: normal(8, 8, 1)}, first=101)
    found = compared(then, now)
    (one,) = found.scenarios
    assert (one.gone, one.new) == ((ERROR,), (ACCURACY,))
    assert not found.is_regression


def test_runs_that_came_to_no_end_are_a_regression() -> None:
    kept = runs({FIRST: normal(8, 8, 1)})
    found = compared(kept, kept, failures=[Failure("tiny", 9, "its worker died")])
    assert found.is_regression
    assert not found.is_identical
    assert verdict(found) == "1 run failed, in tiny."


def test_a_scenario_without_a_single_run_is_left_out() -> None:
    found = compared(runs({FIRST: [1.0]}), runs_from([]), failures=[Failure("tiny", 1, "no")])
    assert found.scenarios == ()
    assert found.is_regression


def test_false_alarms_keep_to_the_stated_rate() -> None:
    rng = np.random.default_rng(3)
    what = scenario()
    alarms, calls = 0, 60
    for _ in range(calls):
        shared = rng.normal(size=(46, 1))  # what makes all figures of a run depend on one another
        values = shared + rng.normal(size=(46, 12))
        values[:, 6:] = np.floor(values[:, 6:])
        figures = {name: values[:, at] for at, name in enumerate((FIRST, ERROR, ACCURACY, FALLBACKS))}
        kept = runs({name: list(column[:30]) for name, column in figures.items()})
        now = runs({name: list(column[30:]) for name, column in figures.items()}, first=101)
        alarms += compare(baseline(entry(kept, what)), {"tiny": what}, {"tiny": now}, rate=0.2).is_regression
    # 0.2 of 60 calls are 12; more than 19 would be a chance of 1 %.
    assert alarms <= 19
    assert not math.isnan(alarms)

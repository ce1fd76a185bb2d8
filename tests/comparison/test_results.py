"""Two results: one run each, so that nodes are what can be resampled."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import serfsim
from serfsim import Result
from serfsim.base.errors import SerfsimError
from serfsim.scenario.figures import figure_value
from serfsim.study.comparison import per_node, per_pair


def slow_nodes(seed: int = 1, mult: int = 4) -> Result:
    """Two of twelve members stand still again and again, one crashes: all kinds of happenings."""
    scenario = serfsim.Scenario(
        cluster={"nodes": 12, "config": {"suspicion_mult": mult}},
        duration="60s",
        warm_up="15s",
        network={"loss": {"udp": "10%"}},
        faults=[{"pause": 2, "at": "5s", "for": "8s", "every": "12s", "times": 3}, {"crash": 1, "at": "45s"}],
    )
    return serfsim.run(scenario, seed=seed)


@pytest.fixture(scope="module")
def results() -> tuple[Result, Result]:
    return slow_nodes(), slow_nodes(mult=2)


def test_what_nodes_contribute_adds_up_to_the_figures_of_the_summary(results: tuple[Result, Result]) -> None:
    for result in results:
        parts = {**per_node.parts(result), **per_pair.parts(result)}
        assert len(parts) == 14
        for name, values in parts.items():
            assert len(values) == 12
            assert math.isclose(
                np.nanmean(values), figure_value(result.summary, name) or 0.0, rel_tol=1e-6
            ), name
    assert per_node.parts(results[1])["detection.flaps"].sum() > 0
    assert per_node.parts(results[0])["health.score.mean"].max() > 0


def test_a_mean_over_pairs_varies_with_nodes_as_resampling_nodes_does() -> None:
    """The standard error of the projection against that of means over the pairs of resampled nodes."""
    rng = np.random.default_rng(2)
    own = rng.exponential(size=40)
    pairs = own[:, None] + own[None, :] + 0.1 * rng.normal(size=(40, 40))
    np.fill_diagonal(pairs, np.nan)
    means = []
    for _ in range(500):
        chosen = rng.integers(0, 40, 40)
        means.append(np.nanmean(pairs[np.ix_(chosen, chosen)]))
    projected = per_pair.project_pairs(pairs)
    assert projected.mean() == pytest.approx(np.nanmean(pairs))
    assert projected.std(ddof=1) / math.sqrt(40) == pytest.approx(np.std(means), rel=0.12)


def test_a_result_that_was_read_back_gives_the_same_comparison(
    results: tuple[Result, Result], tmp_path: Path
) -> None:
    folders = [result.save(tmp_path / f"r{at}", figures=False) for at, result in enumerate(results)]
    fresh = serfsim.compare(*results)
    stored = serfsim.compare(*folders)
    assert stored.verdict == fresh.verdict
    assert stored.table.equals(fresh.table)


def test_only_sums_over_nodes_have_an_interval(results: tuple[Result, Result]) -> None:
    rows = {row.figure: row for row in serfsim.compare(*results).rows}
    assert math.isfinite(rows["detection.suspicions"].low)
    assert rows["detection.suspicions"].n == 12
    assert rows["coordinates.relative_error.mean"].n == 11, "one crashed"
    assert math.isnan(rows["coordinates.relative_error.p50"].low)
    assert math.isnan(rows["detection.full_s.mean"].low)
    assert rows["detection.full_s.mean"].verdict == "differs"
    assert "detection.full_s.p99" not in rows, "with one crash it is the mean once more"


def test_the_verdict_says_that_one_run_each_is_no_word_on_seeds(results: tuple[Result, Result]) -> None:
    verdict = serfsim.compare(*results).verdict
    assert verdict.startswith("One run each: ")
    assert "Note: the scenarios differ in cluster.config.suspicion_mult 4 -> 2." in verdict
    assert "not between seeds" in verdict


def test_a_run_is_never_called_better_or_worse_than_another(results: tuple[Result, Result]) -> None:
    """Two seeds of one scenario: every fourth time or so they are farther apart than nodes explain."""
    others = (serfsim.compare(results[0], slow_nodes(seed=seed)) for seed in range(3, 20))
    comparison = next(found for found in others if found.of("apart"))
    assert not comparison.of("better", "worse", "changed")
    assert "farther apart than nodes explain" in comparison.verdict
    assert "Another seed alone" in comparison.verdict


def test_a_run_and_its_rerun_are_identical(results: tuple[Result, Result]) -> None:
    comparison = serfsim.compare(results[0], slow_nodes())
    assert comparison.verdict.startswith("Identical: both runs have the same digest.")
    assert {row.verdict for row in comparison.rows} == {"equal"}


def test_a_result_and_a_sweep_are_not_compared(results: tuple[Result, Result], tmp_path: Path) -> None:
    table = serfsim.sweep(results[0].scenario, seeds=[1], workers=1, progress=False)
    with pytest.raises(SerfsimError, match="found a result and a sweep; expected two results or two sweeps"):
        serfsim.compare(results[0], table)
    (tmp_path / "other").mkdir()
    with pytest.raises(SerfsimError, match="a folder without summary"):
        serfsim.compare(results[0], tmp_path / "other")


def test_results_of_other_scenarios_are_compared_with_a_note(results: tuple[Result, Result]) -> None:
    other = serfsim.run(serfsim.Scenario(name="other", cluster={"nodes": 5}, duration="10s"), seed=1)
    comparison = serfsim.compare(results[0], other)
    assert "different names: scenario and other" in comparison.verdict
    assert "the scenarios differ in duration" in comparison.verdict
    assert not comparison.paired


@pytest.mark.filterwarnings("ignore::serfsim.base.errors.SerfsimWarning")
def test_differences_that_no_member_notices_are_said_to_have_no_effect() -> None:
    def ran(**sections: Any) -> Result:
        return serfsim.run(serfsim.Scenario(cluster={"nodes": 2, **sections}, duration="5s", warm_up="2s"))

    base = ran(config={"rpc_addr": "127.0.0.1:1"}, groups={"g": {"nodes": 1, "config": {"bind_port": 1}}})
    other = ran(config={"indirect_checks": 2}, groups={"g": {"nodes": 1, "config": {"bind_port": 2}}})
    notes = [note for note in serfsim.compare(base, other).notes if "->" in note]
    assert notes[0] == "the scenarios differ in cluster.config.indirect_checks 3 -> 2"
    assert [note.split(" -> ")[0] for note in notes[1:]] == [
        "no effect: cluster.config.rpc_addr '127.0.0.1:1'",
        "no effect: cluster.groups.g.config.bind_port 1",
    ]
    assert all("a simulated member does not use it" in note for note in notes[1:])


def test_long_names_are_broken_between_words() -> None:
    from serfsim.cli.names import break_name

    assert break_name("false_positives_per_node_hour", 18) == "false_positives_\nper_node_hour"
    assert break_name("full_s.p50", 18) == "full_s.p50"

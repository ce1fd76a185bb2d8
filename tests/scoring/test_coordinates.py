"""Estimated against true round-trip times, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serfsim.protocol.events import COORDINATE_RESET
from serfsim.results.scoring.coordinates import error_series, final_errors
from serfsim.results.scoring.pair_errors import evenly_spaced
from serfsim.results.scoring.scored_run import ScoredRun
from serfsim.rivals import euclidean
from serfsim.rivals.coordinate_table import Places
from tests.scoring.recorded import AFTER, figures, recorded, samples

# Three nodes on a line at 0, 10 and 30 ms; estimates 10, 20 and 30 ms.
LINE = [[0.0, 0.0], [0.010, 0.0], [0.030, 0.0]]
# True round trips: 10, 25 and 20 ms, so that only the longest is wrong, by 5 ms or 20 %.
TRUE = [[0, 0.010, 0.025], [0.010, 0, 0.020], [0.025, 0.020, 0]]


def coordinates(**options: object) -> dict[str, object]:
    found: dict[str, object] = figures(nodes=3, rtt=TRUE, **options)["coordinates"]
    return found


def test_errors_are_over_all_ordered_pairs_of_the_last_sample() -> None:
    found = coordinates(coordinates=samples([0.0, 50.0], LINE))
    # 0, 0, 20 %, 20 %, 0, 0: estimates of 10, 30 and 20 ms for 10, 25 and 20 ms.
    assert found["relative_error"] == pytest.approx(
        {"p50": 0.0, "p90": 0.2, "p99": 0.2, "mean": 0.4 / 6, "max": 0.2}
    )
    assert found["absolute_error_ms"] == pytest.approx(
        {"p50": 0.0, "p90": 5.0, "p99": 5.0, "mean": 10 / 6, "max": 5.0}
    )


def test_the_estimate_adds_heights_and_adjustments_as_serf_does() -> None:
    space = Places(
        np.array([[0.0, 0.0], [0.003, 0.004], [0.0, 0.0]]),
        np.array([0.001, 0.002, 0.0]),
        np.array([0.0005, 0.0005, -0.1]),
    )
    everybody = np.arange(3, dtype=np.int64)
    estimate = euclidean.euclidean(space, everybody, everybody)
    assert estimate[0, 1] == pytest.approx(0.005 + 0.003 + 0.001)
    # The adjustment would make it negative: then it is left out.
    assert estimate[0, 2] == pytest.approx(0.001)


def test_the_quick_way_over_many_pairs_gives_the_same_estimates(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    space = Places(
        random.normal(0.05, 0.03, (40, 8)), random.uniform(0, 0.01, 40), random.normal(0, 0.001, 40)
    )
    everybody = np.arange(40, dtype=np.int64)
    exact = euclidean.euclidean(space, everybody, everybody)
    monkeypatch.setattr(euclidean, "DIRECT_PAIRS", 0)
    quick = euclidean.euclidean(space, everybody, everybody)
    apart = ~np.eye(40, dtype=bool)
    assert quick[apart] == pytest.approx(exact[apart], abs=2e-9)


def test_only_live_nodes_and_known_times_are_scored() -> None:
    true = np.array(TRUE)
    true[0, 1] = true[1, 0] = math.inf
    live = [[True, True, True]]
    found = figures(nodes=3, rtt=true, coordinates=samples([50.0], LINE, live=live))["coordinates"]
    assert found["relative_error"]["mean"] == pytest.approx(0.1)
    live = [[True, False, True]]
    found = coordinates(coordinates=samples([50.0], LINE, live=live))
    assert found["relative_error"] == pytest.approx(dict.fromkeys(("p50", "p90", "p99", "mean", "max"), 0.2))


def test_samples_from_the_warm_up_or_after_the_end_are_not_the_last() -> None:
    vec = [LINE, LINE, np.zeros((3, 2))]
    found = coordinates(coordinates=samples([-5.0, 40.0, 60.0], vec), interrupted_at=50.0)
    assert found["relative_error"]["max"] == pytest.approx(0.2)
    found = coordinates(coordinates=samples([-5.0], LINE))
    assert found["relative_error"]["p50"] is None
    assert found["drift_ms_per_s"] is None


def test_it_has_converged_when_the_median_stays_within_a_tenth_of_its_last_value() -> None:
    # Two nodes 10 ms apart; the estimate is 10 ms * (1 + error), so the median is the error.
    def settled(errors: list[float], t: list[float] | None = None) -> float | None:
        vec = [[[0.0, 0.0], [0.010 * (1 + error), 0.0]] for error in errors]
        times = [10.0 * i for i in range(len(errors))] if t is None else t
        found = figures(nodes=2, rtt=[[0, 0.01], [0.01, 0]], coordinates=samples(times, vec), duration=1000.0)
        value: float | None = found["coordinates"]["converged_s"]
        return value

    assert settled([0.8, 0.4, 0.21, 0.219, 0.2]) == 20.0
    # It came near once, and strayed again.
    assert settled([0.2, 0.5, 0.2, 0.2]) == 20.0
    assert settled([0.2, 0.2, 0.2]) == 0.0
    assert settled([0.8, 0.4, 0.2]) is None  # nothing shows that it stays
    assert settled([0.2]) is None
    # Before 0 nothing is scored.
    assert settled([0.8, 0.2, 0.2, 0.2], [-10.0, -5.0, 0.0, 5.0]) == 0.0


def test_rank_loss_is_the_share_of_subject_pairs_in_the_wrong_order() -> None:
    # One observer's truth is 10, 20, 30 ms to 1, 2 and 3; the estimate puts 3 before 2.
    vec = [[0.0, 0.0], [0.010, 0.0], [0.030, 0.0], [0.020, 0.0]]
    true = np.full((4, 4), np.nan)
    true[0] = [0, 0.010, 0.020, 0.030]
    found = figures(nodes=4, rtt=true, coordinates=samples([50.0], vec))["coordinates"]
    assert found["rank_loss"] == pytest.approx(1 / 3)
    # Equal true times have no order to lose.
    true[0] = [0, 0.010, 0.030, 0.030]
    found = figures(nodes=4, rtt=true, coordinates=samples([50.0], vec))["coordinates"]
    assert found["rank_loss"] == 0.0
    # Equal estimates lose every order there is.
    true[0] = [0, 0.010, 0.020, 0.030]
    found = figures(nodes=4, rtt=true, coordinates=samples([50.0], np.zeros((4, 2))))["coordinates"]
    assert found["rank_loss"] == 1.0


def test_nearest_accuracy_is_the_share_of_nodes_whose_predicted_nearest_is_the_true_one() -> None:
    found = coordinates(coordinates=samples([50.0], LINE))
    assert found["nearest_accuracy"] == 1.0
    # Truly 2 is nearest to 0; 0 is nearest to 2, and both to 1. Predicted for 0: 1; for 1: 0; for 2: 1.
    true = [[0, 0.02, 0.01], [0.02, 0, 0.02], [0.01, 0.02, 0]]
    found = figures(nodes=3, rtt=true, coordinates=samples([50.0], LINE))["coordinates"]
    assert found["nearest_accuracy"] == pytest.approx(1 / 3)


def test_drift_is_the_mean_path_of_live_nodes_over_the_last_quarter_of_the_samples() -> None:
    still = np.array(LINE)
    moved = still + np.array([[0.0, 0.0], [0.003, 0.004], [0.0, 0.001]])
    # Four steps of 10 s, of which the last is the last quarter: 5 and 1 ms over three nodes.
    vec = [still, moved, still, still, moved]
    times = [0.0, 10.0, 20.0, 30.0, 40.0]
    assert coordinates(coordinates=samples(times, vec))["drift_ms_per_s"] == pytest.approx(6 / 30)
    live = [[True] * 3] * 4 + [[True, True, False]]
    assert coordinates(coordinates=samples(times, vec, live=live))["drift_ms_per_s"] == pytest.approx(5 / 20)
    assert coordinates(coordinates=samples(times, LINE))["drift_ms_per_s"] == 0.0


def test_resets_are_counted_while_scoring() -> None:
    rows = [(-1, 0, COORDINATE_RESET, 0), (5, 0, COORDINATE_RESET, 0), (6, 1, COORDINATE_RESET, 1)]
    assert figures(rows)["coordinates"]["resets"] == 2


def test_what_nodes_believe_of_their_own_error_is_taken_from_the_last_sample_of_live_nodes() -> None:
    error = [[0.2, 1.5, 0.3], [0.1, 0.9, 0.3]]
    live = [[True, True, True], [True, False, True]]
    found = coordinates(coordinates=samples([0.0, 50.0], LINE, error=error, live=live))
    # One of the two halves its error in 50 s, the other keeps it.
    drift = math.log(2) / 100
    assert found["believed_error"] == pytest.approx({"p50": 0.2, "p90": 0.28, "drift_per_s": drift})


def test_without_samples_every_figure_is_none() -> None:
    found = coordinates()
    assert found.pop("resets") == 0
    for name in ("relative_error", "absolute_error_ms", "believed_error"):
        assert set(found[name].values()) == {None}
    assert [found[name] for name in ("converged_s", "rank_loss", "nearest_accuracy", "drift_ms_per_s")] == [
        None
    ] * 4


def test_scoring_in_blocks_gives_what_scoring_at_once_gives() -> None:
    random = np.random.default_rng(2)
    n = 12
    vec = random.normal(0.05, 0.03, (n, 2))
    true = np.sqrt(((vec[:, None] - vec[None, :]) ** 2).sum(axis=2)) * random.uniform(0.8, 1.2, (n, n))
    run = ScoredRun(recorded(nodes=n, rtt=true, coordinates=samples([1.0], vec)))
    at_once, in_blocks = final_errors(run, 0), final_errors(run, 0, chunk_pairs=5 * n)
    assert at_once.relative == pytest.approx(in_blocks.relative)
    assert at_once.rank_loss == pytest.approx(in_blocks.rank_loss)
    assert at_once.nearest_accuracy == in_blocks.nearest_accuracy
    # And the series scores the same sample alike.
    series = error_series(run)
    assert series.relative[0] == pytest.approx(list(at_once.relative.values()))
    assert series.rank_loss[0] == pytest.approx(at_once.rank_loss)


def test_a_large_cluster_is_scored_by_evenly_spaced_observers() -> None:
    assert evenly_spaced(np.arange(10, dtype=np.int64), 4).tolist() == [0, 2, 5, 7]
    assert evenly_spaced(np.arange(3, dtype=np.int64), 4).tolist() == [0, 1, 2]
    n = 320
    random = np.random.default_rng(3)
    vec = random.normal(0.05, 0.03, (n, 2))
    true = np.sqrt(((vec[:, None] - vec[None, :]) ** 2).sum(axis=2)) * 1.25
    recording = recorded(nodes=n, rtt=true, coordinates=samples([1.0], vec), down={7: [(0.5, AFTER)]})
    series = error_series(ScoredRun(recording))
    assert series.pairs[0] == 200 * (n - 1)
    assert series.relative[0, 0] == pytest.approx(0.2)


def test_a_range_query_has_the_precision_and_recall_of_the_estimates() -> None:
    found = coordinates(coordinates=samples([50.0], LINE))
    # Estimates of 10, 20 and 30 ms for 10, 20 and 25 ms, both ways.
    assert found["within_5ms"] == {"precision": None, "recall": None}
    assert found["within_20ms"] == {"precision": 1.0, "recall": 1.0}
    shifted = [[0.0, 0.0], [0.010, 0.0], [0.019, 0.0]]  # estimates of 10, 9 and 19 ms
    found = coordinates(coordinates=samples([50.0], shifted))
    assert found["within_10ms"] == pytest.approx({"precision": 0.5, "recall": 1.0})
    assert found["within_20ms"] == pytest.approx({"precision": 2 / 3, "recall": 1.0})
    far = [[0.0, 0.0], [0.011, 0.0], [0.031, 0.0]]
    assert coordinates(coordinates=samples([50.0], far))["within_10ms"] == {"precision": None, "recall": 0.0}

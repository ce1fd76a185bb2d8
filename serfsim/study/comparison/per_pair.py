"""Each node's contribution to coordinate errors, which are means over pairs of nodes.

A mean over ordered pairs is a U-statistic: resampling a node removes all its pairs, as observer and as
subject. Node i therefore contributes m + (r_i - m) + (c_i - m), where m is the mean over all pairs, r_i that
over the pairs it observes, and c_i that over the pairs it is the subject of (Hoeffding's projection). Nodes
that were down at the last sample and quantiles over pairs are excluded.

True round-trip times come from the run itself, or from its scenario for a run read from a folder.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from serfsim.base.errors import SerfsimError
from serfsim.results.places import places_of, system_of
from serfsim.results.scoring.pair_errors import nearest_hits, rank_loss
from serfsim.results.scoring.recording import Floats, Integers
from serfsim.rivals.coordinate_table import Places

if TYPE_CHECKING:
    from serfsim.results.run_result import RunResult

MOST_NODES: Final = 300  # ranks are scored over all pairs up to this size


def parts(result: RunResult) -> dict[str, Floats]:
    """Return {figure: contribution of every node}, each (n,) and NaN for a node that was down at the end."""
    n = len(result.truth.names)
    if n > MOST_NODES:
        return {}
    sample = last_sample(result)
    true = true_rtt(result)
    if sample is None or true is None:
        return {}
    t, live, places = sample
    actual = np.array([true(int(node), t)[live] for node in live])
    estimate = system_of(result.summary).estimate(places, live, live)
    self_pair = np.eye(len(live), dtype=np.bool_)
    known = np.isfinite(actual) & (actual > 0.0) & ~self_pair
    if np.isnan(estimate[known]).any() or known.sum() != len(live) * (len(live) - 1):
        return {}  # some pairs have no path or no estimate: the projection would not add up
    error = np.where(known, np.abs(estimate - actual), np.nan)
    each = {
        "coordinates.relative_error.mean": project_pairs(error / np.where(known, actual, np.nan)),
        "coordinates.absolute_error_ms.mean": project_pairs(1000.0 * error),
        "coordinates.nearest_accuracy": nearest_hits(estimate, actual, self_pair).astype(np.float64),
        "coordinates.rank_loss": np.array(
            [rank_loss(estimate[[i]], actual[[i]], self_pair[[i]]) for i in range(len(live))]
        ),
    }
    return {name: _of_all(values, live, n) for name, values in each.items()}


def project_pairs(pairs: Floats) -> Floats:
    """Project values of ordered pairs, (n, n) with NaN on the diagonal, to (n,) with the same mean."""
    mean = np.nanmean(pairs)
    values: Floats = np.nanmean(pairs, axis=1) + np.nanmean(pairs, axis=0) - mean
    return values


def _of_all(values: Floats, live: Integers, n: int) -> Floats:
    out = np.full(n, np.nan)
    out[live] = values
    return out


def last_sample(result: RunResult) -> tuple[float, Integers, Places] | None:
    """Return (time, live nodes, places of all) of the last scored sample; None with fewer than 3 nodes."""
    table = result.coordinates
    scored = table[(table["t_s"] >= 0.0) & (table["t_s"] <= result.truth.end_s)]
    if len(scored) == 0:
        return None
    rows = scored[scored["t_s"] == scored["t_s"].max()]
    live, places = places_of(rows, len(result.truth.names))
    return None if len(live) < 3 else (float(rows["t_s"].iloc[0]), live, places)


def true_rtt(result: RunResult) -> Callable[[int, float], Floats] | None:
    """Return a function of node and time: the true RTT to every node in seconds, shape (n,).

    None where the scenario is not kept.
    """
    if result.recording is not None:
        return result.recording.truth.rtt
    # start-up: they import simpy
    from serfsim.report.topology_survey import scenario_of
    from serfsim.simulation.build import topology_of, true_rtt

    try:
        scenario = scenario_of(result).with_settings({"seed": result.summary["seed"]})
        roster = scenario.roster()
        topology = topology_of(scenario, roster, scenario.seed)
    except SerfsimError:
        return None
    return true_rtt(scenario, topology, roster)

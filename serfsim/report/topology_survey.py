"""Surveys of topologies: their properties, and the least error that coordinates can have on them.

The floor is scored as a run is: against the round-trip times that a perfect probe would measure (base latency
both ways, mean jitter, the subject's processing delay), over all ordered pairs, by the same quantiles.
It is therefore comparable with a run's `coordinates.relative_error`, figure by figure.

    survey(scenario)                  # or a Result, or a Topology by itself
    survey(scenario).floor.mean.relative_error["mean"]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from serfsim.base.errors import ScenarioError
from serfsim.report.topology_plots import SurveyPlots
from serfsim.report.topology_table import survey_html
from serfsim.results.places import system_of
from serfsim.results.run_result import RunResult
from serfsim.results.scoring.pair_errors import ERROR_FIGURES, PairErrors
from serfsim.rivals.coordinate_table import Places
from serfsim.rivals.euclidean import euclidean
from serfsim.scenario.loading import loads
from serfsim.scenario.model import Scenario
from serfsim.simulation.build import topology_of, true_rtt
from serfsim.topology.embedding import StaticEmbedding, best_embeddings, fitted_observers
from serfsim.topology.report import TopologyReport, report_topology
from serfsim.topology.topology import Floats, Topology

CHUNK_PAIRS = 250_000  # scored at a time, to bound memory
CURVE = 201  # points of the distribution that are kept


@dataclass(frozen=True, eq=False)
class Placement:
    """Coordinates and their errors over all ordered pairs.

    `relative_error` (no unit) and `absolute_error_ms` have p50, p90, p99, mean and max; `curve` is the
    relative error at CURVE evenly spaced quantiles, ascending.
    """

    embedding: StaticEmbedding
    relative_error: dict[str, float]
    absolute_error_ms: dict[str, float]
    curve: Floats


@dataclass(frozen=True, eq=False)
class Floor:
    """The placements with the least mean and the least median relative error found.

    `fitted_to_all`: fitted to all pairs; else to those of some nodes with all others. `rtt_s`: the times of
    those nodes, seconds, shape (fitted nodes, n).
    """

    mean: Placement
    median: Placement
    fitted_to_all: bool
    rtt_s: Floats


@dataclass(frozen=True, eq=False, repr=False)
class Survey:
    """A topology's report and the floor of coordinate errors.

    `floor` is None if it was not requested or there is no pair to place.

    `plot.<panel>(ax=ax)` draws one panel of the figure of `serfsim topology` and returns its axes.
    `vivaldi` is the last relative error of the surveyed run: p50, p90, p99, mean, max; `system` is what its
    coordinates are called.
    """

    name: str
    seed: int
    topology: Topology
    report: TopologyReport
    floor: Floor | None
    vivaldi: dict[str, float] | None = None
    system: str = ""

    @property
    def described(self) -> str:
        """The topology in one line, without a leading name."""
        return self.topology.description.removeprefix(f"{self.name}: ")

    @property
    def plot(self) -> SurveyPlots:
        return SurveyPlots(self)

    def _repr_html_(self) -> str:
        return survey_html(self)

    def __repr__(self) -> str:
        return f"<Survey {self.name}: {self.report.n} nodes, seed {self.seed}>"


def survey(
    what: Scenario | RunResult | Topology,
    *,
    floor: bool = True,
    heights: bool = True,
    adjustments: bool = True,
) -> Survey:
    """Survey the topology of a scenario or a run, or a topology by itself.

    Of latencies that change over time, the survey takes those of the start; the floor of a run takes those
    of its end, where it was scored. `heights` and `adjustments`: parts of Serf's metric that the placements
    may use; without adjustments in the nodes (`adjustment_window_size: 0`) the placements have none either.
    Raises SerfsimError for a topology that cannot be built.
    """
    if isinstance(what, Topology):
        found = _floor(what.rtt_row, what.n, heights=heights, adjustments=adjustments) if floor else None
        return Survey("topology", 0, what, report_topology(what), found)
    scenario = what if isinstance(what, Scenario) else scenario_of(what)
    roster = scenario.roster()
    topology = topology_of(scenario, roster, scenario.seed)
    report = report_topology(topology)
    vivaldi = None if isinstance(what, Scenario) else what.summary["coordinates"]["relative_error"]
    found = None
    if floor:
        truth = true_rtt(scenario, topology, roster)
        at = 0.0 if isinstance(what, Scenario) else None
        config = scenario.cluster.config
        found = _floor(
            lambda node: truth(node, at),
            topology.n,
            heights=heights,
            adjustments=adjustments and config.adjustment_window_size > 0,
            dimensionality=config.dimensionality,
            height_min=config.height_min,
        )
        topology.latency.advance(0.0)
    system = "" if isinstance(what, Scenario) else system_of(what.summary).called
    return Survey(scenario.name, scenario.seed, topology, report, found, vivaldi, system)


def scenario_of(result: RunResult) -> Scenario:
    """Return the scenario of a result. Raises ScenarioError if it is missing."""
    if isinstance(result.scenario, Scenario):
        return result.scenario
    if not result.scenario.to_yaml():
        raise ScenarioError(f"{result.scenario.name}: found a result without its scenario.yaml")
    return loads(result.scenario.to_yaml(), "scenario.yaml", kept=True)


def _floor(row: Callable[[int], Floats], n: int, **options: Any) -> Floor | None:
    """Find the best placements; `row(i)` gives true round-trip times from node i, seconds, (n,)."""
    observers = fitted_observers(n)
    rtt = np.array([row(int(node)) for node in observers]).reshape(len(observers), n)
    if not (np.isfinite(rtt) & (rtt > 0.0)).any():
        return None
    best = best_embeddings(rtt, observers, **options)
    all_pairs = len(observers) == n
    true = rtt.__getitem__ if all_pairs else row
    return Floor(_score(best.mean, true, n), _score(best.median, true, n), all_pairs, rtt)


def _score(embedding: StaticEmbedding, row: Callable[[int], Floats], n: int) -> Placement:
    """Score a placement against the truth, by blocks of rows."""
    space = Places(embedding.vec, embedding.height, embedding.adjustment)
    everybody = np.arange(n, dtype=np.int64)
    errors = PairErrors(n * n)
    step = max(1, CHUNK_PAIRS // n)
    for low in range(0, n, step):
        observers = everybody[low : low + step]
        actual = np.array([row(int(node)) for node in observers])
        errors.add(euclidean(space, observers, everybody), actual, observers[:, None] == everybody)
    relative, absolute = errors.figures()
    return Placement(
        embedding,
        dict(zip(ERROR_FIGURES, relative.tolist(), strict=True)),
        dict(zip(ERROR_FIGURES, (1000.0 * absolute).tolist(), strict=True)),
        np.quantile(errors.relative[: errors.count], np.linspace(0.0, 1.0, CURVE)).astype(np.float64),
    )

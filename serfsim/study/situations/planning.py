"""The runs that check situations: every point of each study with every seed, and the claims at each point."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from serfsim.base.errors import ScenarioError
from serfsim.scenario.claims import Claim
from serfsim.scenario.estimate import refuse_large
from serfsim.scenario.library import KINDS, kind_of, shipped
from serfsim.scenario.loading import load
from serfsim.scenario.model import Scenario
from serfsim.scenario.problems import unknown_name
from serfsim.scenario.shelf import situations
from serfsim.scenario.situation import Situation
from serfsim.study.sweeps.grid import Point, scenarios
from serfsim.study.sweeps.worker import Job

SEEDS: Final = range(1, 21)
MOST_FIGURES: Final = 4  # of a situation without a study, those of its claims


@dataclass(frozen=True)
class At:
    """A point of the grid: its values, the scenario there, and the claims that must hold there."""

    point: Point
    scenario: Scenario
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class Planned:
    """A situation with the points and seeds that check it. `figures`: those that the table shows."""

    scenario: Scenario
    situation: Situation
    kind: str
    points: tuple[At, ...]
    seeds: tuple[int, ...]
    figures: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.scenario.name

    def jobs(self) -> list[Job]:
        """Return the runs, seed by seed within each point."""
        return [Job(at.scenario, seed, at.point) for at in self.points for seed in self.seeds]


def chosen(names: Sequence[str], kind: str | None) -> list[str]:
    """Return the names of the situations asked for: those named, those of a kind, or all.

    Raises ScenarioError for an unknown name or kind, and for a scenario that is no situation.
    """
    if kind is not None and kind not in KINDS:
        raise ScenarioError(f"--kind: {unknown_name(kind, 'a kind of situations', list(KINDS))}")
    known = [entry.name for entry in situations(kind)]
    for name in names:
        if name not in known:
            expected = "a situation" + (f" of the kind {kind}" if kind else "")
            plain = " (that scenario answers no thread)" if name in shipped() and kind is None else ""
            raise ScenarioError(unknown_name(name, expected, known) + plain)
    return list(dict.fromkeys(names)) or known


def plan(name: str, seeds: Iterable[int] = SEEDS, *, small: bool = False) -> Planned:
    """Plan the check of one situation; `small`: at reduced size, with as many seeds as the file says."""
    scenario = load(name)
    situation = scenario.situation
    assert situation is not None
    if small:
        seeds = range(1, situation.small.seeds + 1)
        scenario = scenario.with_settings(situation.small.set)
        situation = scenario.situation or situation
    study = situation.study
    grid: dict[str, list[Any]] = study.grid if study else {}
    # Without its claims, which are checked here: runs that are kept serve other claims too.
    bare = scenario.with_settings({"claims": []})
    points = [At(point, at, claims_at(scenario, point)) for point, at in scenarios(bare, grid)]
    for at in points:
        refuse_large(at.scenario, name)
    figures = study.figures if study else tuple(dict.fromkeys(claim.figure for claim in scenario.claims))
    most = None if study else MOST_FIGURES
    return Planned(scenario, situation, kind_of(name), tuple(points), tuple(seeds), tuple(figures[:most]))


def claims_at(scenario: Scenario, point: Point) -> tuple[Claim, ...]:
    """Return the claims at a point: the scenario's own, and those of the study that name no other value."""
    study = scenario.situation.study if scenario.situation else None
    of_study = study.claims if study else ()
    here = [one.claim for one in of_study if all(point[path] == value for path, value in one.at.items())]
    return (*scenario.claims, *here)

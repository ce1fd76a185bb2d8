"""The check of answers: runs of situations, claim by claim and seed by seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from serfsim.study.situations.planning import At, Planned
from serfsim.study.statistics import Interval, interval, share
from serfsim.study.sweeps.execution import run_all
from serfsim.study.sweeps.grid import Point, as_text
from serfsim.study.sweeps.overview import short_titles
from serfsim.study.sweeps.worker import DONE, Outcome

if TYPE_CHECKING:
    from serfsim.study.sweeps.execution import OnDone
    from serfsim.study.sweeps.store import Store


@dataclass(frozen=True)
class ClaimCount:
    """A claim at a point, "" where there is only one, and the number of seeds in which it holds."""

    claim: str
    at: str
    holds: int


@dataclass(frozen=True)
class PointValues:
    """The figures of one point over the seeds that have them: {figure: values}."""

    point: Point
    values: Mapping[str, tuple[float, ...]]

    def interval(self, figure: str) -> Interval:
        """Return the mean with its 95 % interval."""
        return interval(self.values[figure], "mean")


@dataclass(frozen=True)
class Checked:
    """A situation that was run.

    `holding`: the seeds in which every claim holds at every point. `cpu_s`: of all runs.
    """

    planned: Planned
    holding: tuple[int, ...]
    claims: tuple[ClaimCount, ...]
    points: tuple[PointValues, ...]
    cpu_s: float
    errors: tuple[str, ...] = field(default=())

    @property
    def share(self) -> Interval:
        """The share of seeds that hold, with its 95 % interval."""
        return share(len(self.holding), len(self.planned.seeds))

    @property
    def is_kept(self) -> bool:
        """True where the share is at least the promised one and no run failed."""
        return not self.errors and self.share.estimate >= self.planned.situation.holds

    @property
    def failing(self) -> list[ClaimCount]:
        """The claims that fail in some seed, the worst first."""
        count = len(self.planned.seeds)
        return sorted((one for one in self.claims if one.holds < count), key=lambda one: one.holds)


def check(
    planned: Sequence[Planned],
    workers: int | None = None,
    store: Store | None = None,
    on_done: OnDone | None = None,
) -> list[Checked]:
    """Carry out all runs, see `run_all`, and return what they showed in the order of `planned`."""
    jobs = [job for one in planned for job in one.jobs()]
    outcomes = iter(run_all(jobs, workers=workers, store=store, on_done=on_done))
    return [_checked(one, [[next(outcomes) for _ in one.seeds] for _ in one.points]) for one in planned]


def _checked(planned: Planned, outcomes: Sequence[Sequence[Outcome]]) -> Checked:
    """`outcomes[point][seed]`."""
    holding = set(planned.seeds)
    claims, points = [], []
    cpu_s, errors = 0.0, []
    for at, runs in zip(planned.points, outcomes, strict=True):
        done = [run for run in runs if run.status == DONE]
        errors += [f"seed {run.job.seed}: {run.error}" for run in runs if run.status != DONE]
        holding &= {run.job.seed for run in done}
        for claim in at.claims:
            kept = {run.job.seed for run in done if claim.check(run.row).holds}
            holding &= kept
            claims.append(ClaimCount(claim.text, point_text(planned, at), len(kept)))
        points.append(PointValues(at.point, {name: _values(done, name) for name in planned.figures}))
        cpu_s += sum(run.cpu_s for run in done)
    return Checked(planned, tuple(sorted(holding)), tuple(claims), tuple(points), cpu_s, tuple(errors))


def _values(runs: Sequence[Outcome], name: str) -> tuple[float, ...]:
    values = (run.row.get(name, math.nan) for run in runs)
    return tuple(value for value in values if not math.isnan(value))


def point_text(planned: Planned, at: At | PointValues) -> str:
    """Return the values of a point in words, with the shortest names that tell its paths apart."""
    return ", ".join(f"{title} {text}".strip() for title, text in labels(planned, at).values())


def labels(planned: Planned, at: At | PointValues) -> dict[str, tuple[str, str]]:
    """Return {path: (title, value)} of a point; a mapping needs no title, its keys say what differs."""
    titles = short_titles(list(at.point))
    found = {}
    for path, value in at.point.items():
        others = [one.point[path] for one in planned.points]
        if isinstance(value, Mapping) and all(isinstance(other, Mapping) for other in others):
            found[path] = ("", _differing(value, others) or "default")
        else:
            found[path] = (titles[path], value_text(value))
    return found


def _differing(value: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> str:
    keys = [key for key in value if any(other.get(key) != value[key] for other in others)]
    return ", ".join(f"{key} {value_text(value[key])}" for key in keys)


def value_text(value: Any) -> str:
    """Return a value as a label: a list or mapping by what is in it, lists of a list with | between them."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {value_text(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        between = " | " if any(isinstance(one, list) for one in value) else " "
        return between.join(value_text(one) for one in value) or "none"
    return as_text(value)

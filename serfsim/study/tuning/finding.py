"""`serfsim.tune`: run a grid, or take existing runs, and judge every setting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from serfsim.base.errors import SerfsimError
from serfsim.scenario.loading import load
from serfsim.scenario.model import Scenario
from serfsim.scenario.own_code import code_given
from serfsim.scenario.problems import found_expected, listed, quoted
from serfsim.study.sweeps import sweep
from serfsim.study.sweeps.folder import existing_runs, require_runs
from serfsim.study.sweeps.grid import check_seeds
from serfsim.study.tuning.goals import Goal, figures_of, read_constraint, read_goal
from serfsim.study.tuning.judging import JUDGES
from serfsim.study.tuning.settings import settings_of
from serfsim.study.tuning.tuning import Tuning

if TYPE_CHECKING:
    import pandas as pd

SEEDS: Final = 60  # 59 runs without fault bound a 95th percentile with 95 % confidence
COST: Final = "traffic.bytes_per_node_s"  # the front's second goal without constraints
KEPT: Final = "sweep"  # the sweep's folder within that of the tuning


def tune(
    what: Any,
    *,
    grid: Mapping[str, Iterable[Any]] | None = None,
    subject_to: str | Sequence[str] = (),
    minimize: str | None = None,
    maximize: str | None = None,
    seeds: Iterable[int] | str | None = None,
    confidence: float = 0.95,
    judge: str = "together",
    pareto: Sequence[str] | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: bool = True,
    allow_large: bool = False,
    allow_code: bool = False,
    parts: Mapping[str, type | str] | None = None,
    node_class: type | str | None = None,
    faults: Iterable[type | str] = (),
    figures: Iterable[Callable[[Any], Any] | str] = (),
) -> Tuning:
    """Find the best setting of those that keep the constraints.

    `what`: a Scenario or the name of its file, run at every point of `grid` with every seed, by default 1 to
    60 (kept in `out`/sweep: the same call resumes, and more seeds add to it); or an existing sweep (its
    folder, the return value of `open_sweep`, or its table), of which `seeds` are judged, by default all.
    `subject_to`: constraints such as "detection.false_positives_at_healthy.p95 == 0". `minimize` or
    `maximize`: a figure with a statistic over seeds, by default the mean. `judge`: "together", "in order" or
    "each", see `serfsim.study.tuning`. `pareto`: two goals for the front; by default the first constraint
    (without one, the traffic) and the objective. `out`: the folder for tuning.json, tuning.csv, tuning.md and
    pareto.png. `allow_large`: permit runs with an estimate above the budget. `allow_code`, `parts`,
    `node_class`, `faults` and `figures`: code of your own, see `sweep`.

    Raises SerfsimError for invalid arguments; the runs of a sweep are kept.
    """
    wanted = _Wanted(subject_to, minimize, maximize, pareto, judge)
    name, table, parameters = _runs(
        what,
        grid,
        seeds,
        out,
        code_given(parts, node_class, faults, figures),
        allow_code=allow_code,
        workers=workers,
        scheduler=scheduler,
        progress=progress,
        allow_large=allow_large,
    )
    require_runs(table, name)
    known = figures_of([str(column) for column in table.columns])
    with_value = [figure for figure in known if table[figure].notna().any()]
    objective, constraints, front = wanted.read(known)
    for goal in (objective, *constraints, *front):
        if goal.figure not in with_value:
            raise SerfsimError(
                f"{goal.figure}: {found_expected('no run that has it', 'a figure that these runs have')}"
                " (a detection time needs a crash that all members notice before the run ends)"
            )
    tuning = Tuning(
        name,
        settings_of(table, parameters),
        objective,
        constraints,
        confidence=confidence,
        judge=judge,
        pareto=front,
    )
    if out is not None:
        tuning.save(out)
    return tuning


class _Wanted:
    """The goals as text.

    Read twice: before anything runs, and against the figures of the runs.
    """

    def __init__(
        self,
        subject_to: str | Sequence[str],
        minimize: str | None,
        maximize: str | None,
        pareto: Sequence[str] | None,
        judge: str,
    ) -> None:
        if (minimize is None) == (maximize is None):
            found = "neither" if minimize is None else "both"
            raise SerfsimError(f"minimize, maximize: {found_expected(found, 'one of them')}")
        if judge not in JUDGES:
            raise SerfsimError(
                f"judge: {found_expected(quoted(judge), listed(repr(name) for name in JUDGES))}"
            )
        if pareto is not None and len(pareto) != 2:
            raise SerfsimError(f"pareto: {found_expected(', '.join(pareto) or 'none', 'two figures: A,B')}")
        self._constraints = [subject_to] if isinstance(subject_to, str) else list(subject_to)
        self._objective = minimize if minimize is not None else maximize
        self._where, self._way = ("minimize", "lower") if minimize is not None else ("maximize", "higher")
        self._pareto = pareto
        self.read(())

    def read(self, known: Sequence[str]) -> tuple[Goal, list[Any], tuple[Goal, Goal]]:
        """Read objective, constraints and the goals of the front.

        Raises SerfsimError for an invalid goal.
        """
        objective = read_goal(str(self._objective), self._where, known, self._way)
        constraints = [read_constraint(text, f"subject-to {text!r}", known) for text in self._constraints]
        if self._pareto is not None:
            asked = {one.name: one for one in constraints}
            goals = [read_goal(text, "pareto", known) for text in self._pareto]
            first, second = (asked.get(goal.name, goal) for goal in goals)
        else:
            first = constraints[0] if constraints else objective
            if not constraints and COST in known and objective.figure != COST:
                first = read_goal(COST, "pareto", known)
            second = objective
        return objective, constraints, (first, second)


def _runs(
    what: Any,
    grid: Mapping[str, Iterable[Any]] | None,
    seeds: Iterable[int] | str | None,
    out: str | Path | None,
    code: Mapping[str, Any],
    *,
    allow_code: bool,
    **how: Any,
) -> tuple[str, pd.DataFrame, list[str]]:
    """Return (name, tidy table, parameters) of a scenario's runs or an existing sweep."""
    found = existing_runs(what)
    if found is not None:
        for word in (*(["grid"] if grid else []), *code):
            found_both = f"{'a grid' if word == 'grid' else word} with an existing sweep"
            raise SerfsimError(f"{word}: {found_expected(found_both, 'one or the other')}")
        name, table, parameters, _ = found
        return name, table if seeds is None else _of_seeds(table, check_seeds(seeds)), parameters
    if isinstance(what, Scenario):
        scenario = what.with_code(code)
    else:
        scenario = load(what, allow_code=allow_code, code=code)
    table = sweep(
        scenario,
        grid,
        range(1, SEEDS + 1) if seeds is None else seeds,
        out=None if out is None else Path(out) / KEPT,
        **how,
    )
    return scenario.name, table, list(grid or {})


def _of_seeds(table: pd.DataFrame, seeds: list[int]) -> pd.DataFrame:
    """Return the runs of these seeds.

    Raises SerfsimError where one has no run.
    """
    lacking = sorted(set(seeds) - set(table["seed"]))
    if lacking:
        raise SerfsimError(f"seeds: {found_expected(f'seed {lacking[0]}', 'seeds that the sweep has')}")
    return table[table["seed"].isin(seeds)]

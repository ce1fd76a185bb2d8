"""Runs whose results can draw themselves: `run`, `Simulation`, `open_result` and their `Result`."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serfsim.base.errors import SerfsimWarning
from serfsim.base.progress import bar
from serfsim.protocol.serf.node import SerfNode
from serfsim.report.answer import answer
from serfsim.report.card import result_card
from serfsim.report.plots import DRAWN, PAGE, PLOTS, Plots
from serfsim.results.folder import POOLS
from serfsim.results.run_result import RunResult
from serfsim.scenario.estimate import refuse_large
from serfsim.scenario.figures import OWN_FAILED
from serfsim.scenario.model import Scenario
from serfsim.scenario.protocol_parts import PartClasses
from serfsim.scenario.unused import unused
from serfsim.simulation import simulation
from serfsim.simulation.own_code import Figures
from serfsim.simulation.simulation import Progress


class Result(RunResult):
    """The result of one run: summary, tables, figures and page.

    `summary` is a mapping as in summary.json; the tables have the columns of the result folder.
    `plot.<figure>(ax=ax)` draws one figure and returns its axes. `recording` is None for a result
    read from a folder. `capture` is the file with the run's packets, if the scenario asked for one.
    """

    @property
    def plot(self) -> Plots:
        """The figures: `result.plot.view_sizes(ax=ax)`; without `ax`, in a new figure."""
        return Plots(self)

    def save(self, folder: str | Path, *, figures: bool = True) -> Path:
        """Write the result folder atomically and return its path.

        A partial result does not replace a complete one: it goes to FOLDER-partial. Files that serfsim did
        not write stay. `figures=False` omits plots and page. Raises ResultError if the folder holds
        something else, another run holds it, or it cannot be written.
        """
        with self._saving(Path(folder), DRAWN) as (target, partial):
            self._write(partial)
            if figures:
                from serfsim.report.page import write_page  # start-up: matplotlib

                write_page(self, partial / PAGE, partial / PLOTS)
                for name, pool in self.pools.items():
                    place = partial / POOLS / name
                    write_page(pool, place / PAGE, place / PLOTS)
        return target

    def replay(self, path: str | Path, other: Result | None = None) -> Path:
        """Write the page that plays this run, beside `other` if given, and return its path.

        Raises ResultError if a run was not recorded for it (`record: {replay: true}`), or if the file cannot
        be written.
        """
        from serfsim.replays import replay  # start-up: most results are never replayed

        return replay(self, path, other)

    def _repr_html_(self) -> str:
        return result_card(self)

    def __repr__(self) -> str:
        answered = answer(self.summary)
        name, seed = self.summary["name"], self.summary["seed"]
        return f"<Result of {name}, seed {seed}: {answered.partial or answered.verdict.rstrip('.')}>"


open_result = Result.open


class Simulation(simulation.Simulation):
    __doc__ = simulation.Simulation.__doc__

    result_class = Result

    def run(self, progress: Progress | None = None) -> Result:
        result = super().run(progress)
        assert isinstance(result, Result)
        return result

    run.__doc__ = simulation.Simulation.run.__doc__

    def _repr_html_(self) -> str:
        """Return the card of the result once there is one, before that the card of the scenario."""
        shown = self.scenario if self._result is None else self._result
        return shown._repr_html_()  # type: ignore[union-attr]


def run(
    scenario: Scenario,
    *,
    seed: int | None = None,
    progress: Progress | None = None,
    capture: Path | None = None,
    node_class: type[SerfNode] = SerfNode,
    parts: PartClasses | None = None,
    figures: Figures = (),
    check: bool | None = None,
    allow_large: bool = False,
) -> Result:
    """Run a scenario once.

    `seed` replaces the scenario's own; the same seed gives the same run. `progress` is called repeatedly
    with the fraction done, 0 to 1; by default a bar is shown in a terminal and in Jupyter. `capture`,
    `node_class`, `parts`, `figures` and `check`: see `Simulation`. An interrupted run returns what came
    before, with `complete` False. Warns (SerfsimWarning) about settings that no simulated member uses, and
    about figures whose function raised. Raises SerfsimError for a topology that cannot be built, for parts
    that replace nothing, and for a run that `scenario.estimate` puts beyond its budget, unless `allow_large`.
    """
    refuse_large(scenario, scenario.name, allowed=allow_large)
    for warning in unused(scenario):
        warnings.warn(warning, SerfsimWarning, stacklevel=2)
    sim = Simulation(
        scenario, seed, capture, node_class=node_class, parts=parts, figures=figures, check=check
    )
    if progress is not None:
        result = sim.run(progress)
    else:
        with bar(scenario.name) as report:
            result = sim.run(report)
    for warning in own_warnings(result.summary):
        warnings.warn(warning, SerfsimWarning, stacklevel=2)
    return result


def own_warnings(summary: Mapping[str, Any]) -> list[str]:
    """Return a warning for each figure of the user's own whose function raised."""
    return [f"{name}: no value: {why}" for name, why in summary.get(OWN_FAILED, {}).items()]

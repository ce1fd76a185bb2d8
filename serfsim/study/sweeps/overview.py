"""Summary of a sweep: a row for each point of the grid, with figures aggregated over the seeds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from serfsim.base.english import nearest
from serfsim.base.errors import SweepError
from serfsim.scenario.figures import FIGURES
from serfsim.scenario.problems import found_expected, quoted
from serfsim.study.sweeps.table import ABOUT, parameters_of
from serfsim.study.sweeps.worker import DONE

if TYPE_CHECKING:
    import pandas as pd

    from serfsim.scenario.model import Scenario


def summary(
    table: pd.DataFrame,
    confidence: float | None = 0.95,
    statistic: str = "mean",
    figures: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return a row for each point of the grid of the tidy `table`, in order.

    Columns: the grid's paths, `runs` (finished), `failed`, then for each of the `figures` (all by default)
    its `statistic` (mean, median, p90 ...) over the runs that have it, and with a `confidence` the bounds
    `FIGURE.low` and `FIGURE.high`: infinite for too few runs, see `serfsim.study.statistics.interval`.

    Raises SerfsimError for unknown figures and statistics.
    """
    # start-up: pandas is slow to import
    import pandas as pd

    names = figures_of(table) if figures is None else known_figures(table, figures)
    return pd.DataFrame(
        [
            {**point, **_counts(runs), **_estimates(runs, names, confidence, statistic)}
            for point, runs in by_point(table)
        ]
    )


def figures_of(table: pd.DataFrame) -> list[str]:
    """Return the columns with figures."""
    columns = list(table.columns)
    return [str(name) for name in columns[columns.index(ABOUT[-1]) + 1 :]]


def known_figures(table: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return the names after checking that they are figures of the table.

    Raises SweepError.
    """
    known = figures_of(table)
    for name in names:
        if name not in known:
            expected = "a figure of a summary, such as detection.false_positives"
            raise SweepError(
                f"figures: {found_expected(quoted(name), expected, nearest(name, [*FIGURES, *known]))}"
            )
    return list(names)


def by_point(table: pd.DataFrame) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Yield (values at a point of the grid, its runs), in the order of the table."""
    parameters = parameters_of(table)
    if not parameters:
        yield {}, table
        return
    for values, runs in table.groupby(parameters, sort=False, dropna=False):
        yield dict(zip(parameters, values, strict=True)), runs


def _counts(runs: pd.DataFrame) -> dict[str, int]:
    done = int((runs["status"] == DONE).sum())
    return {"runs": done, "failed": len(runs) - done}


def _estimates(
    runs: pd.DataFrame, names: Sequence[str], confidence: float | None, statistic: str
) -> dict[str, float]:
    # start-up: it imports numpy
    from serfsim.study.statistics import estimate, interval

    found: dict[str, float] = {}
    for name in names:
        values = runs[name].to_numpy(dtype=float)
        if confidence is None:
            found[name] = estimate(values, statistic)
        else:
            bounded = interval(values, statistic, confidence)
            found |= {name: bounded.estimate, f"{name}.low": bounded.low, f"{name}.high": bounded.high}
    return found


HEADLINES: Final = (
    "detection.first_s.p50",
    "detection.full_s.p99",
    "detection.false_positives",
    "detection.flaps_per_node_hour",
    "coordinates.relative_error.p50",
    "dissemination.events.p99_s",
    "traffic.bytes_per_node_s",
)


def headlines(table: pd.DataFrame, scenario: Scenario) -> list[str]:
    """Return the figures of claims, then HEADLINES, that have a value; constant ones come last."""
    wanted = dict.fromkeys([*(claim.figure for claim in scenario.claims), *HEADLINES])
    known = set(figures_of(table))
    there = [name for name in wanted if name in known and table[name].notna().any()]
    return sorted(there, key=lambda name: table[name].nunique() < 2)


def runs_text(done: int, failed: int) -> str:
    return f"{done} (+{failed} failed)" if failed else str(done)


def short_titles(parameters: Sequence[str]) -> dict[str, str]:
    """Return the last part of each path where these are distinct, else the paths."""
    last = {path: path.rpartition(".")[2] for path in parameters}
    alike = list(last.values())
    return {path: title if alike.count(title) == 1 else path for path, title in last.items()}


def figure_text(point: Mapping[Any, Any], name: str) -> str:
    """Format a figure: '3.21', or '3.21 (2.9 to 3.5)'."""
    value = point[name]
    if math.isnan(value):
        return "-"
    if f"{name}.low" not in point:
        return f"{value:.4g}"
    low, high = point[f"{name}.low"], point[f"{name}.high"]
    return f"{value:.4g} ({low:.3g} to {high:.3g})".replace("inf", "∞")

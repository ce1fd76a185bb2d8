"""One self-contained HTML page of a sweep: question, settings at which the claims hold, and figures.

It shares style and components with the page of a result. Its table has a row for each point of the grid;
every figure that varies is plotted against the grid's first parameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from serfsim.base.atomic_files import write_whole
from serfsim.base.english import format_count
from serfsim.base.errors import SweepError
from serfsim.report.page import page_style, page_template
from serfsim.report.plots.style import SIZE, STYLE
from serfsim.report.svg import page_figure
from serfsim.scenario.phrases import describe_cluster, describe_length
from serfsim.scenario.problems import found_expected
from serfsim.study.sweeps import page_plot
from serfsim.study.sweeps.folder import CSV
from serfsim.study.sweeps.grid import as_text
from serfsim.study.sweeps.overview import figure_text, headlines, runs_text, short_titles, summary
from serfsim.study.sweeps.page_words import count_held, count_held_claims, sweep_answer
from serfsim.study.sweeps.table import parameters_of

if TYPE_CHECKING:
    import pandas as pd

    from serfsim.report.svg import PageFigure
    from serfsim.study.sweeps import Sweep

CONFIDENCE: Final = 0.95
MOST_ROWS: Final = 60  # rows of the table
MOST_COLUMNS: Final = 7  # figures in the table
MOST_FIGURES: Final = 6
HEIGHT: Final = 3.4  # inches


def write_sweep_page(sweep: Sweep, path: Path) -> None:
    """Write the page atomically."""
    write_whole(path, sweep_page(sweep))


def sweep_page(sweep: Sweep) -> str:
    """Return the page as text.

    Raises SweepError where no run has ended yet.
    """
    table, scenario = sweep.table, sweep.scenario
    if len(table) == 0:
        raise SweepError(f"{sweep.folder}: {found_expected('a sweep without runs', 'at least one run')}")
    parameters = parameters_of(table)
    names = headlines(table, scenario)
    moving = [name for name in names if table[name].nunique() > 1]
    points = summary(table, CONFIDENCE, "mean", names).to_dict("records")
    settings = prod(len(values) for values in sweep.grid.values())
    several = len(points) > 1 and bool(parameters)
    return page_template("sweep.html.j2").render(
        style=Markup(page_style()),
        name=sweep.name,
        question=scenario.question,
        run=f"{format_count(settings, 'setting')}, {format_count(len(sweep.seeds), 'seed')} each",
        answer=sweep_answer(
            table, points, moving, parameters, len(scenario.claims), settings * len(sweep.seeds)
        ),
        claims=count_held_claims(table, scenario.claims),
        cluster=describe_cluster(scenario.cluster),
        network=scenario.network.describe(),
        time=describe_length(scenario.duration, scenario.warm_up),
        grid=[(path, ", ".join(as_text(value) for value in values)) for path, values in sweep.grid.items()],
        figures=page_figures(points, moving[:MOST_FIGURES], parameters) if several else [],
        columns=columns(parameters, names[:MOST_COLUMNS], bool(scenario.claims)),
        rows=rows(table, points[:MOST_ROWS], parameters, names[:MOST_COLUMNS], bool(scenario.claims)),
        more=f"and {format_count(len(points) - MOST_ROWS, 'setting')} more"
        if len(points) > MOST_ROWS
        else "",
        confidence=f"{100 * CONFIDENCE:g}",
        csv=CSV,
        code=sweep.code,
        seeds=", ".join(map(str, sweep.seeds)),
        scenario_text=scenario.to_yaml(),
    )


def columns(parameters: Sequence[str], names: Sequence[str], claims: bool) -> list[str]:
    return [*short_titles(parameters).values(), "runs", *(["claims hold"] if claims else []), *names]


def rows(
    table: pd.DataFrame,
    points: Sequence[Mapping[Any, Any]],
    parameters: Sequence[str],
    names: Sequence[str],
    claims: bool,
) -> list[list[str]]:
    """Return the cells of each point of the grid, in the order of `columns`."""
    return [
        [
            *(as_text(point[path]) for path in parameters),
            runs_text(point["runs"], point["failed"]),
            *([f"{one.holds} of {one.done}"] if claims else []),
            *(figure_text(point, name) for name in names),
        ]
        for point, one in zip(points, count_held(table, parameters), strict=False)
    ]


def page_figures(
    points: Sequence[Mapping[Any, Any]], names: Sequence[str], parameters: Sequence[str]
) -> list[PageFigure]:
    """Return a plot of each figure against the first parameter."""
    found = []
    with mpl.rc_context(STYLE):
        for name in names:
            figure = Figure(figsize=SIZE)
            FigureCanvasAgg(figure)
            page_plot.draw(points, name, parameters, ax=figure.add_subplot())
            found.append(page_figure(figure, name.replace(".", "-"), HEIGHT, named=False))
    return found

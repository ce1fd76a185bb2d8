"""`serfsim topology FILE`: distances in a network, and the accuracy coordinates can reach in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serfsim.base.errors import ResultError, SerfsimError
from serfsim.cli.run import activity
from serfsim.scenario.sections import LARGEST_SEED

if TYPE_CHECKING:
    from serfsim.report.topology_survey import Survey

FIGURE = "topology.png"


def topology(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            help="A scenario, a result folder, a matrix or graph file, the name of a data set or a backbone"
            " (see --list), or a mapping such as '{model: cloud, provider: aws}'.",
        ),
    ] = None,
    nodes: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Number of nodes; default: one at each place.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=LARGEST_SEED, help="Seed to use instead of the scenario's.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="Override a value, such as network.topology.missing=median; may be repeated.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help=f"Output image or its folder; default: {FIGURE}."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON and draw nothing.")] = False,
    floor: Annotated[
        bool, typer.Option("--floor/--no-floor", help="Find the best static coordinates.")
    ] = True,
    list_known: Annotated[
        bool, typer.Option("--list", help="List the public data sets and backbones.")
    ] = False,
) -> None:
    """Print the distances between nodes and the error no coordinates can avoid, and plot them."""
    if list_known:
        # start-up: the help works without it
        from serfsim.cli.topology_list import print_known

        return print_known()
    if file is None:
        raise SerfsimError(
            "FILE: found nothing; expected a scenario, a measured network or its name; see --list"
        )
    # start-up: the help works without these
    from serfsim.cli.topology_source import read_source
    from serfsim.report.topology_survey import survey
    from serfsim.report.topology_table import survey_json

    figure = None if json else _figure_path(out)
    source = read_source(file, nodes, seed, settings or ())
    with activity("searching for the best coordinates" if floor else "surveying all pairs"):
        found = survey(source, floor=floor)
    if json:
        typer.echo(survey_json(found))
        return None
    _print(found)
    # start-up: the help works without it
    from serfsim.report.topology_figure import save_topology_figure

    assert figure is not None
    typer.echo(f"figure: {save_topology_figure(found, figure)}")
    return None


def _figure_path(out: Path | None) -> Path:
    """Return the path of the figure, after checking it early: an unwritable path fails before the work."""
    if out is None or out.is_dir():
        path = (out or Path()) / FIGURE
    elif out.suffix.lower() == ".png":
        path = out
    elif out.exists() or out.suffix:
        raise ResultError(f"{out}: found another file type; expected a folder or a .png file")
    else:
        path = out / FIGURE
    above = next(place for place in path.absolute().parents if place.exists())
    if not above.is_dir():
        raise ResultError(f"{path}: cannot be written: found the file {above}; expected a folder")
    if path.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise ResultError(f"{path}: cannot be written there")
    if path.exists() and b"Software\0serfsim" not in path.read_bytes()[:4096]:
        raise ResultError(f"{path}: found an image that serfsim did not write; expected a new name")
    return path


def _print(survey: Survey) -> None:
    """Print the table to standard output."""
    # start-up: rich is slow to import
    from rich.console import Console
    from rich.markup import escape

    from serfsim.cli.summary import WIDE, figures_table
    from serfsim.report.topology_table import meaning, notes, survey_rows

    console = Console()
    count = f"{survey.topology.n:,} node{'' if survey.topology.n == 1 else 's'}"
    console.print(f"[bold]{escape(survey.name)}[/bold]: {count}, seed {survey.seed}")
    console.print(escape(survey.described))
    console.print(figures_table(survey_rows(survey), explained=console.width >= WIDE))
    for text in [meaning(survey), *notes(survey)]:
        if text:
            console.print()
            console.print(escape(text))
    console.print()

"""`serfsim diff A B`: what differs in effect between two scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serfsim.base.english import printable
from serfsim.base.errors import ScenarioError
from serfsim.cli import codes
from serfsim.manual.difference import differences
from serfsim.results.folder import SCENARIO
from serfsim.scenario.loading import load
from serfsim.scenario.model import Scenario

_WHAT = "A scenario file, the name of a shipped scenario, or the folder of a result or a sweep."


def diff(
    first: Annotated[str, typer.Argument(metavar="A", help=_WHAT)],
    second: Annotated[str, typer.Argument(metavar="B", help=_WHAT)],
) -> None:
    """Print what differs in effect between two scenarios, defaults filled in; exit 1 if anything does."""
    found = differences(_scenario(first), _scenario(second))
    for one in found:
        typer.echo(printable(f"{one.path}: {one.first} -> {one.second}"))
    if found:
        raise typer.Exit(codes.DIFFERENT)


def _scenario(name: str) -> Scenario:
    path = Path(name)
    if path.is_dir():
        if not (path / SCENARIO).is_file():
            raise ScenarioError(f"{path}: found a folder without {SCENARIO}; expected a scenario or a result")
        return load(path / SCENARIO, kept=True)
    return load(name, kept=True)

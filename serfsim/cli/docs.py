"""`serfsim docs`: where the manual is."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from serfsim.manual.schema import SITE


def docs(
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open it in a browser where there is one.")
    ] = True,
) -> None:
    """Print where the manual is, and open it: the one built here by make docs, else the published one."""
    built = Path(__file__).resolve().parents[2] / "build" / "docs" / "index.html"
    typer.echo(str(built) if built.is_file() else SITE)
    if browser:
        webbrowser.open(built.as_uri() if built.is_file() else SITE)

"""`serfsim new NAME`: a commented scenario file to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serfsim.base.errors import ScenarioError
from serfsim.cli.starter import starter
from serfsim.scenario.loading import loads


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the scenario; the file is NAME.yaml.")],
) -> None:
    """Write a commented starter scenario to NAME.yaml."""
    path = Path(name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    text = starter(path.stem)
    loads(text, str(path))
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ScenarioError(f"{path}: exists already; it was left as it is") from None
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be written: {error.strerror or error}") from None
    typer.echo(f"{path} written. Check it with: serfsim validate {path}; run it with: serfsim run {path}")

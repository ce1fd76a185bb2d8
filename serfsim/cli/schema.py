"""`serfsim schema [KIND]`: the JSON Schema of a file, for editors and validators."""

from __future__ import annotations

from typing import Annotated

import typer

from serfsim.base.errors import ScenarioError
from serfsim.manual.schema import SCHEMAS, schema_text
from serfsim.scenario.problems import unknown_name


def schema(
    kind: Annotated[
        str, typer.Argument(metavar="[scenario|sweep|summary]", help="File that the schema is of.")
    ] = "scenario",
) -> None:
    """Print the JSON Schema (2020-12) of scenario files, of sweep.json, or of summary.json."""
    if kind not in SCHEMAS:
        raise ScenarioError(f"schema: {unknown_name(kind, 'a kind of file', list(SCHEMAS))}")
    typer.echo(schema_text(kind), nl=False)

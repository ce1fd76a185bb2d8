"""The options by which a user allows what is refused otherwise."""

from __future__ import annotations

from typing import Annotated

import typer

AllowLarge = Annotated[
    bool, typer.Option("--allow-large", help="Run even if an estimate exceeds the budget.")
]
AllowCode = Annotated[
    bool,
    typer.Option("--allow-code", help="Import and run the Python of your own that the scenario names."),
]

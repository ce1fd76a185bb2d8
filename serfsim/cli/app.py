"""The command group; each command is imported on first use.

A `SerfsimError` raised anywhere ends here as one message on standard error and exit code 2. Any other
exception is a defect: one line names it and the command, and SERFSIM_TRACEBACK=1 shows the traceback.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from serfsim.base.english import printable
from serfsim.base.errors import SerfsimError, SerfsimWarning
from serfsim.cli import codes
from serfsim.cli.version import version_text

# click's ClickException, which newer typers vendor.
USAGE: type[Exception] = typer.BadParameter.__mro__[2]
# Command names in the order of `--help`, and the function in `serfsim.cli.<name>`.
COMMANDS: Final = {
    "run": "run",
    "validate": "validate",
    "list": "list_scenarios",
    "answer": "answer",
    "situations": "situations",
    "new": "new",
    "fmt": "fmt",
    "diff": "diff",
    "explain": "explain",
    "schema": "schema",
    "docs": "docs",
    "versions": "versions",
    "sweep": "sweep",
    "swarm": "swarm",
    "regress": "regress",
    "tune": "tune",
    "reproduce": "reproduce",
    "compare": "compare",
    "branch": "branch",
    "plot": "plot",
    "topology": "topology",
    "report": "report",
    "replay": "replay",
    "serve": "serve",
    "agent": "agent",
    "members": "members",
    "rtt": "rtt",
    "monitor": "monitor",
    "info": "info",
}
SETTINGS: Final[dict[str, Any]] = {"help_option_names": ["-h", "--help"]}


class LazyCommands(MutableMapping[str, Any]):
    """The commands by name, each created from its module at the first access."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made and name in COMMANDS:
            function = getattr(import_module(f"serfsim.cli.{name}"), COMMANDS[name])
            alone = typer.Typer(add_completion=False, context_settings=SETTINGS)
            alone.command(name)(function)
            self._made[name] = typer.main.get_command(alone)
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in COMMANDS or name in self._made

    def __iter__(self) -> Iterator[str]:
        return iter({**COMMANDS, **self._made})

    def __len__(self) -> int:
        return len({**COMMANDS, **self._made})


class Commands(TyperGroup):
    """The command group, which turns errors and interruptions into exit codes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = LazyCommands()

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return self.commands.get(cmd_name)

    def invoke(self, ctx: Any) -> Any:
        python_shows = warnings.showwarning

        def show(message: Any, category: Any, *place: Any, **more: Any) -> None:
            if issubclass(category, SerfsimWarning):
                typer.echo(printable(f"warning: {message}"), err=True)
            else:
                python_shows(message, category, *place, **more)

        try:
            warnings.showwarning = show
            return super().invoke(ctx)
        except SerfsimError as error:
            typer.echo(printable(str(error), keep="\n"), err=True)
            raise typer.Exit(codes.BAD_INPUT) from None
        except KeyboardInterrupt as interruption:
            typer.echo(str(interruption) or "interrupted", err=True)
            raise typer.Exit(codes.INTERRUPTED) from None
        except (USAGE, typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as defect:
            if os.environ.get("SERFSIM_TRACEBACK"):
                raise
            typer.echo(_defect_text(defect), err=True)
            raise typer.Exit(codes.BAD_INPUT) from None
        finally:
            warnings.showwarning = python_shows


def _defect_text(defect: Exception) -> str:
    """Describe a defect in one line: the command, the error, and the way to a traceback."""
    given = " ".join(["serfsim", *sys.argv[1:]])
    if isinstance(defect, MemoryError):
        return f"{given}: not enough memory"
    first = printable((str(defect).splitlines() or [""])[0][:200])
    return (
        f"{given}: internal error: {type(defect).__name__}: {first}; this is a defect of serfsim, or a file"
        " that it should have refused: please report it with the file and what SERFSIM_TRACEBACK=1 shows"
    )


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version_text())
        raise typer.Exit()


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=SETTINGS,
)


@app.callback()
def serfsim(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Simulate Serf clusters: the real protocol on a simulated network."""

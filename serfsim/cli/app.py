"""The commands together.

A mistake of the user's, raised anywhere as a `SerfsimError`, ends here as one message on standard
error and exit code 2. Anything else that escapes is a defect: one line names it and the command, and
SERFSIM_TRACEBACK=1 shows where it came from.
"""

from __future__ import annotations

import os
import sys
from importlib import metadata
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from serfsim.cli import codes
from serfsim.cli.agent import agent
from serfsim.cli.compare import compare
from serfsim.cli.info import info
from serfsim.cli.list import list_scenarios
from serfsim.cli.members import members
from serfsim.cli.monitor import monitor
from serfsim.cli.new import new
from serfsim.cli.plot import plot
from serfsim.cli.regress import regress
from serfsim.cli.report import report
from serfsim.cli.rtt import rtt
from serfsim.cli.run import run
from serfsim.cli.serve import serve
from serfsim.cli.sweep import sweep
from serfsim.cli.topology import topology
from serfsim.cli.tune import tune
from serfsim.cli.validate import validate
from serfsim.errors import SerfsimError

# click's ClickException, which newer typers bring with them.
USAGE: type[Exception] = typer.BadParameter.__mro__[2]


class Commands(TyperGroup):
    """The group of commands, which turns mistakes and interruptions into exit codes."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except SerfsimError as error:
            typer.echo(str(error), err=True)
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


def _defect_text(defect: Exception) -> str:
    """One line: what was given, what went wrong, how to see more of it."""
    given = " ".join(["serfsim", *sys.argv[1:]])
    if isinstance(defect, MemoryError):
        return f"{given}: there is not enough memory for it"
    first = (str(defect).splitlines() or [""])[0][:200]
    return (
        f"{given}: internal error: {type(defect).__name__}: {first}; this is a defect of serfsim, or a file"
        " that it should have refused: please report it with the file and what SERFSIM_TRACEBACK=1 shows"
    )


def _is_compiled() -> bool:
    try:
        from serfsim.speed import is_compiled
    except ImportError:
        return False
    return bool(is_compiled())


def _print_version(wanted: bool) -> None:
    if wanted:
        try:
            version = metadata.version("serfsim")
        except metadata.PackageNotFoundError:
            version = "unknown"
        typer.echo(f"serfsim {version} ({'compiled' if _is_compiled() else 'interpreted'})")
        raise typer.Exit()


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def serfsim(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Say which serfsim this is."),
    ] = False,
) -> None:
    """A wind tunnel for Serf clusters: the real protocol on a simulated network."""


app.command("run")(run)
app.command("validate")(validate)
app.command("list")(list_scenarios)
app.command("new")(new)
app.command("sweep")(sweep)
app.command("regress")(regress)
app.command("tune")(tune)
app.command("compare")(compare)
app.command("plot")(plot)
app.command("topology")(topology)
app.command("report")(report)
app.command("serve")(serve)
app.command("agent")(agent)
app.command("members")(members)
app.command("rtt")(rtt)
app.command("monitor")(monitor)
app.command("info")(info)

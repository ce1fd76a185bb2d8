"""`serfsim new NAME`: a commented scenario file to start from, or one of a real cluster's members."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from serfsim.base.atomic_files import write_new
from serfsim.base.errors import ScenarioError
from serfsim.cli.starter import starter
from serfsim.scenario.loading import loads

STDIN = Path("-")
LARGEST_LIST = 64 * 1024 * 1024  # bytes


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the scenario; the file is NAME.yaml.")],
    members: Annotated[
        Path | None,
        typer.Option(
            "--members",
            metavar="FILE|-",
            help="Describe a real cluster: the output of serf members -format json, or of Consul's"
            " /v1/agent/members or /v1/catalog/nodes.",
        ),
    ] = None,
) -> None:
    """Write a commented starter scenario to NAME.yaml, or one of a real cluster's members."""
    path = Path(name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    if path.exists() or path.is_symlink():  # before a list is read from a pipe
        raise _exists(path)
    text = starter(path.stem) if members is None else _described(members, path.stem)
    loads(text, str(path) if members is None else f"{path} (not written)")
    try:
        write_new(path, text, ScenarioError)
    except FileExistsError:
        raise _exists(path) from None
    typer.echo(f"{path} written. Check it with: serfsim validate {path}; run it with: serfsim run {path}")


def _exists(path: Path) -> ScenarioError:
    return ScenarioError(f"{path}: exists already; it was left as it is")


def _described(members: Path, name: str) -> str:
    # start-up: a starter works without it
    from serfsim.manual.schema import EDITOR_LINE
    from serfsim.scenario.described import describe_cluster
    from serfsim.scenario.member_lists import read_member_list

    label = "standard input" if members == STDIN else str(members)
    try:
        content = sys.stdin.buffer.read(LARGEST_LIST + 1) if members == STDIN else _first_bytes(members)
    except (OSError, ValueError) as error:
        raise ScenarioError(f"{label}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(content) > LARGEST_LIST:
        raise ScenarioError(f"{label}: found more than 64 MiB; expected a list of members")
    return f"{EDITOR_LINE}\n{describe_cluster(read_member_list(content, label), name, label)}"


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST_LIST + 1)

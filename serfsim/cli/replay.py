"""`serfsim replay RESULT`: one self-contained HTML page that plays a run."""

from __future__ import annotations

import binascii
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serfsim.base.errors import ResultError
from serfsim.cli.report import is_a_page_of_ours
from serfsim.results.folder import renew

if TYPE_CHECKING:
    from serfsim.replays.observed import Observed

PAGE = "replay.html"
MOST_PAIRS = 5
KEY_SIZES = (16, 24, 32)


def replay(
    result: Annotated[Path | None, typer.Argument(metavar="RESULT", help="A result folder.")] = None,
    beside: Annotated[
        Path | None,
        typer.Option("--with", metavar="RESULT", help="A second result folder, shown beside the first."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Output file; default: replay.html in the folder, or here."),
    ] = None,
    logs: Annotated[
        list[Path] | None,
        typer.Option(
            "--log",
            metavar="FILE",
            help="Log of a real Serf or Consul agent, instead of RESULT; may be repeated.",
        ),
    ] = None,
    captures: Annotated[
        list[Path] | None,
        typer.Option(
            "--pcap",
            metavar="FILE",
            help="Capture (pcap or pcapng) of a real cluster's packets, instead of RESULT; may be repeated.",
        ),
    ] = None,
    keys: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="BASE64", help="Key that decrypts --pcap; may be repeated."),
    ] = None,
    ports: Annotated[
        list[int] | None,
        typer.Option(
            "--port", min=1, max=65535, help="memberlist's port in --pcap; default: 7946; may be repeated."
        ),
    ] = None,
) -> None:
    """Write a page that plays a run recorded with `record: {replay: true}`, packet by packet.

    With `--log` it plays what agents of a real cluster logged: their events and views; with `--pcap` the
    packets that were captured of it.
    """
    given = {"a result": result, "--log": logs, "--pcap": captures}
    found = [what for what, value in given.items() if value]
    if len(found) != 1:
        raise ResultError(
            f"replay: found {' and '.join(found) or 'no result'}; expected either a result folder,"
            " logs of agents with --log FILE, or captures with --pcap FILE"
        )
    if result is None and beside is not None:
        raise ResultError(f"--with: found a result beside {found[0]}; expected it beside a result")
    if not captures and (keys or ports):
        raise ResultError(f"{'--key' if keys else '--port'}: found no --pcap; expected captures to read")
    path = (Path(PAGE) if result is None else result / PAGE) if out is None else out
    if path.is_dir():
        raise ResultError(f"--out: found the folder {path}; expected a file to write")
    if path.exists() and not is_a_page_of_ours(path):
        raise ResultError(f"--out: found {path}, which serfsim did not write; expected a new name")
    if captures:
        _replay_captures(captures, [_key(text) for text in keys or ()], ports or [], path)
    elif logs:
        _replay_logs(logs, path)
    else:
        # start-up: the help works without it
        from serfsim.replays import replay as write

        assert result is not None
        write(result, path, beside)
        renew(result, [path])
    typer.echo(str(path))


def _key(text: str) -> bytes:
    try:
        key = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) not in KEY_SIZES:
        raise ResultError("--key: found no key in base64; expected 16, 24 or 32 bytes, as serf keygen writes")
    return key


def _replay_logs(files: list[Path], path: Path) -> None:
    """Write the page of some agents' logs; say what they tell, and the situation that it looks like."""
    # start-up: the help works without these
    from serfsim.replays import read_agent_logs, replay_logs

    read = read_agent_logs(files)
    replay_logs(read, path)
    _say(read)


def _replay_captures(files: list[Path], keys: list[bytes], ports: list[int], path: Path) -> None:
    """Write the page of captures; say what they tell, and the situation that it looks like."""
    # start-up: the help works without these
    from serfsim.replays import read_capture, replay_capture

    read = read_capture(files, keys, frozenset(ports))
    for warning in read.warnings:
        typer.echo(f"warning: {warning}", err=True)
    replay_capture(read, path)
    _say(read)
    for (prober, target), count in read.lost_acks().most_common(MOST_PAIRS):
        typer.echo(f"{count:6d}  pings of {prober} to {target} without an ack")
    if read.round_trips():
        typer.echo(read.round_trips())


def _say(read: Observed) -> None:
    """Print what real agents tell, and the situation that it looks like."""
    # start-up: the help works without it
    from serfsim.replays.likeness import likeness

    for what, count in read.counts().items():
        typer.echo(f"{count:6d}  {what}")
    for (observer, subject), count in read.flaps().most_common(MOST_PAIRS):
        typer.echo(f"{count:6d}  {observer} sees {subject} flap")
    typer.echo(likeness(read))

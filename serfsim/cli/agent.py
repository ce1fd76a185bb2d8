"""`serfsim agent`: a simulator node as a member of a real cluster."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from serfsim.base.errors import SerfsimError
from serfsim.cli import codes
from serfsim.cli.signals import call_on_signal
from serfsim.live.addresses import format_endpoint, is_loopback, read_endpoint, resolve

if TYPE_CHECKING:
    from serfsim.live.agent import Identity, LiveAgent

LEAVE_S: Final = 3.0  # seconds a graceful leave may take, as in the real agent


def agent(
    node: Annotated[
        str | None, typer.Option("--node", metavar="NAME", help="Node name; default: the host name.")
    ] = None,
    bind: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where to listen, UDP and TCP; port 0 picks a free port.")
    ] = "127.0.0.1:7946",
    join: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST:PORT", help="Address of a member to join; may be repeated."),
    ] = None,
    profile: Annotated[
        Literal["lan", "wan", "local"], typer.Option(help="memberlist's default settings: lan, wan or local.")
    ] = "lan",
    tag: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="A tag; may be repeated.")
    ] = None,
    encrypt: Annotated[
        str, typer.Option(metavar="KEY", help="Encryption key: 16, 24 or 32 bytes in base64.")
    ] = "",
    label: Annotated[
        str, typer.Option(metavar="TEXT", help="Label of the cluster, the same at all its members.")
    ] = "",
    skip_inbound_label_check: Annotated[
        bool,
        typer.Option(
            "--skip-inbound-label-check",
            help="Take packets and streams without the label, which something before the agent takes off.",
        ),
    ] = False,
    answer: Annotated[
        list[str] | None,
        typer.Option(metavar="QUERY=TEXT", help="Answer queries of this name; may be repeated."),
    ] = None,
    log_level: Annotated[
        Literal["trace", "debug", "info", "warn", "err"],
        typer.Option("--log-level", help="Lowest level to log."),
    ] = "info",
) -> None:
    """Join a real Serf cluster, running the same protocol code as simulations.

    The log lines are those of a real agent. Ctrl-C leaves gracefully; SIGTERM or a second Ctrl-C stops at
    once.
    """
    # start-up: the help works without it
    from serfsim.live.agent import Identity, LiveAgent

    host, port = read_endpoint(bind, "--bind")
    identity = Identity(
        node or socket.gethostname(),
        resolve(host, port, "--bind")[0],
        profile,
        read_pairs(tag or [], "--tag", "KEY=VALUE"),
        read_key(encrypt) if encrypt else None,
        label,
        skip_inbound_label_check,
    )
    answers = read_pairs(answer or [], "--answer", "QUERY=TEXT")
    _check(identity, join or [])

    def answer_query(name: str, payload: bytes) -> bytes | None:
        return answers[name].encode() if name in answers else None

    async def main() -> str:
        made = LiveAgent(identity, answer_query, write=_write, log_level=log_level)
        return await _run(made, join or [])

    ended = asyncio.run(main())
    if ended == "name lost":
        typer.echo(f"{identity.name} is already the name of another member", err=True)
        raise typer.Exit(codes.BAD_INPUT)
    if ended != "left":
        raise typer.Exit(codes.INTERRUPTED)


def read_pairs(texts: list[str], option: str, shape: str) -> dict[str, str]:
    """Read KEY=VALUE pairs.

    Raises SerfsimError for any other text.
    """
    pairs = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise SerfsimError(f"{option}: found '{text}'; expected {shape}")
        pairs[key] = value
    return pairs


def read_key(text: str) -> bytes:
    """Decode a key in base64.

    Raises SerfsimError for an invalid key without repeating the text, which is a secret.
    """
    # start-up: it imports pydantic
    from serfsim.scenario.keys import EXPECTED, decode_key

    try:
        return decode_key(text)
    except ValueError as error:
        raise SerfsimError(f"--encrypt: found {error}; expected {EXPECTED}") from None


def _check(identity: Identity, join: list[str]) -> None:
    """Refuse an address that others cannot reach; warn of an unencrypted public one."""
    host = identity.endpoint[0]
    if host in ("0.0.0.0", "::"):
        raise SerfsimError(f"--bind: found '{host}'; expected an address the other members can reach")
    for address in join:
        others = resolve(*read_endpoint(address, "--join"), "--join")
        if is_loopback(host) and not any(is_loopback(other) for other, _ in others):
            raise SerfsimError(f"--bind: found '{host}'; expected an address that {address} can reach")
    if not is_loopback(host) and identity.key is None:
        where = format_endpoint(identity.endpoint)
        typer.echo(
            f"warning: --bind {where}: anyone who can reach it may join; --encrypt requires a key", err=True
        )


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _run(made: LiveAgent, join: list[str]) -> str:
    """Run until the agent ends, and return how it ended.

    Raises SerfsimError where it cannot listen or no member answers its join.
    """
    endpoint = await made.start()
    typer.echo(f"agent {made.identity.name} on {format_endpoint(endpoint)} (Ctrl-C leaves)")
    sys.stdout.flush()
    loop, leaving = asyncio.get_running_loop(), asyncio.Event()

    def interrupt() -> None:
        if leaving.is_set():
            made.close()
        leaving.set()

    call_on_signal(loop, signal.SIGINT, interrupt)
    call_on_signal(loop, signal.SIGTERM, made.close)
    working = loop.create_task(_work(made, join, leaving))
    try:
        ends: list[asyncio.Future[Any]] = [made.ended, working]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not made.ended.done():
            made.close()
            working.result()
        return made.ended.result()
    finally:
        working.cancel()


async def _work(made: LiveAgent, join: list[str], leaving: asyncio.Event) -> None:
    """Join, run, and leave when requested.

    Ends with the agent, or with a SerfsimError.
    """
    if join and await made.join(join) == 0:
        raise SerfsimError(f"--join: no answer from {', '.join(join)}")
    await leaving.wait()
    try:
        async with asyncio.timeout(LEAVE_S):
            await made.leave()
    except TimeoutError:
        made.close()

"""`serfsim agent`: the simulated protocol as a member of a real cluster."""

from __future__ import annotations

import asyncio
import base64
import binascii
import signal
import socket
import sys
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from serfsim.base.errors import SerfsimError
from serfsim.cli import codes
from serfsim.cli.signals import call_on_signal
from serfsim.live.addresses import is_loopback, read_endpoint, resolved, shown

if TYPE_CHECKING:
    from serfsim.live.agent import Identity, LiveAgent

LEAVE_S: Final = 3.0  # how long a graceful leave may take; the real agent's
KEY_SIZES: Final = (16, 24, 32)


def agent(
    node: Annotated[
        str | None, typer.Option("--node", metavar="NAME", help="Its name; this host's unless given.")
    ] = None,
    bind: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where to listen, UDP and TCP; port 0 takes a free one.")
    ] = "127.0.0.1:7946",
    join: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST:PORT", help="A member to join by; may be repeated."),
    ] = None,
    profile: Annotated[
        Literal["lan", "wan", "local"], typer.Option(help="memberlist's defaults for what kind of network.")
    ] = "lan",
    tag: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="A tag; may be repeated.")
    ] = None,
    encrypt: Annotated[
        str, typer.Option(metavar="KEY", help="The cluster's key: 16, 24 or 32 bytes in base64.")
    ] = "",
    answer: Annotated[
        list[str] | None,
        typer.Option(metavar="QUERY=TEXT", help="What to answer to a query of that name; may be repeated."),
    ] = None,
    log_level: Annotated[
        Literal["trace", "debug", "info", "warn", "err"],
        typer.Option("--log-level", help="The least to log."),
    ] = "info",
) -> None:
    """Join a real Serf cluster with the very protocol that simulations run.

    It logs what a real agent would. Ctrl-C leaves gracefully. SIGTERM or a second Ctrl-C ends it at once.
    """
    # start-up: the help works without it
    from serfsim.live.agent import Identity, LiveAgent

    host, port = read_endpoint(bind, "--bind")
    identity = Identity(
        node or socket.gethostname(),
        resolved(host, port, "--bind")[0],
        profile,
        read_pairs(tag or [], "--tag", "KEY=VALUE"),
        read_key(encrypt) if encrypt else None,
    )
    answers = read_pairs(answer or [], "--answer", "QUERY=TEXT")
    _check(identity, join or [])

    def answered(name: str, payload: bytes) -> bytes | None:
        return answers[name].encode() if name in answers else None

    async def main() -> str:
        made = LiveAgent(identity, answered, write=_write, log_level=log_level)
        return await _run(made, join or [])

    ended = asyncio.run(main())
    if ended == "name lost":
        typer.echo(f"{identity.name} is the name of another member", err=True)
        raise typer.Exit(codes.BAD_INPUT)
    if ended != "left":
        raise typer.Exit(codes.INTERRUPTED)


def read_pairs(texts: list[str], option: str, shape: str) -> dict[str, str]:
    """KEY=VALUE each. SerfsimError for what is none."""
    pairs = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise SerfsimError(f"{option}: found '{text}'; expected {shape}")
        pairs[key] = value
    return pairs


def read_key(text: str) -> bytes:
    """A key in base64. SerfsimError for what is none; the text itself is a secret and not repeated."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SerfsimError("--encrypt: found no base64; expected 16, 24 or 32 bytes in base64") from None
    if len(key) not in KEY_SIZES:
        raise SerfsimError(f"--encrypt: found {len(key)} bytes; expected 16, 24 or 32 bytes in base64")
    return key


def _check(identity: Identity, join: list[str]) -> None:
    """Refuse an address that others could not reach, and warn where strangers could reach ours."""
    host = identity.endpoint[0]
    if host in ("0.0.0.0", "::"):
        raise SerfsimError(f"--bind: found '{host}'; expected an address that the others can reach")
    for address in join:
        others = resolved(*read_endpoint(address, "--join"), "--join")
        if is_loopback(host) and not any(is_loopback(other) for other, _ in others):
            raise SerfsimError(f"--bind: found '{host}'; expected an address that {address} can reach")
    if not is_loopback(host) and identity.key is None:
        where = shown(identity.endpoint)
        typer.echo(
            f"warning: --bind {where}: whoever reaches it may join; --encrypt asks for a key", err=True
        )


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _run(made: LiveAgent, join: list[str]) -> str:
    """Until it ends; how it ended. SerfsimError where it cannot listen, or has nobody to join by."""
    endpoint = await made.start()
    typer.echo(f"agent {made.identity.name} on {shown(endpoint)} (Ctrl-C leaves)")
    sys.stdout.flush()
    loop, leaving = asyncio.get_running_loop(), asyncio.Event()

    def interrupted() -> None:
        if leaving.is_set():
            made.close()
        leaving.set()

    call_on_signal(loop, signal.SIGINT, interrupted)
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
    """Join, stay, and leave when asked to; ends with the agent, or by a SerfsimError."""
    if join and await made.join(join) == 0:
        raise SerfsimError(f"--join: nobody answered at {', '.join(join)}")
    await leaving.wait()
    try:
        async with asyncio.timeout(LEAVE_S):
            await made.leave()
    except TimeoutError:
        made.close()

"""`serfsim serve FILE`: a live simulation for the real `serf` command."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from serfsim.base.english import nearest
from serfsim.base.errors import SerfsimError
from serfsim.cli.allow import AllowCode, AllowLarge
from serfsim.cli.serve_page import AllowRemote, Start, WebAddress, WebToken, page_options, serve_page
from serfsim.cli.signals import call_on_signal
from serfsim.live.addresses import format_endpoint, is_loopback, read_endpoint
from serfsim.live.rpc.pacing import Fast, RealTime, Stepped
from serfsim.protocol.serf.config import RPC_PORT
from serfsim.scenario.checks import warnings
from serfsim.scenario.estimate import refuse_large
from serfsim.scenario.loading import load
from serfsim.scenario.model import Scenario
from serfsim.scenario.problems import found_expected
from serfsim.scenario.sections import LARGEST_SEED
from serfsim.scenario.units import read_duration

if TYPE_CHECKING:
    from serfsim.live.rpc.pacing import Pace, Stepped

DEFAULT_ADDRESS = f"127.0.0.1:{RPC_PORT}"


def serve(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A scenario file, or the name of a shipped scenario.")
    ],
    node: Annotated[
        str | None,
        typer.Option("--as", metavar="NODE", help="Node whose agent answers; default: the first node."),
    ] = None,
    address: Annotated[
        str,
        typer.Option("--rpc-addr", metavar="HOST:PORT", help="Where to listen; port 0 picks a free port."),
    ] = DEFAULT_ADDRESS,
    key: Annotated[
        str, typer.Option("--rpc-auth", metavar="KEY", help="Key of the clients, as `serf -rpc-auth`.")
    ] = "",
    speed: Annotated[
        float | None, typer.Option(metavar="X", help="Simulated seconds per second; default: 1.")
    ] = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="As fast as possible to the scenario's end, then in real time.")
    ] = False,
    step: Annotated[
        bool,
        typer.Option(
            "--step",
            help="Time passes only while a request waits for something, or by a line on standard input: "
            "a duration such as 10s, or nothing for 1s.",
        ),
    ] = False,
    seed: Annotated[
        int | None, typer.Option(min=0, max=LARGEST_SEED, help="Seed to use instead of the scenario's.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Override a value of the file; may be repeated."),
    ] = None,
    web: WebAddress = None,
    allow_remote: AllowRemote = False,
    token: WebToken = "",
    allow_large: AllowLarge = False,
    allow_code: AllowCode = False,
) -> None:
    """Simulate a cluster live and answer the `serf` command as one node's agent.

    Ends with Ctrl-C or after `serf leave`. When the scenario is over, the cluster goes on without faults and
    workload. Nothing is saved.

    With `--web` a page plays the simulation and acts on it: pause, step, faults, user events, queries. What
    was done is saved there as a scenario that repeats it exactly. Faults that repeat go on for hours.
    """
    scenario = load(file, settings or (), allow_code=allow_code)
    refuse_large(scenario, file, allowed=allow_large)
    host, port = read_endpoint(address, "--rpc-addr", default_port=None)
    pace = pace_of(scenario, speed, fast, step)
    page = page_options(web, allow_remote, token, fast=fast)
    number = node_number(scenario, node)
    for warning in warnings(scenario):
        typer.echo(f"warning: {warning}", err=True)
    _warn_if_open(host, key)
    if seed is not None:
        scenario = scenario.with_settings({"seed": seed})
    if page is not None:
        serve_page(scenario, number, (host, port), key, page, Start(speed or 1.0, step))
        return
    # Nothing is saved, so a recording would only grow.
    changes: dict[str, object] = {"record.coordinates": "none", "record.packets": "counts"}
    _serve(scenario.with_settings(changes), number, host, port, key, pace)


def node_number(scenario: Scenario, name: str | None) -> int:
    """Return the index of the node to serve.

    Raises SerfsimError for an unknown name.
    """
    index = scenario.roster().index
    if name is None:
        return 0
    if name not in index:
        message = found_expected(f"'{name}'", "the name of a node", nearest(name, index))
        raise SerfsimError(f"--as: {message}")
    return index[name]


def pace_of(scenario: Scenario, speed: float | None, fast: bool, step: bool) -> Pace:
    """Return the pace of time.

    Raises SerfsimError for several options or an invalid speed.
    """
    given = [
        name
        for name, is_given in (("--speed", speed is not None), ("--fast", fast), ("--step", step))
        if is_given
    ]
    if len(given) > 1:
        raise SerfsimError(found_expected(" and ".join(given), "one of --speed, --fast and --step"))
    if speed is not None and not 0.0 < speed <= 1e6:
        raise SerfsimError(f"--speed: {found_expected(f'{speed:g}', 'a number above 0, at most 1000000')}")
    if step:
        return Stepped(lambda now: typer.echo(f"at {now:g} s"))
    return Fast(scenario.duration) if fast else RealTime(1.0 if speed is None else speed)


def _warn_if_open(host: str, key: str) -> None:
    if not key and not is_loopback(host):
        typer.echo(
            f"warning: --rpc-addr {host}: anyone who reaches it may control it; --rpc-auth requires a key",
            err=True,
        )


def _serve(scenario: Scenario, number: int, host: str, port: int, key: str, pace: Pace) -> None:
    # start-up: the help works without these
    from serfsim.live.rpc.server import Server
    from serfsim.live.rpc.simulated_agent import SimulatedAgent
    from serfsim.simulation import Simulation

    agent = SimulatedAgent(Simulation(scenario), number)

    def ready(host: str, port: int) -> None:
        where = format_endpoint((host, port))
        typer.echo(f"serving {agent.name} of {scenario.name} on {where} (Ctrl-C ends it)")
        sys.stdout.flush()
        if isinstance(pace, Stepped):
            _read_steps(pace)

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        for ending in (signal.SIGINT, signal.SIGTERM):
            call_on_signal(loop, ending, task.cancel)
        await Server(agent, pace, key).run(host, port, ready)

    try:
        asyncio.run(main())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    typer.echo(f"{agent.name} has left")


def _read_steps(pace: Stepped) -> None:
    """Start a daemon thread that reads durations from standard input."""
    loop = asyncio.get_running_loop()

    # A separate file object: the process can end while the thread waits in a read.
    lines = open(sys.stdin.fileno(), encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115

    def read() -> None:
        for line in lines:
            try:
                seconds = read_duration(line.strip() or "1s")
            except ValueError:
                typer.echo(
                    f"found '{line.strip()}'; expected a duration such as 10s, or nothing for 1s", err=True
                )
                continue
            loop.call_soon_threadsafe(pace.advance, seconds)

    threading.Thread(target=read, daemon=True).start()

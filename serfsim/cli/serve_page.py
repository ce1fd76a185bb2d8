"""`serfsim serve FILE --web HOST:PORT`: the page of a live simulation, beside the server for `serf`."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import sys
from typing import Annotated, Final, NamedTuple
from urllib.parse import quote

import typer

from serfsim.base.errors import SerfsimError
from serfsim.cli.signals import call_on_signal
from serfsim.live.addresses import Endpoint, format_endpoint, is_loopback, read_endpoint
from serfsim.scenario.model import Scenario
from serfsim.scenario.problems import found_expected

TOKEN: Final = "SERFSIM_WEB_TOKEN"
SHORTEST_TOKEN: Final = 16  # characters
WebAddress = Annotated[
    str | None,
    typer.Option("--web", metavar="HOST:PORT", help="Where to serve the page; port 0 picks a free port."),
]
AllowRemote = Annotated[
    bool,
    typer.Option("--allow-remote", help="Let --web be an address that others reach; requires a token."),
]
WebToken = Annotated[
    str,
    typer.Option(
        "--web-token",
        metavar="TOKEN",
        envvar=TOKEN,
        help="Token that the page must present; default: none, or a new one with --allow-remote.",
    ),
]
MOMENT_S: Final = 2e-6  # before the end of the run, where it can still be saved


class PageOptions(NamedTuple):
    """The address of the page, and the token that requests must present, "" for none."""

    endpoint: Endpoint
    token: str


class Start(NamedTuple):
    """The pace at which a page's simulation begins: simulated seconds per second, or `paused`."""

    speed: float
    paused: bool


def page_options(web: str | None, allow_remote: bool, token: str, *, fast: bool) -> PageOptions | None:
    """Return where to serve the page, None for nowhere.

    Raises SerfsimError for an address that others reach without --allow-remote, and for other options of the
    page that do not fit.
    """
    if web is None:
        if allow_remote:
            raise SerfsimError("--allow-remote: found no --web; expected the address of a page")
        return None
    if fast:
        raise SerfsimError(found_expected("--fast and --web", "--speed, which the page can change"))
    endpoint = read_endpoint(web, "--web", default_port=None)
    if not is_loopback(endpoint[0]) and not allow_remote:
        found = f"{endpoint[0]}, which others may reach"
        raise SerfsimError(f"--web: {found_expected(found, '127.0.0.1, or --allow-remote')}")
    if token and (len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable()):
        expected = f"at least {SHORTEST_TOKEN} letters, digits or signs"
        raise SerfsimError(f"--web-token: {found_expected('another token', expected)}")
    if " " in token:
        raise SerfsimError(f"--web-token: {found_expected('a space', 'letters, digits and signs')}")
    return PageOptions(endpoint, token or (secrets.token_urlsafe() if allow_remote else ""))


def serve_page(
    scenario: Scenario, number: int, rpc: Endpoint, key: str, page: PageOptions, start: Start
) -> None:
    """Simulate until Ctrl-C.

    Raises SerfsimError for an address that cannot be bound, and without the packages that the page needs.
    """
    try:
        # start-up: these packages are optional
        from serfsim.live.web.app import Page
        from serfsim.live.web.server import WebServer, bind
    except ModuleNotFoundError as error:
        if error.name not in {"starlette", "uvicorn"}:
            raise
        message = f"--web needs the package {error.name}: pip install 'serfsim[web]'"
        raise SerfsimError(message) from None
    # start-up: the help works without these
    from serfsim.live.rpc.pacing import Controlled
    from serfsim.live.rpc.server import Server
    from serfsim.live.rpc.simulated_agent import SimulatedAgent
    from serfsim.live.web.control_room import ControlRoom, live_scenario
    from serfsim.live.web.feed import Feed
    from serfsim.simulation import Simulation

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        for ending in (signal.SIGINT, signal.SIGTERM):
            call_on_signal(loop, ending, task.cancel)
        with bind(page.endpoint) as bound:
            agent = SimulatedAgent(Simulation(live_scenario(scenario)), number)
            pace = Controlled(agent.sim.scenario.duration - MOMENT_S, start.speed, start.paused)
            room = ControlRoom(agent, scenario)
            feed = Feed(room, pace)
            web = WebServer(Page(room, feed, pace), page.endpoint[0], bound, page.token)
            serving: list[asyncio.Task[None]] = []

            def ready(host: str, port: int) -> None:
                where = feed.rpc = format_endpoint((host, port))
                typer.echo(f"serving {agent.name} of {scenario.name} on {where} (Ctrl-C ends it)")
                hash_ = f"#token={quote(page.token)}" if page.token else ""
                typer.echo(f"the page is http://{format_endpoint(bound.getsockname())}/{hash_}")
                sys.stdout.flush()
                serving.append(loop.create_task(web.run()))
                serving[0].add_done_callback(lambda done: done.cancelled() or task.cancel())

            try:
                await Server(agent, pace, key, stays=True).run(*rpc, ready)
            finally:
                for one in serving:
                    one.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await one

    try:
        asyncio.run(main())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None

"""The page's server, in the event loop of the simulation."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn

from serfsim.base.errors import SerfsimError
from serfsim.live.addresses import Endpoint, format_endpoint
from serfsim.live.web.app import Page, build_app
from serfsim.live.web.guard import Guard

COLLECT_S: Final = 0.1  # of real time between two pieces of the feed
BACKLOG: Final = 64


def bind(endpoint: Endpoint) -> socket.socket:
    """Return a socket that is bound to an address. Raises SerfsimError if that cannot be."""
    try:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(
            *endpoint, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            bound.listen(BACKLOG)
        except BaseException:
            bound.close()
            raise
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SerfsimError(f"--web: cannot listen on {format_endpoint(endpoint)}: {reason}") from None
    bound.setblocking(False)
    return bound


class WebServer:
    """Serves a page on a bound socket; `host` is the host that it is bound to."""

    def __init__(self, page: Page, host: str, bound: socket.socket, token: str) -> None:
        self.feed = page.feed
        app = Guard(build_app(page, needs_token=bool(token)), host, token)
        settings = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", ws="none")
        settings.server_header = False
        settings.timeout_graceful_shutdown = 1
        self._server = _QuietServer(settings)
        self._bound = bound

    async def run(self) -> None:
        """Serve until cancelled."""
        self.feed.begin()
        serving = asyncio.create_task(self._server.serve([self._bound]))
        try:
            while True:
                await self.feed.collect()
                await asyncio.sleep(COLLECT_S)
        finally:
            await self.feed.close()
            self._server.should_exit = True
            await serving


class _QuietServer(uvicorn.Server):
    """A server that leaves signals to the command."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

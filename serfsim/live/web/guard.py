"""The requests that the page's server answers.

A page of another site cannot read or command the simulation: its requests name another origin, and where a
name of that site leads to this machine (DNS rebinding), another host. Where others reach the server, every
request needs a token, which a browser never sends by itself.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

from serfsim.live.addresses import is_loopback

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN_PATHS: Final = frozenset(("/",))  # the page without data
LOCAL_NAMES: Final = frozenset(("localhost",))
SAFE: Final[Mapping[bytes, bytes]] = {
    b"cache-control": b"no-store",
    b"content-security-policy": (
        b"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:;"
        b" connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    b"cross-origin-resource-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
}


class Guard:
    """Answers requests that may be answered by `app`, the others with a sentence.

    `host` is the address that the server is bound to, "" for all of the machine's; `token` is what requests
    must present, "" for none.
    """

    def __init__(self, app: App, host: str, token: str = "") -> None:
        self.app = app
        self.token = token
        self._is_local = is_loopback(host)
        self._names = {*LOCAL_NAMES, host.lower()}
        if not self._is_local:
            self._names |= {socket.gethostname().lower(), socket.getfqdn().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        refused = self._refusal(scope["path"], Headers(scope=scope))

        async def send_safely(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *SAFE.items()]
            await send(message)

        if refused is None:
            await self.app(scope, receive, send_safely)
        else:
            await refused(scope, receive, send_safely)

    def _refusal(self, path: str, headers: Headers) -> JSONResponse | None:
        """Return the answer to a request that is refused."""
        host = headers.get("host", "")
        if not self._is_own(host):
            return refusal(403, f"found the host '{host[:100]}'; expected an address of this server")
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            return refusal(403, f"found a request from '{origin[:100]}'; expected one from the page itself")
        if path in OPEN_PATHS:
            return None  # a link from anywhere may lead to the page
        if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return refusal(403, "found a request from another site; expected one from the page itself")
        if self.token and not self._has_token(headers.get("authorization", "")):
            return refusal(401, "found no token, or a wrong one; expected the one that serfsim serve printed")
        return None

    def _is_own(self, host: str) -> bool:
        """Return whether a Host header names this server: by address, or by a name that nobody else gives.

        An address cannot be rebound; a server that is bound to this machine alone has no other's.
        """
        name = host[: -len(host.rpartition(":")[2]) - 1] if _has_port(host) else host
        name = name.removeprefix("[").removesuffix("]").lower()
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return name in self._names
        return not self._is_local or address.is_loopback

    def _has_token(self, authorization: str) -> bool:
        kind, _, given = authorization.partition(" ")
        return kind.lower() == "bearer" and hmac.compare_digest(given.encode(), self.token.encode())


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdecimal() and (host.count(":") == 1 or "]:" in host)


def refusal(status: int, sentence: str) -> JSONResponse:
    """Return an answer that says in a sentence why a request is refused."""
    return JSONResponse({"error": sentence}, status)

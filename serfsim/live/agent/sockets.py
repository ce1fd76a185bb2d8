"""A UDP socket and a TCP listener on one address.

A stream carries at most one message each way. The dialling side has `dial_timeout` to connect; it writes,
reads until the response is complete, and closes. The listening side closes after the response; it allows
`tcp_timeout` for the request and again for the response.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine
from typing import Any, Final

from serfsim.base.errors import SerfsimError
from serfsim.live.addresses import Endpoint, format_endpoint
from serfsim.live.agent.codec import Incoming
from serfsim.logs import live_words
from serfsim.protocol.runtime import CLOSED, DIAL_REFUSED, DIAL_TIMEOUT, IO_TIMEOUT, REPLIED
from serfsim.protocol.wire.reader import WireError

CHUNK: Final = 1 << 18
RECEIVE_BUFFER: Final = 2 << 20  # as in the library
PORT_TRIES: Final = 10

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
Take = Callable[[bytes, Endpoint], None]
Complain = Callable[[str], None]


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """Read one message, or as much of it as the peer sends.

    Raises WireError and OSError.
    """
    incoming = Incoming()
    while data := await reader.read(CHUNK):
        if incoming.feed(data):
            break
    return incoming.data


class Exchange:
    """The outcome of an outgoing stream (a number of `protocol.runtime`), and the bytes of the response."""

    def __init__(self, outcome: int, data: bytes = b"") -> None:
        self.outcome = outcome
        self.data = data


async def dial(
    target: Endpoint,
    connected: Callable[[int], tuple[bytes, float]],
    dial_timeout: float,
) -> Exchange:
    """Connect, send, and read one response.

    `connected` takes the local port and returns the bytes to send and the seconds allowed.
    """
    try:
        async with asyncio.timeout(dial_timeout):
            reader, writer = await asyncio.open_connection(*target)
    except TimeoutError:
        return Exchange(DIAL_TIMEOUT)
    except OSError:
        return Exchange(DIAL_REFUSED)
    try:
        data, left = connected(int(writer.get_extra_info("sockname")[1]))
        async with asyncio.timeout(left):
            writer.write(data)
            await writer.drain()
            return Exchange(REPLIED, await read_message(reader))
    except TimeoutError:
        return Exchange(IO_TIMEOUT)
    except (OSError, WireError):
        return Exchange(CLOSED)
    finally:
        writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, take: Take, complain: Complain) -> None:
        self.take = take
        self.complain = complain

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self.take(data, (addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
        # An error of an earlier datagram, such as a closed port at its target.
        self.complain(live_words.UDP_ERROR.format(error=exc))


class Sockets:
    """A UDP socket and a TCP listener bound to one address, created by `open_sockets`."""

    def __init__(self, endpoint: Endpoint, udp: asyncio.DatagramTransport, tcp: asyncio.Server) -> None:
        self.endpoint = endpoint
        self._udp = udp
        self._tcp = tcp

    def send(self, data: bytes, target: Endpoint) -> None:
        """Send a datagram.

        Raises OSError if the system refuses it.
        """
        self._udp.sendto(data, target)

    def close(self) -> None:
        self._udp.close()
        self._tcp.close()


async def open_sockets(endpoint: Endpoint, take: Take, serve: Serve, complain: Complain) -> Sockets:
    """Bind an address; port 0 picks one that is free for both.

    Raises SerfsimError if it cannot be bound.
    """
    tries = PORT_TRIES if endpoint[1] == 0 else 1
    while True:
        tries -= 1
        try:
            return await _open(endpoint, take, serve, complain)
        except OSError as error:
            if tries == 0:
                reason = os.strerror(error.errno) if error.errno else str(error)
                where = format_endpoint(endpoint)
                raise SerfsimError(f"--bind: cannot listen on {where}: {reason}") from None


async def _open(endpoint: Endpoint, take: Take, serve: Serve, complain: Complain) -> Sockets:
    loop = asyncio.get_running_loop()
    host = endpoint[0]
    tcp = await asyncio.start_server(serve, *endpoint)
    udp: socket.socket | None = None
    try:
        port = int(tcp.sockets[0].getsockname()[1])
        udp = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        udp.setblocking(False)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        udp.bind((host, port))
        transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(take, complain), sock=udp)
    except OSError:
        tcp.close()
        if udp is not None:
            udp.close()
        raise
    return Sockets((host, port), transport, tcp)

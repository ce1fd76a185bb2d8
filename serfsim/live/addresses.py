"""Socket addresses as text, as sockets take them, and as numbers of a directory."""

from __future__ import annotations

import ipaddress
import socket

from serfsim.base.errors import SerfsimError
from serfsim.protocol.directory import DEFAULT_PORT, Directory
from serfsim.protocol.serf.config import RPC_PORT

Endpoint = tuple[str, int]
"""A host, mostly an IP address, and a port."""


def read_endpoint(text: str, option: str, default_port: int | None = DEFAULT_PORT) -> Endpoint:
    """Read HOST or HOST:PORT, with an IPv6 address in brackets before a port.

    `option` names the argument in the message. Without a `default_port` the port is required. Raises
    SerfsimError for anything else.
    """
    host, port = text, default_port
    if text.startswith("[") or text.count(":") == 1:
        host, _, written = (text, "", str(default_port)) if text.endswith("]") else text.rpartition(":")
        port = int(written) if written.isdecimal() else None
        host = host.removeprefix("[").removesuffix("]")
    if not host or port is None or port > 65535:
        example = f"127.0.0.1:{DEFAULT_PORT if default_port is not None else RPC_PORT}"
        raise SerfsimError(f"{option}: found '{text}'; expected HOST:PORT, such as {example}")
    return host, port


def format_endpoint(endpoint: Endpoint) -> str:
    """Write HOST:PORT, an IPv6 address in brackets."""
    host, port = endpoint[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(host: str) -> bool:
    """Return True if the host is reachable from this machine only.

    A name other than localhost may be reachable from anywhere.
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def resolve(host: str, port: int, option: str) -> list[Endpoint]:
    """Look up all addresses of a host, as the library contacts them.

    Raises SerfsimError if it has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SerfsimError(f"{option}: cannot find the host '{host}': {reason}") from None
    endpoints = [(str(entry[4][0]), int(entry[4][1])) for entry in found]
    return list(dict.fromkeys(endpoints))


def number_of(endpoint: Endpoint, directory: Directory) -> int:
    """Return the number of an address in the directory."""
    host, port = endpoint[:2]
    # A link-local IPv6 address may name its interface; messages do not.
    packed = ipaddress.ip_address(host.partition("%")[0]).packed
    return int(directory.address_number(packed, port))


def endpoint_of(number: int, directory: Directory) -> Endpoint | None:
    """Return the address of a number; None if it cannot be sent to."""
    if number < 0:
        return None  # a member known by name alone has no address
    data, port = directory.address_bytes(number, 4), int(directory.address_port(number))
    if len(data) not in (4, 16) or port == 0:
        return None
    return str(ipaddress.ip_address(data)), port

"""Socket addresses as people write them, as sockets take them, and as numbers of a directory."""

from __future__ import annotations

import ipaddress
import socket

from serfsim.base.errors import SerfsimError
from serfsim.protocol.directory import DEFAULT_PORT, Directory

Endpoint = tuple[str, int]
"""An IP address and a port."""


def read_endpoint(text: str, option: str) -> Endpoint:
    """HOST or HOST:PORT, an IPv6 address in brackets if a port follows. SerfsimError for what is none."""
    host, port = text, DEFAULT_PORT
    if text.startswith("[") or text.count(":") == 1:
        host, _, written = text.rpartition(":") if not text.endswith("]") else (text, "", str(DEFAULT_PORT))
        if not written.isdecimal() or int(written) > 65535:
            raise _unusable(text, option)
        host, port = host.removeprefix("[").removesuffix("]"), int(written)
    if not host:
        raise _unusable(text, option)
    return host, port


def _unusable(text: str, option: str) -> SerfsimError:
    return SerfsimError(f"{option}: found '{text}'; expected HOST:PORT, such as 127.0.0.1:7946")


def resolved(host: str, port: int, option: str) -> list[Endpoint]:
    """All addresses of a host, as the library contacts them. SerfsimError where it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SerfsimError(f"{option}: cannot find the host '{host}': {reason}") from None
    endpoints = [(str(entry[4][0]), int(entry[4][1])) for entry in found]
    return list(dict.fromkeys(endpoints))


def is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback


def number_of(endpoint: Endpoint, directory: Directory) -> int:
    """The directory's number of an address."""
    host, port = endpoint[:2]
    # A link-local IPv6 address may name its interface, which messages do not.
    packed = ipaddress.ip_address(host.partition("%")[0]).packed
    return int(directory.address_number(packed, port))


def endpoint_of(number: int, directory: Directory) -> Endpoint | None:
    """What a number stands for; None if that is no address to send to."""
    if number < 0:
        return None  # whoever is only known by name is nowhere
    data, port = directory.address_bytes(number, 4), int(directory.address_port(number))
    if len(data) not in (4, 16) or port == 0:
        return None
    return str(ipaddress.ip_address(data)), port


def shown(endpoint: Endpoint) -> str:
    host, port = endpoint[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

"""Addresses of members: how they are written, who gets which, and who is behind which NAT.

An address is an IPv4 address, with `:PORT` where the port is not memberlist's own. Several are a network such
as 10.0.9.0/24, whose hosts are meant, or a range such as 10.0.9.5-10.0.9.20. In a run each is a number, as in
`protocol.directory`; member i has the i-th one from 10.0.0.1 on unless the scenario says otherwise.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BeforeValidator, Field

from serfsim.protocol.directory import DEFAULT_PORT, FIRST_ADDRESS, ipv4_endpoint, ipv4_number, ipv4_port
from serfsim.scenario.part import Part
from serfsim.scenario.problems import invalid
from serfsim.scenario.units import Kind, PositiveDuration, Switch

OUTSIDE: Final = "outside"
_IPV4: Final = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
_PORT: Final = r"(?::[0-9]{1,5})?"
ADDRESS_PATTERN: Final = _IPV4 + _PORT
EXPECTED: Final = "an IPv4 address such as 10.0.9.9, or with a port 10.0.9.9:7950"
SEVERAL: Final = f"{EXPECTED}; for several members a network such as 10.0.9.0/24, or 10.0.9.5-10.0.9.20"


def _read_host(text: str, expected: str, value: object) -> int:
    """Read an IPv4 address of a host as 32 bits."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        raise invalid(expected, value) from None
    if isinstance(found, ipaddress.IPv6Address):
        raise invalid(f"{expected}: the simulated network is IPv4", found=f"the IPv6 address '{text}'")
    if found.is_multicast or found.is_unspecified or found == ipaddress.IPv4Address(0xFFFFFFFF):
        raise invalid(f"{expected}: an address that one host can have", value)
    return int(found)


def _read_one(text: str, expected: str, value: object) -> tuple[int, int]:
    """Read an address with or without a port."""
    host, colon, port = text.rpartition(":") if text.count(":") == 1 else (text, "", "")
    if not colon:
        return _read_host(text, expected, value), DEFAULT_PORT
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise invalid("a port from 1 to 65535", found=f"the port '{port}' in '{text}'")
    return _read_host(host, expected, value), int(port)


class Block(NamedTuple):
    """`size` addresses from `first` on, 32 bits each, all with one port."""

    first: int
    size: int
    port: int

    def number(self, place: int) -> int:
        """Return the number of one of the addresses."""
        return int(ipv4_number(self.first + place, self.port))


def read_block(text: str, expected: str = SEVERAL, value: object = None) -> Block:
    """Read one or several addresses; raise an error for pydantic where they are none."""
    value = text if value is None else value
    if "/" in text:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise invalid(expected, value) from None
        first = _read_host(str(network.network_address), expected, value)
        edge = 1 if network.prefixlen < 31 else 0  # its own address, and that of all its hosts
        return Block(first + edge, network.num_addresses - 2 * edge, DEFAULT_PORT)
    if "-" in text:
        low, _, high = text.partition("-")
        begin, end = (_read_host(one.strip(), expected, value) for one in (low, high))
        if begin > end:
            raise invalid(f"a range whose low end comes first: {high.strip()}-{low.strip()}", value)
        return Block(begin, end - begin + 1, DEFAULT_PORT)
    host, port = _read_one(text, expected, value)
    return Block(host, 1, port)


def _read_address(value: object) -> str:
    if not isinstance(value, str):
        raise invalid(EXPECTED, value)
    _read_one(value.strip(), EXPECTED, value)
    return value.strip()


def _read_addresses(value: object) -> str:
    if not isinstance(value, str):
        raise invalid(SEVERAL, value)
    read_block(value.strip(), SEVERAL, value)
    return value.strip()


def _or_outside(read: Any) -> Any:
    return lambda value: value if value == OUTSIDE else read(value)


_ONE_SCHEMA: Final = {"type": "string", "pattern": rf"^\s*{ADDRESS_PATTERN}\s*$"}
_BLOCK_SCHEMA: Final = {
    "type": "string",
    "pattern": rf"^\s*(?:{ADDRESS_PATTERN}|{_IPV4}/[0-9]{{1,2}}|{_IPV4}\s*-\s*{_IPV4})\s*$",
}
Address = Annotated[str, BeforeValidator(_read_address), Kind(EXPECTED, _ONE_SCHEMA)]
"""One address, with or without a port."""
Addresses = Annotated[str, BeforeValidator(_read_addresses), Kind(SEVERAL, _BLOCK_SCHEMA)]
"""An address, a network or a range; `read_block` tells what it has."""
Advertised = Annotated[
    str,
    BeforeValidator(_or_outside(_read_addresses)),
    Kind(f"`{OUTSIDE}`, or {SEVERAL}", {"anyOf": [{"const": OUTSIDE}, _BLOCK_SCHEMA]}),
]
"""The same, or `outside`."""


# What the keys of a node and a group mean.
NODE_ADDRESS: Final = (
    "address that it is bound to; of its group's or, for node i, the i-th from 10.0.0.1 on unless given"
)
NODE_ADVERTISE: Final = (
    "address that it tells the others (AdvertiseAddr), right or wrong, instead of the one"
    " that it is bound to; `outside` is that of its group's NAT"
)
NODE_START: Final = (
    "when it starts, from the join, instead of when the cluster does; negative is before the"
    " join, and one that starts later joins then"
)
GROUP_ADDRESS: Final = "addresses that its members are bound to, one each in order"
GROUP_ADVERTISE: Final = (
    "addresses that its members tell the others, one each or one for all, instead of those"
    " that they are bound to; `outside` is that of its NAT"
)
GROUP_NAT: Final = "the NAT that its members are behind, as seen from everybody else"


class NatSettings(Part):
    """A NAT between the members of a group and everybody else."""

    address: Addresses = Field(
        default="203.0.113.1",
        description="its address outside, which all members behind it share, each with a port of its own;"
        " a network or a range gives each member an address of its own",
    )
    forward: Switch = Field(
        default=False,
        description="whether packets from outside always come in; without, only from where a member has sent"
        " a packet before, and no connections",
    )
    hairpin: Switch = Field(
        default=False, description="whether members behind it reach each other by their outside addresses too"
    )
    timeout: PositiveDuration = Field(
        default=30.0, description="time after the last packet for which the way that it opened stays open"
    )


def number_of(text: str) -> int:
    """Return the number of an address."""
    return read_block(text, EXPECTED).number(0)


def text_of(number: int) -> str:
    """Write the number of an address, without memberlist's own port."""
    return str(ipv4_endpoint(number, ipv4_port(number))).removesuffix(f":{DEFAULT_PORT}")


def default_text(number: int) -> str:
    """Return the address of a member for which the scenario gives none."""
    return str(ipaddress.IPv4Address(FIRST_ADDRESS + number))


def outside_addresses(nat: NatSettings, bound: Sequence[int]) -> list[int]:
    """Return the outside address of each member behind a NAT, which has enough of them.

    `bound` are their own addresses. A shared address keeps a member's port where it is free, else the next.
    """
    block = read_block(nat.address)
    if block.size > 1:
        return [
            int(ipv4_number(block.first + place, ipv4_port(number))) for place, number in enumerate(bound)
        ]
    used: set[int] = set()
    found = []
    for number in bound:
        port = int(ipv4_port(number))
        while port in used:
            port = port % 65535 + 1
        used.add(port)
        found.append(int(ipv4_number(block.first, port)))
    return found

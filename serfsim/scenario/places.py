"""Places of members in the network: their addresses, what they advertise, and names that tell them apart.

A node's own word counts before its group's, of whose addresses the members without one of their own take one
each, in order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from serfsim.scenario.addresses import (
    OUTSIDE,
    default_text,
    number_of,
    outside_addresses,
    read_block,
    text_of,
)
from serfsim.scenario.cluster import Cluster, Group, Node
from serfsim.scenario.names import address_label
from serfsim.scenario.problems import Path, Problem, found_expected

NOT_BEHIND = -1


class Place(NamedTuple):
    """Numbers of addresses: bound, advertised, and that outside its NAT or NOT_BEHIND."""

    address: int
    advertised: int
    outside: int = NOT_BEHIND


def places_of(cluster: Cluster, groups: Sequence[str]) -> list[Place]:
    """Return the place of each member; `groups` has the group of each. No problem may be open."""
    if not _says_anything(cluster):
        return [Place(number, number) for number in range(len(groups))]
    bound = _numbers(cluster, groups, lambda part: part.address)
    addresses = [number if given is None else given for number, given in enumerate(bound)]
    outside = dict(_outside(cluster, groups, addresses))
    told = _numbers(cluster, groups, lambda part: part.advertise, outside)
    return [
        Place(address, address if given is None else given, outside.get(number, NOT_BEHIND))
        for number, (address, given) in enumerate(zip(addresses, told, strict=True))
    ]


def _says_anything(cluster: Cluster) -> bool:
    parts: list[Node | Group] = [*cluster.groups.values()]
    if not isinstance(cluster.nodes, int):
        parts += cluster.nodes
    return any(part.address or part.advertise or (isinstance(part, Group) and part.nat) for part in parts)


def _numbers(
    cluster: Cluster,
    groups: Sequence[str],
    word: Callable[[Node | Group], str | None],
    outside: dict[int, int] | None = None,
) -> list[int | None]:
    """Return the number of the address that `word` of a node or its group gives each member, if any."""
    found: list[int | None] = []
    taken: dict[str, int] = {}
    for number, name in enumerate(groups):
        own = None if isinstance(cluster.nodes, int) else word(cluster.nodes[number])
        group = cluster.groups.get(name)
        text = own if own is not None or group is None else word(group)
        if text == OUTSIDE:
            found.append((outside or {})[number])
        elif own is not None:
            found.append(number_of(own))
        elif text is not None:
            place = taken.get(name, 0)
            taken[name] = place + 1
            found.append(read_block(text).number(place if read_block(text).size > 1 else 0))
        else:
            found.append(None)
    return found


def _outside(cluster: Cluster, groups: Sequence[str], addresses: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the outside address of each member behind a NAT."""
    for name, group in cluster.groups.items():
        if group.nat is not None:
            members = [number for number, own in enumerate(groups) if own == name]
            yield from zip(
                members, outside_addresses(group.nat, [addresses[k] for k in members]), strict=True
            )


def node_names(nodes: int | Sequence[Node]) -> list[str]:
    """Return the names of all nodes; numbers have as many digits as the last, at least two.

    Of several nodes with a name each is called by its address too: `web@10.0.0.5`.
    """
    if isinstance(nodes, int):
        digits = max(2, len(str(nodes - 1)))
        return [f"node-{number:0{digits}d}" for number in range(nodes)]
    shared = set(shared_names(nodes))
    return [
        address_label(node.name, node.address or default_text(number)) if node.name in shared else node.name
        for number, node in enumerate(nodes)
    ]


def shared_names(nodes: int | Sequence[Node]) -> list[str]:
    """Return the names that several nodes have."""
    if isinstance(nodes, int):
        return []
    return [name for name, count in Counter(node.name for node in nodes).items() if count > 1]


# Checks --------------------------------------------------------------------------------------------


def address_problems(cluster: Cluster, groups: Sequence[str]) -> Iterator[Problem]:
    """Yield mistakes about addresses, whenever members run."""
    if _says_anything(cluster):
        found = list(_place_problems(cluster, groups))
        yield from found or _nat_problems(cluster, groups)


def _place_problems(cluster: Cluster, groups: Sequence[str]) -> Iterator[Problem]:
    """Yield groups with too few addresses, words that need a NAT, and shared names without address."""
    shared = set(shared_names(cluster.nodes))
    nodes = () if isinstance(cluster.nodes, int) else cluster.nodes
    for name, group in cluster.groups.items():
        members = [number for number, own in enumerate(groups) if own == name]
        path: Path = ("cluster", "groups", name)
        takers = {
            "address": [k for k in members if not nodes or nodes[k].address is None],
            "advertise": [k for k in members if not nodes or nodes[k].advertise is None],
        }
        for key, those in takers.items():
            yield from _too_few(getattr(group, key), len(those), (*path, key), key == "advertise")
        if group.nat is not None:
            count = read_block(group.nat.address).size
            if 1 < count < len(members):
                yield _few(group.nat.address, count, len(members), (*path, "nat", "address"))
        elif group.advertise == OUTSIDE:
            yield _without_nat((*path, "advertise"))
        for number in takers["address"] if group.address is not None else ():
            if nodes and nodes[number].name in shared:
                found = f"no address of its own for '{nodes[number].name}', which several nodes are called"
                expected = "`address` beside its name, which tells it from the others"
                yield Problem(("cluster", "nodes", number), found_expected(found, expected))
    for number, node in enumerate(nodes):
        own_group = cluster.groups.get(groups[number])
        if node.advertise == OUTSIDE and (own_group is None or own_group.nat is None):
            yield _without_nat(("cluster", "nodes", number, "advertise"))


def _without_nat(path: Path) -> Problem:
    return Problem(path, found_expected("'outside' without a NAT", "`nat` in its group, or an address"))


def _too_few(text: str | None, wanted: int, path: Path, can_share: bool) -> Iterator[Problem]:
    """Yield the problem of addresses that do not suffice; one alone may be advertised by several."""
    if text is None or text == OUTSIDE:
        return
    count = read_block(text).size
    if count < wanted and not (can_share and count == 1):
        yield _few(text, count, wanted, path)


def _few(text: str, count: int, wanted: int, path: Path) -> Problem:
    found = f"'{text}', which is {'one address' if count == 1 else f'{count} addresses'}"
    return Problem(path, found_expected(found, f"one for each of the {wanted} members, such as 10.0.9.0/24"))


def _nat_problems(cluster: Cluster, groups: Sequence[str]) -> Iterator[Problem]:
    """Yield NATs with an outside address that another NAT, or a member outside, has."""
    places = places_of(cluster, groups)
    held: dict[int, str] = {}
    for place, name in zip(places, groups, strict=True):
        group = cluster.groups.get(name)
        if group is None or group.nat is None:
            held.setdefault(place.address, "a member outside")
    for place, name in zip(places, groups, strict=True):
        if place.outside != NOT_BEHIND and held.setdefault(place.outside, f"the NAT of {name}") != (
            f"the NAT of {name}"
        ):
            found = f"{text_of(place.outside)}, which is the address of {held[place.outside]}"
            path: Path = ("cluster", "groups", name, "nat", "address")
            yield Problem(path, found_expected(found, "an address that nobody else has"))
            return

"""Names and addresses of members for log lines (`serfsim.logs.words.Names`)."""

from __future__ import annotations

from collections.abc import Sequence

from serfsim.protocol.directory import ipv4_endpoint, ipv4_port
from serfsim.protocol.serf.node import SerfNode


class SimulatedNames:
    """Members of a simulation, each at its first address until an observer saw it join from another.

    `addresses` has the number of each one's first address, its own index unless given. Several members may
    bear a name: `web@10.0.0.5` is called web.
    """

    def __init__(self, names: Sequence[str], addresses: Sequence[int] = ()) -> None:
        self.labels = names
        self.names = [name.partition("@")[0] for name in names]
        first = addresses or range(len(names))
        self.endpoints = [ipv4_endpoint(address, ipv4_port(address)) for address in first]
        self.ips = [endpoint.partition(":")[0] for endpoint in self.endpoints]
        self.moved: dict[tuple[int, int], str] = {}  # endpoints by observer and member

    def note_join(self, observer: int, member: int, detail: int) -> None:
        """Note the address from which an observer saw a member join; `detail` as in `protocol.events`."""
        if detail > 0:
            self.moved[observer, member] = ipv4_endpoint(detail - 1, ipv4_port(detail - 1))
        else:
            self.moved.pop((observer, member), None)

    def name(self, member: int) -> str:
        return self.names[member] if 0 <= member < len(self.names) else "?"

    def endpoint(self, member: int, observer: int = -1) -> str:
        if not 0 <= member < len(self.endpoints):
            return "?"
        return self.moved.get((observer, member), self.endpoints[member])

    def ip(self, member: int, observer: int = -1) -> str:
        if self.moved:
            return self.endpoint(member, observer).partition(":")[0]
        return self.ips[member] if 0 <= member < len(self.ips) else "?"


class NodeNames:
    """Members known to a node, at the addresses it knows."""

    def __init__(self, node: SerfNode) -> None:
        self.node = node

    def name(self, member: int) -> str:
        names = self.node.directory.names
        return names[member] if 0 <= member < len(names) else "?"

    def endpoint(self, member: int, observer: int = -1) -> str:
        directory = self.node.directory
        if not 0 <= member < len(directory.names):
            return "?:0"
        record = self.node.memberlist.core.members.record(member)
        return directory.endpoint(record.address) if record.address >= 0 else "?:0"

    def ip(self, member: int, observer: int = -1) -> str:
        return self.endpoint(member).rpartition(":")[0].strip("[]")

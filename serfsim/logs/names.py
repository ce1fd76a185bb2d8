"""Names and addresses of members for log lines (`serfsim.logs.words.Names`)."""

from __future__ import annotations

from collections.abc import Sequence

from serfsim.protocol.directory import DEFAULT_PORT, ipv4_endpoint
from serfsim.protocol.serf.node import SerfNode


class SimulatedNames:
    """Members of a simulation; their addresses follow from their indices."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.endpoints = [ipv4_endpoint(member, DEFAULT_PORT) for member in range(len(names))]
        self.ips = [endpoint.partition(":")[0] for endpoint in self.endpoints]

    def name(self, member: int) -> str:
        return self.names[member] if 0 <= member < len(self.names) else "?"

    def endpoint(self, member: int) -> str:
        return self.endpoints[member] if 0 <= member < len(self.names) else "?"

    def ip(self, member: int) -> str:
        return self.ips[member] if 0 <= member < len(self.names) else "?"


class NodeNames:
    """Members known to a node, at the addresses it knows."""

    def __init__(self, node: SerfNode) -> None:
        self.node = node

    def name(self, member: int) -> str:
        names = self.node.directory.names
        return names[member] if 0 <= member < len(names) else "?"

    def endpoint(self, member: int) -> str:
        directory = self.node.directory
        if not 0 <= member < len(directory.names):
            return "?:0"
        record = self.node.memberlist.core.members.record(member)
        return directory.endpoint(record.address) if record.address >= 0 else "?:0"

    def ip(self, member: int) -> str:
        return self.endpoint(member).rpartition(":")[0].strip("[]")

"""Members of captured traffic: socket addresses, and the names that messages give them."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Final

from serfsim.capture.messages import CapturedTraffic, Talk
from serfsim.capture.unpacking import Endpoint
from serfsim.protocol.memberlist.messages import INDIRECT_PING, PING, Alive, StreamPing
from serfsim.protocol.memberlist.push_pull import PushPull

NOBODY: Final = -1


class CapturedNames:
    """Numbers members by name, or by address where no message names it.

    `members[number]` is the name. A name at several addresses is one member.
    """

    def __init__(self, traffic: CapturedTraffic) -> None:
        self.directory = traffic.directory
        self.members: list[str] = []
        self._numbers: dict[str, int] = {}
        self._claims: dict[int, Counter[str]] = defaultdict(Counter)
        self._learn(traffic)
        self._by_host: dict[bytes, set[int]] = defaultdict(set)
        for number in self._addresses(traffic):
            self._by_host[self.directory.address_bytes(number, 16)].add(number)
        held = {self._name_at(number) for numbers in self._by_host.values() for number in numbers}
        for name in sorted(held):
            self._number(name)

    def _claim(self, address: int, node: int) -> None:
        name = self.directory.names[node] if node >= 0 else ""
        if address >= 0 and name:
            self._claims[address][name] += 1

    def _learn(self, traffic: CapturedTraffic) -> None:
        for sent, read in traffic.datagrams:
            source, target = self.address(sent.part.source), self.address(sent.part.target)
            for packet, named in zip(read.packets, read.sources, strict=True):
                if named is not None:
                    # A ping says where to answer, which behind a NAT is not where it comes from.
                    self._claim(int(named.address), int(named.node))
                    self._claim(source, int(named.node))
                if packet.kind == PING:
                    self._claim(target, int(packet.node))
                elif packet.kind == INDIRECT_PING:
                    self._claim(int(packet.target), int(packet.node))
                for message in packet.broadcasts or ():
                    if isinstance(message, Alive):
                        self._claim(int(message.record.address), int(message.node))
        for talk in traffic.talks:
            if isinstance(talk.request, StreamPing):
                self._claim(self.address(talk.captured.server), int(talk.request.node))
            for said in (talk.request, talk.answer):
                if isinstance(said, PushPull):
                    records = said.records or {}
                    for node in said.nodes:
                        record = records.get(int(node)) or self.directory.first[node]
                        self._claim(int(record.address), int(node))

    def _addresses(self, traffic: CapturedTraffic) -> set[int]:
        found = set(self._claims)
        for sent, _ in traffic.datagrams:
            found |= {self.address(sent.part.source), self.address(sent.part.target)}
        return found | {self.address(talk.captured.server) for talk in traffic.talks}

    def _name_at(self, address: int) -> str:
        claims = self._claims.get(address)
        return claims.most_common(1)[0][0] if claims else self.directory.endpoint(address)

    def _number(self, name: str) -> int:
        if name not in self._numbers:
            self._numbers[name] = len(self.members)
            self.members.append(name)
        return self._numbers[name]

    def address(self, end: Endpoint) -> int:
        """Return the directory's number of a socket address."""
        return int(self.directory.address_number(*end))

    def at(self, end: Endpoint) -> int:
        """Return the member at a socket address."""
        return self._number(self._name_at(self.address(end)))

    def at_address(self, address: int) -> int:
        """Return the member at a socket address, by the directory's number of it."""
        return self._number(self._name_at(address))

    def of_node(self, node: int) -> int:
        """Return the member of the directory's number of a name, or NOBODY."""
        return self._number(self.directory.names[node]) if node >= 0 else NOBODY

    def on_host(self, host: bytes) -> set[int]:
        """Return the members at an address, whatever their ports."""
        key = self.directory.address_bytes(self.address((host, 0)), 16)
        return {self.at_address(number) for number in self._by_host.get(key, ())}

    def client_of(self, talk: Talk) -> int:
        """Return the member that dialled: who joins and knows only itself, or the only one on that host.

        Where several could be it, the host stands for them.
        """
        host, _ = talk.captured.client
        request = talk.request
        if isinstance(request, PushPull) and len(request.nodes) == 1:
            return self.of_node(int(request.nodes[0]))
        here = self.on_host(host) - {self.at(talk.captured.server)}
        if len(here) == 1:
            return here.pop()
        return self._number(self.directory.endpoint(self.address((host, 0))).rpartition(":")[0])

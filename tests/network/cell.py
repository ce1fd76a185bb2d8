"""A few memberlist nodes on the hosts of a lab, each knowing all others."""

from __future__ import annotations

from dataclasses import dataclass, field

from serfsim.engine.streams import stream
from serfsim.network.stall import begin_stall, end_stall
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.delegate import Delegate
from serfsim.protocol.memberlist.messages import Packet
from serfsim.protocol.memberlist.node import Memberlist
from tests.network.harness import Lab, Ledger


class Observed(Ledger):
    """Keeps packets, and events as (time, observer, subject), by their kind."""

    def __init__(self) -> None:
        super().__init__()
        self.packets: list[tuple[float, int, Packet]] = []
        self.events: dict[int, list[tuple[float, int, int]]] = {}

    def packet_sent(self, now: float, source: int, packet: Packet, ip_bytes: int) -> None:
        super().packet_sent(now, source, packet, ip_bytes)
        self.packets.append((now, source, packet))

    def record(self, now: float, node: int, event: int, subject: int, detail: int) -> None:
        self.events.setdefault(event, []).append((round(now, 6), node, subject))


@dataclass
class Cell:
    """`nodes` members 10 ms apart that all start at 0, so that their probes come at 1, 2, 3 s ..."""

    nodes: int = 5
    settings: dict[str, float] = field(default_factory=dict)
    seed: int = 1

    def __post_init__(self) -> None:
        config = MemberlistConfig()
        for name, value in {"push_pull_interval": 0.0, **self.settings}.items():
            setattr(config, name, value)
        self.ledger = Observed()
        self.lab = Lab(self.nodes, ledger=self.ledger)
        directory = Directory()
        records = [directory.add(f"m{i}", i) for i in range(self.nodes)]
        self.members: list[Memberlist] = []
        for i, record in enumerate(records):
            host = self.lab.host(i)
            rng = stream(self.seed, f"{i}/memberlist")
            self.members.append(Memberlist(config, record, directory, host, Delegate(), rng))
            host.start(self.members[i])
            self.members[i].start_converged(self.nodes, 0.0)

    def run(self, until: float) -> None:
        self.lab.run(until)

    def stall(self, since: float, until: float, node: int = 0, then: float = 0.0) -> None:
        """Block a member's threads for a while, and run on."""
        self.run(since)
        begin_stall(self.lab.host(node))
        self.run(until)
        end_stall(self.lab.host(node), self.lab.now)
        self.run(max(until, then))

    def seen(self, event: int, node: int = 0) -> list[tuple[float, int]]:
        """Times and subjects of the events of a kind at a member."""
        return [
            (t, subject) for t, observer, subject in self.ledger.events.get(event, []) if observer == node
        ]

    def times(self, event: int, node: int = 0) -> list[float]:
        return [t for t, _ in self.seen(event, node)]

    def sent(self, kind: int, node: int = 0) -> list[float]:
        """When a member's packets of a kind left."""
        return [
            round(t, 6) for t, source, packet in self.ledger.packets if source == node and packet.kind == kind
        ]

    def probed(self, node: int = 0) -> int:
        """Return the member of the latest probe."""
        return self.members[node].prober.target

"""Keys and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serfsim.checks.online import Checker, Observed
from serfsim.protocol.memberlist.members import STATE_SUSPECT

if TYPE_CHECKING:
    from serfsim.results.scoring.recording import Recording

Kept = tuple[frozenset[bytes], bytes]
"""Keys and label; no keys where nothing is encrypted."""


class StrangersOut(Checker):
    """Collect the keys and labels that each process has had, and look at whom it knows in the end."""

    name = "strangers_out"
    rule = (
        "a member with keys or a label knows nobody with whom neither it nor a chain of others has ever"
        " shared a key and the label"
    )

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._had: dict[int, set[Kept]] = {}
        self._open: set[int] = set()

    def sampled(self) -> None:
        if not self.run.agents.directory.is_protected:
            return
        for member, node in self.run.running():
            self._note(member, node)

    def _note(self, member: int, node: object) -> None:
        memberlist = node.memberlist  # type: ignore[attr-defined]
        gate, config = memberlist.gate, memberlist.core.config
        kept: Kept = (frozenset(), b"")
        if gate is not None:
            kept = frozenset(() if gate.keys is None else gate.keys.keys), bytes(gate.label)
            lax = kept[0] and not (config.gossip_verify_incoming and config.gossip_verify_outgoing)
            if gate.is_open or lax or config.skip_inbound_label_check:
                self._open.add(member)
        self._had.setdefault(member, set()).add(kept)

    def finished(self, recording: Recording) -> None:
        if not self.run.agents.directory.is_protected:
            return
        circles = self._circles()
        circle = {member: place for place, members in enumerate(circles) for member in members}
        for member, node in self.run.running():
            if member not in circle or not any(key or label for key, label in self._had[member]):
                continue
            members = node.memberlist.core.members
            for other in self._had:
                known = members.key(other)
                if known >= 0 and known & 3 <= STATE_SUSPECT and circle[other] != circle[member]:
                    self.report(member, f"knows {self.run.name(other)}, with whom it shares no key and label")

    def _circles(self) -> list[set[int]]:
        """Return the members in sets that could speak with each other, directly or through others."""
        import networkx as nx  # start-up: few runs have keys or labels

        graph = nx.Graph()
        graph.add_nodes_from(self._had)
        for member, kept in self._had.items():
            for keys, label in kept:
                if keys:
                    graph.add_edges_from((member, ("key", key, label)) for key in keys)
                else:
                    graph.add_edge(member, ("plain", label))
            if member in self._open:
                graph.add_edges_from((member, other) for other in self._had)
        return [{one for one in part if isinstance(one, int)} for part in nx.connected_components(graph)]

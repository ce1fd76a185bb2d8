"""HyParView and Plumtree against their papers: the overlay's shape, massive failures, and redundancy.

The papers have 10,000 members and cycles; here there are fewer, with latencies, and the same claims.
"""

from __future__ import annotations

from typing import Any

import pytest

import serfsim
from serfsim.rivals.hyparview.messages import Update
from serfsim.rivals.rival import ALIVE
from serfsim.scenario.loading import loads

SCENARIO = """
name: overlay
warm_up: 20s
duration: 5m
network: {{topology: {{model: plane, size: 40ms}}}}
cluster: {{nodes: {nodes}, protocol: hyparview, rival: {{{rival}}}}}
"""
FANOUT = 4  # of the papers; an active view has one more


class Lab:
    """A cluster whose overlay has formed; seconds count from there."""

    def __init__(self, nodes: int, rival: str = "", seed: int = 1) -> None:
        self.sim = serfsim.Simulation(loads(SCENARIO.format(nodes=nodes, rival=rival)), seed)
        self.sim.run_until(0.0)
        self.sender_turn = 0

    def members(self) -> dict[int, Any]:
        return {number: node for number, node in enumerate(self.sim.nodes) if node is not None}

    def run(self, seconds: float) -> None:
        self.sim.run_until(self.sim.now + seconds)

    def neighbors(self) -> dict[int, set[int]]:
        return {number: set(node.overlay.active) for number, node in self.members().items()}

    def crash(self, share: float) -> int:
        """Crash so many members at once; return how many are left."""
        nodes = len(self.members())
        names = [self.sim.roster.members[number].name for number in range(round(share * nodes))]
        self.sim.begin({"crash": names})
        return nodes - len(names)

    def broadcast(self, sender: int) -> tuple[float, float, int]:
        """Let a member tell something; return the share that hears it, the redundancy, and the last hop.

        Relative message redundancy: payloads received for each member but the sender, less 1 (SRDS 2007,
        section 4).
        """
        members = self.members()
        for node in members.values():
            node.tree.payloads = node.tree.last_hop = 0
        node = members[sender]
        node.ledger.incarnation += 1
        update = Update(sender, ALIVE, node.ledger.incarnation)
        node.tree.broadcast(update, self.sim.env.engine_now)
        self.run(3.0)
        heard = sum(update.identity() in node.tree.received for node in members.values())
        payloads = sum(int(node.tree.payloads) for node in members.values())
        last_hop = max(int(node.tree.last_hop) for node in members.values())
        return heard / len(members), payloads / max(1, heard - 1) - 1.0, last_hop


def components(neighbors: dict[int, set[int]]) -> int:
    left, found = set(neighbors), 0
    while left:
        found += 1
        reached = [left.pop()]
        while reached:
            more = neighbors[reached.pop()] & left
            left -= more
            reached += more
    return found


def test_active_views_are_symmetric_nearly_full_and_connected() -> None:
    """HyParView, figure 5: almost all members have five neighbours."""
    neighbors = Lab(96, "shuffle: 4s").neighbors()
    assert all(one in neighbors[other] for one, others in neighbors.items() for other in others)
    sizes = [len(others) for others in neighbors.values()]
    assert max(sizes) == FANOUT + 1
    assert sizes.count(FANOUT + 1) >= 0.9 * len(sizes)
    assert components(neighbors) == 1


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_the_overlay_is_whole_again_soon_after_most_members_crash_at_once(share: float) -> None:
    """HyParView, sections 5.2 and 5.3: recovery in one or two rounds, of four seconds each here."""
    lab = Lab(96, "shuffle: 4s, exchange: 0s")
    left = lab.crash(share)
    lab.run(4.0)
    neighbors = lab.neighbors()
    assert len(neighbors) == left
    assert all(others <= set(neighbors) for others in neighbors.values())
    assert components(neighbors) == 1
    assert lab.broadcast(max(neighbors))[0] == 1.0


def test_a_broadcast_costs_one_payload_a_member_once_the_tree_is_built() -> None:
    """Plumtree, figure 2a: redundancy 0 for most messages, of one sender or of many (table 1).

    The paper's grafts wait for the end of a cycle, and so do these: longer than a message takes.
    """
    lab = Lab(64, "graft_timeout: 500ms, graft_again: 200ms")
    redundancies = [lab.broadcast(sender)[1] for sender in (5, 5, 5, 5, 14, 23, 32, 41)]
    assert max(redundancies) < FANOUT - 1
    assert redundancies[2:].count(0.0) >= 4
    assert max(redundancies[2:]) < 0.1


def test_a_flood_reaches_everybody_at_fanout_less_one_redundant_payloads() -> None:
    """Plumtree, figure 2a: the eager strategy, constant."""
    lab = Lab(64, rival="tree: false")
    for _ in range(2):
        reached, redundancy, _ = lab.broadcast(5)
        assert reached == 1.0
        assert redundancy == pytest.approx(FANOUT - 1, abs=0.3)


def test_a_shared_tree_is_at_most_about_twice_as_deep_as_the_flood() -> None:
    """Plumtree, section 4.5."""
    flood = Lab(64, rival="tree: false").broadcast(5)[2]
    assert Lab(64).broadcast(5)[2] <= 2 * flood + 1


def test_the_tree_is_mended_after_a_crash_of_many() -> None:
    """Plumtree, section 4.4: redundancy is back in a couple of broadcasts, and everybody hears them."""
    lab = Lab(64)
    lab.crash(0.4)
    lab.run(5.0)
    after = [lab.broadcast(60) for _ in range(4)]
    assert [reached for reached, _, _ in after] == [1.0] * 4
    assert after[-1][1] < 0.1


def test_an_accused_member_refutes_and_a_pause_leaves_no_wrong_view() -> None:
    lab = Lab(16)
    lab.sim.begin({"pause": ["node-05"], "for": "10s"})
    lab.run(9.0)
    assert not lab.members()[1].is_alive(5)
    lab.run(31.0)
    assert all(len(node.alive()) == 15 for node in lab.members().values())
    assert lab.members()[5].ledger.incarnation == 1

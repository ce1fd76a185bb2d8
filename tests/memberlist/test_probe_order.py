"""When probes come and in which order (spec memberlist.md sections 3 and 5.1), and the ping to a suspect."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from serfsim.native import Random
from serfsim.protocol.memberlist.core import GOSSIP_TICK, PROBE_TICK, next_tick
from serfsim.protocol.memberlist.members import UNKNOWN
from serfsim.protocol.memberlist.messages import CRC_SIZE, Packet, SuspectOrDead, ping_size
from tests.memberlist.harness import Hand, events, m


def acked(hand: Hand, until: float) -> list[tuple[float, int]]:
    """Run with every ping answered after 10 ms; when each went out, and to whom."""
    sent: list[tuple[float, int]] = []
    while True:
        due = min(timer.at for timer in hand.runtime.timers)
        if due > until:
            return sent
        hand.run(due)
        for _, ping in hand.sent(m.PING):
            sent.append((due, ping.node))
            hand.receive(Packet(m.ACK, ping.seq, 18), at=due + 0.01)
        hand.runtime.sent.clear()


def test_probe_and_gossip_keep_the_rhythm_of_the_start_without_any_stagger() -> None:
    for seed in range(5):
        hand = Hand(seed=seed, now=0.3)
        hand.node.start(hand.now)
        ticks = {timer.timer: timer.at for timer in hand.runtime.timers}
        assert ticks[PROBE_TICK] == pytest.approx(1.3)
        assert ticks[GOSSIP_TICK] == pytest.approx(0.5)


def test_the_first_ping_has_number_one() -> None:
    hand = Hand().start()
    hand.run(1.0)
    assert [packet.seq for _, packet in hand.sent(m.PING)] == [1]


def test_one_tick_is_kept_during_a_long_round_and_starts_the_next_at_its_end() -> None:
    hand = Hand().start()
    hand.node.core.awareness.score = 3
    hand.node.core.config.disable_tcp_pings = True
    hand.run(4.9)
    assert len(hand.sent(m.PING)) == 1
    hand.run(5.0)
    pings = hand.sent(m.PING)
    assert len(pings) == 2
    hand.receive(Packet(m.ACK, pings[1][1].seq, 18), at=5.05)
    hand.run(5.99)
    assert len(hand.sent(m.PING)) == 2, "three more ticks came during the round, one was kept"
    hand.run(6.0)
    assert len(hand.sent(m.PING)) == 3, "and the rhythm is that of the start"


def test_a_kept_tick_starts_a_round_when_a_late_ack_ends_the_last() -> None:
    hand = Hand().start()
    hand.node.core.awareness.score = 3
    hand.run(1.0)
    (_, ping) = hand.sent(m.PING)[0]
    hand.run(2.4)
    hand.receive(Packet(m.ACK, ping.seq, 18))
    assert len(hand.sent(m.PING)) == 2
    assert hand.node.prober.sent_at == 2.4


@pytest.mark.parametrize("start", [0.0, 0.1, 0.3, 0.7, 1 / 3, 2.7182818, 12.345678])
def test_a_round_that_ends_together_with_a_tick_starts_one_round_and_not_two(start: float) -> None:
    hand = Hand(now=start).start()
    hand.node.core.config.disable_tcp_pings = True
    hand.node.core.awareness.score = 7
    for _ in range(6):
        hand.run(hand.now + 8.0)
    hand.run(start + 60.0)
    begins = [at for at, kind, _, _ in hand.runtime.events if kind == events.PROBE]
    gaps = [round(b - a, 6) for a, b in pairwise(begins)]
    assert set(gaps) == {8.0}


def test_a_node_that_was_stopped_finds_one_tick_and_returns_to_its_rhythm() -> None:
    assert next_tick(0.25, 1.0, 7.9) == 8.25
    assert next_tick(0.25, 1.0, 0.25) == 1.25
    assert next_tick(0.25, 1.0, 8.25) == 9.25
    hand = Hand(now=0.25).start()
    acked(hand, 3.5)
    hand.fire(PROBE_TICK, at=9.9)
    assert len(hand.sent(m.PING)) == 1
    ticks = sorted(timer.at for timer in hand.runtime.timers if timer.timer == PROBE_TICK)
    assert ticks[-1] == 10.25


def test_each_member_is_probed_once_a_cycle_in_a_new_order_each_time() -> None:
    hand = Hand(others=12).start()
    pinged = [node for _, node in acked(hand, 49.0)]
    cycles = [tuple(pinged[at : at + 12]) for at in range(0, 36, 12)]
    # The ring holds the node itself, so that a cycle may begin within the first twelve.
    assert set(Counter(pinged[:48]).values()) == {4}
    assert len(set(cycles)) == 3


def test_the_dead_and_the_left_are_not_probed() -> None:
    hand = Hand(others=4).start()
    hand.heard(hand.suspect_or_dead(m.DEAD, "p0", 1, "peer"), hand.suspect_or_dead(m.DEAD, "p1", 1, "p1"))
    hand.clear()
    pinged = {node for _, node in acked(hand, 12.0)}
    assert pinged == {hand.number("peer"), hand.number("p2")}


def test_a_node_alone_probes_nobody() -> None:
    hand = Hand(others=0).start()
    hand.run(5.0)
    assert hand.runtime.sent == []


def test_the_long_dead_are_forgotten_at_the_rings_end_and_only_there() -> None:
    hand = Hand(others=5).start()
    hand.heard(hand.suspect_or_dead(m.DEAD, "p0", 1, "peer"))
    hand.clear()
    members = hand.node.core.members
    acked(hand, 29.9)
    assert members.key(hand.number("p0")) != UNKNOWN
    acked(hand, 36.9)
    assert hand.reported(events.FORGOTTEN) == [hand.number("p0")]
    assert members.key(hand.number("p0")) == UNKNOWN
    assert members.count == 5


def test_a_large_ring_keeps_its_dead_until_it_wraps() -> None:
    hand = Hand(others=200).start()
    hand.heard(hand.suspect_or_dead(m.DEAD, "p7", 1, "peer"))
    hand.clear()
    acked(hand, 190.0)
    assert hand.node.core.members.key(hand.number("p7")) != UNKNOWN
    acked(hand, 205.0)
    assert hand.node.core.members.key(hand.number("p7")) == UNKNOWN


def test_the_left_are_never_forgotten() -> None:
    hand = Hand(others=5).start()
    hand.heard(hand.suspect_or_dead(m.DEAD, "p0", 1, "p0"))
    hand.clear()
    acked(hand, 300.0)
    assert hand.node.core.members.key(hand.number("p0")) != UNKNOWN
    assert hand.node.core.members.count == 6


def test_a_forgotten_member_comes_back_at_any_incarnation() -> None:
    hand = Hand(others=3).start(incarnation=9)
    hand.heard(hand.suspect_or_dead(m.DEAD, "p0", 9, "peer"))
    acked(hand, 60.0)
    hand.heard(hand.alive("p0", 1))
    assert hand.node.core.members.incarnation(hand.number("p0")) == 1
    assert hand.delegate.calls[-1] == ("join", hand.number("p0"))


def test_a_newcomer_lands_anywhere_in_the_ring() -> None:
    places = Counter()  # type: Counter[int]
    for seed in range(400):
        hand = Hand(others=7, seed=seed)
        hand.node.start(0.0)
        for record in hand.directory.first[1:]:
            hand.node.states.alive(m.Alive(record, 1), 0.0)
        places[list(hand.node.core.members.ring[0:8]).index(7)] += 1
    # An index below the old length, so never the last place itself.
    assert set(places) == set(range(7))
    assert min(places.values()) > 30


def test_random_members_are_distinct_and_in_tiny_clusters_sometimes_too_few() -> None:
    hand = Hand(others=2).start()
    hand.node.core.rng = Random(3)
    sizes = Counter()  # type: Counter[int]
    for _ in range(2000):
        chosen: list[int] = []
        hand.node.core.random_members(3, -1, 0, 1e300, chosen)
        assert len(set(chosen)) == len(chosen)
        assert 0 not in chosen
        sizes[len(chosen)] += 1
    # Nine draws of three members: both others are found unless one never comes up.
    assert 3 not in sizes
    missed = 2 * (2 / 3) ** 9
    assert sizes[1] / 2000 == pytest.approx(missed, abs=0.015)


# The ping to a suspect -----------------------------------------------------------------------------


def test_a_suspect_is_told_with_the_ping_so_that_it_may_refute() -> None:
    hand = Hand(others=1).start(incarnation=4)
    hand.heard(hand.suspect_or_dead(m.SUSPECT, "peer", 4, "p9"))
    hand.node.core.queue(hand.alive("me", 1), 0, 0.0)
    hand.run(0.99)
    hand.runtime.sent.clear()
    hand.node.core.queue(hand.alive("me", 1), 0, hand.now)
    hand.run(1.0)
    (address, packet) = hand.sent(m.PING)[0]
    assert address == 1
    assert packet.broadcasts is not None
    (told,) = packet.broadcasts
    assert isinstance(told, SuspectOrDead)
    assert (told.kind, told.node, told.incarnation, told.from_node) == (m.SUSPECT, 1, 4, 0)
    plain = ping_size(hand.directory.first[1], packet.seq, hand.me) + told.size + 6
    assert packet.size <= plain + CRC_SIZE


def test_a_ping_to_an_alive_member_carries_gossip_and_no_crc() -> None:
    hand = Hand(others=1).start()
    hand.run(0.99)
    hand.runtime.sent.clear()
    hand.node.core.queue(hand.alive("me", 1), 0, hand.now)
    hand.run(1.0)
    (_, packet) = hand.sent(m.PING)[0]
    assert packet.broadcasts is not None
    assert [message.kind for message in packet.broadcasts] == [m.ALIVE]
    plain = ping_size(hand.directory.first[1], packet.seq, hand.me) + hand.alive("me", 1).size + 6
    assert plain - 10 < packet.size <= plain

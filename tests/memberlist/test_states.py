"""Accepting alive and dead messages, and refuting (spec memberlist.md section 4), beyond the vectors."""

from __future__ import annotations

import random

import pytest

from serfsim.native import Random
from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.memberlist.members import (
    STATE_ALIVE,
    STATE_DEAD,
    STATE_LEFT,
    STATE_SUSPECT,
    UNKNOWN,
)
from serfsim.protocol.memberlist.messages import Alive, Message
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.memberlist.state import OWN_ADDRESS
from tests.memberlist.harness import Hand, events, in_order, m

OTHER_META = b"\xff\x81\xa1a\xa1b"


def record(hand: Hand, name: str, **changes: object) -> NodeIdentity:
    """The record of `name` with changes."""
    node = hand.number(name)
    fields: dict[str, object] = {
        "node": node,
        "address": hand.directory.first[node].address,
        "name_length": len(name),
    }
    return NodeIdentity(**(fields | changes))  # type: ignore[arg-type]


# Refuting ------------------------------------------------------------------------------------------


def test_a_refutation_beats_the_accusation_and_costs_health() -> None:
    hand = Hand().start()
    hand.heard(hand.suspect_or_dead(m.SUSPECT, "me", 7, "p0"))
    assert hand.node.core.members.key(0) == 8 * 4 + STATE_ALIVE
    assert hand.queued() == [(m.ALIVE, "me", 8)]
    assert hand.score == 1
    hand.heard(hand.suspect_or_dead(m.DEAD, "me", 8, "p0"))
    assert hand.queued() == [(m.ALIVE, "me", 9)]
    assert hand.score == 2
    assert hand.reported(events.REFUTE_SUSPECT) == hand.reported(events.REFUTE_DEAD) == [hand.number("p0")]


def test_old_accusations_need_no_refutation() -> None:
    hand = Hand().start()
    hand.heard(hand.suspect_or_dead(m.SUSPECT, "me", 3, "p0"))
    hand.clear()
    hand.heard(hand.suspect_or_dead(m.SUSPECT, "me", 3, "p1"), hand.suspect_or_dead(m.DEAD, "me", 2, "p1"))
    assert hand.queued() == []


def test_a_refutation_displaces_older_ones_but_not_what_is_queued_under_the_name() -> None:
    hand = Hand().start()
    hand.node.core.queue(hand.alive("me", 1), 0, 0.0)
    hand.heard(hand.suspect_or_dead(m.SUSPECT, "me", 1, "p0"))
    assert hand.queued() == [(m.ALIVE, "me", 2), (m.ALIVE, "me", 1)]
    hand.heard(hand.suspect_or_dead(m.SUSPECT, "me", 2, "p0"))
    assert hand.queued() == [(m.ALIVE, "me", 3), (m.ALIVE, "me", 1)]
    names = [entry.name for entry in in_order(hand.node.core.broadcasts)]
    assert names == [OWN_ADDRESS, 0]


def test_a_restarted_member_starts_low_and_only_a_refutation_lifts_it() -> None:
    hand = Hand().start()
    assert hand.node.core.incarnation == 1
    hand.heard(Alive(hand.me, 5))
    assert hand.node.core.incarnation == 6
    assert hand.queued() == [(m.ALIVE, "me", 6)]
    assert hand.reported(events.REFUTE_ALIVE) == [0]


def test_hearing_itself_at_the_same_incarnation_is_no_matter_unless_something_differs() -> None:
    hand = Hand().start()
    hand.heard(Alive(hand.me, 1))
    assert hand.queued() == []
    hand.heard(Alive(record(hand, "me", meta=OTHER_META), 1))
    assert hand.queued() == [(m.ALIVE, "me", 2)]
    hand.heard(Alive(record(hand, "me", protocol=(1, 4, 2)), 2))
    assert hand.queued() == [(m.ALIVE, "me", 3)]
    hand.heard(Alive(record(hand, "me", has_versions=False), 3))
    assert hand.queued() == [(m.ALIVE, "me", 4)]
    assert hand.delegate.calls == []
    assert hand.node.core.members.record(0) is hand.me


def test_another_address_for_our_own_name_is_a_conflict_and_nothing_else() -> None:
    hand = Hand().start()
    hand.heard(Alive(record(hand, "me", address=9), 7))
    assert hand.delegate.calls == [("conflict", 0)]
    assert hand.reported(events.CONFLICT) == [0]
    assert (hand.queued(), hand.node.core.incarnation, hand.score) == ([], 1, 0)


# Alive ---------------------------------------------------------------------------------------------


def test_the_first_message_makes_a_member_and_is_passed_on() -> None:
    hand = Hand().start(knowing=False)
    message = Alive(record(hand, "peer"), 3)
    hand.heard(message)
    assert hand.delegate.calls == [("join", 1)]
    assert hand.node.core.members.count == 2
    assert [entry.message for entry in in_order(hand.node.core.broadcasts)] == [message]


def test_an_unknown_member_at_incarnation_zero_is_known_but_not_alive() -> None:
    hand = Hand().start(knowing=False)
    hand.heard(Alive(record(hand, "peer"), 0))
    assert hand.state_of("peer") == STATE_DEAD
    assert (hand.delegate.calls, hand.queued()) == ([], [])
    hand.heard(Alive(record(hand, "peer"), 1))
    assert hand.delegate.calls == [("join", 1)]


@pytest.mark.parametrize("protocol", [(0, 5, 2), (1, 0, 2), (3, 2, 2)])
def test_impossible_versions_are_ignored(protocol: tuple[int, int, int]) -> None:
    hand = Hand().start(knowing=False)
    hand.heard(Alive(record(hand, "peer", protocol=protocol), 1))
    assert hand.node.core.members.key(1) == UNKNOWN


def test_a_message_without_versions_keeps_those_known() -> None:
    hand = Hand().start()
    long_name = "a-member-with-a-name-of-more-than-thirty-one-letters"
    node = hand.directory.add(long_name, 40).node
    hand.heard(Alive(hand.directory.first[node], 1))
    bare = NodeIdentity(node, 40, len(long_name), meta=OTHER_META, has_versions=False)
    assert (bare.protocol_max, bare.delegate_current) == (0, 0)
    hand.heard(Alive(bare, 2))
    known = hand.node.core.members.record(node)
    assert (known.protocol_max, known.delegate_current, known.meta) == (5, 5, OTHER_META)
    assert known.alive_size == hand.directory.first[node].alive_size + len(OTHER_META) - 2
    assert hand.delegate.calls[-1] == ("update", node)


def test_new_metadata_is_an_update_and_new_versions_alone_are_not() -> None:
    hand = Hand().start()
    hand.heard(Alive(record(hand, "peer", meta=OTHER_META), 2))
    assert hand.delegate.calls == [("update", 1)]
    hand.heard(Alive(record(hand, "peer", meta=OTHER_META, protocol=(1, 4, 2)), 3))
    assert hand.delegate.calls == [("update", 1)]
    assert hand.node.core.members.record(1).protocol_max == 4


def test_the_name_of_a_left_member_may_come_back_from_anywhere_at_any_incarnation() -> None:
    hand = Hand().start(incarnation=9)
    hand.heard(hand.suspect_or_dead(m.DEAD, "peer", 9, "peer"))
    hand.clear()
    hand.heard(Alive(record(hand, "peer", address=9), 1))
    assert hand.delegate.calls == [("join", 1)]
    members = hand.node.core.members
    assert (members.record(1).address, members.incarnation(1)) == (9, 1)


def test_the_name_of_a_dead_member_comes_back_elsewhere_only_after_the_reclaim_time() -> None:
    hand = Hand()
    hand.config.dead_node_reclaim_time = 10.0
    hand.start()
    hand.heard(hand.suspect_or_dead(m.DEAD, "peer", 1, "p0"))
    hand.clear()
    hand.now = 10.0
    hand.heard(Alive(record(hand, "peer", address=9), 2))
    assert hand.delegate.calls == [("conflict", 1)]
    hand.now = 10.1
    hand.heard(Alive(record(hand, "peer", address=9), 2))
    assert hand.delegate.calls[-1] == ("join", 1)


def test_without_a_reclaim_time_a_dead_members_name_stays_its_own() -> None:
    hand = Hand().start()
    hand.heard(hand.suspect_or_dead(m.DEAD, "peer", 1, "p0"))
    hand.now = 1e6
    hand.heard(Alive(record(hand, "peer", address=9), 2))
    assert hand.delegate.calls[-1] == ("conflict", 1)


def test_addresses_outside_the_allowed_networks_are_ignored_in_silence() -> None:
    hand = Hand()
    hand.config.allowed_networks = [(0xFFFFFFF0, 0x0A000000)]  # 10.0.0.0/28
    hand.start()
    hand.directory.add("stranger", 50)
    hand.heard(Alive(hand.directory.first[-1], 1))
    hand.heard(Alive(record(hand, "peer", address=51), 2))
    assert hand.node.core.members.key(hand.number("stranger")) == UNKNOWN
    assert hand.node.core.members.record(1).address == 1
    assert (hand.delegate.calls, hand.reported(events.CONFLICT)) == ([], [])


def test_an_alive_message_that_comes_from_outside_the_allowed_networks_is_ignored() -> None:
    hand = Hand()
    hand.config.allowed_networks = [(0xFFFFFFF0, 0x0A000000)]  # 10.0.0.0/28
    hand.start(knowing=False)
    for source, known in ((50, False), (3, True)):
        packet = m.Packet(m.GOSSIP, 0, 100)
        packet.broadcasts = [Alive(hand.directory.first[1], 1)]
        hand.node.on_packet(packet, source, 1.0, 1.0)
        assert (hand.node.core.members.key(1) != UNKNOWN) is known
    packet.broadcasts = [hand.suspect_or_dead(m.SUSPECT, "peer", 1, "p0")]
    hand.node.on_packet(packet, 50, 1.0, 1.0)
    assert hand.state_of("peer") == STATE_SUSPECT, "only alive messages are looked at"


# Dead and left -------------------------------------------------------------------------------------


def test_a_dead_message_from_its_subject_makes_the_member_left() -> None:
    hand = Hand().start()
    hand.heard(hand.suspect_or_dead(m.DEAD, "peer", 1, "peer"))
    assert hand.state_of("peer") == STATE_LEFT
    assert hand.delegate.calls == [("leave", 1)]
    assert hand.reported(events.MEMBER_LEFT) == [1]


def test_the_dead_do_not_become_left_nor_the_left_dead_nor_do_they_gain_incarnations() -> None:
    hand = Hand().start()
    hand.heard(hand.suspect_or_dead(m.DEAD, "peer", 1, "p0"))
    hand.heard(hand.suspect_or_dead(m.DEAD, "p1", 1, "p1"))
    hand.clear()
    hand.heard(hand.suspect_or_dead(m.DEAD, "peer", 4, "peer"))
    hand.heard(hand.suspect_or_dead(m.DEAD, "p1", 4, "p0"))
    hand.heard(hand.suspect_or_dead(m.SUSPECT, "peer", 4, "p0"))
    members = hand.node.core.members
    assert (hand.state_of("peer"), hand.state_of("p1")) == (STATE_DEAD, STATE_LEFT)
    assert members.incarnation(1) == members.incarnation(hand.number("p1")) == 1
    assert (hand.delegate.calls, hand.queued()) == ([], [])


def test_a_new_message_about_a_member_displaces_the_queued_one_whatever_it_says() -> None:
    hand = Hand().start()
    hand.heard(hand.suspect_or_dead(m.SUSPECT, "peer", 1, "p0"))
    hand.heard(hand.suspect_or_dead(m.DEAD, "peer", 1, "p1"))
    assert hand.queued() == [(m.DEAD, "peer", 1)]
    hand.heard(Alive(record(hand, "peer"), 2))
    assert hand.queued() == [(m.ALIVE, "peer", 2)]


# All orders ----------------------------------------------------------------------------------------


def check_view(hand: Hand) -> None:
    members = hand.node.core.members
    known = {node for node in range(len(members.keys)) if members.keys[node] != UNKNOWN}
    ring = list(members.ring[0 : members.count])
    assert sorted(ring) == sorted(known)
    states = {node: members.state(node) for node in known}
    assert set(members.changed_at) == {node for node, state in states.items() if state > STATE_SUSPECT}
    assert members.alive == sum(state <= STATE_SUSPECT for state in states.values())
    suspects = {node for node, state in states.items() if state == STATE_SUSPECT}
    assert set(hand.node.states.suspicions.nodes()) == suspects
    assert all(node < len(members.keys) for node in members.records)
    assert states[0] == STATE_ALIVE or hand.node.core.leaving


def anything(hand: Hand, dice: random.Random) -> Message:
    name = dice.choice(["me", "peer", "p0", "p1", "p2"])
    incarnation = dice.randrange(6)
    if dice.random() < 0.4:
        changes: dict[str, object] = {}
        if dice.random() < 0.3:
            changes["address"] = dice.choice([hand.directory.first[hand.number(name)].address, 20, 21])
        if dice.random() < 0.3:
            changes["meta"] = dice.choice([OTHER_META, b""])
        if dice.random() < 0.2:
            changes["has_versions"] = False
        return Alive(record(hand, name, **changes), incarnation)
    kind = dice.choice([m.SUSPECT, m.DEAD])
    return hand.suspect_or_dead(kind, name, incarnation, dice.choice(["me", "peer", "p0", "p1", "p2", name]))


@pytest.mark.parametrize("seed", range(25))
def test_no_order_of_events_breaks_the_view(seed: int) -> None:
    dice = random.Random(seed)
    hand = Hand(others=4, seed=seed)
    hand.config.dead_node_reclaim_time = dice.choice([0.0, 3.0])
    hand.config.gossip_to_the_dead_time = dice.choice([1.0, 30.0])
    hand.start(knowing=dice.random() < 0.5)
    others = [Hand(others=4, seed=seed + 1 + i).start() for i in range(2)]
    for _ in range(300):
        choice = dice.random()
        if choice < 0.6:
            hand.heard(*[anything(hand, dice) for _ in range(dice.randrange(1, 5))])
        elif choice < 0.75:
            hand.run(hand.now + dice.choice([0.2, 1.0, 7.0]))
        elif choice < 0.85:
            other = dice.choice(others)
            other.heard(*[anything(other, dice) for _ in range(3)])
            remote = PushPull(False, other.node.core)
            hand.node.merger.merge_state(remote, hand.now)
        elif choice < 0.95 and hand.runtime.streams:
            stream = hand.runtime.streams.pop()
            hand.node.on_stream_result(stream.token, dice.randrange(1, 5), None, hand.now)
        elif choice < 0.955:
            hand.node.leave(1, 5.0, hand.now)
        else:
            hand.node.prober.order.choose(hand.now)
            hand.node.core.rng = Random(dice.randrange(1000))
        check_view(hand)

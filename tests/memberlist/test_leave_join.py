"""Starting, joining, leaving and changing one's record (spec memberlist.md section 10)."""

from __future__ import annotations

from serfsim.native import i64
from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.memberlist.members import STATE_ALIVE, STATE_DEAD, STATE_LEFT
from serfsim.protocol.memberlist.messages import Alive
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.runtime import DIAL_REFUSED, REPLIED
from tests.memberlist.harness import Hand, HandDelegate, m


class Joining(HandDelegate):
    def __init__(self) -> None:
        super().__init__()
        self.joined: list[tuple[int, int]] = []

    def notify_joined(self, token: i64, contacted: i64, now: float) -> None:
        self.joined.append((token, contacted))


def gossiping(others: int = 6) -> Hand:
    hand = Hand(others=others)
    hand.config.push_pull_interval = 0.0
    hand.config.probe_interval = 0.0
    return hand.start()


def changed(tag: int) -> NodeIdentity:
    return NodeIdentity(0, 0, 2, meta=b"\xff\x81\xa1a\xa1" + bytes([tag]))


# Starting and joining ------------------------------------------------------------------------------


def test_a_node_starts_by_announcing_itself_at_incarnation_one() -> None:
    hand = Hand()
    hand.node.start(0.0)
    assert hand.delegate.calls == [("join", 0)]
    assert hand.queued() == [(m.ALIVE, "me", 1)]
    assert hand.state_of("me") == STATE_ALIVE


def test_a_converged_start_knows_all_and_has_nothing_to_tell() -> None:
    hand = Hand(others=6)
    hand.node.start_converged(7, 0.0)
    assert hand.node.core.members.count == hand.node.core.members.alive == 7
    assert hand.queued() == []
    assert sorted(hand.node.core.members.ring) == list(range(7))


def test_a_join_contacts_its_addresses_one_after_the_other_and_counts_successes() -> None:
    hand, other = Hand(delegate=Joining()).start(knowing=False), Hand().start()
    hand.node.join([1, 2, 3], 42, 0.0)
    for outcome in (DIAL_REFUSED, REPLIED, DIAL_REFUSED):
        stream = hand.runtime.streams[-1]
        assert isinstance(stream.request, PushPull)
        assert stream.request.join
        reply = PushPull(True, other.node.core) if outcome == REPLIED else None
        hand.node.on_stream_result(stream.token, outcome, reply, 0.1)
    assert [stream.address for stream in hand.runtime.streams] == [1, 2, 3]
    assert hand.delegate.joined == [(42, 1)]  # type: ignore[attr-defined]
    assert hand.node.core.members.count == 7


def test_the_joined_node_learns_of_the_joiner_and_passes_that_on() -> None:
    hand, joiner = Hand().start(knowing=False), Hand().start(knowing=False)
    node = hand.directory.add("joiner", 30).node
    joiner.directory.add("joiner", 30)
    joiner.node.states.alive(Alive(joiner.directory.first[node], 1), 0.0)
    request = PushPull(True, joiner.node.core)
    hand.node.on_stream_request(request, 30, 0.0)
    hand.node.on_stream_answered(request, 30, 0.0)
    assert hand.queued() == [(m.ALIVE, "joiner", 1)]
    assert hand.delegate.calls == [("join", node)]


# Leaving -------------------------------------------------------------------------------------------


def test_a_leave_is_told_by_gossip_and_ends_when_it_was_told_often_enough() -> None:
    hand = gossiping()
    hand.node.leave(7, 5.0, 0.0)
    assert hand.state_of("me") == STATE_LEFT
    assert hand.delegate.calls == [("leave", 0)]
    hand.run(0.2)
    assert hand.delegate.finished == []
    hand.run(0.4)
    assert hand.delegate.finished == [(7, True)]
    told = [message for _, p in hand.sent(m.GOSSIP) for message in p.broadcasts or []]
    assert [(t.kind, t.node, t.from_node) for t in told] == [(m.DEAD, 0, 0)] * 4  # type: ignore[attr-defined]
    hand.run(20.0)
    assert hand.delegate.finished == [(7, True)], "the timeout comes to nothing"


def test_with_nobody_else_there_a_leave_ends_at_once() -> None:
    for others in (0, 2):
        hand = gossiping(others)
        for name in ("peer", "p0")[:others]:
            hand.heard(hand.suspect_or_dead(m.DEAD, name, 1, "me"))
        hand.node.leave(7, 5.0, 0.0)
        assert hand.delegate.finished == [(7, True)]


def test_a_leave_that_nobody_hears_of_times_out() -> None:
    hand = gossiping()
    hand.config.gossip_nodes = 0
    hand.node.leave(7, 5.0, 1.0)
    hand.run(5.9)
    assert hand.delegate.finished == []
    hand.run(6.0)
    assert hand.delegate.finished == [(7, False)]


def test_a_second_leave_ends_at_once() -> None:
    hand = gossiping()
    hand.node.leave(7, 5.0, 0.0)
    hand.node.leave(8, 5.0, 0.0)
    assert hand.delegate.finished == [(8, True)]


def test_a_leaving_node_neither_refutes_nor_comes_back() -> None:
    hand = gossiping()
    hand.node.leave(7, 5.0, 0.0)
    hand.clear()
    hand.heard(
        hand.suspect_or_dead(m.SUSPECT, "me", 5, "p0"),
        hand.suspect_or_dead(m.DEAD, "me", 5, "p0"),
        Alive(hand.me, 9),
    )
    assert hand.state_of("me") == STATE_LEFT
    assert hand.node.core.incarnation == 1
    assert (hand.queued(), hand.score) == ([], 0)


def test_a_leave_that_races_with_a_suspicion_leaves_the_member_dead_not_left() -> None:
    hand = gossiping()
    hand.heard(hand.suspect_or_dead(m.DEAD, "peer", 1, "p0"))
    hand.heard(hand.suspect_or_dead(m.DEAD, "peer", 1, "peer"))
    assert hand.state_of("peer") == STATE_DEAD


# Changing the record -------------------------------------------------------------------------------


def test_new_metadata_is_announced_with_the_next_incarnation() -> None:
    hand = gossiping()
    hand.node.update_record(changed(65), 3, 5.0, 0.0)
    assert hand.queued() == [(m.ALIVE, "me", 2)]
    assert hand.delegate.calls == [("update", 0)]
    hand.run(0.4)
    assert hand.delegate.finished == [(3, True)]


def test_an_update_displaced_by_the_next_is_finished_then_and_each_ends_once() -> None:
    hand = gossiping()
    hand.node.update_record(changed(65), 3, 5.0, 0.0)
    hand.node.update_record(changed(66), 3, 5.0, 0.0)
    hand.run(0.0)
    assert hand.delegate.finished == [(3, True)]
    hand.run(20.0)
    assert hand.delegate.finished == [(3, True), (3, True)]
    assert hand.node.core.members.incarnation(0) == 3


def test_a_leave_displaces_an_update_that_is_still_being_told() -> None:
    hand = gossiping()
    hand.node.update_record(changed(65), 3, 5.0, 0.0)
    hand.node.leave(7, 5.0, 0.0)
    hand.run(0.0)
    assert hand.delegate.finished == [(3, True)]
    hand.run(1.0)
    assert hand.delegate.finished == [(3, True), (7, True)]


def test_without_a_timeout_a_wait_lasts_until_it_is_told() -> None:
    hand = gossiping()
    hand.config.gossip_nodes = 0
    hand.node.update_record(changed(65), 3, 0.0, 0.0)
    hand.run(100.0)
    assert hand.delegate.finished == []

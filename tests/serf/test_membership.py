"""How Serf sees memberlist's news, and intents (spec serf.md sections 3 to 5)."""

from __future__ import annotations

import pytest

from serfsim.native import i64, vec
from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.memberlist.core import GOSSIP_TICK
from serfsim.protocol.memberlist.messages import Alive, Packet
from serfsim.protocol.serf.intents import NOTHING
from serfsim.protocol.serf.messages import Intent, SerfState
from serfsim.protocol.vivaldi.coordinate import Coordinate
from tests.serf.harness import JOIN, LEAVE, SerfHand, events, m

# memberlist's callbacks ----------------------------------------------------------------------------


def test_a_node_starts_alone_alive_and_at_lamport_time_one() -> None:
    hand = SerfHand()
    assert (hand.status("me"), hand.ltime("me"), hand.clock) == ("alive", 0, 1)
    assert hand.node.user_events.clock.time() == hand.node.queries.clock.time() == 1


def test_suspicion_is_invisible_to_serf() -> None:
    hand = SerfHand(knowing=4)
    hand.heard(hand.node.memberlist.states.suspect_or_dead(m.SUSPECT, 1, 1, 2))
    assert hand.status("p") == "alive"
    assert hand.member_events() == []


def test_a_member_that_memberlist_lost_without_an_intent_has_failed() -> None:
    hand = SerfHand(knowing=4)
    hand.dies("p")
    assert hand.status("p") == "failed"
    assert hand.member_events() == ["member-failed:p"]


def test_even_one_that_memberlist_holds_for_left() -> None:
    hand = SerfHand(knowing=4)
    hand.departs("p")
    assert hand.reported(events.MEMBER_LEFT) == [1]
    assert hand.status("p") == "failed"


def test_after_a_leave_intent_it_has_left_whoever_reported_it() -> None:
    hand = SerfHand(knowing=4)
    hand.leave_intent("p", 3)
    hand.dies("p")
    assert hand.status("p") == "left"
    assert hand.member_events() == ["member-leave:p"]


def test_a_leave_that_a_suspicion_overtakes_shows_as_failed_until_the_intent_comes() -> None:
    hand = SerfHand(knowing=4)
    hand.dies("p")
    hand.leave_intent("p", 3)
    assert hand.status("p") == "left"
    assert hand.member_events() == ["member-failed:p", "member-leave:p"]


def test_a_failed_member_that_comes_back_within_a_minute_has_flapped() -> None:
    hand = SerfHand(knowing=4)
    hand.dies("p")
    hand.now = 59.9
    hand.joins("p", incarnation=2)
    assert hand.reported(events.FLAP) == [1]
    hand.dies("p", incarnation=2)
    hand.now = 59.9 + 60.0
    hand.joins("p", incarnation=3)
    assert hand.reported(events.FLAP) == [1]
    assert hand.status("p") == "alive"
    assert hand.node.members.failed == {}


def test_a_left_member_that_comes_back_keeps_its_status_time() -> None:
    hand = SerfHand(knowing=4)
    hand.leave_intent("p", 9)
    hand.departs("p")
    hand.joins("p", incarnation=2)
    assert (hand.status("p"), hand.ltime("p")) == ("alive", 9)
    assert hand.node.members.left == {}
    assert hand.reported(events.FLAP) == []


def test_new_tags_are_an_update() -> None:
    hand = SerfHand(knowing=4)
    hand.heard(Alive(NodeIdentity(1, 1, 1, meta=b"\xff\x81\xa1a\xa1b"), 2))
    assert hand.member_events() == ["member-update:p"]


# Intents -------------------------------------------------------------------------------------------


def test_an_intent_is_passed_on_once() -> None:
    hand = SerfHand(knowing=4)
    assert hand.join_intent("p", 5)
    assert not hand.join_intent("p", 5)
    assert hand.leave_intent("p", 6)
    assert not hand.leave_intent("p", 6)
    assert not hand.join_intent("p", 6)
    assert sorted(hand.queued()) == [(LEAVE, "p", 6), (JOIN, "p", 5)]


def test_a_second_leave_of_a_left_member_goes_round_once_and_not_for_ever() -> None:
    hand = SerfHand(knowing=4)
    hand.leave_intent("p", 3)
    hand.departs("p")
    assert hand.leave_intent("p", 4)
    assert not hand.leave_intent("p", 4)
    assert (hand.status("p"), hand.ltime("p")) == ("left", 4)


def test_a_newer_join_intent_takes_a_leave_back() -> None:
    hand = SerfHand(knowing=4)
    hand.leave_intent("p", 3)
    assert hand.status("p") == "leaving"
    hand.join_intent("p", 4)
    assert hand.status("p") == "alive"
    hand.dies("p")
    assert hand.status("p") == "failed"


def test_a_join_intent_does_not_raise_the_failed_or_the_left() -> None:
    hand = SerfHand(knowing=4)
    hand.dies("p")
    hand.leave_intent("q", 3)
    hand.departs("q")
    assert hand.join_intent("p", 7)
    assert hand.join_intent("q", 7)
    assert (hand.status("p"), hand.status("q")) == ("failed", "left")
    assert (hand.ltime("p"), hand.ltime("q")) == (7, 7)


def test_a_live_node_refutes_a_leave_of_its_own_with_a_newer_join() -> None:
    hand = SerfHand(knowing=4)
    assert hand.leave_intent("me", 50)
    assert hand.queued() == [(JOIN, "me", 51)]
    assert (hand.status("me"), hand.ltime("me"), hand.clock) == ("alive", 51, 52)


def test_an_old_leave_of_its_own_needs_no_answer() -> None:
    hand = SerfHand(knowing=4)
    hand.join_intent("me", 60)
    hand.node.queues.intents.prune(0)
    assert not hand.leave_intent("me", 60)
    assert hand.queued() == []


@pytest.mark.parametrize(
    ("intents", "status", "ltime"),
    [
        ([(JOIN, 4)], "alive", 4),
        ([(LEAVE, 4)], "leaving", 4),
        ([(JOIN, 4), (LEAVE, 5)], "leaving", 5),
        ([(LEAVE, 4), (JOIN, 5)], "alive", 5),
        ([(LEAVE, 5), (JOIN, 5)], "leaving", 5),
        ([(LEAVE, 5), (JOIN, 4)], "leaving", 5),
    ],
)
def test_intents_that_come_before_their_member_count_when_it_comes(
    intents: list[tuple[int, int]], status: str, ltime: int
) -> None:
    hand = SerfHand()
    newest = 0
    for kind, at in intents:
        assert hand.intent(kind, "p", at) == (at > newest)
        newest = max(newest, at)
    hand.joins("p")
    assert (hand.status("p"), hand.ltime("p")) == (status, ltime)
    assert hand.member_events() == ["member-join:p"]


def test_buffered_intents_are_dropped_after_five_minutes() -> None:
    hand = SerfHand()
    hand.leave_intent("p", 4)
    hand.run(299.0)
    assert hand.node.recent_intents.find(1, LEAVE) == 4
    hand.run(316.0)
    assert hand.node.recent_intents.find(1, LEAVE) == -1
    hand.joins("p")
    assert hand.status("p") == "alive"


def test_a_buffered_intent_stays_for_a_member_that_is_reaped_and_comes_again() -> None:
    hand = SerfHand()
    hand.leave_intent("p", 4)
    hand.joins("p")
    hand.node.reaper.prune(1, hand.now)
    hand.joins("p", incarnation=1)
    hand.node.notify_join(hand.directory.first[1], hand.now)
    assert hand.status("p") == "leaving"


# Push/pull -----------------------------------------------------------------------------------------


def test_the_clocks_of_the_other_side_are_witnessed_less_one() -> None:
    hand = SerfHand()
    hand.node.merge_remote_state(SerfState(40, 30, 20, vec[i64](), vec[i64](), [], 600), False, 0.0)
    assert (hand.clock, hand.node.user_events.clock.time(), hand.node.queries.clock.time()) == (40, 30, 20)
    hand.node.merge_remote_state(SerfState(0, 0, 0, vec[i64](), vec[i64](), [], 600), False, 0.0)
    assert hand.clock == 40


def test_the_left_of_the_other_side_are_left_one_time_later_and_nothing_is_passed_on() -> None:
    hand = SerfHand(knowing=4)
    hand.dies("q")
    hand.merge(20, {"p": 4, "q": 6}, ["q"])
    assert (hand.status("q"), hand.ltime("q")) == ("left", 7)
    assert (hand.status("p"), hand.ltime("p")) == ("alive", 4)
    assert hand.queued() == []


def test_a_left_member_without_a_status_time_counts_at_one() -> None:
    hand = SerfHand(knowing=4)
    hand.merge(20, {"p": 4}, ["q"])
    assert (hand.status("q"), hand.ltime("q")) == ("leaving", 1)


@pytest.mark.parametrize("status", [{"p": 4, "q": 6}, {"p": 4}])
def test_a_push_pull_never_asks_to_prune(status: dict[str, int]) -> None:
    hand = SerfHand(knowing=4)
    hand.dies("q")
    hand.merge(20, status, ["q"])
    assert hand.status("q") == "left"
    assert hand.node.intents.prune_wanted == NOTHING


def test_a_node_that_the_other_side_holds_for_left_refutes() -> None:
    hand = SerfHand(knowing=4)
    hand.merge(20, {"me": 6, "p": 4}, ["me"])
    assert hand.queued() == [(JOIN, "me", 20)]
    assert hand.status("me") == "alive"


@pytest.mark.parametrize("status", [{"me": 2, "p": 30}, {"p": 30, "me": 2}, {"p": 30}])
def test_a_leave_in_a_push_pull_is_refuted_with_the_clock_of_that_moment(status: dict[str, int]) -> None:
    hand = SerfHand(knowing=4)
    hand.merge(4, status, ["me"])
    # All that have left come first; what others say of themselves later raises the clock, not the answer.
    assert hand.queued() == [(JOIN, "me", 4)]
    assert (hand.status("me"), hand.ltime("me"), hand.clock) == ("alive", 4, 31)


def test_unknown_members_of_the_other_side_are_kept_in_mind() -> None:
    hand = SerfHand()
    hand.merge(20, {"p": 4, "q": 6}, ["q"])
    hand.joins("p")
    hand.joins("q")
    assert (hand.status("p"), hand.ltime("p")) == ("alive", 4)
    assert (hand.status("q"), hand.ltime("q")) == ("leaving", 7)


def test_what_is_told_in_a_push_pull() -> None:
    hand = SerfHand(knowing=4)
    hand.leave_intent("p", 9)
    hand.departs("p")
    hand.dies("q")
    state = hand.node.exchange.local_state()
    assert dict(zip(state.nodes, state.ltimes, strict=True)) == {0: 0, 1: 9, 2: 0, 3: 0, 4: 0}
    assert list(state.left) == [1]
    assert (state.ltime, state.event_ltime, state.query_ltime) == (10, 1, 1)
    assert state.size == len(state.encode(hand.directory))


# The intent queue ----------------------------------------------------------------------------------


def test_intents_ride_behind_memberlists_own_messages_and_wake_the_gossip() -> None:
    hand = SerfHand(knowing=4)
    hand.runtime.timers[:] = [timer for timer in hand.runtime.timers if timer.timer != GOSSIP_TICK]
    hand.node.memberlist.core.gossip_due = False
    hand.leave_intent("p", 3)
    hand.departs("p")
    assert [timer.timer for timer in hand.runtime.timers].count(GOSSIP_TICK) == 1
    hand.run(0.2)
    packets = [packet for _, packet in hand.runtime.sent if packet.kind == m.GOSSIP]
    assert len(packets) == 3
    for packet in packets:
        assert [message.kind for message in packet.broadcasts or []] == [m.DEAD, m.USER]


def test_an_intent_goes_out_as_often_as_the_members_of_any_status_ask_for() -> None:
    hand = SerfHand(others=11, knowing=11)
    for name in "pqrst":
        hand.dies(name)
    hand.clear()
    # 12 members of which 5 failed: two digits, eight sends.
    hand.join_intent("u", 3)
    hand.run(5.0)
    carried = [b for _, packet in hand.runtime.sent for b in packet.broadcasts or [] if isinstance(b, Intent)]
    assert len(carried) == 8


def test_the_queue_is_pruned_to_its_limit_at_each_check() -> None:
    hand = SerfHand(others=4, knowing=0)
    hand.memberlist_config.gossip_nodes = 0
    hand.config.max_queue_depth = 3
    for ltime in range(1, 9):
        hand.join_intent("p", ltime)
    assert len(hand.queued()) == 8
    hand.run(30.0)
    assert [ltime for _, _, ltime in hand.queued()] == [8, 7, 6]
    hand.config.min_queue_depth = 1
    for ltime in range(11, 19):
        hand.join_intent("p", ltime)
    hand.run(60.0)
    assert len(hand.queued()) == 2 * hand.node.members.count


# Coordinates (12) ----------------------------------------------------------------------------------


def probed(hand: SerfHand) -> Packet:
    hand.run(1.0)
    (ping,) = [packet for _, packet in hand.runtime.sent if packet.kind == m.PING]
    return ping


def answered(hand: SerfHand, ping: Packet, coordinate: Coordinate | None, at: float) -> None:
    hand.run(at)
    ack = Packet(m.ACK, ping.seq, 150)
    ack.coordinate = coordinate
    hand.node.on_packet(ack, ping.node, at, at)


def test_a_direct_ack_moves_the_coordinate_and_keeps_the_peers() -> None:
    hand = SerfHand(knowing=4)
    before = hand.node.vivaldi.coordinate
    ping = probed(hand)
    there = Coordinate(vec[float]([0.02] * 8), 1.5, 0.0, 1e-5)
    answered(hand, ping, there, at=1.05)
    assert hand.node.vivaldi.coordinate is not before
    assert hand.node.coordinates == {ping.node: there}


@pytest.mark.parametrize("late", [1.6, 1.9])
def test_a_late_ack_teaches_nothing(late: float) -> None:
    hand = SerfHand(knowing=4)
    before = hand.node.vivaldi.coordinate
    answered(hand, probed(hand), Coordinate(vec[float]([0.02] * 8), 1.5, 0.0, 1e-5), at=late)
    assert hand.node.vivaldi.coordinate is before
    assert hand.node.coordinates == {}


def test_an_empty_payload_and_an_impossible_coordinate_are_ignored() -> None:
    for coordinate, rejections in ((None, 0), (Coordinate(vec[float]([0.02] * 3), 1.5, 0.0, 1e-5), 1)):
        hand = SerfHand(knowing=4)
        before = hand.node.vivaldi.coordinate
        answered(hand, probed(hand), coordinate, at=1.05)
        assert hand.node.vivaldi.coordinate is before
        assert len(hand.reported(events.COORDINATE_REJECTED)) == rejections
        assert hand.node.coordinates == {}


def test_acks_carry_the_own_coordinate_unless_that_is_disabled() -> None:
    hand = SerfHand(knowing=4)
    ping = Packet(m.PING, 9, 61)
    ping.node = 0
    hand.node.on_packet(ping, 1, 0.0, 0.0)
    assert hand.runtime.sent[-1][1].coordinate is hand.node.vivaldi.coordinate
    hand.config.disable_coordinates = True
    hand.node.on_packet(ping, 1, 0.0, 0.0)
    assert hand.runtime.sent[-1][1].coordinate is None

"""Joining, leaving and removing (spec serf.md sections 4.2 and 4.3)."""

from __future__ import annotations

import pytest

from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.memberlist.messages import Alive, Packet
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.runtime import DIAL_REFUSED, REPLIED
from serfsim.protocol.serf.core import INTENT_END, TELLING_LEAVE
from serfsim.protocol.serf.intents import (
    GONE,
    LEAVE_UNTOLD,
    PROPAGATING,
    STAYING,
    TELLING_INTENT,
    TELLING_MEMBERLIST,
)
from serfsim.protocol.serf.messages import Intent
from tests.serf.harness import JOIN, LEAVE, SerfHand, events, m


def quiet(others: int = 4, knowing: int = 4) -> SerfHand:
    hand = SerfHand(others=others, knowing=knowing)
    hand.memberlist_config.push_pull_interval = 0.0
    hand.node.memberlist.prober.core.config.probe_interval = 1000.0
    hand.runtime.timers.clear()
    hand.node.memberlist.core.gossip_due = False
    return hand


# Joining -------------------------------------------------------------------------------------------


def test_a_join_that_reached_somebody_is_announced_at_the_lamport_time_then() -> None:
    hand, other = quiet(knowing=0), quiet()
    other.node.intents.clock.witness(40)
    hand.node.join([1], 0.0)
    (stream,) = hand.streams
    reply = other.node.on_stream_request(stream.request, 0, 0.0)
    assert isinstance(reply, PushPull)
    hand.node.on_stream_result(stream.token, REPLIED, reply, 0.1)
    assert hand.queued() == [(JOIN, "me", 41)]
    assert (hand.ltime("me"), hand.clock) == (41, 42)
    assert [hand.status(name) for name in "pqrs"] == ["alive"] * 4


def test_a_join_that_reached_nobody_is_tried_again() -> None:
    hand = quiet(knowing=0)
    hand.node.join([1, 2], 0.0)
    for at in range(2):
        hand.node.on_stream_result(hand.streams[at].token, DIAL_REFUSED, None, 0.1)
    assert hand.queued() == []
    assert [detail for _, kind, _, detail in hand.runtime.events if kind == events.JOINED] == [0]
    hand.run(30.2)
    assert [stream.address for stream in hand.streams] == [1, 2, 1]


def test_a_retry_interval_of_zero_is_never() -> None:
    hand = quiet(knowing=0)
    hand.config.retry_interval = 0.0
    hand.node.join([1], 0.0)
    hand.node.on_stream_result(hand.streams[0].token, DIAL_REFUSED, None, 0.1)
    hand.run(100.0)
    assert len(hand.streams) == 1


def test_a_leaving_node_does_not_join() -> None:
    hand = quiet()
    hand.node.leave(0.0)
    hand.node.join([1], 0.0)
    assert hand.streams == []


# Leaving -------------------------------------------------------------------------------------------


def test_a_leave_tells_its_intent_then_memberlist_then_waits_a_second() -> None:
    hand = quiet()
    clock = hand.clock
    hand.node.leave(0.0)
    assert hand.node.leave_phase == TELLING_INTENT
    assert (hand.status("me"), hand.ltime("me"), hand.clock) == ("leaving", clock, clock + 1)
    assert hand.queued() == [(LEAVE, "me", clock)]
    assert hand.member_events() == []
    # Five members: four sends, three with the first tick and one with the second.
    hand.run(0.39)
    assert hand.node.leave_phase == TELLING_INTENT
    hand.run(0.4)
    assert hand.node.leave_phase == TELLING_MEMBERLIST
    assert hand.status("me") == "left"
    assert hand.member_events() == ["member-leave:me"]
    hand.run(0.8)
    assert hand.node.leave_phase == PROPAGATING
    hand.run(1.79)
    assert hand.reported(events.LEAVE_DONE) == []
    hand.run(1.8)
    assert hand.node.leave_phase == GONE
    assert [detail for _, kind, _, detail in hand.runtime.events if kind == events.LEAVE_DONE] == [1]


def test_others_hear_the_intent_before_the_dead_message() -> None:
    hand = quiet()
    hand.node.leave(0.0)
    hand.run(3.0)
    told = [message for _, packet in hand.runtime.sent for message in packet.broadcasts or []]
    kinds = ["intent" if isinstance(message, Intent) else "dead" for message in told]
    assert kinds == ["intent"] * 4 + ["dead"] * 4


def test_a_node_alone_leaves_at_once_but_for_the_last_second() -> None:
    hand = quiet(knowing=0)
    hand.node.leave(0.0)
    assert hand.node.leave_phase == PROPAGATING
    assert hand.status("me") == "left"
    hand.run(1.0)
    assert hand.node.leave_phase == GONE


@pytest.mark.parametrize(
    ("goes_on", "phase", "status"), [(False, GONE, "leaving"), (True, TELLING_MEMBERLIST, "left")]
)
def test_an_intent_that_cannot_be_told_ends_the_leave_or_not_by_version(
    goes_on: bool, phase: int, status: str
) -> None:
    hand = quiet()
    hand.memberlist_config.gossip_nodes = 0
    hand.config.leave_continues = goes_on
    hand.node.leave(0.0)
    hand.run(4.9)
    assert hand.node.leave_phase == TELLING_INTENT
    hand.run(5.0)
    assert hand.node.leave_phase == phase
    assert hand.status("me") == status
    given_up = [detail for _, kind, _, detail in hand.runtime.events if kind == events.LEAVE_DONE]
    assert given_up == ([] if goes_on else [0])
    hand.run(20.0)
    assert len(hand.reported(events.LEAVE_DONE)) == 1


def test_a_memberlist_leave_that_cannot_be_told_is_given_up_as_well() -> None:
    hand = quiet()
    hand.node.leave(0.0)
    hand.run(0.39)
    hand.node.on_timer(INTENT_END, TELLING_LEAVE, 1, 0.39)
    hand.node.memberlist.core.broadcasts.prune(0)
    hand.node.memberlist.core.broadcasts.finished.clear()
    hand.run(5.38)
    assert hand.node.leave_phase == TELLING_MEMBERLIST
    hand.run(5.4)
    assert hand.node.leave_phase == GONE
    given_up = [detail for _, kind, _, detail in hand.runtime.events if kind == events.LEAVE_DONE]
    assert given_up == [LEAVE_UNTOLD], "which is told apart from an intent that could not be told"


def test_a_second_leave_changes_nothing() -> None:
    hand = quiet()
    hand.node.leave(0.0)
    clock = hand.clock
    hand.node.leave(0.1)
    assert hand.clock == clock
    assert len(hand.queued()) == 1


def test_a_leaving_node_does_not_refute_its_leave_but_a_newer_join_is_believed() -> None:
    hand = quiet()
    hand.node.leave(0.0)
    ltime = hand.ltime("me")
    assert hand.leave_intent("me", ltime + 5)
    assert hand.status("me") == "leaving"
    assert all(kind == LEAVE for kind, _, _ in hand.queued())


def test_a_leaving_node_answers_pings_to_the_end() -> None:
    hand = quiet()
    hand.node.leave(0.0)
    hand.run(1.5)
    ping = Packet(m.PING, 9, 61)
    ping.node = 0
    hand.node.on_packet(ping, 1, hand.now, hand.now)
    assert hand.runtime.sent[-1][1].kind == m.ACK


# Force-leave ---------------------------------------------------------------------------------------


def test_a_failed_member_is_removed_by_force_at_once() -> None:
    hand = quiet()
    hand.dies("p")
    hand.clear()
    hand.node.force_leave(1, False, 0.0)
    assert hand.status("p") == "left"
    assert hand.reported(events.LEFT_FORCED) == [1]
    assert [(kind, name) for kind, name, _ in hand.queued()] == [(LEAVE, "p")]
    assert hand.node.leave_phase == STAYING


def test_a_forced_leave_keeps_the_time_of_the_failure() -> None:
    hand = quiet()
    hand.now = 7.0
    hand.dies("p")
    hand.now = 50.0
    hand.node.force_leave(1, False, 50.0)
    assert hand.node.members.left[1] == 7.0


def test_a_live_member_removed_by_force_objects_with_a_newer_join() -> None:
    hand, victim = quiet(), SerfHand()
    hand.node.force_leave(1, False, 0.0)
    assert hand.status("p") == "leaving"
    (_, _, ltime) = hand.queued()[0]
    victim.leave_intent("me", ltime)
    (_, _, newer) = victim.queued()[0]
    hand.join_intent("p", newer)
    assert hand.status("p") == "alive"


def test_alone_a_forced_leave_is_not_told() -> None:
    hand = quiet(knowing=1)
    hand.dies("p")
    hand.clear()
    hand.node.force_leave(1, False, 0.0)
    assert hand.queued() == []


# Pruning -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["p", "q"], ids=["failed", "left"])
def test_the_failed_and_the_left_are_pruned_at_once(name: str) -> None:
    hand = quiet()
    hand.dies("p")
    hand.leave_intent("q", 3)
    hand.departs("q")
    hand.clear()
    hand.leave_intent(name, 9, prune=True)
    assert hand.status(name) == "none"
    assert hand.reported(events.REAP) == [hand.number(name)]
    assert (LEAVE, name, 9) in hand.queued()
    assert hand.number(name) not in hand.node.members.failed | hand.node.members.left


def test_pruning_a_live_member_holds_the_worker_for_six_seconds_and_only_then_passes_the_intent_on() -> None:
    hand = quiet()
    assert not hand.leave_intent("p", 9, prune=True)
    hand.heard(
        Intent(JOIN, hand.directory.first[1], 10, False),
        Alive(NodeIdentity(2, 2, 1, meta=b"\xff\x81\xa1a\xa1b"), 2),
    )
    hand.run(5.9)
    assert (hand.status("p"), hand.reported(events.REAP), hand.queued()) == ("leaving", [], [])
    assert hand.reported(events.UPDATE) == []
    hand.run(6.0)
    assert hand.status("p") == "none"
    assert hand.reported(events.REAP) == [1]
    assert hand.reported(events.UPDATE) == [2], "what waited is handled now"
    assert sorted(hand.queued()) == [(LEAVE, "p", 9), (JOIN, "p", 10)]


def test_messages_of_the_same_datagram_wait_behind_a_prune_too() -> None:
    hand = quiet()
    p, q = hand.directory.first[1], hand.directory.first[2]
    hand.heard(Intent(LEAVE, q, 11, False), Intent(LEAVE, p, 9, True))
    assert hand.status("q") == "alive"
    hand.run(6.0)
    assert hand.status("q") == "leaving"


def test_two_prunes_are_held_one_after_the_other() -> None:
    hand = quiet()
    hand.node.force_leave(1, True, 0.0)
    hand.run(2.0)
    hand.node.force_leave(2, True, 2.0)
    hand.run(6.0)
    assert (hand.status("p"), hand.status("q")) == ("none", "leaving")
    hand.run(8.0)
    assert hand.status("q") == "none"
    assert hand.node.members.count == 3


def test_a_pruned_member_that_failed_meanwhile_is_in_no_list() -> None:
    hand = quiet()
    hand.node.force_leave(1, True, 0.0)
    hand.node.intents.handle_join(1, 99, 1.0)
    hand.node.notify_leave(hand.directory.first[1], 1.0)
    assert hand.status("p") == "failed"
    hand.run(6.0)
    assert hand.status("p") == "none"
    assert hand.node.members.failed == {}

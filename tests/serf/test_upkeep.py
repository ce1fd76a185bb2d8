"""Reaping and reconnecting (spec serf.md section 9)."""

from __future__ import annotations

import pytest

from serfsim.native import Random, vec
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.members import UNKNOWN
from serfsim.protocol.memberlist.messages import Alive
from serfsim.protocol.runtime import DIAL_TIMEOUT
from serfsim.protocol.serf.core import RECONNECT_TICK
from serfsim.protocol.serf.members import STATUS_ALIVE, STATUS_FAILED, STATUS_LEFT, SerfMembers
from serfsim.protocol.vivaldi.coordinate import Coordinate
from tests.serf.harness import SerfHand, events


def view(alive: int, failed: int, left: int) -> SerfMembers:
    directory = Directory()
    members = SerfMembers(directory)
    for i in range(alive + failed + left):
        directory.add(f"n{i}", i)
        members.set(i, STATUS_ALIVE if i < alive else STATUS_FAILED if i < alive + failed else STATUS_LEFT, 1)
    members.failed = dict.fromkeys(range(alive, alive + failed), 0.0)
    members.left = dict.fromkeys(range(alive + failed, alive + failed + left), 0.0)
    return members


def without_push_pull() -> MemberlistConfig:
    config = MemberlistConfig()
    config.push_pull_interval = 0.0
    return config


# Reconnecting --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alive", "failed", "left", "probability"),
    [(10, 1, 0, 0.1), (10, 3, 5, 0.3), (4, 4, 0, 1.0), (2, 6, 0, 1.0), (0, 1, 2, 1.0), (50, 5, 10, 0.1)],
)
def test_a_node_reconnects_with_the_probability_of_failed_to_alive(
    alive: int, failed: int, left: int, probability: float
) -> None:
    members = view(alive, failed, left)
    rng = Random(11)
    chosen = [members.choose_reconnect(rng) for _ in range(4000)]
    tried = [node for node in chosen if node >= 0]
    assert len(tried) / 4000 == pytest.approx(probability, abs=0.025)
    assert set(tried) == set(members.failed)
    for node in members.failed:
        assert tried.count(node) / len(tried) == pytest.approx(1 / failed, abs=0.06)


def test_nobody_failed_nobody_is_tried() -> None:
    assert view(5, 0, 3).choose_reconnect(Random(1)) == -1


def test_a_reconnect_is_a_join_without_a_join_intent_and_the_next_comes_after_it() -> None:
    hand = SerfHand(others=1, knowing=1, memberlist_config=without_push_pull())
    hand.dies("p")
    hand.clear()
    hand.run(30.0)
    assert hand.reported(events.RECONNECT) == [1]
    (stream,) = [stream for stream in hand.streams if stream.address == 1]
    assert stream.request.join  # type: ignore[attr-defined]
    assert [timer for timer in hand.runtime.timers if timer.timer == RECONNECT_TICK] == []
    hand.node.on_stream_result(stream.token, DIAL_TIMEOUT, None, 40.0)
    assert [timer.at for timer in hand.runtime.timers if timer.timer == RECONNECT_TICK] == [70.0]
    assert hand.queued() == []
    assert hand.reported(events.JOINED) == []


def test_a_forgone_reconnect_waits_for_the_next_interval() -> None:
    hand = SerfHand(others=30, knowing=30, seed=3)
    hand.dies("p")
    hand.clear()
    hand.run(30.0)
    assert len(hand.reported(events.RECONNECT)) + len(hand.reported(events.RECONNECT_FORGONE)) == 1
    hand.run(60.0)
    assert len(hand.reported(events.RECONNECT)) + len(hand.reported(events.RECONNECT_FORGONE)) >= 2


def test_a_member_is_sought_where_it_was_last_even_when_memberlist_has_forgotten_it() -> None:
    hand = SerfHand(others=1, knowing=1, memberlist_config=without_push_pull())
    hand.leave_intent("p", 2)
    hand.departs("p")
    hand.heard(Alive(NodeIdentity(1, 77, 1), 2))
    assert hand.node.members.address(1) == 77
    hand.accused("p", "me", 2)
    hand.clear()
    hand.config.reconnect_interval = 31.0
    hand.run(89.0)
    members = hand.node.memberlist.core.members
    assert members.key(1) == UNKNOWN
    assert {stream.address for stream in hand.streams} == {77}


def test_a_member_back_at_its_first_address_is_sought_there() -> None:
    hand = SerfHand(others=1, knowing=1)
    hand.node.members.note_address(NodeIdentity(1, 77, 1))
    hand.node.members.note_address(hand.directory.first[1])
    assert hand.node.members.address(1) == 1


# Reaping -------------------------------------------------------------------------------------------


def test_the_failed_and_the_left_are_forgotten_after_their_time_and_nobody_else() -> None:
    hand = SerfHand(knowing=4)
    hand.config.reconnect_timeout = 100.0
    hand.config.tombstone_timeout = 40.0
    hand.memberlist_config.probe_interval = 1e6
    hand.runtime.timers[:] = [timer for timer in hand.runtime.timers if timer.timer >= 32]
    hand.dies("p")
    hand.leave_intent("q", 3)
    hand.departs("q")
    hand.clear()
    hand.run(44.9)
    assert hand.member_events() == []
    hand.run(45.0)
    assert hand.member_events() == ["member-reap:q"]
    hand.run(104.9)
    assert hand.status("p") == "failed"
    hand.run(105.0)
    assert hand.member_events() == ["member-reap:q", "member-reap:p"]
    assert hand.node.members.count == 3
    assert (hand.node.members.failed, hand.node.members.left) == ({}, {})


def test_the_time_in_the_list_counts_not_the_time_of_day() -> None:
    hand = SerfHand(knowing=4)
    hand.config.reconnect_timeout = 100.0
    hand.memberlist_config.probe_interval = 1e6
    hand.runtime.timers[:] = [timer for timer in hand.runtime.timers if timer.timer >= 32]
    hand.run(90.0)
    hand.dies("p")
    hand.run(189.9)
    assert hand.status("p") == "failed"
    hand.run(210.0)
    assert hand.status("p") == "none"


def test_a_member_that_came_back_in_time_is_not_reaped() -> None:
    hand = SerfHand(knowing=4)
    hand.config.reconnect_timeout = 20.0
    hand.dies("p")
    hand.run(10.0)
    hand.joins("p", incarnation=2)
    hand.run(60.0)
    assert hand.status("p") != "none"


def test_what_was_learnt_of_an_erased_member_goes_with_it() -> None:
    hand = SerfHand(knowing=4)
    there = Coordinate(vec[float]([0.02] * 8), 1.5, 0.0, 1e-5)
    hand.node.notify_ping_complete(hand.directory.first[1], 0.02, there, 0.0)
    hand.dies("p")
    assert 1 in hand.node.coordinates, "a failure alone does not drop it"
    hand.node.reaper.prune(1, 0.0)
    assert 1 not in hand.node.coordinates
    assert hand.node.vivaldi.latencies.median(1, 0.5) == 0.5, "and the samples begin anew"


def test_memberlist_keeps_a_reaped_member_until_it_purges_it_itself() -> None:
    hand = SerfHand(knowing=4)
    hand.leave_intent("p", 3)
    hand.departs("p")
    hand.leave_intent("p", 4, prune=True)
    assert hand.node.memberlist.core.members.key(1) != UNKNOWN
    hand.joins("p", incarnation=2)
    assert hand.status("p") == "alive"
    assert hand.ltime("p") == 0

"""The first member among Serf's members, and one that was forgotten."""

from __future__ import annotations

from serfsim.protocol import log_lines
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.runtime import DIAL_REFUSED
from serfsim.protocol.serf.core import NO_TOKEN, RETRY_JOIN
from serfsim.protocol.serf.members import STATUS_ALIVE, STATUS_FAILED, SerfMembers
from tests.serf.harness import SerfHand


def members_of(count: int) -> SerfMembers:
    directory = Directory()
    for node in range(count):
        directory.add(f"n{node}", node)
    return SerfMembers(directory)


def test_the_first_member_counts_among_the_others_who_are_alive() -> None:
    members = members_of(2)
    members.set(1, STATUS_ALIVE, 1)
    assert not members.others_are_alive(1)
    members.set(0, STATUS_ALIVE, 2)
    assert members.others_are_alive(1)
    members.set(0, STATUS_FAILED, 3)
    assert not members.others_are_alive(1)


def test_a_member_that_was_forgotten_has_no_status_time() -> None:
    members = members_of(2)
    members.set(1, STATUS_ALIVE, 5)
    members.directory.shared_ltime(1, 9)
    members.set(1, STATUS_ALIVE, 12345)
    members.erase(1)
    assert members.status_ltime(1) == 0
    members.set(1, STATUS_ALIVE, 0)
    assert members.status_ltime(1) == 0


def test_a_member_is_at_its_last_address_until_it_is_forgotten() -> None:
    members = members_of(2)
    first = members.directory.first[1]
    members.set(1, STATUS_ALIVE, 5)
    assert (members.address(1), members.moved_to(1)) == (1, -1)
    members.note_address(NodeIdentity(1, 9, 2))
    assert (members.address(1), members.moved_to(1)) == (9, 9)
    members.note_address(first)
    assert (members.address(1), members.moved_to(1)) == (1, -1)


def test_a_join_after_the_leave_is_refused_and_logged_where_a_command_asked_for_it() -> None:
    hand = SerfHand()
    hand.node.leave(0.0)
    hand.runtime.lines.clear()
    assert hand.node.join([1], 1.0) == NO_TOKEN
    assert hand.runtime.lines == []
    assert hand.node.join([1], 1.0, is_logged=True) == NO_TOKEN
    assert [line for _, line, _ in hand.runtime.lines] == [log_lines.JOINING, log_lines.JOIN_ERROR]


def test_a_join_is_tried_again_unless_it_is_to_be_made_once() -> None:
    for once, waits in ((False, True), (True, False)):
        hand = SerfHand()
        hand.runtime.timers.clear()
        hand.node.join([1], 0.0, once=once)
        hand.node.on_stream_result(hand.runtime.streams[-1].token, DIAL_REFUSED, None, 1.0)
        assert (RETRY_JOIN in [timer.timer for timer in hand.runtime.timers]) == waits


def test_a_join_is_tried_again_where_nothing_else_is_said() -> None:
    hand = SerfHand()
    hand.runtime.timers.clear()
    hand.node.join([1], 0.0)
    hand.node.on_stream_result(hand.runtime.streams[-1].token, DIAL_REFUSED, None, 1.0)
    assert RETRY_JOIN in [timer.timer for timer in hand.runtime.timers]

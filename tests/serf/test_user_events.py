"""Sending and taking user events, and their way to newcomers (spec serf.md sections 5 and 6)."""

from __future__ import annotations

import pytest

from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.runtime import REPLIED
from serfsim.protocol.serf.messages import SerfState, UserEvent
from tests.memberlist.harness import in_order
from tests.serf.harness import SerfHand, events


def quiet(knowing: int = 4) -> SerfHand:
    hand = SerfHand(knowing=knowing)
    hand.runtime.timers.clear()
    hand.node.memberlist.core.gossip_due = False
    return hand


def waiting(hand: SerfHand) -> list[UserEvent]:
    """The user events that wait to be gossiped."""
    found = [entry.message for entry in in_order(hand.node.queues.user_events)]
    assert all(isinstance(message, UserEvent) for message in found)
    return found  # type: ignore[return-value]


# Sending -------------------------------------------------------------------------------------------


def test_an_event_is_taken_by_its_sender_first_and_then_told() -> None:
    hand = quiet()
    event = hand.node.user_event("deploy", b"v1", False, 0.0)
    assert event is not None
    assert (event.ltime, hand.node.user_events.clock.time()) == (1, 2)
    assert hand.application.calls == [("sent", "deploy"), ("received", "deploy")]
    assert hand.application.told == ["user-event: deploy"]
    assert waiting(hand) == [event]
    hand.run(0.6)
    told = [m for _, packet in hand.runtime.sent for m in packet.broadcasts or []]
    assert told == [event] * 4, "four sends in a cluster of five"
    assert hand.application.told == ["user-event: deploy"]


@pytest.mark.parametrize(("payload", "fits"), [(476, True), (477, False), (506, False), (507, False)])
def test_an_event_must_be_short_enough_before_and_after_it_is_encoded(payload: int, fits: bool) -> None:
    hand = quiet()
    event = hand.node.user_event("deploy", b"x" * payload, False, 0.0)
    assert (event is not None) == fits
    if fits:
        assert event is not None
        assert event.size - 1 == 25 + 1 + 7 + payload + 3 == 512
    elif payload == 507:
        assert hand.node.last_error == "user event exceeds configured limit of 512 bytes before encoding"
    else:
        message = "encoded user event exceeds configured limit of 512 bytes after encoding"
        assert hand.node.last_error == message
    if not fits:
        assert waiting(hand) == []
        assert hand.node.user_events.clock.time() == 1


def test_no_configuration_allows_more_than_nine_kilobytes() -> None:
    hand = quiet()
    hand.config.user_event_size_limit = 20000
    assert hand.node.user_event("x", b"y" * 9216, False, 0.0) is None
    assert hand.node.last_error == "user event exceeds sane limit of 9216 bytes before encoding"
    assert hand.node.user_event("x", b"y" * 9215, False, 0.0) is None
    assert hand.node.last_error == "encoded user event exceeds sane limit of 9216 bytes before encoding"
    assert hand.node.user_event("x", b"y" * 9000, False, 0.0) is not None


def test_each_event_of_a_node_has_a_later_time_than_all_that_it_has_seen() -> None:
    hand = quiet()
    hand.event_heard("a", ltime=41)
    event = hand.node.user_event("b", b"", False, 0.0)
    assert event is not None
    assert event.ltime == 42


# Taking --------------------------------------------------------------------------------------------


def test_an_event_is_passed_on_as_the_very_message_that_came() -> None:
    hand = quiet()
    event = UserEvent(1, 7, "a", b"x", True)
    hand.heard(event)
    hand.heard(UserEvent(1, 7, "a", b"x", True))
    assert waiting(hand) == [event]


def test_equal_names_and_payloads_at_different_times_are_different_events() -> None:
    hand = quiet()
    assert [hand.event_heard("a", b"x", ltime) for ltime in (3, 4, 3)] == [True, True, False]


def test_an_old_event_is_warned_of() -> None:
    hand = quiet()
    hand.event_heard("new", ltime=1000)
    assert not hand.event_heard("old", ltime=488)
    assert hand.event_heard("not so old", ltime=489)
    assert [(kind, detail) for _, kind, _, detail in hand.runtime.events] == [(events.OLD_EVENT, 488)]


def test_what_is_older_than_wanted_is_dropped_without_a_word() -> None:
    hand = quiet()
    hand.node.user_events.forget_before(5)
    hand.node.user_events.forget_before(3)
    assert [hand.event_heard("a", ltime=ltime) for ltime in (4, 5)] == [False, True]
    assert hand.runtime.events == []


# Push/pull -----------------------------------------------------------------------------------------


def told_state(hand: SerfHand) -> SerfState:
    return hand.node.exchange.local_state()


def test_the_ring_is_told_in_the_order_of_its_slots_and_has_its_size() -> None:
    hand = quiet()
    empty = told_state(hand).size
    hand.event_heard("b", b"22", ltime=513)
    hand.event_heard("a", b"1", ltime=2)
    hand.event_heard("c", b"", ltime=2)
    state = told_state(hand)
    assert [(slot.ltime, [e.name for e in slot.events]) for slot in state.events] == [
        (513, ["b"]),
        (2, ["a", "c"]),
    ]
    assert state.size == len(state.encode(hand.directory))
    # Slot 1: 14 + 1 + 3 + (14 + 2 + 3); slot 2: 14 + 1 + 1 + (14 + 2 + 2) + (14 + 2 + 1); less two nils; the
    # event clock is 514, which takes two bytes more than 1.
    assert state.size - empty == 37 + 51 - 2 + 2


def test_an_event_replaces_those_of_another_round_of_the_ring_in_size_too() -> None:
    hand = quiet()
    empty = told_state(hand).size
    hand.event_heard("a" * 20, b"x" * 100, ltime=1)
    hand.event_heard("b", b"", ltime=513)
    state = told_state(hand)
    assert [slot.ltime for slot in state.events] == [513]
    assert state.size == len(state.encode(hand.directory))
    assert state.size - empty == 14 + 1 + 3 + 17 - 1 + 2


def test_what_a_push_pull_told_does_not_change_afterwards() -> None:
    hand = quiet()
    hand.event_heard("a", ltime=2)
    state = told_state(hand)
    hand.event_heard("b", ltime=2)
    assert [event.name for slot in state.events for event in slot.events] == ["a"]


def joined_to(other: SerfHand, *, ignore_old: bool) -> SerfHand:
    """A newcomer that has joined `other`."""
    hand = quiet(knowing=0)
    hand.node.join([1], 0.0, ignore_old)
    (stream,) = hand.streams
    reply = other.node.on_stream_request(stream.request, 0, 0.0)
    assert isinstance(reply, PushPull)
    hand.node.on_stream_result(stream.token, REPLIED, reply, 0.1)
    return hand


def test_a_newcomer_lives_through_the_recent_events_if_it_wants_to() -> None:
    other = quiet()
    for ltime in (3, 9):
        other.event_heard("a", ltime=ltime)
    hand = joined_to(other, ignore_old=False)
    assert hand.application.told == ["user-event: a"] * 2
    assert hand.node.user_events.clock.time() == 10
    assert waiting(hand) == [], "what a push/pull brings is not passed on"
    assert not hand.event_heard("a", ltime=9), "nor taken twice"


def test_a_newcomer_that_ignores_old_events_hears_only_what_comes_after_its_join() -> None:
    other = quiet()
    for ltime in (3, 9):
        other.event_heard("a", ltime=ltime)
    hand = joined_to(other, ignore_old=True)
    assert hand.application.told == []
    assert not hand.event_heard("late copy", ltime=9)
    assert hand.event_heard("new", ltime=10)
    assert not hand.node.user_events.ignores_old, "only while the join is under way"


def test_a_push_pull_that_is_no_join_brings_events_even_while_a_join_is_under_way() -> None:
    other, hand = quiet(), quiet()
    other.event_heard("a", ltime=9)
    hand.node.join([1], 0.0, True)
    hand.node.merge_remote_state(told_state(other), False, 0.1)
    assert hand.application.told == ["user-event: a"]


def test_the_flag_that_lets_events_be_coalesced_is_not_carried_by_a_push_pull() -> None:
    other, hand = quiet(), quiet()
    other.event_heard("a", ltime=9, coalesce=True)
    assert other.application.told == []
    hand.node.merge_remote_state(told_state(other), False, 0.1)
    assert hand.application.told == ["user-event: a"]

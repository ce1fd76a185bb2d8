"""Calls that end later: the application knows each end by the token that the call returned."""

from __future__ import annotations

import pytest

from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.runtime import DIAL_REFUSED
from serfsim.protocol.serf.intents import LEFT_WELL
from serfsim.protocol.serf.tags import encode_tags
from tests.serf.harness import SerfHand, events
from tests.serf.test_leave import quiet


def refuse(hand: SerfHand, stream: int, now: float) -> None:
    hand.node.on_stream_result(hand.streams[stream].token, DIAL_REFUSED, None, now)


def test_every_call_has_a_token_of_its_own() -> None:
    hand = quiet()
    node = hand.node
    record = NodeIdentity(0, 0, 2, encode_tags({"role": "db"}))
    tokens = [
        int(node.join([1], 0.0)),
        int(node.join([2], 0.0)),
        int(node.force_leave(2, False, 0.0)),
        int(node.force_leave(3, False, 0.0)),
        int(node.update_tags({"role": "db"}, record, 0.0)),
        int(node.leave(0.0)),
    ]
    assert len(set(tokens)) == 6
    assert min(tokens) > 0


def test_joins_at_one_time_run_one_after_the_other_and_end_by_their_tokens() -> None:
    hand = quiet(knowing=0)
    hand.config.retry_interval = 0.0
    first = hand.node.join([1], 0.0, True)
    second = hand.node.join([2], 0.0, False)
    assert [stream.address for stream in hand.streams] == [1]
    assert hand.node.user_events.ignores_old
    refuse(hand, 0, 0.1)
    assert hand.application.done == [(first, 0)]
    assert [stream.address for stream in hand.streams] == [1, 2]
    assert not hand.node.user_events.ignores_old
    refuse(hand, 1, 0.2)
    assert hand.application.done == [(first, 0), (second, 0)]


def test_a_join_that_is_tried_again_has_not_ended() -> None:
    hand = quiet(knowing=0)
    token = hand.node.join([1], 0.0)
    refuse(hand, 0, 0.1)
    assert hand.application.done == []
    other = hand.node.join([2], 1.0)
    refuse(hand, 1, 1.1)
    hand.run(32.0)
    assert [stream.address for stream in hand.streams] == [1, 2, 1]
    assert token != other
    # The second waits for the first. A node that leaves gives both up where they would be tried again.
    hand.node.leave(32.0)
    refuse(hand, 2, 32.1)
    refuse(hand, 3, 32.2)
    hand.run(70.0)
    assert [result for result in hand.application.done if result[0] in (token, other)] == [
        (token, 0),
        (other, 0),
    ]
    assert [stream.address for stream in hand.streams] == [1, 2, 1, 2]


@pytest.mark.parametrize("retry_join", [True, False])
def test_a_join_once_is_neither_tried_again_nor_the_end_of_the_agent(retry_join: bool) -> None:
    hand = quiet(knowing=0)
    hand.config.retry_join = retry_join
    token = hand.node.join([1, 2], 0.0, once=True)
    refuse(hand, 0, 0.1)
    refuse(hand, 1, 0.2)
    assert hand.application.done == [(token, 0)]
    assert [error.partition(": ")[2] for error in hand.node.memberlist.join_errors] == [
        "dial tcp 10.0.0.2:7946: connect: connection refused",
        "dial tcp 10.0.0.3:7946: connect: connection refused",
    ]
    hand.run(70.0)
    assert [stream.address for stream in hand.streams] == [1, 2]
    assert not hand.application.is_shut_down


def test_removals_at_one_time_end_by_their_tokens() -> None:
    hand = quiet()
    first = hand.node.force_leave(hand.number("q"), False, 0.0)
    second = hand.node.force_leave(hand.number("r"), False, 0.0)
    assert hand.application.done == []
    hand.run(3.0)
    assert sorted(hand.application.done) == [(first, 1), (second, 1)]


def test_a_removal_that_is_not_broadcast_in_time_ends_once() -> None:
    hand = quiet()
    token = hand.node.force_leave(hand.number("q"), False, 0.0)
    hand.memberlist_config.gossip_nodes = 0
    hand.run(20.0)
    assert hand.application.done == [(token, 0)]


def test_a_second_leave_joins_the_first() -> None:
    hand = quiet()
    token = hand.node.leave(0.0)
    assert hand.node.leave(0.1) == token
    hand.run(10.0)
    assert hand.application.done == [(token, LEFT_WELL)]
    assert hand.node.leave(10.0) == 0
    assert len(hand.reported(events.LEAVE_DONE)) == 1


def test_an_update_of_tags_ends_once_it_is_broadcast() -> None:
    hand = quiet()
    record = NodeIdentity(0, 0, 2, encode_tags({"role": "db"}))
    token = hand.node.update_tags({"role": "db"}, record, 0.0)
    hand.run(10.0)
    assert hand.application.done == [(token, 1)]

"""The three broadcast queues (spec serf.md section 8)."""

from __future__ import annotations

import pytest

from serfsim.protocol.memberlist.messages import Message
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.core import INTENTS, QUERIES, USER_EVENTS
from serfsim.protocol.serf.messages import JOIN, Intent, UserEvent
from serfsim.protocol.serf.query_messages import Query
from tests.serf.harness import SerfHand, events


def quiet(config: SerfConfig | None = None) -> SerfHand:
    hand = SerfHand(knowing=4, config=config or SerfConfig())
    hand.runtime.timers.clear()
    return hand


def fill(hand: SerfHand, which: int, count: int) -> None:
    for i in range(count):
        event = UserEvent(1, i + 1, "e", b"", False)
        hand.node.queues.add(which, event, 0.0)


def told(hand: SerfHand, limit: int) -> tuple[int, list[Message]]:
    """What goes with a datagram that has so many bytes left: the bytes used, and the messages."""
    filling = hand.node.memberlist.core.filling
    filling.begin(limit)
    used = hand.node.fill(2, limit, filling, 0.0)
    return used, filling.load().messages()


def one_of_each(hand: SerfHand) -> dict[str, Message]:
    record = hand.directory.first[1]
    made = {
        "event": UserEvent(1, 3, "e" * 40, b"", False),
        "query": Query(record, 3, 5, "q", b"", [], 0, 0, 5.0),
        "intent": Intent(JOIN, record, 3, False),
    }
    hand.node.queues.add(USER_EVENTS, made["event"], 0.0)
    hand.node.queues.add(QUERIES, made["query"], 0.0)
    hand.node.queues.add(INTENTS, made["intent"], 0.0)
    return made  # type: ignore[return-value]


def test_intents_go_before_queries_and_queries_before_events() -> None:
    hand = quiet()
    made = one_of_each(hand)
    used, into = told(hand, 1400)
    assert into == [made["intent"], made["query"], made["event"]]
    assert used == sum(message.size + 2 for message in into)


def test_each_queue_gets_what_the_one_before_has_left() -> None:
    hand = quiet()
    made = one_of_each(hand)
    _, into = told(hand, made["intent"].size + made["event"].size + 4)
    assert into == [made["intent"], made["event"]], "the query does not fit any more, the event does"


def test_anything_waiting_makes_memberlist_ask() -> None:
    for which in (INTENTS, QUERIES, USER_EVENTS):
        hand = quiet()
        hand.clear()
        assert not hand.node.memberlist.core.has_broadcasts()
        fill(hand, which, 1)
        assert hand.node.memberlist.core.has_broadcasts()


def test_what_waits_is_sent_as_often_as_the_members_of_any_status_want() -> None:
    hand = SerfHand(others=10, knowing=10)
    hand.dies("p")
    hand.clear()
    fill(hand, USER_EVENTS, 1)
    sends = 0
    while hand.node.memberlist.core.has_broadcasts():
        sends += told(hand, 1400)[0] > 0
    assert sends == 8, "4 * ceil(log10(12)), though of the eleven members one has failed"


@pytest.mark.parametrize(("count", "is_deep"), [(127, False), (128, True), (4096, True), (4097, True)])
@pytest.mark.parametrize("which", [INTENTS, QUERIES, USER_EVENTS])
def test_a_long_queue_is_warned_of_and_what_exceeds_the_limit_is_dropped(
    which: int, count: int, is_deep: bool
) -> None:
    hand = SerfHand(knowing=4)
    hand.memberlist_config.gossip_nodes = 0
    hand.clear()
    fill(hand, which, count)
    hand.run(30.0)
    queue = (hand.node.queues.intents, hand.node.queues.queries, hand.node.queues.user_events)[which]
    assert queue.depth == min(count, 4096)
    deep = [detail for _, kind, _, detail in hand.runtime.events if kind == events.QUEUE_DEEP]
    pruned = [detail for _, kind, _, detail in hand.runtime.events if kind == events.QUEUE_PRUNED]
    assert deep == ([count * 4 + which] if is_deep else [])
    assert pruned == ([((4096 << 28) + count) * 4 + which] if count > 4096 else [])


def test_a_least_depth_makes_the_limit_go_by_the_members() -> None:
    config = SerfConfig()
    config.min_queue_depth = 3
    hand = quiet(config)
    fill(hand, USER_EVENTS, 40)
    hand.node.queues.check_depths(0.0)
    assert hand.node.queues.user_events.depth == 10, "twice the five members"
    config.min_queue_depth = 7
    hand.node.queues.check_depths(0.0)
    assert hand.node.queues.user_events.depth == 10


def test_depths_are_checked_every_interval() -> None:
    config = SerfConfig()
    config.queue_check_interval = 7.0
    config.max_queue_depth = 1
    hand = SerfHand(knowing=0, config=config)
    hand.memberlist_config.gossip_nodes = 0
    for at in (7.0, 14.0):
        fill(hand, QUERIES, 3)
        hand.run(at - 0.1)
        assert hand.node.queues.queries.depth >= 3
        hand.run(at)
        assert hand.node.queues.queries.depth == 1

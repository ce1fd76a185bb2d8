"""Broadcasts as numbers of the ledger: read like messages, and each only as often as it can be news."""

from __future__ import annotations

from serfsim.native import i32, vec
from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.memberlist.ledger import COLUMN_BITS, Filling
from serfsim.protocol.memberlist.members import STATE_DEAD, STATE_SUSPECT
from serfsim.protocol.memberlist.messages import Alive, Message, Packet
from serfsim.protocol.memberlist.seen import Seen
from tests.memberlist.harness import Hand, events, m


def gossiped(hand: Hand, *messages: Message) -> None:
    """The same messages as numbers of the ledger, as a node of the same simulation sends them."""
    filling = Filling(hand.node.core.ledger)
    filling.begin(1400)
    for message in messages:
        filling.put(message)
    packet = Packet(m.GOSSIP, 0, 100)
    packet.carry(filling.load())
    hand.receive(packet)


def waiting(hand: Hand) -> list[tuple[int, str, int]]:
    found = hand.queued()
    hand.clear()
    return found


def test_numbers_of_the_ledger_are_read_like_messages() -> None:
    by_number, by_message = Hand().start(), Hand().start()
    for hand, hear in ((by_number, gossiped), (by_message, lambda hand, *heard: hand.heard(*heard))):
        for _ in range(3):
            hear(
                hand,
                hand.suspect_or_dead(m.SUSPECT, "peer", 1, "p0"),
                hand.alive("p1", 3),
                hand.suspect_or_dead(m.DEAD, "p2", 1, "p3"),
                hand.alive("me", 1),
            )
    assert by_number.runtime.events == by_message.runtime.events
    assert by_number.queued() == by_message.queued()


def test_each_accuser_confirms_once_however_often_it_is_heard() -> None:
    hand = Hand(others=20).start()
    gossiped(hand, hand.suspect_or_dead(m.SUSPECT, "peer", 1, "p0"))
    confirmation = hand.suspect_or_dead(m.SUSPECT, "peer", 1, "p1")
    for _ in range(3):
        gossiped(hand, confirmation)
    assert hand.reported(events.CONFIRMED) == [hand.number("peer")]
    gossiped(hand, hand.suspect_or_dead(m.SUSPECT, "peer", 1, "p2"))
    assert len(hand.reported(events.CONFIRMED)) == 2


def test_old_news_about_a_member_that_was_forgotten_is_news_again() -> None:
    hand = Hand().start()
    message = hand.alive("peer", 1)
    gossiped(hand, message)
    gossiped(hand, hand.suspect_or_dead(m.DEAD, "peer", 1, "p0"))
    hand.clear()
    gossiped(hand, message)
    assert waiting(hand) == []
    hand.node.core.members.purge(1000.0, 30.0)
    gossiped(hand, message)
    assert waiting(hand) == [(m.ALIVE, "peer", 1)]


def test_what_was_seen_is_read_again_where_a_message_before_it_made_that_necessary() -> None:
    hand = Hand().start()
    old = hand.suspect_or_dead(m.SUSPECT, "p1", 1, "p0")
    gossiped(hand, old)
    moved = Alive(NodeIdentity(hand.number("peer"), hand.directory.first[1].address, 4, b"new"), 5)
    news = hand.suspect_or_dead(m.DEAD, "p2", 1, "p0")
    gossiped(hand, moved, news, old)
    assert hand.state_of("p2") == STATE_DEAD
    assert hand.state_of("p1") == STATE_SUSPECT


def test_messages_beyond_the_window_of_what_is_kept_are_only_not_seen() -> None:
    seen = Seen()
    numbers = [place << COLUMN_BITS | m.SUSPECT for place in (0, 7, 8, 1000, 200_000, 10_000_000)]
    for number in numbers:
        assert not seen.has(number)
        seen.add(number)
        assert seen.has(number)
    assert not seen.has(numbers[0])
    seen.add(numbers[0])
    assert seen.has(numbers[-1])
    seen.clear()
    assert not any(seen.has(number) for number in numbers)


def test_the_news_in_a_datagram_is_found_from_its_end_beyond_the_window_too() -> None:
    seen = Seen()
    places = (3, 200_000, 4, 3, 5)
    numbers = vec[i32]([i32(place << COLUMN_BITS | m.ALIVE) for place in places])
    assert seen.last_news(numbers, 0, 5) == 4
    for place in (3, 4, 5):
        seen.add(place << COLUMN_BITS | m.ALIVE)
    assert seen.last_news(numbers, 0, 5) == 1
    assert seen.last_news(numbers, 2, 5) == 1
    assert seen.last_news(numbers, 0, 1) == -1

"""The gossip tick and what rides along (spec memberlist.md sections 2.4, 7 and 8)."""

from __future__ import annotations

from collections import Counter

import pytest

from serfsim.native import i64
from serfsim.protocol.memberlist.broadcast import TransmitLimitedQueue
from serfsim.protocol.memberlist.core import GOSSIP_TICK, PROBE_TICK
from serfsim.protocol.memberlist.messages import CRC_SIZE, Message, Packet, UserMessage
from tests.memberlist.harness import Hand, HandDelegate, m


def gossiping(others: int = 6) -> Hand:
    """A node that only gossips."""
    hand = Hand(others=others)
    hand.config.push_pull_interval = 0.0
    hand.config.probe_interval = 0.0
    hand.config.gossip_to_the_dead_time = 30.0
    hand.start().run(0.2)
    hand.clear()
    return hand


def gossip_ticks(hand: Hand) -> list[float]:
    return [timer.at for timer in hand.runtime.timers if timer.timer == GOSSIP_TICK]


class Talkative(HandDelegate):
    """A delegate with user messages to tell."""

    def __init__(self, count: int, size: int) -> None:
        super().__init__()
        self.queue = TransmitLimitedQueue(4)
        for i in range(count):
            self.queue.queue(UserMessage(3, i, size))

    def has_broadcasts(self) -> bool:
        return self.queue.depth > 0

    def get_broadcasts(self, overhead: i64, limit: i64, into: list[Message], now: float) -> i64:
        return self.queue.get_broadcasts(7, overhead, limit, into)


def test_three_members_are_told_at_each_tick_and_each_takes_one_transmission() -> None:
    hand = gossiping()
    hand.node.core.queue(hand.alive("peer", 1), 1, 0.2)
    sent: list[list[int]] = []
    for tick in range(2, 6):
        hand.runtime.sent.clear()
        hand.run(tick * 0.2)
        sent.append([address for address, _ in hand.runtime.sent])
    # Seven nodes: retransmit_mult 4 times one digit is four sends, three and one.
    assert [len(told) for told in sent] == [3, 1, 0, 0]
    assert len(set(sent[0])) == 3
    assert all(address != 0 for told in sent for address in told)


def test_a_message_is_sent_retransmit_mult_times_the_digits_of_the_cluster() -> None:
    for others, sends in ((6, 4), (15, 8), (31, 8), (120, 12)):
        hand = gossiping(others=others)
        hand.node.core.queue(hand.alive("peer", 1), 1, hand.now)
        hand.run(5.0)
        assert len(hand.sent(m.GOSSIP)) == sends


def test_suspects_and_the_recently_dead_are_told_but_never_the_left() -> None:
    hand = gossiping(others=4)
    hand.heard(hand.suspect_or_dead(m.SUSPECT, "peer", 1, "p0"))
    hand.heard(hand.suspect_or_dead(m.DEAD, "p1", 1, "p0"), hand.suspect_or_dead(m.DEAD, "p2", 1, "p2"))
    told = Counter()  # type: Counter[int]
    for _ in range(50):
        hand.clear()
        hand.node.core.queue(hand.alive("p0", 1), 2, hand.now)
        hand.run(hand.now + 0.2)
        told.update(address for address, _ in hand.sent(m.GOSSIP))
    assert set(told) == {1, 2, 3}
    hand.run(30.5)
    told.clear()
    for _ in range(20):
        hand.clear()
        hand.node.core.queue(hand.alive("p0", 1), 2, hand.now)
        hand.run(hand.now + 0.2)
        told.update(address for address, _ in hand.sent(m.GOSSIP))
    assert 3 not in told, "dead for longer than gossip_to_the_dead_time"


def test_dying_again_counts_from_the_new_death() -> None:
    hand = gossiping(others=1)
    hand.heard(hand.suspect_or_dead(m.DEAD, "peer", 1, "p0"))
    hand.run(29.0)
    hand.heard(hand.alive("peer", 2))
    hand.heard(hand.suspect_or_dead(m.DEAD, "peer", 2, "p0"))
    hand.clear()
    hand.run(58.0)
    hand.node.core.queue(hand.alive("me", 1), 0, hand.now)
    hand.run(58.4)
    assert [address for address, _ in hand.sent(m.GOSSIP)][:1] == [1]


def test_with_nothing_to_tell_no_tick_is_scheduled_and_the_rhythm_is_kept() -> None:
    hand = Hand(now=0.07)
    hand.config.push_pull_interval = 0.0
    hand.start(knowing=False)
    hand.runtime.timers[:] = [timer for timer in hand.runtime.timers if timer.timer != PROBE_TICK]
    hand.run(3.0)
    assert gossip_ticks(hand) == []
    hand.run(7.3)
    hand.heard(hand.alive("peer", 1))
    assert gossip_ticks(hand) == [pytest.approx(7.47)]
    hand.heard(hand.alive("p0", 1))
    assert len(gossip_ticks(hand)) == 1


def test_a_message_queued_at_a_tick_goes_with_the_next() -> None:
    hand = gossiping()
    hand.run(1.0)
    hand.node.core.queue(hand.alive("peer", 1), 1, 1.0)
    assert gossip_ticks(hand) == [pytest.approx(1.2)]


def test_no_gossip_nodes_no_gossip() -> None:
    hand = Hand()
    hand.config.gossip_nodes = 0
    hand.start()
    hand.node.core.queue(hand.alive("peer", 1), 1, 0.0)
    assert gossip_ticks(hand) == []


# How much fits -------------------------------------------------------------------------------------


def test_a_single_message_goes_alone_with_a_crc() -> None:
    hand = gossiping()
    message = hand.suspect_or_dead(m.SUSPECT, "peer", 1, "p0")
    hand.node.core.queue(message, 1, hand.now)
    hand.run(0.4)
    assert {packet.size for _, packet in hand.sent(m.GOSSIP)} == {message.size + CRC_SIZE}


def test_a_gossip_datagram_holds_1400_bytes_besides_its_crc() -> None:
    hand = Hand(delegate=Talkative(30, 138))
    hand.config.enable_compression = False
    hand.start()
    hand.run(0.2)
    (_, packet) = hand.sent(m.GOSSIP)[0]
    assert packet.broadcasts is not None
    own = sum(message.size + 2 for message in packet.broadcasts if message.kind != m.USER)
    users = sum(message.kind == m.USER for message in packet.broadcasts)
    assert users == (1398 - own) // 140
    assert packet.size == 2 + own + users * 140 + CRC_SIZE
    assert packet.size <= 1405


def test_a_piggybacked_datagram_reaches_1402_bytes_and_no_more() -> None:
    sizes = []
    for size in range(60, 200):
        hand = Hand(delegate=Talkative(60, size))
        hand.config.enable_compression = False
        hand.start()
        ping = Packet(m.PING, 5, 61)
        ping.node = 0
        hand.receive(ping)
        sizes.append(hand.sent(m.ACK)[0][1].size)
    assert max(sizes) == 1402


def test_memberlists_own_messages_go_before_the_delegates() -> None:
    hand = Hand(delegate=Talkative(5, 100)).start()
    hand.node.core.queue(hand.suspect_or_dead(m.SUSPECT, "peer", 1, "p0"), 1, 0.0)
    hand.run(0.2)
    (_, packet) = hand.sent(m.GOSSIP)[0]
    assert packet.broadcasts is not None
    assert [message.kind for message in packet.broadcasts] == [m.SUSPECT] + [m.USER] * 5


def test_encryption_takes_its_bytes_from_the_datagram() -> None:
    hand = Hand(delegate=Talkative(30, 138))
    hand.config.enable_compression = False
    hand.config.encryption_overhead = 29
    hand.start()
    hand.run(0.2)
    (_, packet) = hand.sent(m.GOSSIP)[0]
    assert packet.broadcasts is not None
    plain = 2 + sum(message.size + 2 for message in packet.broadcasts)
    assert plain <= 1400 - 29
    assert packet.size == plain + CRC_SIZE + 29


# The queue (8) -------------------------------------------------------------------------------------


def labelled(queue: TransmitLimitedQueue, size: int, name: int = -1, token: int = 0) -> Message:
    message = Message(m.ALIVE, name, 1, size)
    queue.queue(message, name, token)
    return message


def test_fewest_sends_first_then_the_longest_then_the_newest() -> None:
    queue = TransmitLimitedQueue(4)
    sent_once = labelled(queue, 90)
    queue.get_broadcasts(7, 2, 1400, [])
    short, old, new = labelled(queue, 40), labelled(queue, 60), labelled(queue, 60)
    order: list[Message] = []
    queue.get_broadcasts(7, 2, 1400, order)
    assert order == [new, old, short, sent_once]


def test_what_does_not_fit_is_passed_over_for_shorter_ones() -> None:
    queue = TransmitLimitedQueue(4)
    labelled(queue, 500)
    short = labelled(queue, 40)
    order: list[Message] = []
    assert queue.get_broadcasts(7, 2, 100, order) == 42
    assert order == [short]


def test_replacing_the_only_message_restarts_the_numbers_behind_the_new_one() -> None:
    """The library numbers the new message before it removes the old, and then starts again from one."""
    queue = TransmitLimitedQueue(4)
    labelled(queue, 60, name=1)
    replaced = labelled(queue, 60, name=1)
    later = labelled(queue, 60, name=2)
    order: list[Message] = []
    queue.get_broadcasts(7, 2, 1400, order)
    assert order == [replaced, later], "the later one has the smaller number and so counts as older"


def test_of_two_live_messages_with_one_number_the_earlier_is_lost_without_a_word() -> None:
    queue = TransmitLimitedQueue(4)
    labelled(queue, 60, name=1)
    lost = labelled(queue, 60, name=1, token=7)  # number 2, and then the numbers start again
    later = [labelled(queue, 60, name=name) for name in (2, 3, 4)]  # 1, 2, 3
    assert queue.depth == 3
    order: list[Message] = []
    queue.get_broadcasts(7, 2, 1400, order)
    assert order == list(reversed(later))
    assert lost not in order
    assert queue.finished == []


def test_the_next_of_a_lost_messages_name_finishes_it_and_displaces_what_has_its_number() -> None:
    queue = TransmitLimitedQueue(4)
    labelled(queue, 60, name=1)
    labelled(queue, 60, name=1, token=7)
    later = [labelled(queue, 60, name=name) for name in (2, 3, 4)]
    again = labelled(queue, 60, name=1)
    assert queue.finished == [7]
    order: list[Message] = []
    queue.get_broadcasts(7, 2, 1400, order)
    assert order == [again, later[2], later[0]]


def test_messages_of_other_lengths_may_share_a_number() -> None:
    queue = TransmitLimitedQueue(4)
    labelled(queue, 60, name=1)
    labelled(queue, 60, name=1)
    for name in (2, 3, 4):
        labelled(queue, 61, name=name)
    assert queue.depth == 4


def test_an_entry_with_a_token_keeps_it_whatever_is_put_beside_it() -> None:
    queue = TransmitLimitedQueue(4)
    for name in range(40):
        labelled(queue, 60, name, token=100_000 + name if name % 7 == 3 else 0)
    for name in range(0, 40, 2):
        labelled(queue, 60, name)
    assert queue.finished == [100_000 + name for name in (10, 24, 38)]
    queue.finished.clear()
    queue.prune(0)
    assert sorted(queue.finished) == [100_000 + name for name in (3, 17, 31)]


def test_names_are_found_in_a_queue_of_any_length() -> None:
    queue = TransmitLimitedQueue(4)
    count = 40_000
    for name in range(count):
        queue.queue(Message(m.ALIVE, name, 1, 60), name)
    for name in (0, 1, count - 1):
        queue.queue(Message(m.ALIVE, name, 2, 60), name)
    assert queue.depth == count
    order: list[Message] = []
    queue.get_broadcasts(count, 2, 1400, order)
    assert [(it.node, it.incarnation) for it in order[:4]] == [(count - 1, 2), (1, 2), (0, 2), (count - 2, 1)]


def test_more_lengths_than_bits_and_larger_datagrams_than_usual_make_no_difference() -> None:
    queue = TransmitLimitedQueue(4)
    made = [labelled(queue, size, name=size) for size in range(20, 420)]
    again = [labelled(queue, size, name=size) for size in range(20, 420)]
    order: list[Message] = []
    assert queue.get_broadcasts(7, 2, 200_000, order) == sum(message.size + 2 for message in again)
    assert order == list(reversed(again))
    assert not set(made) & set(order)


def test_the_pruned_are_the_most_sent_shortest_and_oldest_and_are_reported() -> None:
    queue = TransmitLimitedQueue(4)
    labelled(queue, 90, token=1)
    queue.get_broadcasts(7, 2, 1400, [])
    labelled(queue, 40, token=2)
    labelled(queue, 60, token=3)
    queue.prune(1)
    assert queue.finished == [1, 2]
    assert queue.depth == 1


class Waiting(HandDelegate):
    """Once its first broadcast is told, another is queued, as in a leave."""

    def __init__(self) -> None:
        super().__init__()
        self.hand: Hand | None = None

    def notify_finished(self, token: int, in_time: bool, now: float) -> None:
        super().notify_finished(token, in_time, now)
        assert self.hand is not None
        self.hand.node.core.queue(self.hand.alive("p0", 2), 2, now)


def test_who_is_woken_by_a_tick_may_or_may_not_make_use_of_the_rest_of_it() -> None:
    shares = Counter[tuple[int, int]]()
    for seed in range(60):
        delegate = Waiting()
        hand = Hand(delegate=delegate, seed=seed)
        delegate.hand = hand
        hand.config.push_pull_interval = hand.config.probe_interval = 0.0
        hand.start().run(0.2)
        hand.clear()
        hand.node.waits[1] = 7
        hand.node.core.queue(hand.alive("peer", 1), 1, 0.2, 1)
        told = []
        for tick in range(2, 6):
            hand.runtime.sent.clear()
            hand.run(tick * 0.2)
            told.append(
                [message.node for _, packet in hand.runtime.sent for message in packet.broadcasts or []]
            )
        # Four sends: three and one, which leaves two members of the second tick.
        assert told[0] == [1, 1, 1]
        assert told[1][0] == 1
        assert delegate.finished[0] == (7, True)
        counts = Counter(node for nodes in told for node in nodes)
        assert counts == {1: 4, 2: 4}
        shares[len(told[1]) - 1, len(told[2])] += 1
    assert set(shares) == {(0, 3), (2, 2)}
    assert 0.25 < shares[2, 2] / 60 < 0.75

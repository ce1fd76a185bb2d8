"""What a node does with a datagram: answers, relays, queues (spec memberlist.md 2.1, 2.2 and 5.3)."""

from __future__ import annotations

from serfsim.native import vec
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.handoff import HandoffQueues
from serfsim.protocol.memberlist.members import STATE_ALIVE, STATE_DEAD, STATE_SUSPECT
from serfsim.protocol.memberlist.messages import Message, Packet, StreamAck, StreamPing, UserMessage
from serfsim.protocol.vivaldi.coordinate import Coordinate
from tests.memberlist.harness import Hand, HandDelegate, events, m


def ping_for(node: int, seq: int = 5, source: int = -1) -> Packet:
    packet = Packet(m.PING, seq, 61)
    packet.node = node
    packet.source = source
    return packet


def request(target: int, seq: int = 9, source: int = 1, wants_nack: bool = True) -> Packet:
    packet = Packet(m.INDIRECT_PING, seq, 87)
    packet.node = packet.target = target
    packet.source = source
    packet.wants_nack = wants_nack
    return packet


class Listening(HandDelegate):
    """Writes down, in order, what the worker did."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[str] = []

    def notify_message(self, message: UserMessage, now: float) -> None:
        self.order.append(f"user {message.node}")


# Pings ---------------------------------------------------------------------------------------------


def test_a_ping_is_acked_with_the_delegates_payload() -> None:
    hand = Hand().start()
    hand.delegate.payload = Coordinate(vec[float]([0.1] * 8), 1.0, 0.0, 0.001)
    hand.receive(ping_for(0, seq=5), source=3)
    ((address, ack),) = hand.runtime.sent
    assert (address, ack.kind, ack.seq) == (3, m.ACK, 5)
    assert ack.coordinate is hand.delegate.payload
    assert ack.size == 150


def test_the_ack_goes_to_the_address_in_the_ping_before_the_datagrams_own() -> None:
    hand = Hand().start()
    hand.receive(ping_for(0, source=4), source=3)
    hand.receive(ping_for(-1), source=2)
    assert [address for address, _ in hand.runtime.sent] == [4, 2]


def test_a_ping_for_another_name_is_not_answered() -> None:
    hand = Hand().start()
    hand.receive(ping_for(2), source=3)
    assert hand.runtime.sent == []


def test_a_leaving_node_still_answers() -> None:
    hand = Hand().start()
    hand.node.leave(1, 5.0, 0.0)
    hand.receive(ping_for(0), source=3)
    assert [packet.kind for _, packet in hand.runtime.sent] == [m.ACK]


def test_the_ping_in_front_of_a_suspicion_is_acked_before_the_refutation_is_queued() -> None:
    hand = Hand().start()
    packet = ping_for(0)
    packet.broadcasts = [hand.suspect_or_dead(m.SUSPECT, "me", 1, "peer")]
    hand.receive(packet)
    ((_, ack),) = hand.runtime.sent
    assert ack.broadcasts is None
    assert hand.queued() == [(m.ALIVE, "me", 2)]
    hand.receive(ping_for(0))
    assert hand.runtime.sent[-1][1].broadcasts is not None, "the next ack takes it along"


# Relays --------------------------------------------------------------------------------------------


def test_a_helper_pings_with_a_number_of_its_own_and_relays_a_bare_ack() -> None:
    hand = Hand().start()
    hand.receive(request(target=2, seq=900), source=1)
    ((address, ping),) = hand.runtime.sent
    assert (address, ping.kind, ping.node, ping.source, ping.seq) == (2, m.PING, 2, 0, 1)
    ack = Packet(m.ACK, 1, 150)
    ack.coordinate = Coordinate(vec[float]([0.1] * 8), 1.0, 0.0, 0.001)
    hand.run(0.4)
    hand.receive(ack, source=2)
    (address, relayed) = hand.runtime.sent[-1]
    assert (address, relayed.kind, relayed.seq) == (1, m.ACK, 900)
    assert relayed.coordinate is None
    hand.run(0.9)
    assert hand.sent(m.NACK) == []


def test_a_helper_nacks_after_its_own_unscaled_probe_timeout_if_that_was_asked_for() -> None:
    hand = Hand().start()
    hand.node.core.awareness.score = 7
    hand.receive(request(target=2, seq=900, wants_nack=True), source=1)
    hand.receive(request(target=2, seq=901, wants_nack=False), source=1)
    hand.run(0.49)
    assert hand.sent(m.NACK) == []
    hand.run(0.5)
    ((address, nack),) = hand.sent(m.NACK)
    assert (address, nack.seq, nack.size) == (1, 900, 8 + 3)


def test_a_late_ack_is_neither_relayed_nor_does_it_take_the_nack_back() -> None:
    hand = Hand().start()
    hand.receive(request(target=2, seq=900), source=1)
    hand.run(0.6)
    hand.receive(Packet(m.ACK, 1, 18), source=2)
    assert hand.sent(m.ACK) == []
    assert len(hand.sent(m.NACK)) == 1


def test_own_probes_and_relays_share_their_numbers_and_keep_apart() -> None:
    hand = Hand().start()
    hand.run(1.0)
    own = hand.sent(m.PING)[0][1]
    hand.runtime.sent.clear()
    hand.receive(request(target=2, seq=77), source=1)
    relayed = hand.sent(m.PING)[0][1]
    assert relayed.seq == own.seq + 1
    hand.receive(Packet(m.ACK, relayed.seq, 18), source=2)
    assert [packet.seq for _, packet in hand.sent(m.ACK)] == [77]
    assert hand.reported(events.DIRECT_ACK) == []
    hand.receive(Packet(m.ACK, own.seq, 18), source=own.node)
    assert hand.reported(events.DIRECT_ACK) == [own.node]


def test_a_helper_may_be_asked_about_a_member_it_does_not_know() -> None:
    hand = Hand().start(knowing=False)
    hand.receive(request(target=2), source=1)
    assert [(address, packet.kind) for address, packet in hand.runtime.sent] == [(2, m.PING)]


# The queues behind the listener --------------------------------------------------------------------


def test_the_worker_takes_alive_messages_first_and_the_newest_of_each_queue() -> None:
    hand = Hand(delegate=Listening()).start()
    order = hand.delegate.order  # type: ignore[attr-defined]
    hand.heard(UserMessage(3, 1, 40), UserMessage(3, 2, 40), UserMessage(3, 3, 40))
    assert order == ["user 3", "user 2", "user 1"]


def test_a_suspicion_behind_its_refutation_in_one_datagram_finds_it_already_believed() -> None:
    hand = Hand().start()
    hand.heard(hand.suspect_or_dead(m.SUSPECT, "peer", 1, "p0"), hand.alive("peer", 2))
    assert hand.state_of("peer") == STATE_ALIVE
    assert hand.reported(events.SUSPECT_HEARD) == []
    hand.heard(hand.alive("peer", 3), hand.suspect_or_dead(m.DEAD, "peer", 3, "p0"))
    assert hand.state_of("peer") == STATE_DEAD


def test_of_two_accusations_in_one_datagram_the_last_is_handled_first() -> None:
    hand = Hand().start()
    hand.heard(
        hand.suspect_or_dead(m.DEAD, "peer", 1, "p0"), hand.suspect_or_dead(m.SUSPECT, "peer", 1, "p1")
    )
    assert hand.reported(events.SUSPECT_HEARD) == [1]
    assert hand.state_of("peer") == STATE_DEAD
    hand.heard(hand.suspect_or_dead(m.SUSPECT, "p2", 1, "p1"), hand.suspect_or_dead(m.DEAD, "p2", 1, "p0"))
    assert hand.state_of("p2") == STATE_DEAD
    assert hand.reported(events.SUSPECT_HEARD) == [1], "a dead member is not suspected"


def test_a_full_queue_drops_the_newcomer() -> None:
    queues = HandoffQueues(2)
    first, second, third = (UserMessage(0, i, 40) for i in range(3))
    assert [queues.push(message) for message in (first, second, third)] == [True, True, False]
    assert queues.push(Message(m.ALIVE, 1, 1, 60)), "the other queue has room"
    assert queues.pop() is not None
    assert queues.pop() is second
    assert queues.pop() is first
    assert queues.pop() is None


def test_what_a_full_queue_drops_is_reported() -> None:
    config = MemberlistConfig()
    config.handoff_queue_depth = 2
    hand = Hand(config=config).start()
    accusations = [hand.suspect_or_dead(m.SUSPECT, name, 1, "peer") for name in ("p0", "p1", "p2")]
    hand.heard(*accusations)
    assert hand.reported(events.QUEUE_FULL) == [hand.number("p2")]
    assert hand.state_of("p0") == hand.state_of("p1") == STATE_SUSPECT
    assert hand.state_of("p2") == STATE_ALIVE


def test_a_worker_that_takes_time_handles_one_message_after_the_other_alive_ones_first() -> None:
    config = MemberlistConfig()
    config.handoff_queue_depth = 2
    hand = Hand(config=config).start()
    hand.node.receiver.service_time = 1.0
    accusations = [hand.suspect_or_dead(m.SUSPECT, name, 1, "peer") for name in ("p0", "p1", "p2", "p3")]
    hand.heard(*accusations)
    # The queue was empty: two fit, the others are dropped, and the worker takes the newer one.
    assert hand.reported(events.QUEUE_FULL) == [hand.number("p2"), hand.number("p3")]
    assert hand.state_of("p0") == hand.state_of("p1") == STATE_ALIVE
    hand.heard(hand.suspect_or_dead(m.SUSPECT, "p2", 1, "peer"))
    hand.run(1.0)
    assert (hand.state_of("p1"), hand.state_of("p0"), hand.state_of("p2")) == (
        STATE_SUSPECT,
        STATE_ALIVE,
        STATE_ALIVE,
    )
    hand.run(2.0)
    assert (hand.state_of("p2"), hand.state_of("p0")) == (STATE_SUSPECT, STATE_ALIVE)
    hand.run(3.0)
    assert hand.state_of("p0") == STATE_SUSPECT


def test_a_stalled_worker_keeps_messages_and_answers_pings() -> None:
    hand = Hand().start()
    hand.node.receiver.stall()
    hand.heard(hand.suspect_or_dead(m.SUSPECT, "peer", 1, "p0"))
    hand.receive(ping_for(0))
    assert hand.state_of("peer") == STATE_ALIVE
    assert len(hand.sent(m.ACK)) == 1
    hand.node.receiver.resume(1.0)
    assert hand.state_of("peer") == STATE_SUSPECT


# Streams -------------------------------------------------------------------------------------------


def test_a_ping_by_tcp_is_acked_without_a_coordinate_unless_it_is_for_another() -> None:
    hand = Hand().start()
    hand.delegate.payload = Coordinate(vec[float]([0.1] * 8), 1.0, 0.0, 0.001)
    answer = hand.node.on_stream_request(StreamPing(0, 12, 74), 3, 1.0)
    assert isinstance(answer, StreamAck)
    assert (answer.seq, answer.size) == (12, 36)
    assert hand.node.on_stream_request(StreamPing(2, 12, 74), 3, 1.0) is None
    assert hand.node.on_stream_request(StreamPing(-1, 12, 74), 3, 1.0) is not None


def test_streams_of_other_kinds_are_closed_unanswered() -> None:
    hand = Hand().start()
    assert hand.node.on_stream_request(m.StreamMessage(m.ACK, 20), 3, 1.0) is None


def test_of_what_came_while_the_worker_was_held_the_newest_goes_first() -> None:
    told = {}
    for turn in (1, 2):
        hand = Hand().start()
        news = [hand.suspect_or_dead(m.DEAD, "peer", 1, "p0"), hand.alive("peer", 2)]
        while news:
            hand.node.hold_worker()
            for message in news[:turn]:
                hand.heard(message)
            hand.node.release_worker(0.0)
            del news[:turn]
        told[turn] = [call for call, node in hand.delegate.calls if node == 1]
        assert hand.state_of("peer") == STATE_ALIVE
    # In one turn the member is known to be alive again before its death is heard of.
    assert told == {1: ["leave", "join"], 2: []}

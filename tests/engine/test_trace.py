"""What a run writes down."""

from __future__ import annotations

from serfsim.engine.queue import EventQueue
from serfsim.engine.trace import (
    CONNECTIONS,
    DATAGRAMS,
    LOADED_PACKET,
    LOST,
    MESSAGE,
    OVERFLOWED,
    PACKET,
    SEGMENTS,
    STREAM,
    TRAFFIC_COLUMNS,
    USER_MESSAGE,
    Trace,
    Watch,
)
from serfsim.protocol import events
from serfsim.protocol.memberlist.messages import ACK, GOSSIP, PING, USER, Message, Packet, UserMessage


def column(trace: Trace, values: object, number: int) -> list[int]:
    flat = list(values)  # type: ignore[call-overload]
    assert len(flat) == trace.rows * TRAFFIC_COLUMNS
    return flat[number::TRAFFIC_COLUMNS]


def test_events_are_rows_and_times_count_from_the_end_of_the_warm_up() -> None:
    trace = Trace(10.5, 4)
    trace.record(2.0, 1, events.JOIN, 3, 7)
    trace.record(12.0, 2, events.FAILED, 0, 1)
    kept = trace.events.trim()
    assert list(kept.t) == [-8.5, 1.5]
    rows = zip(kept.observer, kept.kind, kept.subject, kept.detail, strict=True)
    assert list(rows) == [(1, events.JOIN, 3, 7), (2, events.FAILED, 0, 1)]


def test_frequent_events_are_counted_but_have_no_rows() -> None:
    trace = Trace(0.0, 4)
    for _ in range(3):
        trace.record(0.5, 1, events.PROBE, 3, 0)
    trace.record(2.5, 1, events.PROBE, 3, 0)
    trace.close(3.0)
    assert trace.events.count == 0
    assert list(trace.event_counts)[events.PROBE :: events.KINDS] == [3, 0, 1]


def test_seconds_are_whole_ones_of_the_scenarios_clock() -> None:
    trace = Trace(1.25, 1)
    assert trace.first_second == -2
    for now in (0.0, 0.2, 0.3, 1.2, 1.3, 2.24, 2.26):
        trace.stream_opened(now, 0)
    trace.close(2.3)
    # -2 s has 0.00 to 0.25, then 0.25 to 1.25, 1.25 to 2.25, and the rest.
    assert column(trace, trace.counts, CONNECTIONS) == [2, 2, 2, 1]


def test_a_second_that_has_just_begun_makes_no_row_at_the_end() -> None:
    trace = Trace(0.0, 1)
    trace.stream_opened(0.5, 0)
    trace.close(2.0)
    assert trace.rows == 2


def test_a_datagram_is_counted_by_what_leads_it_and_by_what_rides_along() -> None:
    trace = Trace(0.0, 2)
    ping = Packet(PING, 1, 71)
    trace.packet_sent(0.1, 0, ping, 99)
    loaded = Packet(PING, 2, 300)
    loaded.leading_size = 71
    loaded.broadcasts = [Message(4, 0, 1, 65), UserMessage(2, 0, 50)]
    trace.packet_sent(0.2, 1, loaded, 328)
    gossip = Packet(GOSSIP, 0, 70)
    gossip.broadcasts = [Message(4, 0, 1, 65)]
    trace.packet_sent(0.3, 1, gossip, 98)
    alone = Packet(USER, 0, 40)
    trace.packet_sent(0.4, 1, alone, 68)
    trace.packet_lost(0.5, 1, gossip, 98)
    trace.packet_overflowed(0.6, 0, gossip)
    trace.close(1.0)
    expected = {
        MESSAGE + PING: (2, 142),
        MESSAGE + 4: (2, 130),
        USER_MESSAGE + 2: (1, 50),
        PACKET + PING: (1, 99),
        LOADED_PACKET + PING: (1, 328),
        PACKET + GOSSIP: (1, 98),
        PACKET + USER: (1, 68),
        DATAGRAMS: (4, 593),
        LOST: (1, 98),
        OVERFLOWED: (1, 98),
    }
    for number in range(TRAFFIC_COLUMNS):
        count, size = expected.get(number, (0, 0))
        assert column(trace, trace.counts, number) == [count], number
        assert column(trace, trace.sizes, number) == [size], number
    assert list(trace.node_packets) == [1, 3]
    assert list(trace.node_bytes) == [99, 494]


def test_streams_are_counted_by_messages_and_by_segments() -> None:
    trace = Trace(0.0, 2)
    trace.stream_opened(0.0, 0)
    trace.segment_sent(0.0, 0, 60)
    trace.segment_sent(0.1, 1, 60)
    trace.stream_message(0.2, 1, ACK, 36)
    trace.close(1.0)
    assert column(trace, trace.counts, SEGMENTS) == [2]
    assert column(trace, trace.sizes, SEGMENTS) == [120]
    assert column(trace, trace.sizes, STREAM + ACK) == [36]
    assert list(trace.node_bytes) == [60, 60]


def test_a_watched_event_stops_the_queue_and_others_do_not() -> None:
    queue = EventQueue()
    trace = Trace(0.0, 4, queue)
    anybody, one = Watch(events.FAILED, -1, 3), Watch(events.FAILED, 2, 3)
    trace.watches = [anybody, one]
    trace.record(1.0, 1, events.JOIN, 3, 0)
    trace.record(1.0, 1, events.FAILED, 2, 0)
    assert not queue.stop
    trace.record(2.0, 1, events.FAILED, 3, 0)
    assert queue.stop
    assert (anybody.seen_at, one.seen_at) == (2.0, -1.0)
    trace.record(3.0, 2, events.FAILED, 3, 0)
    assert (anybody.seen_at, one.seen_at) == (2.0, 3.0)

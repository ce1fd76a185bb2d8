"""The record of a run in packed arrays: rows of events, and counters per second.

The network writes here through `network.journal`; `simulation.recorder` reads it when the run is over.
Counters of the current second are one small array; when the clock enters another second the array is
appended to a table and reset to zero. Seconds are whole seconds of the scenario's clock,
whose zero is the engine time `origin`; engine times are never negative.

Columns of the traffic tables, `counts` and `sizes` (after the semicolon, the bytes in `sizes`):

    MESSAGE + kind          messages inside datagrams, by wire type; their own bytes
    USER_MESSAGE + kind     the same for a delegate's messages, by the delegate's type
    PACKET + kind           datagrams led by that type, alone; whole IP packets
    LOADED_PACKET + kind    datagrams led by that type, with broadcasts; whole IP packets
    STREAM + kind           messages on streams; their own bytes
    STREAMED + kind         messages inside packets that have streams of their own; their own bytes
    STREAMED_USER + kind    the same for a delegate's messages
    DATAGRAMS, LOST, OVERFLOWED, TO_NOBODY, SEGMENTS   whole IP packets; CONNECTIONS has no bytes
    BETWEEN_ZONES           datagrams and segments to another zone; whole IP packets
"""

from __future__ import annotations

import math
from typing import Final

from serfsim.engine.bearers import Bearers
from serfsim.engine.queue import EventQueue
from serfsim.native import append, extend, i32, i64, u8, vec
from serfsim.network.journal import UDP_HEADERS, Journal
from serfsim.network.rates import Rates
from serfsim.protocol.events import COUNTED_ONLY, JOIN, KINDS
from serfsim.protocol.log_lines import LAST_RECEIPT
from serfsim.protocol.memberlist.ledger import COLUMN_BITS, COLUMN_MASK, RUN_SHIFT, SIZE_MASK
from serfsim.protocol.memberlist.messages import GOSSIP, USER, Packet, UserMessage, payload_size
from serfsim.protocol.serf.messages import GossipedItem

MESSAGE: Final = 0
USER_MESSAGE: Final = 16
PACKET: Final = 32
LOADED_PACKET: Final = 48
STREAM: Final = 64
DATAGRAMS: Final = 80
LOST: Final = 81
OVERFLOWED: Final = 82
SEGMENTS: Final = 83
CONNECTIONS: Final = 84
TO_NOBODY: Final = 85
STREAMED: Final = 86
STREAMED_USER: Final = 102
BETWEEN_ZONES: Final = 118
TRAFFIC_COLUMNS: Final = 119
KIND_MASK: Final = 15

# A wave of gossip in a large cluster means millions of receptions.
MOST_RECEIPTS: Final = 100_000

ROWS: Final = 256  # the least capacity
MANY_ROWS: Final = 1 << 17


class Watch:
    """An awaited event; -1 stands for any observer or subject. `seen_at`: -1 until it occurs."""

    def __init__(self, event: i64, observer: i64, subject: i64) -> None:
        self.event: i64 = event
        self.observer: i64 = observer
        self.subject: i64 = subject
        self.seen_at = -1.0


def more_rows(count: i64) -> i64:
    """Return the number of rows to add to a table whose `count` rows are full."""
    if count > MANY_ROWS:
        return count // 4
    return count if count > ROWS else ROWS


class EventRows:
    """Events as columns with spare capacity: `count` rows in each, and no spare after `trim`."""

    def __init__(self) -> None:
        self.count: i64 = 0
        self.t = vec[float]()  # seconds on the scenario's clock
        self.observer = vec[i32]()
        self.subject = vec[i32]()
        self.kind = vec[u8]()
        self.detail = vec[i64]()

    def add(self, t: float, observer: i64, subject: i64, kind: i64, detail: i64) -> None:
        at = self.count
        if at == len(self.t):
            self._grow(more_rows(at))
        self.t[at] = t
        self.observer[at] = i32(observer)
        self.subject[at] = i32(subject)
        self.kind[at] = u8(kind)
        self.detail[at] = detail
        self.count = at + 1

    def _grow(self, more: i64) -> None:
        self.t = extend(self.t, vec[float]([0.0] * more))
        self.observer = extend(self.observer, vec[i32]([0] * more))
        self.subject = extend(self.subject, vec[i32]([0] * more))
        self.kind = extend(self.kind, vec[u8]([0] * more))
        self.detail = extend(self.detail, vec[i64]([0] * more))

    def trim(self) -> EventRows:
        """Release the spare capacity."""
        n = self.count
        self.t = self.t[0:n]
        self.observer = self.observer[0:n]
        self.subject = self.subject[0:n]
        self.kind = self.kind[0:n]
        self.detail = self.detail[0:n]
        return self


class LogRows:
    """Log lines that no event produces, stored likewise; `mark`: number of preceding events."""

    def __init__(self) -> None:
        self.count: i64 = 0
        self.t = vec[float]()
        self.node = vec[i32]()
        self.line = vec[u8]()
        self.subject = vec[i32]()
        self.a = vec[i64]()
        self.b = vec[i64]()
        self.text = vec[i32]()  # index into `texts`
        self.mark = vec[i32]()
        self.texts: list[str] = []
        self._text_numbers: dict[str, int] = {}
        self._last_text: str | None = None
        self._last_number: i64 = 0

    def add(self, t: float, node: i64, line: i64, subject: i64, a: i64, b: i64, text: str, mark: i64) -> None:
        at = self.count
        if at == len(self.t):
            self._grow(more_rows(at))
        if text is not self._last_text:  # mostly the empty text
            self._last_text = text
            self._last_number = self._text_numbers.setdefault(text, len(self.texts))
            if self._last_number == len(self.texts):
                self.texts.append(text)
        self.t[at] = t
        self.node[at] = i32(node)
        self.line[at] = u8(line)
        self.subject[at] = i32(subject)
        self.a[at] = a
        self.b[at] = b
        self.text[at] = i32(self._last_number)
        self.mark[at] = i32(mark)
        self.count = at + 1

    def _grow(self, more: i64) -> None:
        self.t = extend(self.t, vec[float]([0.0] * more))
        self.node = extend(self.node, vec[i32]([0] * more))
        self.line = extend(self.line, vec[u8]([0] * more))
        self.subject = extend(self.subject, vec[i32]([0] * more))
        self.a = extend(self.a, vec[i64]([0] * more))
        self.b = extend(self.b, vec[i64]([0] * more))
        self.text = extend(self.text, vec[i32]([0] * more))
        self.mark = extend(self.mark, vec[i32]([0] * more))

    def trim(self) -> LogRows:
        """Release the spare capacity."""
        n = self.count
        self.t = self.t[0:n]
        self.node = self.node[0:n]
        self.line = self.line[0:n]
        self.subject = self.subject[0:n]
        self.a = self.a[0:n]
        self.b = self.b[0:n]
        self.text = self.text[0:n]
        self.mark = self.mark[0:n]
        return self


class Trace(Journal):
    """The journal of a run.

    `hosts` is the number of hosts; `queue` is stopped when one of the `watches` occurs.
    """

    def __init__(self, origin: float, hosts: i64, queue: EventQueue | None = None) -> None:
        self.origin = origin
        self.queue = queue
        self.watches: list[Watch] = []
        self.has_zones = False
        self.bearers: Bearers | None = None  # where several members bear one name
        # Events below COUNTED_ONLY, in order. `taken`: number of earlier events moved out during the run.
        self.taken: i64 = 0
        self.events = EventRows()
        # Deliveries of user events and queries: node, item, and for acks and responses their sender.
        self.announced: list[GossipedItem] = []
        self.delivery_t = vec[float]()
        self.delivery_node = vec[i32]()
        self.delivery_kind = vec[u8]()
        self.delivery_item = vec[i32]()
        self.delivery_peer = vec[i32]()
        self.lines = LogRows()
        self.receipts: i64 = 0  # lines about received copies, including those beyond MOST_RECEIPTS
        # Sent by each host: IP packets and bytes, UDP and TCP.
        self.node_packets = vec[i64]([0] * hosts)
        self.node_bytes = vec[i64]([0] * hosts)
        # Bytes received by each host, in the second of their sending.
        self._received_bytes = vec[i64]([0] * hosts)
        # The totals when the current second began, and what hosts sent and received in each scored one.
        self._sent_before = vec[i64]([0] * hosts)
        self._received_before = vec[i64]([0] * hosts)
        self.sent_rates = Rates()
        self.received_rates = Rates()
        # Push/pulls asked of each host in the second that is row `_asked_in`, and the most of all, scored.
        self._asked = vec[i64]([0] * hosts)
        self._asked_in = vec[i64]([-1] * hosts)
        self.most_push_pulls: i64 = 0
        self.most_handed_off: i64 = 0  # messages in the handoff queues of any member, scored
        self.coordinate_bytes: i64 = 0  # of the payloads of acks, scored
        # Tables: rows of KINDS or TRAFFIC_COLUMNS values, one row per second from `first_second` on.
        self.first_second: i64 = math.floor(-origin)
        self.event_counts = vec[i64]()
        self.counts = vec[i64]()
        self.sizes = vec[i64]()
        self.rows: i64 = 0
        self._second_ends = origin + float(self.first_second + 1)
        self._events = vec[i64]([0] * KINDS)
        self._counts = vec[i64]([0] * TRAFFIC_COLUMNS)
        self._sizes = vec[i64]([0] * TRAFFIC_COLUMNS)

    # Events ------------------------------------------------------------------------------------

    def record(self, now: float, observer: i64, event: i64, subject: i64, detail: i64) -> None:
        if now >= self._second_ends:
            self.close_seconds(now)
        self._events[event] += 1
        if event < COUNTED_ONLY:
            if self.bearers is not None:
                if event == JOIN:
                    self.bearers.joined(observer, subject, detail)
                subject = self.bearers.member(observer, subject)
            self.events.add(now - self.origin, observer, subject, event, detail)
            if len(self.watches) > 0:
                self._look(now, observer, event, subject)

    def _look(self, now: float, observer: i64, event: i64, subject: i64) -> None:
        for watch in self.watches:
            if (
                watch.event == event
                and (watch.observer < 0 or watch.observer == observer)
                and (watch.subject < 0 or watch.subject == subject)
                and watch.seen_at < 0.0
            ):
                watch.seen_at = now
                if self.queue is not None:
                    self.queue.stop = True

    def log(self, now: float, node: i64, line: i64, subject: i64, a: i64, b: i64, text: str) -> None:
        if line <= LAST_RECEIPT:
            self.receipts += 1
            if self.receipts > MOST_RECEIPTS:
                return
        if self.bearers is not None:
            subject = self.bearers.member(node, subject)
        mark = self.taken + self.events.count
        self.lines.add(now - self.origin, node, line, subject, a, b, text, mark)

    def keeps_copies(self) -> bool:
        return self.receipts < MOST_RECEIPTS

    def copies_left_out(self, count: i64) -> None:
        self.receipts += count

    def deliver(self, now: float, node: i64, kind: i64, item: GossipedItem, peer: i64) -> None:
        """Record a delivery of a user event or query: `kind` is a number of `serf.application` (SENT ...)."""
        if self.bearers is not None:
            peer = self.bearers.member(node, peer)
        if item.number < 0:
            item.number = len(self.announced)
            self.announced.append(item)
        self.delivery_t = append(self.delivery_t, now - self.origin)
        self.delivery_node = append(self.delivery_node, i32(node))
        self.delivery_kind = append(self.delivery_kind, u8(kind))
        self.delivery_item = append(self.delivery_item, i32(item.number))
        self.delivery_peer = append(self.delivery_peer, i32(peer))

    def forget_events(self) -> None:
        """Clear the arrays of events after a caller has taken them."""
        self.taken += self.events.count
        self.events = EventRows()

    # Datagrams ---------------------------------------------------------------------------------

    def packet_sent(self, now: float, source: i64, packet: Packet, ip_bytes: i64) -> None:
        if now >= self._second_ends:
            self.close_seconds(now)
        counts, sizes = self._counts, self._sizes
        kind: i64 = packet.kind & KIND_MASK
        column: i64 = PACKET + kind
        if packet.broadcast_count > 0:
            self._count_broadcasts(packet)
            if kind != GOSSIP and kind != USER:
                column = LOADED_PACKET + kind
        if kind != GOSSIP and kind != USER:
            counts[kind] += 1
            sizes[kind] += packet.leading_size
            if packet.coordinate is not None and now >= self.origin:
                self.coordinate_bytes += payload_size(packet.coordinate)
        counts[column] += 1
        sizes[column] += ip_bytes
        counts[DATAGRAMS] += 1
        sizes[DATAGRAMS] += ip_bytes
        self.node_packets[source] += 1
        self.node_bytes[source] += ip_bytes

    def bytes_under_way(self, now: float, target: i64, ip_bytes: i64) -> None:
        if now >= self._second_ends:
            self.close_seconds(now)
        self._received_bytes[target] += ip_bytes

    def _count_broadcasts(self, packet: Packet) -> None:
        counts, sizes = self._counts, self._sizes
        load = packet.load
        if load is not None:
            # The ledger's columns are those of MESSAGE and USER_MESSAGE.
            for run in load.runs:
                count = run >> RUN_SHIFT
                counts[run & COLUMN_MASK] += count
                sizes[run & COLUMN_MASK] += count * (run >> COLUMN_BITS & SIZE_MASK)
            return
        broadcasts = packet.broadcasts
        if broadcasts is not None:
            for message in broadcasts:
                inner: i64 = MESSAGE + (message.kind & KIND_MASK)
                if message.kind == USER and isinstance(message, UserMessage):
                    inner = USER_MESSAGE + (message.user_kind & KIND_MASK)
                counts[inner] += 1
                sizes[inner] += message.size

    def packet_lost(self, now: float, source: i64, packet: Packet, ip_bytes: i64) -> None:
        self._count(now, LOST, ip_bytes)

    def packet_to_nobody(self, now: float, source: i64, ip_bytes: i64) -> None:
        self._count(now, TO_NOBODY, ip_bytes)

    def sent_between_zones(self, now: float, ip_bytes: i64) -> None:
        self._count(now, BETWEEN_ZONES, ip_bytes)

    def packet_overflowed(self, now: float, target: i64, packet: Packet) -> None:
        self._count(now, OVERFLOWED, packet.size + UDP_HEADERS)

    # Streams -----------------------------------------------------------------------------------

    def stream_opened(self, now: float, source: i64) -> None:
        self._count(now, CONNECTIONS, 0)

    def packet_streamed(self, now: float, packet: Packet) -> None:
        if now >= self._second_ends:
            self.close_seconds(now)
        if packet.coordinate is not None and now >= self.origin:
            self.coordinate_bytes += payload_size(packet.coordinate)
        broadcasts = packet.broadcasts
        if broadcasts is not None:
            for message in broadcasts:
                column: i64 = STREAMED + (message.kind & KIND_MASK)
                if message.kind == USER and isinstance(message, UserMessage):
                    column = STREAMED_USER + (message.user_kind & KIND_MASK)
                self._counts[column] += 1
                self._sizes[column] += message.size

    def stream_message(self, now: float, source: i64, kind: i64, size: i64) -> None:
        self._count(now, STREAM + (kind & KIND_MASK), size)

    def handed_off(self, now: float, waiting: i64) -> None:
        if now >= self.origin and waiting > self.most_handed_off:
            self.most_handed_off = waiting

    def push_pull_asked(self, now: float, target: i64) -> None:
        if now < self.origin:
            return
        if now >= self._second_ends:
            self.close_seconds(now)
        if self._asked_in[target] != self.rows:
            self._asked_in[target] = self.rows
            self._asked[target] = 0
        self._asked[target] += 1
        if self._asked[target] > self.most_push_pulls:
            self.most_push_pulls = self._asked[target]

    def segment_sent(self, now: float, source: i64, ip_bytes: i64) -> None:
        self._count(now, SEGMENTS, ip_bytes)
        self.node_packets[source] += 1
        self.node_bytes[source] += ip_bytes

    def _count(self, now: float, column: i64, size: i64) -> None:
        if now >= self._second_ends:
            self.close_seconds(now)
        self._counts[column] += 1
        self._sizes[column] += size

    # Seconds -----------------------------------------------------------------------------------

    def close_seconds(self, now: float) -> None:
        """Append the rows of all seconds that ended by `now`."""
        while now >= self._second_ends:
            self._append_row()

    def close(self, now: float) -> None:
        """End the run at `now`; the current second becomes a row too, if any of it has passed."""
        self.close_seconds(now)
        if now > self._second_ends - 1.0:
            self._append_row()

    def _append_row(self) -> None:
        i: i64 = 0
        while i < KINDS:
            self.event_counts = append(self.event_counts, self._events[i])
            self._events[i] = 0
            i += 1
        i = 0
        while i < TRAFFIC_COLUMNS:
            self.counts = append(self.counts, self._counts[i])
            self.sizes = append(self.sizes, self._sizes[i])
            self._counts[i] = 0
            self._sizes[i] = 0
            i += 1
        self._end_rates(self.node_bytes, self._sent_before, self.sent_rates)
        self._end_rates(self._received_bytes, self._received_before, self.received_rates)
        self.rows += 1
        self._second_ends = self.origin + float(self.first_second + self.rows + 1)

    def _end_rates(self, totals: vec[i64], before: vec[i64], rates: Rates) -> None:
        """Add the growth of each host's total in the second that ends, if that is scored."""
        is_scored = self.first_second + self.rows >= 0
        i: i64 = 0
        while i < len(totals):
            grown = totals[i] - before[i]
            if grown > 0:
                if is_scored:
                    rates.add(grown)
                before[i] = totals[i]
            i += 1

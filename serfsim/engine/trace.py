"""What happened during a run, in packed arrays: rows of events, and counters per second.

The network writes here through `network.journal`; `simulation.recorder` reads it when the run is over.
Counters of the second at hand are one small array; when the clock enters another second the array is
appended to a table and begins again at zero. Seconds are whole seconds of the scenario's clock,
whose zero is the engine time `origin`; engine times are never negative.

Columns of the traffic tables, `counts` and `sizes` (a byte column means what is said here):

    MESSAGE + kind          messages inside datagrams, by wire type; their own bytes
    USER_MESSAGE + kind     the same for a delegate's messages, by the delegate's type
    PACKET + kind           datagrams led by that type, alone; whole IP packets
    LOADED_PACKET + kind    datagrams led by that type, with broadcasts; whole IP packets
    STREAM + kind           messages on streams; their own bytes
    DATAGRAMS, LOST, OVERFLOWED, SEGMENTS   whole IP packets; CONNECTIONS has no bytes
"""

from __future__ import annotations

import math
from typing import Final

from serfsim.engine.queue import EventQueue
from serfsim.native import append, i32, i64, u8, vec
from serfsim.network.journal import UDP_HEADERS, Journal
from serfsim.protocol.events import COUNTED_ONLY, KINDS
from serfsim.protocol.log_lines import LAST_RECEIPT
from serfsim.protocol.memberlist.ledger import COLUMN_BITS, COLUMN_MASK, RUN_SHIFT, SIZE_MASK
from serfsim.protocol.memberlist.messages import GOSSIP, USER, Packet, UserMessage
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
TRAFFIC_COLUMNS: Final = 85
KIND_MASK: Final = 15

# A wave of gossip in a large cluster is received by the million.
MOST_RECEIPTS: Final = 100_000


class Watch:
    """An event that somebody waits for; -1 stands for any observer or subject. `seen_at`: -1 until then."""

    def __init__(self, event: i64, observer: i64, subject: i64) -> None:
        self.event: i64 = event
        self.observer: i64 = observer
        self.subject: i64 = subject
        self.seen_at = -1.0


class Trace(Journal):
    """`hosts` is the number of hosts; `queue` is stopped when one of the `watches` is seen."""

    def __init__(self, origin: float, hosts: i64, queue: EventQueue | None = None) -> None:
        self.origin = origin
        self.queue = queue
        self.watches: list[Watch] = []
        # Events below COUNTED_ONLY, in order; t in seconds of the scenario's clock. `taken`: how many were
        # taken away while the run went on, of which these are the next.
        self.taken: i64 = 0
        self.t = vec[float]()
        self.observer = vec[i32]()
        self.subject = vec[i32]()
        self.kind = vec[u8]()
        self.detail = vec[i64]()
        # What became of user events and queries: at which node, which one, and of acks and answers whose.
        self.announced: list[GossipedItem] = []
        self.delivery_t = vec[float]()
        self.delivery_node = vec[i32]()
        self.delivery_kind = vec[u8]()
        self.delivery_item = vec[i32]()
        self.delivery_peer = vec[i32]()
        # Lines of the log that no event stands for; `log_mark`: how many events came before.
        self.log_t = vec[float]()
        self.log_node = vec[i32]()
        self.log_line = vec[u8]()
        self.log_subject = vec[i32]()
        self.log_a = vec[i64]()
        self.log_b = vec[i64]()
        self.log_text = vec[i32]()
        self.log_mark = vec[i32]()
        self.log_texts: list[str] = []
        self.text_numbers: dict[str, int] = {}
        self.receipts: i64 = 0  # lines about received copies, those beyond MOST_RECEIPTS too
        # Sent by each host: IP packets and bytes, UDP and TCP.
        self.node_packets = vec[i64]([0] * hosts)
        self.node_bytes = vec[i64]([0] * hosts)
        # Tables: rows of KINDS or TRAFFIC_COLUMNS values, one row a second from `first_second` on.
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
            self.t = append(self.t, now - self.origin)
            self.observer = append(self.observer, i32(observer))
            self.subject = append(self.subject, i32(subject))
            self.kind = append(self.kind, u8(event))
            self.detail = append(self.detail, detail)
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
        number: i64 = self.text_numbers.get(text, -1)
        if number < 0:
            number = len(self.log_texts)
            self.text_numbers[text] = number
            self.log_texts.append(text)
        self.log_t = append(self.log_t, now - self.origin)
        self.log_node = append(self.log_node, i32(node))
        self.log_line = append(self.log_line, u8(line))
        self.log_subject = append(self.log_subject, i32(subject))
        self.log_a = append(self.log_a, a)
        self.log_b = append(self.log_b, b)
        self.log_text = append(self.log_text, i32(number))
        self.log_mark = append(self.log_mark, i32(self.taken + len(self.t)))

    def keeps_copies(self) -> bool:
        return self.receipts < MOST_RECEIPTS

    def copies_left_out(self, count: i64) -> None:
        self.receipts += count

    def deliver(self, now: float, node: i64, kind: i64, item: GossipedItem, peer: i64) -> None:
        """Something became of a user event or query: `kind` is a number of `serf.application` (SENT ...)."""
        if item.number < 0:
            item.number = len(self.announced)
            self.announced.append(item)
        self.delivery_t = append(self.delivery_t, now - self.origin)
        self.delivery_node = append(self.delivery_node, i32(node))
        self.delivery_kind = append(self.delivery_kind, u8(kind))
        self.delivery_item = append(self.delivery_item, i32(item.number))
        self.delivery_peer = append(self.delivery_peer, i32(peer))

    def forget_events(self) -> None:
        """Begin the arrays of events anew, where somebody has taken what they hold."""
        self.taken += len(self.t)
        self.t = vec[float]()
        self.observer = vec[i32]()
        self.subject = vec[i32]()
        self.kind = vec[u8]()
        self.detail = vec[i64]()

    # Datagrams ---------------------------------------------------------------------------------

    def packet_sent(self, now: float, source: i64, packet: Packet, ip_bytes: i64) -> None:
        if now >= self._second_ends:
            self.close_seconds(now)
        counts, sizes = self._counts, self._sizes
        kind: i64 = packet.kind & KIND_MASK
        column: i64 = PACKET + kind
        if packet.broadcast_count() > 0:
            self._count_broadcasts(packet)
            if kind != GOSSIP and kind != USER:
                column = LOADED_PACKET + kind
        if kind != GOSSIP and kind != USER:
            counts[kind] += 1
            sizes[kind] += packet.leading_size
        counts[column] += 1
        sizes[column] += ip_bytes
        counts[DATAGRAMS] += 1
        sizes[DATAGRAMS] += ip_bytes
        self.node_packets[source] += 1
        self.node_bytes[source] += ip_bytes

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

    def packet_overflowed(self, now: float, target: i64, packet: Packet) -> None:
        self._count(now, OVERFLOWED, packet.size + UDP_HEADERS)

    # Streams -----------------------------------------------------------------------------------

    def stream_opened(self, now: float, source: i64) -> None:
        self._count(now, CONNECTIONS, 0)

    def stream_message(self, now: float, source: i64, kind: i64, size: i64) -> None:
        self._count(now, STREAM + (kind & KIND_MASK), size)

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
        """The run ends at `now`: the second at hand becomes a row too, if any of it has passed."""
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
        self.rows += 1
        self._second_ends = self.origin + float(self.first_second + self.rows + 1)

"""State shared by all parts of one memberlist node: settings, view, queue, health and runtime.

All datagrams leave through it: `send` adds waiting broadcasts (spec memberlist.md section 2.4), `send_raw`
does not (section 2.3).
"""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, i64
from serfsim.protocol import events, log_lines
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist.awareness import Awareness
from serfsim.protocol.memberlist.broadcast import TransmitLimitedQueue
from serfsim.protocol.memberlist.config import CONTINUE, MemberlistConfig
from serfsim.protocol.memberlist.datagram import encode_datagram, encode_lead, is_at_origin, shape_of
from serfsim.protocol.memberlist.delegate import Delegate
from serfsim.protocol.memberlist.ledger import Filling, ledger_of
from serfsim.protocol.memberlist.members import Members
from serfsim.protocol.memberlist.messages import (
    COMPOUND_HEADER,
    COMPOUND_PART,
    CRC_SIZE,
    GOSSIP,
    USER,
    Message,
    Packet,
    StreamMessage,
    UserMessage,
)
from serfsim.protocol.memberlist.seal import STREAM_FRAME, Seal
from serfsim.protocol.memberlist.selection import NodeSelection
from serfsim.protocol.runtime import Runtime
from serfsim.protocol.versions import CRC_VERSION, ReleaseFeatures
from serfsim.protocol.wire.reader import LARGEST_U32
from serfsim.protocol.wire.sizes import TO_BE_MEASURED

# Timers. A delegate numbers its own from FIRST_DELEGATE_TIMER on.
PROBE_TICK: Final = 1
PROBE_TIMEOUT: Final = 2
PROBE_END: Final = 3
RELAY_EXPIRY: Final = 4
GOSSIP_TICK: Final = 5
PUSH_PULL_TICK: Final = 6
SUSPICION_TIMEOUT: Final = 7
WAIT_END: Final = 8  # a: ticket; b: 1 if it was told, 0 if time is over
PUSH_PULL_START: Final = 9
GOSSIP_REST: Final = 10
MESSAGE_SERVED: Final = 11
PING_LEFT: Final = 12  # b, of this and the next: 0 where the kernel refused it
HELPER_PING_LEFT: Final = 13
FIRST_DELEGATE_TIMER: Final = 32

INFINITY: Final = 1e300

MOST_PARTS: Final = 255  # of a compound, whose count is a byte

# The depth of a delegate's queues where it has to be asked.
ASK: Final = -1

# A message alone that is shorter never shrinks.
SHORTEST_ALONE: Final = 100

# The numbers of stream shapes begin above those of datagrams.
STREAM_SHAPES: Final = 1 << 40


class Core:
    # What every probe needs is declared first: it then shares lines of the cache.
    me: i64
    seq: i64
    delegate_depth: i64
    started_at: float
    runtime: Runtime
    sender: Runtime
    record: NodeIdentity
    config: MemberlistConfig
    features: ReleaseFeatures
    members: Members
    broadcasts: TransmitLimitedQueue
    awareness: Awareness
    delegate: Delegate
    filling: Filling
    # What is put around messages, and the seal that needs no second look: None is for plain ones (`Gate`).
    seal: Seal | None
    accepted: Seal | None

    def __init__(
        self,
        config: MemberlistConfig,
        me: NodeIdentity,
        directory: Directory,
        runtime: Runtime,
        delegate: Delegate,
        rng: Random,
        awareness: Awareness | None = None,
        broadcasts: TransmitLimitedQueue | None = None,
    ) -> None:
        self.config = config
        self.features = config.features
        self.me = me.node
        self.record = me  # what this node says of itself
        self.directory = directory
        self.runtime = runtime
        self.sender = runtime  # of packets
        self.delegate = delegate
        self.rng = rng
        self.members = Members(directory)
        if awareness is None:
            awareness = Awareness(config.awareness_max_multiplier)
        self.awareness = awareness
        self.ledger = ledger_of(directory)
        self.filling = self.ledger.filling
        if broadcasts is None:
            broadcasts = TransmitLimitedQueue(
                config.retransmit_mult, config.features.longest_first, self.ledger
            )
        if config.queue_ids == CONTINUE:
            broadcasts.restarts = False
        self.broadcasts = broadcasts
        self.incarnation: i64 = 0
        self.seal = None
        self.accepted = None
        self.label_size: i64 = 0  # bytes in front of a stream that this node dials: label, dskit's type
        # Bytes of messages that fit into a datagram of gossip, and into one that is led by a message.
        self.gossip_room: i64 = config.udp_buffer_size - COMPOUND_HEADER - config.encryption_overhead
        self.send_room: i64 = self.gossip_room
        self.seq = 0
        self.leaving = False
        self.started_at = 0.0
        self.gossip_due = False  # a gossip tick is scheduled
        self.delegate_depth = ASK  # messages in the delegate's queues, if it keeps count of them here
        self.selection: NodeSelection | None = None  # of whom to gossip and push/pull with; None: of all
        self.has_woken = False  # somebody, since the gossip tick last looked

    def next_seq(self) -> i64:
        self.seq = self.seq + 1 & LARGEST_U32
        return self.seq

    def next_incarnation(self) -> i64:
        """Step on; as in the library the number after the largest is 0."""
        self.incarnation = self.incarnation + 1 & LARGEST_U32
        return self.incarnation

    def queue(self, message: Message, name: i64, now: float, token: i64 = 0) -> None:
        """Queue a broadcast and see that gossip runs."""
        self.broadcasts.queue(message, name, token)
        if len(self.broadcasts.finished) > 0:
            self._report_finished(now)
        self.wake_gossip(now)

    def wake_gossip(self, now: float) -> None:
        """Schedule the next gossip tick of this node's rhythm, since a broadcast is waiting.

        Ticks come at start + k * gossip_interval. With nothing to tell a tick does nothing, so
        none is scheduled until this is called.
        """
        config = self.config
        if self.gossip_due or config.gossip_nodes <= 0 or config.gossip_interval <= 0.0:
            return
        self.gossip_due = True
        at = next_tick(self.started_at, config.gossip_interval, now)
        self.runtime.call_at(at, GOSSIP_TICK, 0, 0)

    def has_broadcasts(self) -> bool:
        return self.broadcasts.depth > 0 or self._delegate_has_broadcasts()

    def _delegate_has_broadcasts(self) -> bool:
        if self.delegate_depth == ASK:
            return self.delegate.has_broadcasts()
        return self.delegate_depth > 0

    def fill(self, limit: i64, now: float) -> i64:
        """Fill `filling` with at most `limit` bytes: memberlist's own first, then the delegate's.

        The bytes used, COMPOUND_PART for each message included.
        """
        filling = self.filling
        filling.begin(limit)
        used: i64 = 0
        if self.broadcasts.depth > 0:
            used = self.broadcasts.fill(self.members.count, COMPOUND_PART, limit, filling)
            if len(self.broadcasts.finished) > 0:
                self._report_finished(now)
        # The delegate's messages carry one byte more, which their size here already includes.
        if limit - used > COMPOUND_PART + 1 and self._delegate_has_broadcasts():
            used += self.delegate.fill(COMPOUND_PART, limit - used, filling, now)
        return used

    def forget_told(self) -> None:
        """Empty the ledger where nobody else uses it and no broadcast waits."""
        self.ledger.clear()
        self.members.seen.clear()

    def _report_finished(self, now: float) -> None:
        """End the waits for what has been told; after what is being done now, not within it."""
        tokens = self.broadcasts.finished
        self.broadcasts.finished = []
        for token in tokens:
            self.wake(WAIT_END, token, now)

    def wake(self, timer: i64, token: i64, now: float) -> None:
        """End the wait for a broadcast that was sent often enough: set `timer` for now."""
        self.has_woken = True
        self.runtime.call_at(now, timer, token, 1)

    def put_on_stream(self, message: StreamMessage, size: i64, is_request: bool = False) -> None:
        """Wrap a message of `size` bytes, compressed or not, for a stream (spec wire.md section 3)."""
        seal = self.seal
        if seal is not None:
            size = seal.stream_size(size)
        elif self.config.encryption_overhead > 0:
            size += self.config.encryption_overhead + STREAM_FRAME
        message.seal = seal
        message.size = size + self.label_size if is_request else size

    def _wrap(self, packet: Packet, size: i64) -> None:
        """Encrypt and label a datagram of `size` bytes."""
        seal = self.seal
        if seal is None:
            packet.size = size + self.config.encryption_overhead
        else:
            packet.seal = seal
            packet.size = seal.datagram_size(size)

    def lead_stream_size(self, packet: Packet) -> i64:
        """Bytes of a leading message on a stream: compressed, even where that makes it longer."""
        size = packet.size
        if self.config.enable_compression:
            key = STREAM_SHAPES + (packet.size << 8) + packet.kind
            sizes = self.directory.sizes
            size = sizes.reckon(key, packet.size)
            if size == TO_BE_MEASURED:
                size = sizes.measure(key, encode_lead(packet, self.record, self.directory), True)
        return size

    def _compressed(self, packet: Packet, plain: i64) -> i64:
        """Return the size of a datagram after memberlist tried to compress it."""
        if packet.broadcast_count == 0:
            coordinate = packet.coordinate
            if plain < SHORTEST_ALONE or (coordinate is not None and not is_at_origin(coordinate)):
                return plain
        key = shape_of(packet, plain)
        sizes = self.directory.sizes
        size = sizes.reckon(key, plain)
        if size == TO_BE_MEASURED:
            size = sizes.measure(key, encode_datagram(packet, self.record, self.directory), True)
        return size if size < plain else plain

    def send(self, address: i64, packet: Packet, now: float) -> bool:
        """Send a leading message with whatever gossip still fits (memberlist's sendMsg).

        Return False where the kernel refuses it; the gossip counts as told all the same.
        """
        size = packet.size
        if self.has_broadcasts():
            used = self.fill(self.send_room - size, now)
            if self.filling.count > 0:
                if self.filling.count >= MOST_PARTS and self.features.splits_all:
                    return self._send_split(address, packet, now)
                packet.carry(self.filling.load())
                size += COMPOUND_HEADER + COMPOUND_PART + used
        if self.config.enable_compression:
            size = self._compressed(packet, size)
        self._wrap(packet, size)
        return self.sender.send_packet(address, packet, now)

    def _send_split(self, address: i64, packet: Packet, now: float) -> bool:
        """Send a leading message and more gossip than one compound counts, which fills further packets."""
        filling = self.filling
        packets = [packet]
        packet.carry(filling.part(0, MOST_PARTS - 1))
        at: i64 = MOST_PARTS - 1
        while at < filling.count:
            more = Packet(GOSSIP, 0, 0)
            more.carry(
                filling.part(at, at + MOST_PARTS if at + MOST_PARTS < filling.count else filling.count)
            )
            packets.append(more)
            at += MOST_PARTS
        was_sent = True
        for part in packets:
            size: i64 = part.size + COMPOUND_HEADER
            if part is packet:
                size += COMPOUND_PART
            if part.load is not None:
                size += part.load.bytes(COMPOUND_PART)
            if self.config.enable_compression:
                size = self._compressed(part, size)
            self._wrap(part, size)
            was_sent = self.sender.send_packet(address, part, now) and was_sent
        return was_sent

    def send_raw(self, target: NodeIdentity, packet: Packet, now: float) -> bool:
        """Send a packet as it is to a known member (memberlist's rawSend): with a CRC, no gossip.

        `packet.size` holds the plain bytes of its messages, compound header included.
        """
        size = packet.size
        if self.config.enable_compression:
            size = self._compressed(packet, size)
        if target.protocol_max >= CRC_VERSION and self.features.crc:
            size += CRC_SIZE
            packet.has_crc = True
        self._wrap(packet, size)
        return self.sender.send_packet(target.address, packet, now)

    def log_refused(self, now: float, line: i64, address: i64) -> None:
        """Log that the kernel refused a datagram to an address, in Go's words."""
        own, remote = self.directory.endpoint(self.record.address), self.directory.endpoint(address)
        error = f"write udp {own}->{remote}: sendto: network is unreachable"
        if line == log_lines.GOSSIP_REFUSED:
            error = f"{remote}: {error}"
        elif line == log_lines.ACK_REFUSED:
            error = f"{error} from={remote}"
        self.log(now, line, -1, 0, 0, error)

    def send_alone(self, address: i64, message: UserMessage, now: float) -> None:
        """Send a delegate's message to an address (memberlist's SendToAddress): no CRC, no gossip.

        The library looks the CRC's need up by a name that is an address, and finds nobody.
        """
        packet = Packet(USER, 0, message.size)
        packet.broadcasts = [message]
        if self.config.enable_compression:
            packet.size = self._compressed(packet, packet.size)
        self._wrap(packet, packet.size)
        self.sender.send_packet(address, packet, now)

    def notify(self, now: float, event: i64, subject: i64, detail: i64) -> None:
        self.runtime.notify(now, event, subject, detail)

    def log(self, now: float, line: i64, subject: i64, a: i64 = 0, b: i64 = 0, text: str = "") -> None:
        self.runtime.log(now, line, subject, a, b, text)

    def apply_health_delta(self, delta: i64, now: float) -> None:
        if self.config.lha_probe and self.awareness.apply_delta(delta):
            self.runtime.notify(now, events.HEALTH, self.me, self.awareness.score)

    def random_members(self, k: i64, excluded: i64, worst: i64, dead_since: float, into: list[int]) -> None:
        """Up to `k` distinct members other than this node and `excluded` (spec memberlist.md 5.6).

        Members up to the state `worst` are taken; dead ones besides if they died no earlier than
        `dead_since` (infinity: none). At most 3n draws, so in small clusters fewer may be found.
        """
        members = self.members
        n = members.count
        if n < 3 * k and self.features.exhaustive_choice:
            self._shuffled_members(k, excluded, worst, dead_since, into)
            return
        draws: i64 = 0
        while draws < 3 * n and len(into) < k:
            draws += 1
            node = members.at(self.rng.randrange(n))
            if node == self.me or node == excluded or node in into:
                continue
            state = members.key(node) & 3
            if state <= worst or (state == 2 and members.dead_since(node) >= dead_since):
                into.append(node)

    def _shuffled_members(
        self, k: i64, excluded: i64, worst: i64, dead_since: float, into: list[int]
    ) -> None:
        """Choose members as memberlist 0.6.0 and later do: from a shuffled ring, so that it misses none."""
        members = self.members
        nodes: list[int] = []
        i: i64 = 0
        while i < members.count:
            nodes.append(members.at(i))
            i += 1
        i = len(nodes) - 1
        while i > 0:
            j: i64 = self.rng.randrange(i + 1)
            other = nodes[j]
            nodes[j] = nodes[i]
            nodes[i] = other
            i -= 1
        for node in nodes:
            if len(into) >= k:
                return
            if node != excluded and self._qualifies(node, worst, dead_since):
                into.append(node)

    def _qualifies(self, node: i64, worst: i64, dead_since: float) -> bool:
        """Return whether a member is not this node, and of a state that is wanted."""
        members = self.members
        state = members.key(node) & 3
        is_wanted = state <= worst or (state == 2 and members.dead_since(node) >= dead_since)
        return is_wanted and node != self.me

    def selected_members(self, k: i64, worst: i64, dead_since: float, now: float) -> list[int]:
        """Return up to `k` random members of those that the selection delegate selects, the preferred first.

        Without a delegate they are `random_members`.
        """
        into: list[int] = []
        selection = self.selection
        if selection is None:
            self.random_members(k, -1, worst, dead_since, into)
            return into
        nodes = selection.select(self, now)
        preferred = selection.preferred
        if preferred >= 0 and k > 0 and self._qualifies(preferred, worst, dead_since):
            into.append(preferred)
        draws: i64 = 3 * len(nodes)
        while draws > 0 and len(into) < k:
            draws -= 1
            node = nodes[self.rng.randrange(len(nodes))]
            if node not in into and self._qualifies(node, worst, dead_since):
                into.append(node)
        return into


def next_tick(start: float, period: float, now: float) -> float:
    """Return the first time start + k * period after `now`, k = 1, 2, ..."""
    k: i64 = i64((now - start) / period)
    if k < 0:
        k = 0
    at = start + float(k) * period
    while at <= now or k == 0:
        k += 1
        at = start + float(k) * period
    return at

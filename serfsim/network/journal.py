"""Interface of the network's journal. `engine.trace` keeps it; a test may do something else."""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.memberlist.messages import Packet

UDP_HEADERS: Final = 28  # IPv4 and UDP
TCP_HEADERS: Final = 52  # IPv4 and TCP with time stamps
SYN_BYTES: Final = 60  # a SYN or SYN-ACK with its options


@mypyc_attr(allow_interpreted_subclasses=True)
class Journal:
    """All that is reported is ignored; subclasses keep what they want. `now` never falls."""

    def record(self, now: float, observer: i64, event: i64, subject: i64, detail: i64) -> None:
        """Record an event that a machine reported (a number of `protocol.events`)."""

    def log(self, now: float, node: i64, line: i64, subject: i64, a: i64, b: i64, text: str) -> None:
        """Record a line that a machine logged (a number of `protocol.log_lines`)."""

    def keeps_copies(self) -> bool:
        """Return whether to log every copy of a received message."""
        return False

    def copies_left_out(self, count: i64) -> None:
        """So many copies came that nothing was logged of."""

    def packet_sent(self, now: float, source: i64, packet: Packet, ip_bytes: i64) -> None:
        """Record a datagram that left its host, lost later or not.

        `ip_bytes`: with all UDP and IP headers.
        """

    def bytes_under_way(self, now: float, target: i64, ip_bytes: i64) -> None:
        """Record that the datagram or segment just sent will reach a host, whose process runs."""

    def packet_lost(self, now: float, source: i64, packet: Packet, ip_bytes: i64) -> None:
        """Record a datagram lost on its way, by loss or by a rule."""

    def packet_to_nobody(self, now: float, source: i64, ip_bytes: i64) -> None:
        """Record a datagram, or a segment that opens a connection, to an address where nobody is."""

    def sent_between_zones(self, now: float, ip_bytes: i64) -> None:
        """Record that a datagram or TCP segment just recorded as sent goes to another zone."""

    def packet_overflowed(self, now: float, target: i64, packet: Packet) -> None:
        """Record a datagram that arrived at a full socket buffer."""

    def stream_opened(self, now: float, source: i64) -> None:
        """Record that a host began to dial."""

    def stream_message(self, now: float, source: i64, kind: i64, size: i64) -> None:
        """Record a message of `size` bytes on a stream; counted once, however often it is sent."""

    def packet_streamed(self, now: float, packet: Packet) -> None:
        """Record the messages of a packet that takes a separate stream; see `stream_message`."""

    def handed_off(self, now: float, waiting: i64) -> None:
        """Record how many messages wait in the handoff queues of a member."""

    def push_pull_asked(self, now: float, target: i64) -> None:
        """Record that a push/pull was asked of a host: its whole request has been read."""

    def segment_sent(self, now: float, source: i64, ip_bytes: i64) -> None:
        """Record a TCP segment that left its host. `ip_bytes`: with all TCP and IP headers."""

"""TCP's handshake: SYN, SYN-ACK, and their retransmission.

A SYN is repeated after 1, 2, 4 s ...; newer Linux repeats it every second five times before doubling. A
SYN-ACK is repeated after 1, 2, 4 s ... and for each SYN that comes again. A server goes on echoing the
time stamp of the first SYN that came: where its SYN-ACKs were lost, the client takes the round trip for a
second or more, and waits accordingly before it repeats its request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.native import i64
from serfsim.network.journal import SYN_BYTES, TCP_HEADERS
from serfsim.network.tcp_steps import (
    CLIENT_RST,
    CONNECTION,
    HANDSHAKE_ACK,
    SERVER_RST,
    SYN,
    SYN_ACK,
    SYN_ACK_TIMER,
    SYN_TIMER,
)
from serfsim.network.tcp_stream import ACCEPTED, DIALLING, ENDED, SILENT, Stream
from serfsim.network.timer_wheel import fires_at

if TYPE_CHECKING:
    from serfsim.network.host import Host
    from serfsim.network.tcp import Tcp

SYN_RETRIES: Final = 6  # net.ipv4.tcp_syn_retries, which does not count the linear ones
SYN_ACK_RETRIES: Final = 5  # net.ipv4.tcp_synack_retries
LINEAR_SYNS: Final = 5  # gaps of a second before they double: net.ipv4.tcp_syn_linear_timeouts + 1


class Handshake:
    """Opens the connections of all streams that `tcp` moves."""

    def __init__(self, tcp: Tcp) -> None:
        self.tcp = tcp

    def dial(self, stream: Stream, now: float) -> None:
        """Send a SYN, the first or again."""
        stream.syns += 1
        stream.syn_sent_at = now
        self.tcp.send(stream, True, SYN_BYTES, SYN, now)
        retries: i64 = SYN_RETRIES
        if self.tcp.linear_syn_retries:
            retries += LINEAR_SYNS - 1
        if stream.syns <= retries:
            again = fires_at(now, self._syn_gap(stream.syns))
            self.tcp.later(again, stream.client, SYN_TIMER, stream, stream.syns)

    def syn_timer(self, host: Host, stream: Stream, sent: i64, now: float) -> None:
        is_dialling = stream.client_state == DIALLING and stream.client_epoch == host.epoch
        if is_dialling and not stream.syn_answered and stream.syns == sent:
            self.dial(stream, now)

    def _syn_gap(self, sent: i64) -> float:
        """Seconds from the SYN number `sent` to the next."""
        doublings: i64 = sent - 1
        if self.tcp.linear_syn_retries:
            doublings = sent - LINEAR_SYNS if sent > LINEAR_SYNS else 0
        return float(1 << doublings)

    def syn(self, host: Host, stream: Stream, now: float) -> None:
        """Handle a SYN at the server."""
        if not host.running or (stream.server_state != SILENT and stream.server_epoch != host.epoch):
            self.tcp.send(stream, False, TCP_HEADERS, CLIENT_RST, now)
            return
        if stream.server_state == SILENT:
            stream.server_state = ACCEPTED
            stream.syn_echoed = stream.syn_sent_at
            stream.server_epoch = host.epoch
            host.served[stream.number] = stream
        if stream.server_state == ACCEPTED:
            self._send_syn_ack(stream, now)

    def _send_syn_ack(self, stream: Stream, now: float) -> None:
        stream.syn_acks += 1
        stream.syn_ack_sent_at = now
        self.tcp.send(stream, False, SYN_BYTES, SYN_ACK, now)
        again = fires_at(now, float(1 << (stream.syn_acks - 1)))
        self.tcp.later(again, stream.server, SYN_ACK_TIMER, stream, stream.syn_acks)

    def syn_ack_timer(self, host: Host, stream: Stream, sent: i64, now: float) -> None:
        if stream.server_state != ACCEPTED or stream.syn_acks != sent:
            return
        if sent <= SYN_ACK_RETRIES:
            self._send_syn_ack(stream, now)
        else:
            self.tcp.forget(host, stream)

    def syn_ack(self, stream: Stream, now: float) -> None:
        """Handle a SYN-ACK at the client."""
        host = self.tcp.network.hosts[stream.client]
        if stream.client_state == ENDED or stream.client_epoch != host.epoch:
            self.tcp.send(stream, True, TCP_HEADERS, SERVER_RST, now)
            return
        self.tcp.send(stream, True, TCP_HEADERS, HANDSHAKE_ACK, now)
        if stream.client_state == DIALLING and not stream.syn_answered:
            stream.syn_answered = True
            stream.is_connected = True
            stream.syn_ack_echoed = stream.syn_ack_sent_at
            stream.client_rtt = now - stream.syn_echoed
            self.tcp.step(host, CONNECTION, 0, stream, now)

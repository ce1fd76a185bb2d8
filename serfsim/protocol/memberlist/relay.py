"""Answering probes, our own or for others (spec memberlist.md section 5.3).

A ping for this node is acked with the delegate's payload. An indirect ping makes this node a
helper: it pings the target itself and passes the ack on. If none came within its own
probe_timeout, unscaled, it says so with a nack where that was wanted. A later ack is lost. With nack_at
below 1 the nack goes out at that share of the timeout, and an ack is passed on all the same until its end.
"""

from __future__ import annotations

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events, log_lines
from serfsim.protocol.memberlist.core import RELAY_EXPIRY, Core
from serfsim.protocol.memberlist.messages import (
    ACK,
    NACK,
    PING,
    Packet,
    ack_size,
    nack_size,
    ping_size,
)


@mypyc_attr(acyclic=True)
class Relay:
    """A probe made for `requester`, who knows it as `seq`."""

    def __init__(self, requester: i64, seq: i64, wants_nack: bool, ends_at: float) -> None:
        self.requester: i64 = requester
        self.seq: i64 = seq
        self.wants_nack = wants_nack
        self.ends_at = ends_at


@mypyc_attr(allow_interpreted_subclasses=True)
class Responder:
    def __init__(self, core: Core) -> None:
        self.core = core
        self.relays: dict[int, Relay] = {}

    def ping(self, packet: Packet, source: i64, now: float) -> None:
        core = self.core
        if packet.node >= 0 and packet.node != core.me:
            core.log(now, log_lines.STRANGE_PING, packet.node, 0, 0, core.directory.endpoint(source))
            return
        payload = core.delegate.ack_payload()
        answer = Packet(ACK, packet.seq, ack_size(packet.seq, payload, core.features.tcp_pings))
        answer.coordinate = payload
        asker = packet.source if packet.source >= 0 else source
        if not core.send(asker, answer, now):
            core.log_refused(now, log_lines.ACK_REFUSED, asker)

    def indirect_ping(self, packet: Packet, source: i64, now: float) -> None:
        core = self.core
        seq = core.next_seq()
        requester = packet.source if packet.source >= 0 else source
        timeout = core.config.probe_timeout
        self.relays[seq] = Relay(requester, packet.seq, packet.wants_nack, now + timeout)
        target = core.directory.first[packet.node]
        names_source = core.features.ping_source
        ping = Packet(PING, seq, ping_size(target, seq, core.record, names_source))
        ping.node = packet.node
        ping.source = core.record.address if names_source else -1
        core.send(packet.target, ping, now)
        core.runtime.call_at(now + core.config.nack_at * timeout, RELAY_EXPIRY, seq, 0)

    def ack(self, seq: i64, now: float) -> None:
        """Handle an ack of another node's round."""
        relay = self.relays.pop(seq, None)
        if relay is None:
            return
        self.core.notify(now, events.RELAYED_ACK, self.core.me, 0)
        size = ack_size(relay.seq, None, self.core.features.tcp_pings)
        self.core.send(relay.requester, Packet(ACK, relay.seq, size), now)

    def expire(self, seq: i64, now: float) -> None:
        """Send the nack that is due, and forget the relay once its time is over."""
        relay = self.relays.get(seq)
        if relay is None:
            return
        if now < relay.ends_at:
            self.core.runtime.call_at(relay.ends_at, RELAY_EXPIRY, seq, 0)
        else:
            del self.relays[seq]
        if relay.wants_nack and self.core.features.nacks:
            relay.wants_nack = False
            self.core.send(relay.requester, Packet(NACK, relay.seq, nack_size(relay.seq)), now)

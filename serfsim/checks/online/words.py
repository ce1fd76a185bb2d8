"""Names of packets, messages and known behaviours in reports."""

from __future__ import annotations

from typing import Final

from serfsim.checks.online.observed import Observed
from serfsim.native import i64
from serfsim.protocol.memberlist import messages
from serfsim.protocol.memberlist.messages import Packet

KINDS = {
    messages.PING: "ping",
    messages.INDIRECT_PING: "indirect ping",
    messages.ACK: "ack",
    messages.NACK: "nack",
    messages.GOSSIP: "gossip",
    messages.USER: "user message",
    messages.ALIVE: "alive",
    messages.SUSPECT: "suspect",
    messages.DEAD: "dead",
}
OVERFLOW: Final = "D4 incarnation overflow, spec/releases.md section 5"
WRAP: Final = 1 << 31  # a fall of more than that is a wrap
NUMBERED = (messages.PING, messages.INDIRECT_PING, messages.ACK, messages.NACK)


def kind_words(kind: int) -> str:
    """Return the name of a wire type."""
    return KINDS.get(kind, f"type {kind}")


def packet_words(run: Observed, packet: Packet, source: i64) -> str:
    """Return a datagram's kind, its sequence number if it has one, and its sender."""
    number = f" {packet.seq}" if packet.kind in NUMBERED else ""
    return f"{kind_words(packet.kind)}{number} from {run.name(source)}"

"""Interface of a capture of all packets: whole packets, as they leave.

A network without a capture pays one comparison a packet for it. `now` never falls.
"""

from __future__ import annotations

from serfsim.native import i64, mypyc_attr
from serfsim.network.tcp_stream import Stream
from serfsim.protocol.memberlist.messages import Packet


@mypyc_attr(allow_interpreted_subclasses=True)
class Capture:
    """All are called at the sender, whatever becomes of the packet."""

    def datagram(self, now: float, at: float, source: i64, address: i64, packet: Packet) -> None:
        """Record a datagram that left host `source` for an address, where it arrives `at`; below 0: never.

        An implementation writes it out at once.
        """

    def from_outside(self, now: float, at: float, address: i64, target: i64, packet: Packet) -> None:
        """Record a datagram for host `target` that left an address that none of the hosts has."""

    def segment(self, now: float, at: float, stream: Stream, to_server: bool, step: i64, a: i64) -> None:
        """Record a segment that left and is `step` (of `network.tcp`) when it arrives `at`; below 0: never.

        `a` is the number of a segment of data or of a FIN. Each acknowledges all that has arrived.
        """

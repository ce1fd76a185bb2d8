"""A stall: threads of a process block before they send and after they have received, while its clock goes on.

Its timers fire on time. A packet to send is kept, with the timer of a thread that waits (`awaits_send`); the
reader holds one packet, others wait in the socket buffer; a stream's thread holds the request that it has
read or is about to write, or the answer that it has read. Dials are no messages and block nobody. When the
stall ends the threads go on in the order in which they blocked, and the reader after them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serfsim.native import i64
from serfsim.network.backlog import read_on
from serfsim.network.tcp_stream import Stream
from serfsim.protocol.memberlist.messages import Packet

if TYPE_CHECKING:
    from serfsim.network.host import Host


class Blocked:
    """The packet, or the step of a stream, that a blocked thread holds.

    `timer` of the machine, with `a`, is called once the packet has left; -1 where no thread waits for that.
    """

    def __init__(self, address: i64, packet: Packet | None, step: i64, stream: Stream | None) -> None:
        self.address: i64 = address
        self.packet = packet
        self.timer: i64 = -1
        self.a: i64 = 0
        self.step: i64 = step
        self.stream = stream

    def wake(self, timer: i64, a: i64) -> None:
        """Have a timer called once the packet has left."""
        self.timer = timer
        self.a = a


def begin_stall(host: Host) -> None:
    """Block the threads of a host's process at its sockets from now on."""
    if host.running and not host.stalled:
        host.stalled = True
        if not host.paused and not host.reading:
            host.buffer.receive()


def end_stall(host: Host, now: float) -> None:
    """Let the blocked threads go on: what they hold is sent and handled at `now`."""
    if host.stalled:
        host.stalled = False
        if not host.paused:
            epoch = host.epoch
            unblock(host, now)
            if host.epoch == epoch and not host.reading:
                read_on(host, now)


def block_step(host: Host, step: i64, stream: Stream) -> None:
    """Keep a stream's step until the stall ends: the thread that takes it is blocked."""
    host.blocked.append(Blocked(0, None, step, stream))


def unblock(host: Host, now: float) -> None:
    """Send, and take, what the threads of a process hold."""
    epoch = host.epoch
    blocked = host.blocked
    host.blocked = []
    for held in blocked:
        machine, packet, stream = host.machine, held.packet, held.stream
        if host.epoch != epoch or machine is None:
            return
        if stream is not None:
            host.network.tcp.take_step(host, held.step, stream, now)
        elif packet is not None:
            if host.core is not None:
                host.core.sent(now)
            sent = host.network.transmit(host, held.address, packet, now)
            if held.timer >= 0:
                machine.on_timer(held.timer, held.a, 1 if sent else 0, host.read_clock(now))

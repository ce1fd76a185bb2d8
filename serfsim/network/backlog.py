"""The packets in the buffer of a process that goes on after a pause or a stall.

It reads all at once, or one by one if it takes time over each. The listener reads TURN packets before the
worker has a turn, which takes the newest message first (`handoff`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.native import i64

if TYPE_CHECKING:
    from serfsim.network.host import Host

TURN: Final = 16


def read_on(host: Host, now: float) -> None:
    """Read what is in the buffer."""
    epoch = host.epoch
    host.busy_until = now
    if host.is_slow or host.read_cost > 0.0 or host.stalled:
        host.read_next(now)
        return
    while host.epoch == epoch and host.buffer.count > 0:
        catch_up(host, epoch, now)


def catch_up(host: Host, epoch: i64, now: float) -> None:
    """Give the listener its turn, and then the worker."""
    machine = host.machine
    if machine is None:
        return
    machine.hold_worker()
    turn: i64 = TURN
    while host.epoch == epoch and host.buffer.count > 0 and turn > 0:
        turn -= 1
        packet = host.buffer.pop()
        host.handle(packet, host.buffer.source, now, now)
    if host.epoch == epoch:
        machine.release_worker(host.read_clock(now))

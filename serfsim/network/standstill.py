"""Changes of a host's clock: another rate, and a virtual machine that is frozen and thaws again.

What has been scheduled already changes with the clock. Timers and deadlines of the process run by what the
clock shows; the kernel's own timers of TCP keep the true time at any rate, since Linux rounds them more
coarsely than a clock drifts, but sleep while their machine is frozen. The work in hand is put off as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.native import i64
from serfsim.network.clock import Clock
from serfsim.network.core import JOB_DONE
from serfsim.network.host_events import KIND_MASK, READ, is_arrival, is_timed
from serfsim.network.scheduler import Withdrawn
from serfsim.network.tcp_stream import Stream
from serfsim.network.tcp_transfer import Transfer

if TYPE_CHECKING:
    from serfsim.network.host import Host

MOST_SEGMENTS: Final = 1000  # packets that Linux keeps for a virtual machine's network device


class Segment:
    """A TCP segment that has come to a frozen host: a `step` of a stream, as `Tcp.step` takes it."""

    def __init__(self, step: i64, a: i64, stream: Stream, reported: i64) -> None:
        self.step: i64 = step
        self.a: i64 = a
        self.stream = stream
        self.reported: i64 = reported


class Standstill:
    """The work of a frozen host until it thaws. `timers` are by its clock, `work` by the true time."""

    def __init__(self, now: float) -> None:
        self.began = now
        self.timers: list[Withdrawn] = []
        self.work: list[Withdrawn] = []
        self.segments: list[Segment] = []

    def keep(self, step: i64, a: i64, stream: Stream, reported: i64) -> None:
        """Keep a segment, if there is room."""
        if len(self.segments) < MOST_SEGMENTS:
            self.segments.append(Segment(step, a, stream, reported))


def own_clock(host: Host, now: float) -> Clock:
    """Return the clock of a host, one that shows the true time if it had none."""
    clock = host.clock
    if clock is None:
        clock = Clock(now)
        host.clock = clock
    return clock


def set_clock_rate(host: Host, rate: float, now: float) -> None:
    """Run a host's clock at another rate from now on; what is left of timers and deadlines changes too."""
    clock = own_clock(host, now)
    if clock.is_still:
        clock.set_rate(now, rate)  # its timers are kept by what the clock shows
        return
    timed: list[Withdrawn] = []
    for event in host.scheduler.withdraw(host.number):
        if is_timed(event):
            event.at = clock.local(event.at)
            timed.append(event)
        else:
            _again(host, event, event.at)
    clock.set_rate(now, rate)
    for event in timed:
        _again(host, event, clock.true(event.at))


def stand_still(host: Host, now: float) -> Standstill:
    """Stop a host's clock, and take back everything that its processor would do."""
    clock = own_clock(host, now)
    made = Standstill(now)
    for event in host.scheduler.withdraw(host.number):
        if is_arrival(event):
            _again(host, event, event.at)
        elif is_timed(event):
            event.at = clock.local(event.at)
            made.timers.append(event)
        elif event.kind & KIND_MASK != READ:
            made.work.append(event)
        elif event.a == JOB_DONE:  # others share its core, which goes on
            _again(host, event, event.at)
        # Any other packet that it reads is still in the buffer.
    clock.stop(now)
    return made


def go_on(host: Host, made: Standstill, now: float) -> None:
    """Start a host's clock again, and schedule again what it has kept; then its kernel has the segments."""
    clock = own_clock(host, now)
    clock.go_on(now)
    lost = now - made.began
    for event in made.timers:
        _again(host, event, clock.true(event.at))
    shifted: list[Transfer] = []
    for stream in [*host.dialled.values(), *host.served.values()]:
        _shift(host, stream, lost, shifted)
    for event in made.work:
        payload = event.payload
        if isinstance(payload, Stream):
            _shift(host, payload, lost, shifted)
        _again(host, event, event.at + lost)
    for segment in made.segments:
        host.network.tcp.step(host, segment.step, segment.a, segment.stream, now, segment.reported)


def _again(host: Host, event: Withdrawn, at: float) -> None:
    host.scheduler.schedule(at, host.number, event.kind, event.a, event.b, event.payload)


def _shift(host: Host, stream: Stream, lost: float, shifted: list[Transfer]) -> None:
    """Leave a standstill of `lost` seconds out of what a host's kernel measures of a stream."""
    is_client = stream.client == host.number
    transfer = stream.upward if is_client else stream.downward
    if transfer is not None:
        if transfer in shifted:
            return
        shifted.append(transfer)
        transfer.shift(lost)
    if is_client:
        stream.syn_sent_at += lost
        stream.syn_echoed += lost
    else:
        stream.syn_ack_sent_at += lost
        stream.syn_ack_echoed += lost

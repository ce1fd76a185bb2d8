"""A core of a processor that several hosts share: it does one thing at a time.

Its jobs are packets that processes read and messages that their workers handle, each as long as the process
takes over it (`read_cost`). Jobs run in the order in which packets arrive and messages reach the worker. A
process that has been paused or stalled, and so has a backlog, reads it in turns with the others, one packet
at a time. A job of a process that cannot do it is passed over, and takes no time.

What a process sends leaves at once; `send_cost` puts off the next job.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.native import i64
from serfsim.network.host_events import READ

if TYPE_CHECKING:
    from serfsim.network.host import Host

PACKET_JOB: Final = -1
JOB_DONE: Final = -1  # the turn of a READ event that ends the job in hand of its host's core


class Job:
    """A packet to read, the oldest in the buffer of `host`, or work of `seconds` that ends in a timer."""

    def __init__(self, host: Host, kind: i64, seconds: float) -> None:
        self.host = host
        self.kind: i64 = kind
        self.seconds = seconds
        self.epoch: i64 = host.epoch
        self.turn: i64 = 0


class Core:
    """`send_cost` in seconds of each datagram sent."""

    def __init__(self, send_cost: float = 0.0) -> None:
        self.send_cost = send_cost
        self.free_at = 0.0
        self._waiting: list[Job] = []
        self._first: i64 = 0
        self._in_hand: Job | None = None

    def sent(self, now: float) -> None:
        """Spend the time that sending a datagram takes."""
        begin = self.free_at if self.free_at > now else now
        self.free_at = begin + self.send_cost

    def packet_came(self, host: Host, now: float) -> None:
        """Queue the packet that has just come to the buffer of a process that reads."""
        ahead: i64 = host.buffer.count - 1
        if host.reading:
            ahead -= 1
        if host.queued == ahead:  # else it has a backlog, which it takes in turns
            self._queue_packet(host)
            self._begin(now)

    def read_next(self, host: Host, now: float) -> None:
        """Queue the next packet of a process that has one, unless it is queued."""
        if host.queued == 0 and host.buffer.count > 0:
            self._queue_packet(host)
            self._begin(now)

    def work(self, host: Host, seconds: float, kind: i64, now: float) -> None:
        """Have a timer come due at a host once its process has spent this time of the core."""
        self._waiting.append(Job(host, kind, seconds))
        self._begin(now)

    def _queue_packet(self, host: Host) -> None:
        host.queued += 1
        self._waiting.append(Job(host, PACKET_JOB, 0.0))

    def _pop(self) -> Job:
        job = self._waiting[self._first]
        self._first += 1
        if self._first > 64 and 2 * self._first > len(self._waiting):
            self._waiting = self._waiting[self._first :]
            self._first = 0
        return job

    def _begin(self, now: float) -> None:
        """Begin with the next job, if none is in hand and one can be done."""
        while self._in_hand is None and self._first < len(self._waiting):
            job = self._pop()
            host = job.host
            begin = self.free_at if self.free_at > now else now
            if job.kind == PACKET_JOB:
                host.queued -= 1
                if not host.running or host.paused or host.stalled or host.buffer.count == 0:
                    continue
                self.free_at = host.begin_reading(begin)
                job.turn = host.read_turn
            elif host.epoch != job.epoch:
                continue
            elif host.paused:
                host.timer_due(job.kind, 0, 0, now)
                continue
            else:
                self.free_at = begin + job.seconds
            job.epoch = host.epoch
            self._in_hand = job
            host.scheduler.schedule(self.free_at, host.number, READ, JOB_DONE, 0, None)

    def finish(self, now: float) -> None:
        """End the job in hand: the packet is handled, or the timer fires."""
        job = self._in_hand
        if job is None:
            return
        if job.kind == PACKET_JOB:
            job.host.packet_read(job.turn, job.epoch, now)
        else:
            job.host.timer_due(job.kind, 0, 0, now)
        self._in_hand = None
        self._begin(now)

"""The interface between a protocol machine and its runtime.

A machine is sans-IO: packets, streams and timers come in with the time (`Machine`), effects go out through
a few verbs (`Runtime`). It holds no clock, no socket and no global random state, so that the same class
runs in the simulator, in a test by hand and on real sockets.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.memberlist.messages import Packet, StreamMessage, UserMessage

# How a stream that a machine opened, or a link, came to its end.
REPLIED: Final = 0
DIAL_TIMEOUT: Final = 1  # no connection: nothing came back in time
DIAL_REFUSED: Final = 2  # no connection: nobody listens there
IO_TIMEOUT: Final = 3  # connected, but the deadline passed without a whole answer
CLOSED: Final = 4  # connected, but the other side closed without an answer
DIAL_NO_ROUTE: Final = 5  # no connection: the own kernel has no route there
WROTE: Final = 6  # a packet on a stream of its own, which nobody answers, has been written


@mypyc_attr(allow_interpreted_subclasses=True)
class Runtime:
    """The verbs of a machine. Each gets `now`, so that a runtime needs no clock."""

    def send_packet(self, address: i64, packet: Packet, now: float) -> bool:
        """Send one datagram, best effort; return False where the own kernel refuses it."""
        raise NotImplementedError

    def awaits_send(self, timer: i64, a: i64) -> bool:
        """Return False: the datagram sent last has left.

        A runtime whose process blocks in that send returns True, and calls `Machine.on_timer(timer, a, sent,
        now)` once the datagram has left; `sent` is 0 where the kernel refused it, else 1.
        """
        return False

    def open_stream(
        self,
        address: i64,
        request: StreamMessage,
        token: i64,
        dial_timeout: float,
        io_deadline: float,
        io_timeout: float,
        now: float,
    ) -> None:
        """Dial `address`, write `request`, read one answer, close; a request with a `packet` has no answer.

        The outcome comes back as `Machine.on_stream_result(token, ...)`, exactly once. Dialling may
        take `dial_timeout` seconds. Once connected, the answer must be whole by the absolute time
        `io_deadline`, or, where that is 0.0, within `io_timeout` seconds of the connection.
        """
        raise NotImplementedError

    def open_link(self, address: i64, dial_timeout: float, now: float) -> i64:
        """Dial `address` for a connection that stays, and return its number, which both ends know it by.

        It ends in `Machine.on_link_opened` or `on_link_closed`. What is written before it is open waits.
        """
        raise NotImplementedError

    def write_link(self, link: i64, message: UserMessage, now: float) -> None:
        """Write a message on a link; nothing happens where this side has closed it."""
        raise NotImplementedError

    def close_link(self, link: i64, now: float) -> None:
        """Close a link behind what has been written; this side hears no more of it."""
        raise NotImplementedError

    def call_at(self, at: float, timer: i64, a: i64, b: i64) -> None:
        """Call `Machine.on_timer(timer, a, b, now)` at the absolute time `at`.

        A machine recognises a stale timer by its arguments.
        """
        raise NotImplementedError

    def call_after_work(self, seconds: float, timer: i64, now: float) -> None:
        """Call `Machine.on_timer(timer, 0, 0, now)` once the process has worked for so many seconds."""
        self.call_at(now + seconds, timer, 0, 0)

    def call_at_cancellable(self, at: float, timer: i64, a: i64, b: i64) -> i64:
        """Schedule a call and return a handle for `cancel_call`, 0 from a runtime that cancels nothing."""
        self.call_at(at, timer, a, b)
        return 0

    def cancel_call(self, handle: i64) -> None:
        """Cancel a timer that is no longer needed. It may still fire: cancelling only saves the trouble."""

    def notify(self, now: float, event: i64, subject: i64, detail: i64) -> None:
        """Report what happened (a number of `protocol.events`)."""
        raise NotImplementedError

    def log(self, now: float, line: i64, subject: i64, a: i64, b: i64, text: str) -> None:
        """Log a line that no event implies (a number of `protocol.log_lines`)."""

    def handed_off(self, now: float, waiting: i64) -> None:
        """Report how many messages wait for the worker after a packet has been handed off."""

    def keeps_copies(self) -> bool:
        """Return whether to log every copy of a message; `copies_left_out` counts those not logged."""
        return True

    def copies_left_out(self, count: i64) -> None:
        """So many copies of Serf's messages came that nothing was logged of."""


@mypyc_attr(allow_interpreted_subclasses=True)
class Machine:
    """A machine that a runtime drives."""

    def on_packet(self, packet: Packet, source: i64, now: float, received_at: float) -> None:
        """Handle a datagram from the address `source`; `received_at` is when the socket was read."""
        raise NotImplementedError

    def hold_worker(self) -> None:
        """Several packets come at once: what they bring may wait until `release_worker`."""

    def release_worker(self, now: float) -> None:
        """Handle what has waited."""

    def on_timer(self, timer: i64, a: i64, b: i64, now: float) -> None:
        raise NotImplementedError

    def can_read(self, request: StreamMessage) -> bool:
        """Return whether a request is more than an error to this machine, so that serving it takes time."""
        return True

    def on_stream_request(self, request: StreamMessage, source: i64, now: float) -> StreamMessage | None:
        """Handle a complete request on a stream; return the answer, or None to close without one."""
        raise NotImplementedError

    def on_stream_answered(self, request: StreamMessage, source: i64, now: float) -> None:
        """Handle that the answer of `on_stream_request` has been written whole."""
        raise NotImplementedError

    def on_stream_result(self, token: i64, outcome: i64, reply: StreamMessage | None, now: float) -> None:
        """Handle the end of a stream that this machine opened."""
        raise NotImplementedError

    def on_link_opened(self, link: i64, now: float) -> None:
        """Handle that a link which this machine dialled is open; the other side learns by what is written."""

    def on_link_message(self, link: i64, message: UserMessage, now: float) -> None:
        """Handle a message on a link, in the order in which they were written."""

    def on_link_closed(self, link: i64, outcome: i64, now: float) -> None:
        """Handle the end of a link that this side did not close.

        `outcome`: DIAL_TIMEOUT, DIAL_REFUSED or DIAL_NO_ROUTE before it was open, later CLOSED by the other
        side or its kernel, or IO_TIMEOUT where the own kernel gave up repeating.
        """

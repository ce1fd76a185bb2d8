"""The seam between the network and the clock: what the network asks of an event queue, and back.

The network knows no queue and the queue knows no network; both know these two classes.
"""

from __future__ import annotations

from serfsim.native import i64, mypyc_attr


class Withdrawn:
    """An event taken back before it was due, as it was scheduled."""

    def __init__(self, at: float, kind: i64, a: i64, b: i64, payload: object | None) -> None:
        self.at = at
        self.kind: i64 = kind
        self.a: i64 = a
        self.b: i64 = b
        self.payload = payload


@mypyc_attr(allow_interpreted_subclasses=True)
class Scheduler:
    """Keeps events until they are due."""

    def schedule(self, at: float, target: i64, kind: i64, a: i64, b: i64, payload: object | None) -> None:
        """Have `Dispatcher.dispatch(target, kind, a, b, payload, at)` called at the time `at`.

        `at` is in seconds. Events of one time come in the order in which they were scheduled. What
        lies in the past is due at once; what lies at infinity never comes and costs nothing.
        """
        raise NotImplementedError

    def schedule_cancellable(self, at: float, target: i64, kind: i64, a: i64, b: i64) -> i64:
        """Schedule an event without a payload; return a handle for `cancel`, or 0 where there is none."""
        self.schedule(at, target, kind, a, b, None)
        return 0

    def cancel(self, handle: i64) -> None:
        """Have an event not dispatched, if it has not been yet. It counts as if it had been."""

    def withdraw(self, target: i64) -> list[Withdrawn]:
        """Take back all events of a target that are neither due yet nor cancelled, in their order.

        Their handles are void from now on.
        """
        raise NotImplementedError

    def dispatch_cancelled_too(self) -> None:
        """From now on dispatch cancelled events as well: their receiver has to see them."""


@mypyc_attr(allow_interpreted_subclasses=True)
class Dispatcher:
    """Takes the events that are due. Only the dispatcher knows what `kind`, `a` and `b` mean."""

    def dispatch(self, target: i64, kind: i64, a: i64, b: i64, payload: object | None, now: float) -> None:
        raise NotImplementedError

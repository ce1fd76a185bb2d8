"""The base class of all checkers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, ClassVar, Final

from serfsim.checks.online.observed import Observed
from serfsim.native import i64, mypyc_attr
from serfsim.protocol.memberlist.messages import Packet
from serfsim.protocol.serf.messages import GossipedItem

MOST_KEPT: Final = 100  # violations of one rule


@mypyc_attr(allow_interpreted_subclasses=True)
class Checker:
    """One rule. A subclass overrides the methods that it needs; the others cost nothing.

    `name` is the rule's name in reports and `rule` a sentence that states it. Each method is called before
    the member sees what it reports, and changes nothing in the run. `events`, `sends` and `handles` are the
    kinds of events and datagrams that `recorded`, `sent` and `handled` are called for; None for all.
    """

    name: ClassVar[str] = ""
    rule: ClassVar[str] = ""
    of_serf: ClassVar[bool] = True  # False for a rule that holds for members of any protocol
    events: ClassVar[Collection[int] | None] = None
    sends: ClassVar[Collection[int] | None] = None
    handles: ClassVar[Collection[int] | None] = None

    def __init__(self, run: Observed) -> None:
        self.run = run
        self.violations: list[Any] = []
        self.found = 0  # violations, including those beyond MOST_KEPT

    def report(
        self, member: i64, text: str, *, at: float | None = None, packet: str = "", known: str | None = None
    ) -> None:
        """Report a violation by a member, -1 for the network, `at` a time (now unless given)."""
        self.found += 1
        if len(self.violations) < MOST_KEPT:
            when = self.run.now if at is None else at
            who = self.run.name(member)
            self.violations.append(
                self.run.violation(self.name, who, when, packet, text, known, self.run.pool)
            )

    # Observations ----------------------------------------------------------------------------------

    def started(self, member: i64) -> None:
        """Observe that a process of the member has started."""

    def recorded(self, observer: i64, event: i64, subject: i64, detail: i64) -> None:
        """Observe an event that a machine reported (a number of `protocol.events`)."""

    def delivered(self, member: i64, kind: i64, item: GossipedItem) -> None:
        """Observe a user event or query at an application (`kind`: SENT ... of `serf.application`)."""

    def sent(self, now: float, at: float, source: i64, address: i64, packet: Packet) -> None:
        """Observe a datagram that leaves and arrives at `at`, on the engine's clock; below 0: never."""

    def came_from_outside(self, at: float, address: i64, target: i64, packet: Packet) -> None:
        """Observe a datagram to a host from a sender that is no member; as `sent`."""

    def overflowed(self, target: i64, packet: Packet) -> None:
        """Observe a datagram that arrived at a full socket buffer."""

    def handled(self, member: i64, packet: Packet, source: i64) -> None:
        """Observe a datagram from the address `source` that a process is about to handle."""

    def stream_ended(self, member: i64, token: i64, outcome: i64) -> None:
        """Observe the end of a stream that a process opened (`outcome`: of `protocol.runtime`)."""

    def sampled(self) -> None:
        """Read the state of the machines, at fixed times and at the end."""

    def finished(self, recording: Any) -> None:
        """Judge the whole run; its `Recording` has its events, deliveries and truth."""


def subscribers(checkers: Sequence[Checker], name: str) -> list[Checker]:
    """Return the checkers that override this observation."""
    base = getattr(Checker, name)
    return [checker for checker in checkers if getattr(type(checker), name) is not base]


def by_kind(checkers: Sequence[Checker], name: str, wanted: str, kinds: int) -> list[list[Checker]]:
    """Return `subscribers` for each kind; the attribute `wanted` of a checker lists those that it wants."""
    return [
        subscribers(
            [one for one in checkers if getattr(one, wanted) is None or kind in getattr(one, wanted)], name
        )
        for kind in range(kinds)
    ]

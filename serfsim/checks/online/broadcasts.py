"""Transmissions of broadcasts."""

from __future__ import annotations

import math
from typing import Any

from serfsim.checks.online.checker import Checker
from serfsim.checks.online.observed import Observed
from serfsim.checks.online.words import OVERFLOW, kind_words
from serfsim.native import i64
from serfsim.protocol import events
from serfsim.protocol.memberlist.broadcast import TransmitLimitedQueue
from serfsim.protocol.memberlist.core import Core
from serfsim.protocol.memberlist.ledger import COLUMN_MASK, USER_COLUMNS, Load, ledger_of
from serfsim.protocol.memberlist.messages import ALIVE, DEAD, SUSPECT, Message, Packet
from serfsim.protocol.memberlist.state import OWN_ADDRESS
from serfsim.protocol.rules import REPEATED
from serfsim.protocol.serf.messages import LEAVE, Intent

NUMBER_REUSED = "D1 queue id reuse, spec/memberlist.md section 8.5"
SECOND_LEAVES = "second leave intents passed on for ever before Serf 0.8.6 and 0.9.3, spec/serf.md section 4"
TOLD_AGAIN = "accusations told again by regossip_accusations, the fix of D2, spec/releases.md section 5"
VIEW = (ALIVE, SUSPECT, DEAD)


def limit_of(queue: TransmitLimitedQueue, members: int) -> int:
    """Return how often a queue may send a broadcast in a cluster of so many members."""
    if type(queue) is not TransmitLimitedQueue:
        return int(queue.retransmit_limit(members))  # a rule of the user's own
    return int(queue.retransmit_mult) * math.ceil(math.log10(members + 1))


class Transmissions:
    """Counts of what each process has sent of each broadcast, by its number in the ledger."""

    def __init__(self, run: Observed) -> None:
        self.run = run
        self.new: list[list[Load]] = [[] for _ in range(run.n)]  # sent since the last sample
        self.latest: list[tuple[float, list[int]]] = [(-1.0, [])] * run.n
        self.counts: list[dict[int, int]] = [{} for _ in range(run.n)]

    def forget(self, member: i64) -> None:
        """Begin to count for a new process."""
        self.new[member] = []
        self.counts[member] = {}

    def count(self, member: i64) -> list[int]:
        """Count what a process has sent since the last sample; return the numbers of those broadcasts."""
        now = float(self.run.queue.now)
        if self.latest[member][0] != now:
            self.latest[member] = now, self._count(member)
        return self.latest[member][1]

    def _count(self, member: i64) -> list[int]:
        new = self.new[member]
        if not new:
            return []
        self.new[member] = []
        counts, seen = self.counts[member], set[int]()
        for load in new:
            for number in load.numbers:
                counts[number] = counts.get(number, 0) + 1
                seen.add(number)
        return sorted(seen)

    def message(self, number: int) -> Message:
        return ledger_of(self.run.directory).message(number)

    def words(self, number: int) -> str:
        """Return a broadcast's kind and subject."""
        column, message = number & COLUMN_MASK, self.message(number)
        if column >= USER_COLUMNS:
            return f"user message {column - USER_COLUMNS}"
        about = self.run.name(int(message.node))
        return f"{kind_words(column)} {about} at incarnation {int(message.incarnation)}"


class TransmitLimits(Checker):
    """Count the transmissions of each broadcast against the limit of its queue."""

    name = "transmit_limits"
    rule = (
        "a process sends a broadcast at most retransmit_mult * ceil(log10(n + 1)) times, n being the names"
        " that it can know"
    )
    events = (events.FORGOTTEN, events.REAP)

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._sent: Transmissions = run.shared(Transmissions)
        self._forgot: set[int] = set()  # those who have forgotten a member may learn old news again

    def started(self, member: i64) -> None:
        self._sent.forget(member)

    def sent(self, now: float, at: float, source: i64, address: i64, packet: Packet) -> None:
        load = packet.load
        if load is not None:
            self._sent.new[source].append(load)

    def recorded(self, observer: i64, event: i64, subject: i64, detail: i64) -> None:
        self._forgot.add(observer)

    def sampled(self) -> None:
        names = len(self.run.directory.names)
        for member in range(self.run.n):
            numbers, core = self._sent.count(member), self.run.core(member)
            node = self.run.nodes[member]
            if not numbers or core is None or node is None or member in self._forgot:
                continue
            limits = limit_of(core.broadcasts, names), limit_of(node.queues.intents, names)
            counts = self._sent.counts[member]
            for number in numbers:
                limit = limits[0] if number & COLUMN_MASK in VIEW else limits[1]
                if counts[number] > limit:
                    self._exceeded(member, number, counts[number], limit)

    def _exceeded(self, member: i64, number: int, count: int, limit: int) -> None:
        core = self.run.core(member)
        if core is not None and core.members.has_records:
            return  # who comes back elsewhere at its old incarnation may die by the same news again
        text, known = (
            f"sent {count} times; the limit is {limit}",
            self._why(member, self._sent.message(number)),
        )
        self.report(member, text, packet=self._sent.words(number), known=known)

    def _why(self, member: i64, message: Message) -> str | None:
        """Return the known behaviour that makes a member repeat a message."""
        node = self.run.nodes[member]
        if message.kind == ALIVE and message.incarnation == 0:
            return OVERFLOW  # having wrapped, it says the same again and again
        if node is None:
            return None
        if message.kind in (SUSPECT, DEAD) and node.memberlist.core.config.regossip_accusations:
            return TOLD_AGAIN
        is_leave = isinstance(message, Intent) and message.user_kind == LEAVE
        return SECOND_LEAVES if is_leave and node.config.features.second_leaves == REPEATED else None


class BroadcastsKept(Checker):
    """Look for broadcasts about members that left a process's queue before they were sent often enough."""

    name = "broadcasts_kept"
    rule = (
        "a broadcast about a member leaves the queue once it has been sent as often as the limit says, or"
        " when newer news of the member replaces it"
    )
    events = (events.FORGOTTEN,)

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._sent: Transmissions = run.shared(Transmissions)
        self._own_lost = [False] * run.n
        # A transmission that the kernel refuses, or that a stalled process never sends, counts for the queue.
        self._refuses = any(fault.verb in ("no_route", "stall") for fault in run.scenario.faults)
        self._known = [1] * run.n  # members, to each process
        self._fewest: list[dict[int, int]] = [{} for _ in range(run.n)]  # as each broadcast was first sent
        # By subject, what the process sent about it between two samples, the last time that it did.
        self._latest: list[dict[int, list[int]]] = [{} for _ in range(run.n)]

    def started(self, member: i64) -> None:
        self._latest[member] = {}
        self._known[member] = 1
        self._fewest[member] = {}
        self._own_lost[member] = False

    def sampled(self) -> None:
        for member, node in self.run.running():
            core = node.memberlist.core
            known = int(core.members.count)
            fewest = min(self._known[member], known)
            self._known[member] = known
            latest: dict[int, list[int]] = {}
            for number in self._sent.count(member):
                if number & COLUMN_MASK in VIEW:
                    self._fewest[member].setdefault(number, fewest)
                    latest.setdefault(int(self._sent.message(number).node), []).append(number)
            self._latest[member].update(latest)
            self._look_for_lost(member, core)

    def recorded(self, observer: i64, event: i64, subject: i64, detail: i64) -> None:
        """Lower the limits once a member is forgotten: each transmission has that of the members known."""
        core = self.run.core(observer)
        if core is not None:
            known = int(core.members.count)
            self._known[observer] = min(self._known[observer], known)
            of_each = self._fewest[observer]
            of_each.update({number: min(most, known) for number, most in of_each.items()})

    def _look_for_lost(self, member: i64, core: Core) -> None:
        """Report a refutation or new tags of a process that its queue has lost.

        What it loses about others, others pass on; its first alive message goes out by push/pull too.
        """
        lost = core.broadcasts._lost
        own = OWN_ADDRESS in lost or (core.me in lost and core.incarnation > 1)
        if own and not self._own_lost[member]:
            self.report(
                member, "its queue lost its own news to a broadcast of the same number", known=NUMBER_REUSED
            )
        self._own_lost[member] = own

    def finished(self, recording: Any) -> None:
        # A transmission to the sender's own address comes to no network.
        if self._refuses or self.run.network.addresses is not None:
            return
        if len(self.run.directory.names) > self.run.n:
            return  # a member that a forged message made up changes the limit between two samples
        for member, node in self.run.running():
            core = node.memberlist.core
            if core.broadcasts.depth > 0 or core.leaving or node.memberlist.writer is not None:
                continue
            for number, *others in self._latest[member].values():
                fewest = min(self._fewest[member][number], int(core.members.count))
                count, limit = self._sent.counts[member][number], limit_of(core.broadcasts, fewest)
                if not others and count < limit:
                    self._left_early(member, number, count, limit, core)

    def _left_early(self, member: i64, number: int, count: int, limit: int, core: Core) -> None:
        message = self._sent.message(number)
        if core.members.key(message.node) >> 2 > message.incarnation:
            return  # newer news replaced it
        if message.node in core.broadcasts._lost or (
            message.node == core.me and OWN_ADDRESS in core.broadcasts._lost
        ):
            return  # to another of its number, which is reported if it matters
        text = f"left its queue after {count} transmissions of {limit}"
        self.report(member, text, packet=self._sent.words(number))

"""Transmissions of broadcasts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from serfsim.checks.checker import Checker, Observed
from serfsim.checks.words import OVERFLOW, kind_words
from serfsim.protocol import events
from serfsim.protocol.memberlist.broadcast import TransmitLimitedQueue
from serfsim.protocol.memberlist.ledger import COLUMN_MASK, USER_COLUMNS, ledger_of
from serfsim.protocol.memberlist.messages import ALIVE, DEAD, SUSPECT
from serfsim.protocol.memberlist.state import OWN_ADDRESS
from serfsim.protocol.rules import REPEATED
from serfsim.protocol.serf.messages import LEAVE, Intent

if TYPE_CHECKING:
    from serfsim.protocol.memberlist.core import Core
    from serfsim.protocol.memberlist.messages import Message, Packet
    from serfsim.results.scoring.recording import Recording

NUMBER_REUSED = "D1 queue id reuse, spec/memberlist.md section 8.5"
VIEW = (ALIVE, SUSPECT, DEAD)


def limit_of(queue: TransmitLimitedQueue, members: int) -> int:
    """Return how often a queue may send a broadcast in a cluster of so many members."""
    if type(queue) is not TransmitLimitedQueue:
        return int(queue.retransmit_limit(members))  # a rule of the user's own
    return int(queue.retransmit_mult) * math.ceil(math.log10(members + 1))


SECOND_LEAVES = "second leave intents passed on for ever before Serf 0.9.3, spec/versions.md"


class Transmissions:
    """Counts of what each process has sent of each broadcast, by its number in the ledger."""

    def __init__(self, run: Observed) -> None:
        self.run = run
        self.new: list[list[Any]] = [[] for _ in range(run.n)]  # numbers in each datagram
        self.latest: list[tuple[float, list[int]]] = [(-1.0, [])] * run.n
        self.counts: list[dict[int, int]] = [{} for _ in range(run.n)]

    def forget(self, member: int) -> None:
        """Begin to count for a new process."""
        self.new[member] = []
        self.counts[member] = {}

    def count(self, member: int) -> list[int]:
        """Count what a process has sent since the last sample; return the numbers of those broadcasts."""
        now = float(self.run.queue.now)
        if self.latest[member][0] != now:
            self.latest[member] = now, self._count(member)
        return self.latest[member][1]

    def _count(self, member: int) -> list[int]:
        new = self.new[member]
        if not new:
            return []
        self.new[member] = []
        numbers, times = np.unique(
            np.concatenate([np.frombuffer(one, dtype=np.int32) for one in new]), return_counts=True
        )
        counts = self.counts[member]
        for number, more in zip(numbers.tolist(), times.tolist(), strict=True):
            counts[number] = counts.get(number, 0) + more
        return list(numbers.tolist())

    def message(self, number: int) -> Message:
        return ledger_of(self.run.agents.directory).message(number)

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
        self._sent = run.shared(Transmissions)
        self._forgot: set[int] = set()  # those who have forgotten a member may learn old news again

    def started(self, member: int) -> None:
        self._sent.forget(member)

    def sent(self, now: float, at: float, source: int, address: int, packet: Packet) -> None:
        load = packet.load
        if load is not None:
            self._sent.new[source].append(load.numbers)

    def recorded(self, observer: int, event: int, subject: int, detail: int) -> None:
        self._forgot.add(observer)

    def sampled(self) -> None:
        names = len(self.run.agents.directory.names)
        for member in range(self.run.n):
            numbers, core = self._sent.count(member), self.run.core(member)
            if not numbers or core is None or member in self._forgot:
                continue
            node = self.run.agents.nodes[member]
            limits = limit_of(core.broadcasts, names), limit_of(node.queues.intents, names)
            counts = self._sent.counts[member]
            for number in numbers:
                limit = limits[0] if number & COLUMN_MASK in VIEW else limits[1]
                if counts[number] > limit:
                    self._exceeded(member, number, counts[number], limit)

    def _exceeded(self, member: int, number: int, count: int, limit: int) -> None:
        core = self.run.core(member)
        if core is not None and core.members.has_records:
            return  # who comes back elsewhere at its old incarnation may die by the same news again
        message = self._sent.message(number)
        # One that has wrapped to incarnation 0 says the same again and again.
        wrapped = message.kind == ALIVE and message.incarnation == 0
        self.report(
            member,
            f"sent {count} times; the limit is {limit}",
            packet=self._sent.words(number),
            known=OVERFLOW if wrapped else SECOND_LEAVES if self._repeats(member, message) else None,
        )

    def _repeats(self, member: int, message: Message) -> bool:
        """Return whether a release passes second leave intents on for ever."""
        node = self.run.agents.nodes[member]
        is_leave = isinstance(message, Intent) and message.user_kind == LEAVE
        return is_leave and node is not None and node.config.features.second_leaves == REPEATED


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
        self._sent = run.shared(Transmissions)
        self._own_lost = [False] * run.n
        # A transmission that the kernel refuses, or that a stalled process never sends, counts for the queue.
        self._refuses = any(fault.verb in ("no_route", "stall") for fault in run.scenario.faults)
        self._known = [1] * run.n  # members, to each process
        self._fewest: list[dict[int, int]] = [{} for _ in range(run.n)]  # as each broadcast was first sent
        # By subject, what the process sent about it between two samples, the last time that it did.
        self._latest: list[dict[int, list[int]]] = [{} for _ in range(run.n)]

    def started(self, member: int) -> None:
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
            self._latest[member] |= latest
            self._look_for_lost(member, core)

    def recorded(self, observer: int, event: int, subject: int, detail: int) -> None:
        """Lower the limits once a member is forgotten: each transmission has that of the members known."""
        core = self.run.core(observer)
        if core is not None:
            known = int(core.members.count)
            self._known[observer] = min(self._known[observer], known)
            of_each = self._fewest[observer]
            of_each.update({number: min(most, known) for number, most in of_each.items()})

    def _look_for_lost(self, member: int, core: Core) -> None:
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

    def finished(self, recording: Recording) -> None:
        # A transmission to the sender's own address comes to no network.
        if self._refuses or self.run.network.addresses is not None:
            return
        if len(self.run.agents.directory.names) > self.run.n:
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

    def _left_early(self, member: int, number: int, count: int, limit: int, core: Core) -> None:
        message = self._sent.message(number)
        if core.members.key(message.node) >> 2 > message.incarnation:
            return  # newer news replaced it
        if message.node in core.broadcasts._lost or (
            message.node == core.me and OWN_ADDRESS in core.broadcasts._lost
        ):
            return  # to another of its number, which is reported if it matters
        text = f"left its queue after {count} transmissions of {limit}"
        self.report(member, text, packet=self._sent.words(number))

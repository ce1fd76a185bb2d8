"""Serf's own view of members (spec serf.md sections 1, 3 and 4).

`TRANSITIONS` has what memberlist's news (a node joins or leaves) and intents newer than the status time do to
the status of another member.

A view is a byte a member. In the end all hold the same status time for a member, so it stands once, in
the directory, and a view keeps for itself only what differs. While it still is that of a converged start
(`base`), it takes no room of its own; in a large cluster, only its changes do.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, append, i64, mypyc_attr, u8, vec
from serfsim.protocol.converged import ConvergedStatuses, converged_statuses
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.large import NO_CHANGE, Changes
from serfsim.protocol.memberlist.seen import Seen
from serfsim.protocol.serf.messages import JOIN
from serfsim.protocol.transitions import Transition

STATUS_NONE: Final = 0
STATUS_ALIVE: Final = 1
STATUS_LEAVING: Final = 2
STATUS_LEFT: Final = 3
STATUS_FAILED: Final = 4

STATUS_MASK: Final = 7
SHARED: Final = 8

STATUS_NAMES: Final = ("none", "alive", "leaving", "left", "failed")

TRANSITIONS: Final[tuple[Transition, ...]] = (
    Transition("none", "node joins", "alive", "member-join"),
    Transition("none", "node joins, leave intent known", "leaving", "member-join"),
    Transition("none", "join intent", "none", "keep it for later; pass it on"),
    Transition("none", "leave intent", "none", "keep it for later; pass it on"),
    Transition("alive", "join intent", "alive", "take its time; pass it on"),
    Transition("alive", "leave intent", "leaving", "take its time; pass it on"),
    Transition("alive", "leave intent to prune", "leaving", "hold the worker"),
    Transition("alive", "node leaves", "failed", "member-failed"),
    Transition("leaving", "node joins", "alive", "member-join"),
    Transition("leaving", "join intent", "alive", "take its time; pass it on"),
    Transition("leaving", "node leaves", "left", "member-leave"),
    Transition("leaving", "end of the hold before a prune", "none", "member-reap; pass it on"),
    Transition("failed", "node joins", "alive", "member-join"),
    Transition("failed", "join intent", "failed", "take its time; pass it on"),
    Transition("failed", "leave intent", "left", "member-leave; pass it on"),
    Transition("failed", "leave intent to prune", "none", "member-leave; member-reap; pass it on"),
    Transition("failed", "reconnect_timeout", "none", "member-reap"),
    Transition("left", "node joins", "alive", "member-join"),
    Transition("left", "join intent", "left", "take its time; pass it on"),
    Transition("left", "leave intent to prune", "none", "member-reap; pass it on"),
    Transition("left", "tombstone_timeout", "none", "member-reap"),
)


@mypyc_attr(allow_interpreted_subclasses=True)
class SerfMembers:
    """`failed` and `left`: since when (the failed who were said to have left: since they failed).

    Both are in the order in which members came into them.
    """

    def __init__(self, directory: Directory, seen: Seen | None = None) -> None:
        self.directory = directory
        self.seen = Seen() if seen is None else seen  # of broadcasts; what is about the erased is news again
        # With SHARED where the status time is the directory's. Those of `base`, while it is set,
        # are only read; in a large cluster what differs from them is in `_changes`.
        self._statuses: vec[u8] = vec[u8]()
        self.base: ConvergedStatuses | None = None
        self._changes: Changes | None = None
        # `base` as long as its members and their times are still these; statuses may differ.
        self.told_base: ConvergedStatuses | None = None
        self._ltimes: dict[int, int] = {}  # of members whose status time is neither 0 nor that
        self.count: i64 = 0
        self.failed: dict[int, float] = {}
        self.left: dict[int, float] = {}
        self._moved: dict[int, int] = {}  # address, where it is not the directory's first

    def has_changes_alone(self) -> bool:
        """Return whether this view stores its differences from `base`, as in a large cluster."""
        return self._changes is not None

    def address(self, node: i64) -> i64:
        """Return a member's last address, which memberlist may have forgotten."""
        return self._moved.get(node, self.directory.first[node].address)

    def moved_to(self, node: i64) -> i64:
        """Return a member's last address where it is not the directory's first, else -1."""
        return self._moved.get(node, -1) if len(self._moved) > 0 else -1

    def note_address(self, record: NodeIdentity) -> None:
        if record.address != self.directory.first[record.node].address:
            self._moved[record.node] = record.address
        elif len(self._moved) > 0:
            self._moved.pop(record.node, None)

    def status(self, node: i64) -> i64:
        if node >= len(self._statuses):
            return STATUS_NONE
        return self._word(node) & STATUS_MASK

    def _word(self, node: i64) -> i64:
        """Return the status of a member that has a place, with the bit SHARED."""
        changes = self._changes
        if changes is not None:
            changed = changes.find(node)
            if changed != NO_CHANGE:
                return changed
        return i64(self._statuses[node])

    def status_ltime(self, node: i64) -> i64:
        """Return the Lamport time of the member's last status, 0 if unknown."""
        if node >= len(self._statuses):
            return 0
        if self._word(node) & SHARED != 0:
            return self.directory.status_ltimes[node]
        if len(self._ltimes) == 0:
            return 0
        return self._ltimes.get(node, 0)

    def _own_statuses(self) -> None:
        """Before `_statuses` are written to: make them this view's own."""
        if self.base is None:
            return
        self.base = None
        self.told_base = None
        self._statuses = self._statuses[:]
        changes = self._changes
        self._changes = None
        if changes is not None:
            for node in changes.nodes():
                self._statuses[node] = u8(changes.find(node))

    def _put(self, node: i64, word: i64) -> None:
        """Give a member with a place its status, and SHARED."""
        if self._changes is not None:
            self._changes.put(node, word)
            return
        self._own_statuses()
        self._statuses[node] = u8(word)

    def set(self, node: i64, status: i64, ltime: i64) -> None:
        if len(self._statuses) <= node:
            self._own_statuses()
            while len(self._statuses) <= node:
                self._statuses = append(self._statuses, 0)
        if self._word(node) & STATUS_MASK == STATUS_NONE:
            self.count += 1
            self.told_base = None
        elif self.told_base is not None and ltime != self.status_ltime(node):
            self.told_base = None
        shared = ltime != 0 and ltime == self.directory.shared_ltime(node, ltime)
        self._put(node, status | SHARED if shared else status)
        if ltime != 0 and not shared:
            self._ltimes[node] = ltime
        elif len(self._ltimes) > 0:
            self._ltimes.pop(node, None)

    def set_ltime(self, node: i64, ltime: i64) -> None:
        self.set(node, self.status(node), ltime)

    def erase(self, node: i64) -> None:
        self.seen.clear()
        if self.status(node) != STATUS_NONE:
            self.told_base = None
            self._put(node, 0)
            self._ltimes.pop(node, None)
            self.count -= 1
        self.failed.pop(node, None)
        self.left.pop(node, None)
        self._moved.pop(node, None)

    def fill(self, nodes: i64) -> None:
        """Know members 0 .. nodes - 1, all alive, each at the Lamport time at which it joined the others."""
        if self.count == 0 and nodes > 0:
            # The time 0 is no time that could be shared.
            self.base = converged_statuses(self.directory, nodes, STATUS_ALIVE, STATUS_ALIVE | SHARED)
            if self.base is not None:
                self._statuses = self.base.statuses
                self.told_base = self.base
                self._changes = Changes() if self.base.is_large else None
                self.count = nodes
                return
        node: i64 = 0
        while node < nodes:
            self.set(node, STATUS_ALIVE, node)
            node += 1

    def others_are_alive(self, me: i64) -> bool:
        """Return whether any other member has the status alive."""
        i: i64 = 0
        while i < len(self._statuses):
            if i != me and self.status(i) == STATUS_ALIVE:
                return True
            i += 1
        return False

    def choose_reconnect(self, rng: Random) -> i64:
        """One of the failed members, or -1: all nodes together are to try each about once an interval."""
        failed: i64 = len(self.failed)
        alive = self.count - failed - len(self.left)
        if alive == 0:
            alive = 1
        if failed == 0 or rng.random() > float(failed) / float(alive):
            return -1
        return list(self.failed)[rng.randrange(failed)]

    def known(self) -> vec[i64]:
        """Return the indices of all known members, ascending."""
        nodes: vec[i64] = vec[i64](capacity=self.count)
        i: i64 = 0
        n: i64 = len(self._statuses)
        while i < n:
            if self.status(i) != STATUS_NONE:
                nodes = append(nodes, i)
            i += 1
        return nodes


@mypyc_attr(allow_interpreted_subclasses=True)
class RecentIntents:
    """Intents about members not known yet: the newest a name, for a time (spec serf.md 4.1)."""

    def __init__(self) -> None:
        # They are about few of the members even in a mass join: their places below, by member.
        self._places = Changes()
        self._kinds: vec[u8] = vec[u8]()
        self._ltimes: vec[i64] = vec[i64]()
        self._seen_at: vec[float] = vec[float]()

    def buffer(self, node: i64, kind: i64, ltime: i64, now: float) -> bool:
        """Keep an intent; True if it was news."""
        place = self._places.find(node)
        if place == NO_CHANGE:
            self._places.put(node, len(self._kinds))
            self._kinds = append(self._kinds, u8(kind))
            self._ltimes = append(self._ltimes, ltime)
            self._seen_at = append(self._seen_at, now)
            return True
        if ltime <= self._ltimes[place]:
            return False
        self._kinds[place] = u8(kind)
        self._ltimes[place] = ltime
        self._seen_at[place] = now
        return True

    def find(self, node: i64, kind: i64) -> i64:
        """Return the Lamport time of the intent of `kind` buffered for `node`, or -1."""
        place = self._places.find(node)
        if place == NO_CHANGE or i64(self._kinds[place]) != kind:
            return -1
        return self._ltimes[place]

    def reap(self, now: float, timeout: float) -> bool:
        """Forget the old; False if there are none."""
        kinds, ltimes, seen_at = self._kinds, self._ltimes, self._seen_at
        before = self._places
        if not any(now - at > timeout for at in seen_at):
            return False
        self._places = Changes()
        self._kinds, self._ltimes, self._seen_at = vec[u8](), vec[i64](), vec[float]()
        for node in before.nodes():
            place = before.find(node)
            if now - seen_at[place] <= timeout:
                self.buffer(node, i64(kinds[place]), ltimes[place], seen_at[place])
        return True


RING: Final = 128


class IntentRing:
    """The last intents of one kind."""

    def __init__(self) -> None:
        self.ltimes: dict[int, int] = {}  # by member
        self.order: list[int] = []  # the members concerned, in the order of their slots
        self.next: i64 = 0

    def put(self, node: i64, ltime: i64) -> None:
        if len(self.order) < RING:
            self.order.append(node)
        else:
            del self.ltimes[self.order[self.next]]
            self.order[self.next] = node
        self.next = (self.next + 1) % RING
        self.ltimes[node] = ltime


@mypyc_attr(allow_interpreted_subclasses=True)
class IntentRings(RecentIntents):
    def __init__(self) -> None:
        super().__init__()
        self.joins = IntentRing()
        self.leaves = IntentRing()

    def _ring(self, kind: i64) -> IntentRing:
        return self.joins if kind == JOIN else self.leaves

    def buffer(self, node: i64, kind: i64, ltime: i64, now: float) -> bool:
        ring = self._ring(kind)
        if node in ring.ltimes:
            return False
        ring.put(node, ltime)
        return True

    def find(self, node: i64, kind: i64) -> i64:
        return self._ring(kind).ltimes.get(node, -1)

    def reap(self, now: float, timeout: float) -> bool:
        """Nothing expires."""
        return False

"""A node's view of all members (spec memberlist.md section 1), packed.

One number per member holds incarnation and state; the probe ring is a list of members in random order. Rare
data is in dictionaries: since when a member has not been alive, and a record that differs from the member's
first. A view costs about 12 bytes a member, and 4 while it equals that of a converged start (`base`). In a
large cluster that began converged, it is `base` and the changes since, and the ring a computed `order`.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, append, i32, i64, mypyc_attr, vec
from serfsim.protocol.converged import ConvergedView, converged_view
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.large import NO_CHANGE, Changes, KeyedOrder
from serfsim.protocol.memberlist.seen import Seen

STATE_ALIVE: Final = 0
STATE_SUSPECT: Final = 1
STATE_DEAD: Final = 2
STATE_LEFT: Final = 3
UNKNOWN: Final = -1

LONG_AGO: Final = -1e18
NEWCOMER: Final = STATE_DEAD  # the key of a member that its own message has not promoted yet

STATE_NAMES: Final = ("alive", "suspect", "dead", "left")


@mypyc_attr(allow_interpreted_subclasses=True)
class Members:
    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        # incarnation * 4 + state, or UNKNOWN. While `base` is set these are its keys, and only read: those
        # of a large cluster are in `changes` where they differ, so ask `key`.
        self.keys: vec[i64] = vec[i64]()
        self.base: ConvergedView | None = None
        self.changes: Changes | None = None
        self.order: KeyedOrder | None = None  # of the ring, where `ring` is empty
        self.has_records = False  # is any record among `records`?
        self.seen = Seen()  # of broadcasts, those that this node need not look at again
        self.ring: vec[i32] = vec[i32]()
        self.count: i64 = 0  # how much of `ring` is in use: all known, of any state
        self.alive: i64 = 0  # known and alive or suspect
        self.changed_at: dict[int, float] = {}  # when those that are dead or left became so
        # Where it is not the directory's first; of the forgotten too, whom Serf still knows.
        self.records: dict[int, NodeIdentity] = {}

    def key(self, node: i64) -> i64:
        """Return the packed incarnation and state of `node`, or UNKNOWN."""
        if node >= len(self.keys):
            return UNKNOWN
        changes = self.changes
        if changes is not None:
            changed = changes.find(node)
            if changed != NO_CHANGE:
                return changed
        return self.keys[node]

    def state(self, node: i64) -> i64:
        """Return the state of a known member."""
        return self.key(node) & 3

    def incarnation(self, node: i64) -> i64:
        """Return the incarnation of a known member."""
        return self.key(node) >> 2

    def at(self, place: i64) -> i64:
        """Return the member at a place of the ring, below `count`."""
        order = self.order
        return i64(self.ring[place]) if order is None else order.at(place)

    def dead_since(self, node: i64) -> float:
        """Return the time at which a dead or left member became so; a newcomer has always been dead."""
        return self.changed_at.get(node, LONG_AGO)

    def own_keys(self) -> None:
        """Before `keys` are written to: make keys and ring this view's own, whatever the cluster's size."""
        if self.base is None:
            return
        self.base = None
        self.keys = self.keys[:]
        changes, order = self.changes, self.order
        self.changes = None
        self.order = None
        if changes is not None:
            for changed in changes.nodes():
                self.keys[changed] = changes.find(changed)
        if order is not None:
            ring: vec[i32] = vec[i32]([0] * self.count)
            i: i64 = 0
            while i < self.count:
                ring[i] = i32(order.at(i))
                i += 1
            self.ring = ring

    def _put(self, node: i64, key: i64) -> None:
        if self.changes is not None:
            self.changes.put(node, key)
            return
        self.own_keys()
        self.keys[node] = key

    def record(self, node: i64) -> NodeIdentity:
        if self.has_records:
            own = self.records.get(node)
            if own is not None:
                return own
        return self.directory.first[node]

    def set_record(self, node: i64, record: NodeIdentity) -> None:
        if record is not self.directory.first[node]:
            self.records[node] = record
            self.has_records = True
            self.seen.clear()
        elif self.has_records and self.records.pop(node, None) is not None:
            self.has_records = len(self.records) > 0
            self.seen.clear()

    def insert(self, node: i64, record: NodeIdentity, rng: Random) -> None:
        """Insert a newcomer at a random place of the ring, dead at incarnation 0 until its alive message."""
        self.own_keys()
        while len(self.keys) <= node:
            self.keys = append(self.keys, UNKNOWN)
        self.keys[node] = NEWCOMER
        self.set_record(node, record)
        at: i64 = 0
        if self.count > 0:
            at = rng.randrange(self.count)
        if self.count < len(self.ring):
            self.ring[self.count] = i32(node)
        else:
            self.ring = append(self.ring, i32(node))
        self.count += 1
        self.ring[self.count - 1] = self.ring[at]
        self.ring[at] = i32(node)

    def set(self, node: i64, state: i64, incarnation: i64) -> None:
        """Give a known member a state and incarnation; the caller keeps `changed_at`."""
        before = self.key(node) & 3
        if before <= STATE_SUSPECT:
            self.alive -= 1
        if state <= STATE_SUSPECT:
            self.alive += 1
        self._put(node, incarnation * 4 + state)

    def others_are_up(self, me: i64) -> bool:
        """Return whether any other member is alive or suspect."""
        mine = self.key(me)
        up = self.alive
        if mine != UNKNOWN and mine & 3 <= STATE_SUSPECT:
            up -= 1
        return up > 0

    def purge(self, now: float, dead_time: float, left_too: bool = False) -> list[int]:
        """Forget members dead (or left) for more than `dead_time` seconds; the names forgotten."""
        forgotten: list[int] = []
        if len(self.changed_at) == 0 or not self._any_is_due(now, dead_time):
            return forgotten
        self.own_keys()
        kept: i64 = 0
        i: i64 = 0
        while i < self.count:
            node = i64(self.ring[i])
            state = self.keys[node] & 3
            is_gone = state == STATE_DEAD or (left_too and state == STATE_LEFT)
            if is_gone and now - self.dead_since(node) > dead_time:
                forgotten.append(node)
                self.keys[node] = UNKNOWN
                self.changed_at.pop(node, None)
            else:
                self.ring[kept] = i32(node)
                kept += 1
            i += 1
        self.count = kept
        if len(forgotten) > 0:
            self.seen.clear()
        return forgotten

    def _any_is_due(self, now: float, dead_time: float) -> bool:
        """Return whether any member has been dead or left for so long."""
        return any(now - since > dead_time for since in self.changed_at.values())

    def shuffle(self, rng: Random) -> None:
        """Fisher-Yates over the ring, or another order with a key."""
        if self.order is not None:
            self.order = KeyedOrder(self.count, rng)
            return
        ring = self.ring
        i: i64 = self.count - 1
        while i > 0:
            j: i64 = rng.randrange(i + 1)
            other = ring[j]
            ring[j] = ring[i]
            ring[i] = other
            i -= 1

    def fill(self, nodes: i64, incarnation: i64, rng: Random) -> None:
        """Know members 0 .. nodes - 1, all alive, in a random ring order: a converged start."""
        base = converged_view(self.directory, nodes, incarnation * 4 + STATE_ALIVE)
        self.base = base
        self.keys = base.keys
        self.count = nodes
        self.alive = nodes
        self.changed_at.clear()
        self.records.clear()
        self.has_records = False
        self.ring = vec[i32]()
        self.changes = None
        self.order = None
        if base.is_large:
            self.changes = Changes()
            self.order = KeyedOrder(nodes, rng)
            return
        ring: vec[i32] = vec[i32]([0] * nodes)
        i: i64 = 0
        while i < nodes:
            ring[i] = i32(i)
            i += 1
        self.ring = ring
        self.shuffle(rng)

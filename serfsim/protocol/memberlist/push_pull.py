"""Push/pull: two members exchange their whole views over TCP (spec memberlist.md sections 9 and 11).

Both send their views from before the exchange. Received entries are merged as if gossiped, with two
exceptions: a member that the other side holds dead is only suspected, and this node itself is the source of
every suspicion taken over.
"""

from __future__ import annotations

import math
from typing import Final

from serfsim.native import i32, i64, mypyc_attr, vec
from serfsim.protocol import events, log_lines
from serfsim.protocol.converged import ConvergedView
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.large import NO_CHANGE, Changes, KeyedOrder
from serfsim.protocol.memberlist.core import STREAM_SHAPES, Core
from serfsim.protocol.memberlist.delegate import UserState
from serfsim.protocol.memberlist.errors import REFUSED, REFUSED_DELEGATE, version_error
from serfsim.protocol.memberlist.members import (
    STATE_ALIVE,
    STATE_DEAD,
    STATE_LEFT,
    UNKNOWN,
    Members,
)
from serfsim.protocol.memberlist.messages import DEAD, PUSH_PULL, SUSPECT, StreamMessage, alive_message
from serfsim.protocol.memberlist.seal import STREAM_FRAME
from serfsim.protocol.memberlist.state import MembershipRules
from serfsim.protocol.wire.memberlist_fields import PUSH_PULL_FIELDS
from serfsim.protocol.wire.msgpack import integer_size, unsigned, unsigned_size
from serfsim.protocol.wire.sizes import TO_BE_MEASURED, coarse

SCALE_THRESHOLD = 32

# Of an encrypted stream: what the library reads at most, and from which length on it warns.
LARGEST_STATE: Final = 20 * 1024 * 1024
LARGE_STATE: Final = LARGEST_STATE * 6 // 10


def push_pull_scale(interval: float, n: i64) -> float:
    """Seconds between exchanges in a cluster of `n`: doubled above 32 members, tripled above 64 ..."""
    if n <= SCALE_THRESHOLD:
        return interval
    multiplier = math.ceil(math.log2(float(n)) - math.log2(float(SCALE_THRESHOLD))) + 1.0
    return multiplier * interval


class Join:
    """A join call at work: addresses are contacted one after the other."""

    def __init__(self, addresses: list[int], token: i64, named: i64) -> None:
        self.addresses = addresses
        self.token: i64 = token
        self.named: i64 = named  # whom to find there, where that was said
        self.errors: list[str] = []
        self.next: i64 = 0
        self.contacted: i64 = 0


@mypyc_attr(allow_interpreted_subclasses=True)
class PushPull(StreamMessage):
    """All entries of a view in ring order, and the delegate's state, as they are when it is made.

    A dialling node looks at its view only once it is connected: then `connected` takes it anew. One that
    was read from a stream has no view behind it (`core` is None); its reader fills it in.
    """

    def __init__(self, join: bool, core: Core | None) -> None:
        super().__init__(PUSH_PULL, 0)
        self.join = join
        self.core = core
        self.is_signed = False  # how lengths are written
        self.nodes: vec[i32] = vec[i32]()  # empty where `order` has them
        self.keys: vec[i64] = vec[i64]()  # of `nodes` in this order; empty where `base` has them
        # The view, where it still is that of a converged start, but for `changes` of a large cluster.
        self.base: ConvergedView | None = None
        self.changes: Changes | None = None
        self.order: KeyedOrder | None = None
        self.records: dict[int, NodeIdentity] | None = None
        self.user_state: UserState | None = None
        self.address: i64 = -1  # which was dialled (-1: an answer), and whom there: -1 for whoever that is
        self.named: i64 = -1
        self._look()

    def connected(self, now: float) -> None:
        core = self.core
        if core is None:
            return
        if self.named >= 0:
            core.notify(now, events.PUSH_PULL, self.named, 0)
        else:
            core.notify(now, events.PUSH_PULL, core.directory.at_address(self.address), self.address + 1)
        core.log(now, log_lines.PUSH_PULL, self.named, 0, 0, core.directory.endpoint(self.address))
        self._look()

    def _look(self) -> None:
        """Take over the view and the delegate's state as they are now."""
        core = self.core
        if core is None:
            return
        members = core.members
        n = members.count
        self.order = members.order
        self.nodes = members.ring[0:n] if self.order is None else vec[i32]()
        self.base = None if members.has_records else members.base
        base = self.base
        plain = self._take_keys(members) if base is None else base.entries_size + self._take_changes(members)
        self.records = members.records.copy() if members.has_records else None
        self.user_state = core.delegate.local_state(self.join)
        user_size: i64 = 0
        if self.user_state is not None:
            user_size = self.user_state.size
        self.is_signed = core.features.signed_integers
        plain += PUSH_PULL_FIELDS.size + integer_size(n, self.is_signed)
        plain += integer_size(user_size, self.is_signed) + user_size
        size = self._compressed(plain, core.directory) if core.config.enable_compression else plain
        core.put_on_stream(self, size, self.address >= 0)

    def _take_keys(self, members: Members) -> i64:
        """Copy what `members` knows of each of `nodes`; the bytes that the entries take."""
        size: i64 = 0
        n: i64 = members.count
        keys: vec[i64] = vec[i64]([0] * n)
        i: i64 = 0
        while i < n:
            node = self.node(i)
            keys[i] = members.key(node)
            size += members.record(node).entry_size + unsigned_size(keys[i] >> 2)
            i += 1
        self.keys = keys
        return size

    def _take_changes(self, members: Members) -> i64:
        """Copy what differs from `base`; by how many bytes the entries are longer for it."""
        self.changes = None
        changes = members.changes
        if changes is None or changes.count == 0:
            return 0
        self.changes = changes.copy()
        longer: i64 = 0
        for node in changes.nodes():
            longer += unsigned_size(changes.find(node) >> 2) - unsigned_size(members.keys[node] >> 2)
        return longer

    def count(self) -> i64:
        """Return the number of entries."""
        return len(self.nodes) if self.order is None else self.order.nodes

    def node(self, i: i64) -> i64:
        """Return the member of entry `i`."""
        order = self.order
        return i64(self.nodes[i]) if order is None else order.at(i)

    def key(self, i: i64) -> i64:
        """Incarnation and state, as `Members.key` has them, of the member of entry `i`."""
        base = self.base
        if base is None:
            return self.keys[i]
        return base.key if self.changes is None else self.key_of(self.node(i))

    def key_of(self, node: i64) -> i64:
        """Return the packed incarnation and state of a member of `base`."""
        assert self.base is not None
        changed = NO_CHANGE if self.changes is None else self.changes.find(node)
        return self.base.key if changed == NO_CHANGE else changed

    def _compressed(self, plain: i64, directory: Directory) -> i64:
        key = STREAM_SHAPES + (coarse(self.count()) << 8) + PUSH_PULL
        sizes = directory.sizes
        size = sizes.reckon(key, plain)
        return size if size != TO_BE_MEASURED else sizes.measure(key, self.encode(directory), False)

    def encode(self, directory: Directory) -> bytes:
        """Encode the stream before compression and encryption (spec wire.md section 3)."""
        state = b"" if self.user_state is None else self.user_state.encode(directory)
        n: i64 = self.count()
        parts = [PUSH_PULL_FIELDS.encode([self.join, n, len(state)], self.is_signed)]
        i: i64 = 0
        while i < n:
            written = directory.written_entry(self.record(self.node(i), directory))
            key = self.key(i)
            i += 1
            parts += [written.opening, unsigned(key >> 2), written.middle, unsigned(key & 3), written.end]
        parts.append(state)
        return b"".join(parts)

    def record(self, node: i64, directory: Directory) -> NodeIdentity:
        records = self.records
        if records is not None:
            own = records.get(node)
            if own is not None:
                return own
        return directory.first[node]


class VersionRange:
    """The versions that all members understand, as far as one side knows (section 11)."""

    def __init__(self) -> None:
        self.protocol_low: i64 = 0
        self.protocol_high: i64 = 255
        self.delegate_low: i64 = 0
        self.delegate_high: i64 = 255

    def narrow(self, record: NodeIdentity) -> None:
        if record.protocol_min > self.protocol_low:
            self.protocol_low = record.protocol_min
        if record.protocol_max < self.protocol_high:
            self.protocol_high = record.protocol_max
        if record.delegate_min > self.delegate_low:
            self.delegate_low = record.delegate_min
        if record.delegate_max < self.delegate_high:
            self.delegate_high = record.delegate_max

    def refusal(self, record: NodeIdentity) -> i64:
        """0 for a record that fits, else why not, as `PROTOCOL_REFUSED` tells it."""
        if not self.protocol_low <= record.protocol_current <= self.protocol_high:
            return REFUSED | record.protocol_current << 16 | self.protocol_low << 8 | self.protocol_high
        if not self.delegate_low <= record.delegate_current <= self.delegate_high:
            version = record.delegate_current << 16 | self.delegate_low << 8 | self.delegate_high
            return REFUSED | REFUSED_DELEGATE | version
        return 0


@mypyc_attr(allow_interpreted_subclasses=True)
class Merger:
    """Takes over what a push/pull brought."""

    def __init__(self, core: Core, states: MembershipRules) -> None:
        self.core = core
        self.states = states
        self.refusal: i64 = 0  # why the last push/pull was refused
        self.error = ""  # the same in words

    def merge(self, remote: PushPull, join: bool, now: float) -> bool:
        """Section 9.2's order; False if its length, the versions or the merge delegate refuse."""
        core = self.core
        self.error = ""
        is_sealed = remote.seal is not None or core.config.encryption_overhead > 0
        if is_sealed and not self._fits(remote.size - STREAM_FRAME, now):
            return False
        refused = self.verify_protocol(remote)
        if refused != UNKNOWN:
            self.error = version_error(
                self.refusal, core.directory.names[refused], core.features.lower_case_errors
            )
            core.notify(now, events.PROTOCOL_REFUSED, refused, self.refusal)
            return False
        if join:
            self.error = core.delegate.notify_merge(self._records(remote))
            if self.error != "":
                core.notify(now, events.MERGE_REFUSED, core.me, remote.count())
                return False
        self.merge_state(remote, now)
        if remote.user_state is not None:
            core.delegate.merge_remote_state(remote.user_state, join, now)
        return True

    def _fits(self, size: i64, now: float) -> bool:
        """Check the length of an encrypted state, which the library does before it decrypts it."""
        core = self.core
        if size > LARGEST_STATE:
            head = "remote" if core.features.lower_case_errors else "Remote"
            self.error = f"{head} node state is larger than limit ({size})"
            return False
        if size > LARGE_STATE and core.features.warns_of_large_states:
            core.log(now, log_lines.LARGE_STATE, -1, size, LARGEST_STATE)
        return True

    def merge_state(self, remote: PushPull, now: float) -> None:
        """Section 9.3, entry by entry in the order received."""
        members = self.core.members
        # An alive entry tells nothing new of a member known at that address and no older incarnation.
        plain = remote.records is None and not members.has_records
        if plain and remote.base is not None and remote.base is members.base:
            self._merge_changes(remote, now)
            return
        known: i64 = len(members.keys)
        i: i64 = 0
        n: i64 = remote.count()
        while i < n:
            node = remote.node(i)
            key = remote.key(i)
            i += 1
            is_news = key & 3 != STATE_ALIVE or node >= known or members.key(node) >> 2 < key >> 2
            if is_news or node == self.core.me or not (plain or self._same_record(remote, node)):
                self._merge_entry(remote, node, key, now)

    def _merge_changes(self, remote: PushPull, now: float) -> None:
        """Merge views that are both `base` and changes: only the other side's changes can be news."""
        changes, order = remote.changes, remote.order
        if changes is None or order is None:
            return
        members = self.core.members
        places: list[int] = []
        for changed in changes.nodes():
            mine, theirs = members.key(changed), remote.key_of(changed)
            if theirs & 3 == STATE_ALIVE:
                is_news = mine >> 2 < theirs >> 2 or changed == self.core.me
            else:
                is_news = mine & 3 < STATE_DEAD
            if is_news:
                places.append(order.place(changed))
        places.sort()
        for place in places:
            node = order.at(place)
            self._merge_entry(remote, node, remote.key_of(node), now)

    def _same_record(self, remote: PushPull, node: i64) -> bool:
        return remote.record(node, self.core.directory) is self.core.members.record(node)

    def _merge_entry(self, remote: PushPull, node: i64, key: i64, now: float) -> None:
        core = self.core
        state: i64 = key & 3
        if state == STATE_ALIVE:
            self.states.alive(
                alive_message(core.directory, remote.record(node, core.directory), key >> 2), now
            )
        elif core.members.key(node) == UNKNOWN:
            return
        elif state != STATE_LEFT:  # dead members are only suspected
            message = self.states.suspect_or_dead(SUSPECT, node, key >> 2, core.me)
            if self.states.suspect(message, now):
                core.notify(now, events.SUSPECT_HEARD, node, core.me)
        elif core.features.left_state:  # who does not know that state ignores the entry
            self.states.dead(self.states.suspect_or_dead(DEAD, node, key >> 2, node), now)

    def verify_protocol(self, remote: PushPull) -> i64:
        """Return the first entry whose versions do not fit all others, or UNKNOWN if all do."""
        core = self.core
        members = core.members
        if core.directory.uniform and remote.records is None and not members.has_records:
            return UNKNOWN
        common = VersionRange()
        i: i64 = 0
        n: i64 = remote.count()
        while i < n:
            record = remote.record(remote.node(i), core.directory)
            if remote.key(i) & 3 == STATE_ALIVE and record.has_versions:
                common.narrow(record)
            i += 1
        i = 0
        while i < members.count:
            node = members.at(i)
            if members.key(node) & 3 == STATE_ALIVE:
                common.narrow(members.record(node))
            i += 1
        i = 0
        while i < n:
            node = remote.node(i)
            self.refusal = common.refusal(remote.record(node, core.directory))
            if self.refusal != 0:
                return node
            i += 1
        i = 0
        while i < members.count:
            node = members.at(i)
            self.refusal = common.refusal(members.record(node))
            if self.refusal != 0:
                return node
            i += 1
        return UNKNOWN

    def _records(self, remote: PushPull) -> list[NodeIdentity]:
        records: list[NodeIdentity] = []
        i: i64 = 0
        while i < remote.count():
            records.append(remote.record(remote.node(i), self.core.directory))
            i += 1
        return records

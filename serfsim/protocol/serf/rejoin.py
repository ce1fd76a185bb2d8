"""Finding the others again after a restart, from a snapshot (spec serf.md section 14)."""

from __future__ import annotations

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events, log_lines
from serfsim.protocol.memberlist.node import Memberlist
from serfsim.protocol.serf.core import SerfCore
from serfsim.protocol.serf.random_order import shuffled
from serfsim.protocol.serf.snapshot import Snapshot, address_of


class PreviousNode:
    """A member of a snapshot: its number, -1 for an unknown name, and where it was."""

    def __init__(self, node: i64, address: i64, text: str) -> None:
        self.node: i64 = node
        self.address: i64 = address
        self.text = text


@mypyc_attr(allow_interpreted_subclasses=True)
class Rejoin:
    """Tries the members of a snapshot one after the other, in random order, until one answers.

    Only state is exchanged: no join intent is broadcast. `token` is what memberlist reports back.
    """

    def __init__(self, core: SerfCore, memberlist: Memberlist, token: i64) -> None:
        self.core = core
        self.memberlist = memberlist
        self.token: i64 = token
        self._left: list[PreviousNode] = []  # still to be tried
        self._is_wanted = False

    def recall(self, snapshot: Snapshot) -> None:
        """Note who was alive when the snapshot ended, before this process adds to it."""
        core = self.core
        names = shuffled(snapshot.previous(), core.rng)
        self._is_wanted = len(names) > 0
        for name in names:
            address = address_of(snapshot.alive[name])
            if name != core.name() and address >= 0:
                self._left.append(
                    PreviousNode(core.directory.find(name), address, f"{name}: {snapshot.alive[name]}")
                )

    def begin(self, now: float) -> None:
        """Try them; with an empty snapshot there is nothing to try, and nothing that could fail."""
        if self._is_wanted:
            self._next(now)

    def is_under_way(self) -> bool:
        return len(self._left) > 0

    def _next(self, now: float) -> None:
        if len(self._left) == 0:
            self.core.runtime.notify(now, events.REJOIN_FAILED, self.core.me, 0)
            return
        previous = self._left[0]
        self.core.log(now, log_lines.REJOINING, previous.node, 0, 0, previous.text)
        self.memberlist.join([previous.address], self.token, now, previous.node)

    def ended(self, contacted: i64, now: float) -> None:
        """One of them answered, or not."""
        if contacted > 0:
            previous = self._left[0]
            self.core.log(now, log_lines.REJOINED, previous.node, 0, 0, previous.text)
            self._left = []
        else:
            self._left.pop(0)
            self._next(now)

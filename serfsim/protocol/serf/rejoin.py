"""Finding the others again after a restart, from a snapshot (spec serf.md section 14)."""

from __future__ import annotations

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events
from serfsim.protocol.memberlist.node import Memberlist
from serfsim.protocol.serf.core import SerfCore
from serfsim.protocol.serf.random_order import shuffled
from serfsim.protocol.serf.snapshot import Snapshot, address_of


@mypyc_attr(allow_interpreted_subclasses=True)
class Rejoin:
    """Tries the members of a snapshot one after the other, in random order, until one answers.

    Only state is exchanged: no join intent is broadcast. `token` is what memberlist reports back.
    """

    def __init__(self, core: SerfCore, memberlist: Memberlist, token: i64) -> None:
        self.core = core
        self.memberlist = memberlist
        self.token: i64 = token
        self._left: list[str] = []  # names still to be tried
        self._addresses: dict[str, int] = {}
        self._is_wanted = False

    def recall(self, snapshot: Snapshot) -> None:
        """Note who was alive when the snapshot ended, before this process adds to it."""
        core = self.core
        names = shuffled(snapshot.previous(), core.rng)
        self._is_wanted = len(names) > 0
        for name in names:
            address = address_of(snapshot.alive[name])
            if name != core.name() and address >= 0:
                self._left.append(name)
                self._addresses[name] = address

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
        name = self._left[0]
        self.memberlist.join([self._addresses[name]], self.token, now, self.core.directory.find(name))

    def ended(self, contacted: i64, now: float) -> None:
        """One of them answered, or not."""
        if contacted > 0:
            self._left = []
        else:
            self._left.pop(0)
            self._next(now)

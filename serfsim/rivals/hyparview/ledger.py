"""The membership above overlay and tree: who is up, down or gone, with incarnations as in SWIM.

Neither paper has one, since partial views are their point. Here a member that loses a neighbour's link
broadcasts that it is down, a newcomer's first neighbour that it is up, and a leaving member that it is gone;
who hears itself called down takes a higher incarnation and broadcasts that. A broadcast that was missed, and
members whose neighbours all died at once, are found by exchanges: now and then each member opens a link to
another at random, dead or alive, and they compare checksums, then views, where these differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.native import i64
from serfsim.protocol import events
from serfsim.protocol.runtime import DIAL_REFUSED
from serfsim.rivals.choice import sample
from serfsim.rivals.hyparview.messages import Digest, Snapshot, Update
from serfsim.rivals.rival import ALIVE, FAILED, LEFT, UNKNOWN

if TYPE_CHECKING:
    from serfsim.rivals.hyparview.member import HyparviewMember

LOW_BITS: Final = 0x3FFFFFFF  # of a product of two, which then needs 60 bits


class Ledger:
    """The incarnations of a view, whose states are `member.status`, and its exchanges with others."""

    def __init__(self, member: HyparviewMember) -> None:
        self.member = member
        self.me = member.me
        self.dial_timeout = member.settings["dial_timeout"]
        self.redials: i64 = i64(member.settings["redials"])
        self.incarnation: i64 = 0
        self.incarnations: dict[int, int] = {}
        self.is_newcomer = False
        self.calls: dict[int, int] = {}  # whom a link of an exchange is to
        self.tries: dict[int, int] = {}  # dials in a row that members did not answer

    def begin(self) -> None:
        for member in self.member.status:
            self.incarnations[member] = 0

    # Updates -------------------------------------------------------------------------------------

    def learn(self, update: Update, now: float) -> bool:
        """Apply an update where it overrides what is known; return True if it did."""
        member, state, incarnation = update.member, update.state, update.incarnation
        if member == self.me:
            self._refute(state, incarnation, now)
            return False
        known = self.member.status.get(member, UNKNOWN)
        before = self.incarnations.get(member, -1)
        if state == ALIVE:
            if incarnation <= before:
                return False
            self.incarnations[member] = incarnation
            self.member.up(member, now)
            return True
        if known in (UNKNOWN, LEFT, state) or incarnation < before:
            return False
        self.incarnations[member] = incarnation
        if state == LEFT:
            self.member.gone(member, now)
        else:
            self.member.down(member, now)
        self.member.overlay.forget(member)
        return True

    def _refute(self, state: i64, incarnation: i64, now: float) -> None:
        if state == ALIVE or incarnation < self.incarnation or self.member.has_left():
            return
        self.incarnation = incarnation + 1
        self.member.runtime.notify(now, events.REFUTE_SUSPECT, self.me, self.incarnation)
        self.member.tree.broadcast(Update(self.me, ALIVE, self.incarnation), now)

    def tell(self, member: i64, state: i64, now: float) -> None:
        """Believe that a member is in another state, and broadcast it."""
        update = Update(member, state, self.incarnations.get(member, 0))
        if self.learn(update, now):
            self.member.tree.broadcast(update, now)

    def say_goodbye(self, now: float) -> None:
        self.member.tree.broadcast(Update(self.me, LEFT, self.incarnation), now)

    # Exchanges -----------------------------------------------------------------------------------

    def checksum(self) -> i64:
        """Return a sum over all members that are alive and their incarnations, in any order."""
        total: i64 = _mixed(self.me, self.incarnation)
        for member, state in self.member.status.items():
            if state == ALIVE:
                total = (total + _mixed(member, self.incarnations[member])) & LOW_BITS
        return total

    def snapshot(self, wants_answer: bool) -> Snapshot:
        """Return all that this member knows, itself included."""
        updates = [
            Update(member, state, self.incarnations[member]) for member, state in self.member.status.items()
        ]
        updates.append(Update(self.me, ALIVE, self.incarnation))
        return Snapshot(self.me, updates, wants_answer)

    def exchange(self, now: float) -> None:
        """Compare views with a member at random, dead or alive."""
        members = [member for member, state in self.member.status.items() if state != LEFT]
        for member in sample(members, 1, self.member.rng):
            self.call(member, now)

    def call(self, member: i64, now: float) -> None:
        """Open a link to a member to compare views."""
        if member in self.calls.values():
            return
        link = self.member.dial(member, self.dial_timeout, now)
        self.calls[link] = member
        self.greet(link, now)

    def _accuse(self, update: Update, now: float) -> None:
        """Tell the member that is called what others say of it."""
        for link, member in self.calls.items():
            if member == update.member:
                self.member.write(link, Snapshot(self.me, [update], False), now)

    def greet(self, link: i64, now: float) -> None:
        self.member.write(link, Digest(self.me, self.checksum()), now)

    def on_digest(self, message: Digest, link: i64, now: float) -> None:
        if message.checksum == self.checksum():
            self.member.write(link, Snapshot(self.me, [], False), now)
        else:
            self.member.write(link, self.snapshot(True), now)

    def on_snapshot(self, message: Snapshot, link: i64, now: float) -> None:
        """Merge another's view, and answer with this one where it is wanted."""
        if message.wants_answer:
            self.member.write(link, self.snapshot(False), now)
        if link in self.calls:
            self.tries.pop(self.calls.pop(link), 0)
            self.member.hang_up(link, now)
        was_newcomer = self.is_newcomer
        if message.updates:
            self.is_newcomer = False
        for update in message.updates:
            self._merge(update, was_newcomer, now)

    def _merge(self, update: Update, is_newcomer: bool, now: float) -> None:
        """Apply an update of a snapshot, and tell others of it, unless this member is the one that is new.

        That a member is down at the incarnation of which it is alive here may be the end of a partition:
        it is asked, and so gets the chance to refute it.
        """
        member, incarnation = update.member, update.incarnation
        if (
            update.state == FAILED
            and self.member.is_alive(member)
            and incarnation == self.incarnations[member]
        ):
            self.call(member, now)
            self._accuse(update, now)
        elif self.learn(update, now) and not is_newcomer:
            self.member.tree.broadcast(update, now)

    def on_closed(self, link: i64, outcome: i64, now: float) -> bool:
        """Handle the end of a link that this side did not close; return True if it was an exchange's."""
        if link not in self.calls:
            return False
        member = self.calls.pop(link)
        tried = self.tries.pop(member, 0)
        if not self.member.is_alive(member):
            return True
        if outcome == DIAL_REFUSED or tried >= self.redials:
            self.tell(member, FAILED, now)
        else:
            self.tries[member] = tried + 1
            self.call(member, now)
        return True


def _mixed(member: i64, incarnation: i64) -> i64:
    mixed: i64 = (member * 2654435 + incarnation * 40503 + 12345) & LOW_BITS
    return ((mixed * mixed) ^ (mixed >> 7)) & LOW_BITS

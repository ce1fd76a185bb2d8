"""Plumtree: a broadcast tree inside the overlay, and announcements on its other links that repair it.

Leitao, Pereira and Rodrigues, Epidemic broadcast trees, SRDS 2007. Messages of the tree are updates of the
membership (`ledger`). Where the paper leaves a policy open: announcements to a neighbour are gathered for
`announce_after`, and messages forgotten after `kept_for`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.native import i64
from serfsim.rivals.hyparview.messages import NO_MESSAGE, Gossip, Graft, IHave, Prune, Update

if TYPE_CHECKING:
    from serfsim.rivals.hyparview.member import HyparviewMember

GRAFT_TIMER: Final = 3  # a: the identity of a missing message
ANNOUNCE_TIMER: Final = 4


class Received:
    """A message that has been delivered, after how many hops, and when."""

    def __init__(self, update: Update, hops: i64, at: float) -> None:
        self.update = update
        self.hops = hops
        self.at = at


class Tree:
    """One member's part of the tree: its neighbours are eager, on the tree, or lazy.

    Counts for the paper's figures: `payloads` received, `duplicates` among them, `controls` received, and
    `last_hop`, the most hops that a delivered message had made.
    """

    def __init__(self, member: HyparviewMember) -> None:
        self.member = member
        self.me = member.me
        settings = member.settings
        self.graft_timeout = settings["graft_timeout"]
        self.graft_again = settings["graft_again"]
        self.announce_after = settings["announce_after"]
        self.threshold: i64 = i64(settings["optimisation"])
        self.kept_for = settings["kept_for"]
        self.is_flood = settings["tree"] == 0.0
        self.eager: list[int] = []
        self.lazy: list[int] = []
        self.received: dict[int, Received] = {}
        self.missing: dict[int, list[tuple[int, int]]] = {}  # announced: (neighbour, hops) in their order
        self.announcements: dict[int, list[tuple[int, int]]] = {}  # to send, by neighbour
        self.is_announcing = False
        self.payloads: i64 = 0
        self.duplicates: i64 = 0
        self.controls: i64 = 0
        self.last_hop: i64 = 0

    # Neighbours ----------------------------------------------------------------------------------

    def neighbor_up(self, peer: i64) -> None:
        self._make_eager(peer)

    def neighbor_down(self, peer: i64) -> None:
        _remove(self.eager, peer)
        _remove(self.lazy, peer)
        self.announcements.pop(peer, None)
        for identity, announced in list(self.missing.items()):
            self.missing[identity] = [entry for entry in announced if entry[0] != peer]

    def _make_eager(self, peer: i64) -> None:
        _remove(self.lazy, peer)
        if peer not in self.eager:
            self.eager.append(peer)

    def _make_lazy(self, peer: i64) -> None:
        if peer in self.eager:
            self.eager.remove(peer)
            self.lazy.append(peer)

    # Messages ------------------------------------------------------------------------------------

    def broadcast(self, update: Update, now: float) -> None:
        """Send an update to everybody, unless the same has been on its way already."""
        if update.identity() not in self.received:
            self._keep_and_push(update, 0, self.me, now)

    def on_gossip(self, message: Gossip, peer: i64, now: float) -> None:
        self.payloads += 1
        identity = message.update.identity()
        if identity in self.received:
            self.duplicates += 1
            if not self.is_flood:
                self._make_lazy(peer)
                self.member.write_to(peer, Prune(self.me), now)
            return
        announced = self.missing.pop(identity, [])
        hops: i64 = message.hops + 1
        self.last_hop = max(self.last_hop, hops)
        self._keep_and_push(message.update, hops, peer, now)
        self._make_eager(peer)
        self._optimise(announced, hops, peer, now)
        self.member.deliver(message.update, now)

    def on_ihave(self, message: IHave, peer: i64, now: float) -> None:
        self.controls += 1
        for identity, hops in message.messages:
            if identity in self.received:
                continue
            if identity not in self.missing:
                self.missing[identity] = []
                self.member.call_after(self.graft_timeout, GRAFT_TIMER, identity, 0, now)
            self.missing[identity].append((peer, hops))

    def on_graft(self, message: Graft, peer: i64, now: float) -> None:
        self.controls += 1
        self._make_eager(peer)
        found = self.received.get(message.identity)
        if found is not None:
            self.member.write_to(peer, Gossip(self.me, found.update, found.hops), now)

    def on_prune(self, peer: i64) -> None:
        self.controls += 1
        self._make_lazy(peer)

    # Timers --------------------------------------------------------------------------------------

    def ask_for(self, identity: i64, now: float) -> None:
        """Graft the first neighbour that announced a message which has not come."""
        announced = self.missing.get(identity)
        if announced is None:
            return
        if not announced:
            del self.missing[identity]
            return
        peer: i64 = announced.pop(0)[0]
        self._make_eager(peer)
        self.member.write_to(peer, Graft(self.me, identity), now)
        self.member.call_after(self.graft_again, GRAFT_TIMER, identity, 0, now)

    def announce(self, now: float) -> None:
        """Send the announcements that have been gathered."""
        self.is_announcing = False
        for peer, messages in self.announcements.items():
            self.member.write_to(peer, IHave(self.me, messages), now)
        self.announcements = {}

    def forget_old(self, now: float) -> None:
        """Forget messages that have been kept long enough; the oldest are first."""
        while self.received:
            identity = next(iter(self.received))
            if now - self.received[identity].at < self.kept_for:
                return
            del self.received[identity]

    # The tree ------------------------------------------------------------------------------------

    def _keep_and_push(self, update: Update, hops: i64, but: i64, now: float) -> None:
        """Keep a message, push it to the eager neighbours, and have it announced to the lazy ones."""
        identity = update.identity()
        self.received[identity] = Received(update, hops, now)
        for peer in self.eager:
            if peer != but:
                self.member.write_to(peer, Gossip(self.me, update, hops), now)
        for peer in self.lazy:
            if peer != but:
                self.announcements.setdefault(peer, []).append((identity, hops))
        if self.announcements and not self.is_announcing:
            self.is_announcing = True
            self.member.call_after(self.announce_after, ANNOUNCE_TIMER, 0, 0, now)

    def _optimise(self, announced: list[tuple[int, int]], hops: i64, peer: i64, now: float) -> None:
        """Take a lazy neighbour in the place of an eager one if its way is shorter by the threshold."""
        for other, theirs in announced:
            if other != peer and hops - (theirs + 1) >= self.threshold:
                self._make_eager(other)
                self._make_lazy(peer)
                self.member.write_to(other, Graft(self.me, NO_MESSAGE), now)
                self.member.write_to(peer, Prune(self.me), now)
                return


def _remove(peers: list[int], peer: i64) -> None:
    if peer in peers:
        peers.remove(peer)

"""A member: HyParView's overlay, Plumtree's tree on it, and the membership above both."""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, i64
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.messages import UserMessage
from serfsim.protocol.runtime import Runtime
from serfsim.protocol.serf.intents import STAYING
from serfsim.rivals.choice import sample
from serfsim.rivals.hyparview.ledger import Ledger
from serfsim.rivals.hyparview.messages import (
    ACCEPTED,
    DISCONNECT,
    FORWARD_JOIN,
    JOIN,
    NEIGHBOR_HIGH,
    NEIGHBOR_LOW,
    REJECTED,
    Digest,
    Gossip,
    Graft,
    IHave,
    Prune,
    Shuffle,
    Snapshot,
    Update,
    Word,
)
from serfsim.rivals.hyparview.overlay import Overlay
from serfsim.rivals.hyparview.tree import ANNOUNCE_TIMER, GRAFT_TIMER, Tree
from serfsim.rivals.rival import ALIVE, FAILED, LEFT, UNKNOWN, Rival

TICK: Final = 1
SHUFFLE_TIMER: Final = 2  # GRAFT_TIMER and ANNOUNCE_TIMER are the tree's
EXCHANGE_TIMER: Final = 5
JOIN_AGAIN: Final = 6
JOIN_AGAIN_AFTER: Final = 1.0


class HyparviewMember(Rival):
    """Everything goes by links; a member that knows all others to begin with has some of them in reserve."""

    def __init__(
        self, me: i64, directory: Directory, runtime: Runtime, rng: Random, settings: dict[str, float]
    ) -> None:
        super().__init__(me, directory, runtime, rng, settings)
        self.keepalive = settings["keepalive"]
        self.shuffle_interval = settings["shuffle"]
        self.exchange_interval = settings["exchange"]
        self.overlay = Overlay(self)
        self.tree = Tree(self)
        self.ledger = Ledger(self)
        self.joining: dict[int, int] = {}  # addresses to join, by link

    # Calls of the runtime ------------------------------------------------------------------------

    def begin(self, now: float) -> None:
        self.ledger.begin()
        for member in sample(list(self.status), self.overlay.passive_size, self.rng):
            self.overlay.add_passive(member, [])
        self.call_after(self.keepalive * self.rng.random(), TICK, 0, 0, now)
        self.call_after(self.shuffle_interval * self.rng.random(), SHUFFLE_TIMER, 0, 0, now)
        if self.exchange_interval > 0.0:
            self.call_after(self.exchange_interval * self.rng.random(), EXCHANGE_TIMER, 0, 0, now)

    def ask_to_join(self, address: i64, now: float) -> None:
        self.ledger.is_newcomer = not self.status
        self.joining[self.overlay.join(address, now)] = address

    def say_goodbye(self, now: float) -> None:
        self.ledger.say_goodbye(now)
        for link in self.overlay.active.values():
            self.write(link, Word(self.me, DISCONNECT), now)

    def has_left(self) -> bool:
        return self.leave_phase != STAYING

    def on_timer(self, timer: i64, a: i64, b: i64, now: float) -> None:
        if self.has_left():
            return
        if timer == GRAFT_TIMER:
            self.tree.ask_for(a, now)
        elif timer == ANNOUNCE_TIMER:
            self.tree.announce(now)
        elif timer == TICK:
            self.overlay.watch(now)
            self.overlay.fill(now)
            self.tree.forget_old(now)
            self.call_after(self.keepalive, TICK, 0, 0, now)
        elif timer == SHUFFLE_TIMER:
            self.overlay.shuffle(now)
            self.call_after(self.shuffle_interval, SHUFFLE_TIMER, 0, 0, now)
        elif timer == EXCHANGE_TIMER:
            self.ledger.exchange(now)
            self.call_after(self.exchange_interval, EXCHANGE_TIMER, 0, 0, now)
        elif timer == JOIN_AGAIN and not self.overlay.active:
            self.ask_to_join(a, now)

    def on_link_opened(self, link: i64, now: float) -> None:
        self.overlay.on_opened(link, now)

    def on_link_closed(self, link: i64, outcome: i64, now: float) -> None:
        if self.has_left():
            return
        address = self.joining.pop(link, -1)
        if address >= 0:
            self.call_after(JOIN_AGAIN_AFTER, JOIN_AGAIN, address, 0, now)
        if not self.overlay.on_closed(link, now):
            self.ledger.on_closed(link, outcome, now)

    def on_link_message(self, link: i64, message: UserMessage, now: float) -> None:
        if self.has_left():
            return
        sender = message.node
        if link in self.overlay.heard:
            self.overlay.heard[link] = now
        if isinstance(message, Word):
            self._on_word(message, sender, link, now)
        elif isinstance(message, Digest):
            self.ledger.on_digest(message, link, now)
        elif isinstance(message, Snapshot):
            self.ledger.on_snapshot(message, link, now)
        elif isinstance(message, Shuffle):
            self.overlay.on_shuffle(message, sender, now)
        elif self.overlay.active.get(sender) == link:
            self._on_tree(message, sender, now)

    def _on_word(self, message: Word, sender: i64, link: i64, now: float) -> None:
        word = message.word
        if word == JOIN:
            self.overlay.on_join(sender, link, now)
        elif word == FORWARD_JOIN:
            self.overlay.on_forward_join(message, sender, now)
        elif word in (NEIGHBOR_LOW, NEIGHBOR_HIGH):
            self.overlay.on_neighbor(sender, link, word, now)
        elif word in (ACCEPTED, REJECTED):
            self.joining.pop(link, -1)
            self.overlay.on_answer(sender, link, word, now)
        elif word == DISCONNECT:
            self.overlay.on_disconnect(sender, link, now)

    def _on_tree(self, message: UserMessage, sender: i64, now: float) -> None:
        if isinstance(message, Gossip):
            self.tree.on_gossip(message, sender, now)
        elif isinstance(message, IHave):
            self.tree.on_ihave(message, sender, now)
        elif isinstance(message, Graft):
            self.tree.on_graft(message, sender, now)
        elif isinstance(message, Prune):
            self.tree.on_prune(sender)

    # Calls of the overlay, the tree and the ledger -----------------------------------------------

    def write_to(self, peer: i64, message: UserMessage, now: float) -> None:
        """Write a message to a neighbour."""
        link = self.overlay.active.get(peer)
        if link is not None:
            self.write(link, message, now)

    def greet(self, link: i64, now: float) -> None:
        """Compare views with a new neighbour."""
        self.ledger.greet(link, now)

    def neighbor_up(self, peer: i64, now: float) -> None:
        self.tree.neighbor_up(peer)

    def neighbor_down(self, peer: i64, now: float) -> None:
        self.tree.neighbor_down(peer)

    def neighbor_failed(self, peer: i64, now: float) -> None:
        """Tell everybody that a neighbour is down."""
        if self.status.get(peer, UNKNOWN) == ALIVE:
            self.ledger.tell(peer, FAILED, now)

    def deliver(self, update: Update, now: float) -> None:
        """Take what the tree brings."""
        self.ledger.learn(update, now)

    def may_know(self, peer: i64) -> bool:
        """Return whether a member may be kept in reserve: nobody said that it is down or gone."""
        return self.status.get(peer, UNKNOWN) not in (FAILED, LEFT)

"""HyParView: a small active view of TCP links, and a passive view of members to replace them by.

Leitao, Pereira and Rodrigues, HyParView, DSN 2007. TCP is the detector: a link that is reset or closed
without a word, or silent for `timeout`, has lost its neighbour. Links carry keep-alive messages, so
that silence means something, as with the idle timeout of iroh's QUIC; the paper leaves that to TCP. Open in
the paper, and here as in iroh: the walk of a shuffle is as long as that of a join, and every free place has
a request out at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.native import i64
from serfsim.rivals.choice import sample
from serfsim.rivals.hyparview.messages import (
    ACCEPTED,
    DISCONNECT,
    FORWARD_JOIN,
    JOIN,
    KEEPALIVE,
    NEIGHBOR_HIGH,
    NEIGHBOR_LOW,
    REJECTED,
    Shuffle,
    Word,
)

if TYPE_CHECKING:
    from serfsim.rivals.hyparview.member import HyparviewMember

ANSWER: Final = -1  # the hops of a shuffle's answer
NOBODY: Final = -1  # whom a joining member asks, of whom it knows an address alone


class Overlay:
    """One member's views. `active` has the link of each neighbour, `passive` members in random places."""

    def __init__(self, member: HyparviewMember) -> None:
        self.member = member
        self.me = member.me
        self.rng = member.rng
        settings = member.settings
        self.active_size: i64 = i64(settings["active"])
        self.passive_size: i64 = i64(settings["passive"])
        self.active_walk: i64 = i64(settings["active_walk"])
        self.passive_walk: i64 = i64(settings["passive_walk"])
        self.shuffle_active: i64 = i64(settings["shuffle_active"])
        self.shuffle_passive: i64 = i64(settings["shuffle_passive"])
        self.dial_timeout = settings["dial_timeout"]
        self.timeout = settings["timeout"]
        self.active: dict[int, int] = {}
        self.passive: list[int] = []
        self.heard: dict[int, float] = {}  # when something came, by link of the active view
        self.asked: dict[int, int] = {}  # whom a link asks to be a neighbour
        self.refused: list[int] = []  # who had no place, since the last shuffle
        self.brief: dict[int, bool] = {}  # links to hang up once they are open
        self.shuffled: list[int] = []  # what the last shuffle sent
        self.parting: dict[int, float] = {}  # links that the other side is to close, and since when

    # Views ---------------------------------------------------------------------------------------

    def add_passive(self, peer: i64, but: list[int]) -> None:
        """Keep a member in reserve; the first to go for it are those of `but`, then any."""
        if peer == self.me or peer in self.active or peer in self.passive:
            return
        if len(self.passive) >= self.passive_size:
            for old in but:
                if old in self.passive:
                    self.passive.remove(old)
                    break
            else:
                self.passive.pop(self.rng.randrange(len(self.passive)))
        self.passive.append(peer)

    def _add_active(self, peer: i64, link: i64, now: float) -> None:
        """Make a member a neighbour by a link; one at random has to go where the view is full."""
        old = self.active.get(peer)
        if old is not None:
            if old != link:
                self._leave_to_other(old, now)
                self.active[peer] = link
                self.heard[link] = now
            return
        if len(self.active) >= self.active_size:
            victims = sample(list(self.active), 1, self.rng)
            self.drop(victims[0], now)
        if peer in self.passive:
            self.passive.remove(peer)
        self.active[peer] = link
        self.heard[link] = now
        self.member.neighbor_up(peer, now)

    def drop(self, peer: i64, now: float) -> None:
        """Part with a neighbour, and keep it in reserve."""
        self._part(peer, now)
        self.add_passive(peer, [])

    def _part(self, peer: i64, now: float) -> None:
        """Ask a neighbour to close its link."""
        link = self.active.pop(peer)
        self.member.write(link, Word(self.me, DISCONNECT), now)
        self._leave_to_other(link, now)
        self.member.neighbor_down(peer, now)

    def _leave_to_other(self, link: i64, now: float) -> None:
        """Let the other side close a link: if this one did, what is under way would be answered by a reset.

        A reset that overtakes the word of parting looks like a crash.
        """
        self.heard.pop(link, None)
        self.parting[link] = now

    def _remove_active(self, peer: i64, now: float) -> None:
        link = self.active.pop(peer)
        self._close(link, now)
        self.member.neighbor_down(peer, now)

    def _close(self, link: i64, now: float) -> None:
        self.heard.pop(link, None)
        self.member.hang_up(link, now)

    def forget(self, peer: i64) -> None:
        """Keep a member no longer in reserve; what others say of a neighbour breaks no link."""
        if peer in self.passive:
            self.passive.remove(peer)

    # Joining (section 4.2) -----------------------------------------------------------------------

    def join(self, address: i64, now: float) -> i64:
        """Ask the member at an address to be the first neighbour; return the link."""
        link = self.member.dial_to(address, self.dial_timeout, now)
        self.asked[link] = NOBODY
        self.heard[link] = now
        self.member.write(link, Word(self.me, JOIN), now)
        return link

    def on_join(self, peer: i64, link: i64, now: float) -> None:
        self.member.write(link, Word(self.me, ACCEPTED), now)
        self._add_active(peer, link, now)
        for other in list(self.active):
            if other != peer:
                self.member.write_to(other, Word(self.me, FORWARD_JOIN, peer, self.active_walk), now)

    def on_forward_join(self, message: Word, sender: i64, now: float) -> None:
        """Take part in the random walk of a newcomer, which ends in an active view."""
        newcomer, hops = message.subject, message.hops
        if hops == 0 or len(self.active) <= 1:
            if newcomer != self.me and newcomer not in self.active and not self._is_asked(newcomer):
                self._ask(newcomer, NEIGHBOR_HIGH, now)
            return
        if hops == self.passive_walk:
            self.add_passive(newcomer, [])
        others = [peer for peer in self.active if peer != sender and peer != newcomer]
        for peer in sample(others, 1, self.rng):
            self.member.write_to(peer, Word(self.me, FORWARD_JOIN, newcomer, hops - 1), now)

    # Neighbours (section 4.3) --------------------------------------------------------------------

    def fill(self, now: float) -> None:
        """Ask members in reserve to take free places; the request of a lonely member is not refused.

        One without anybody in reserve falls back on all that it knows, which the paper's members do not have.
        """
        if not self.active and not self.passive:
            for peer in sample(self.member.alive(), self.passive_size, self.rng):
                self.add_passive(peer, [])
        free: i64 = self.active_size - len(self.active) - len(self.asked)
        if not self.active:
            self.refused = []
        waiting = [peer for peer in self.passive if peer not in self.refused and not self._is_asked(peer)]
        word: i64 = NEIGHBOR_LOW if self.active else NEIGHBOR_HIGH
        for peer in sample(waiting, free, self.rng):
            self._ask(peer, word, now)
            word = NEIGHBOR_LOW

    def _is_asked(self, peer: i64) -> bool:
        return peer in self.asked.values()

    def _ask(self, peer: i64, word: i64, now: float) -> None:
        link = self.member.dial(peer, self.dial_timeout, now)
        self.asked[link] = peer
        self.heard[link] = now
        self.member.write(link, Word(self.me, word), now)

    def on_neighbor(self, peer: i64, link: i64, word: i64, now: float) -> None:
        """Answer a request. Where two members ask each other, the lower number's link stays."""
        for mine, other in list(self.asked.items()):
            if other == peer:
                if self.me < peer:
                    self.member.hang_up(link, now)
                    return
                self._give_up(mine, now)
        has_place = len(self.active) < self.active_size or peer in self.active
        if word == NEIGHBOR_HIGH or has_place:
            self.member.write(link, Word(self.me, ACCEPTED), now)
            self._add_active(peer, link, now)
            self.fill(now)
        else:
            self.member.write(link, Word(self.me, REJECTED), now)
            self.member.hang_up(link, now)

    def on_answer(self, peer: i64, link: i64, word: i64, now: float) -> None:
        if link not in self.asked:
            return
        del self.asked[link]
        if word == ACCEPTED:
            self._add_active(peer, link, now)
            self.member.greet(link, now)
        else:
            self.refused.append(peer)
            self._close(link, now)
        self.fill(now)

    def _give_up(self, link: i64, now: float) -> None:
        del self.asked[link]
        self._close(link, now)

    def on_disconnect(self, peer: i64, link: i64, now: float) -> None:
        """Part with a neighbour that has no place for this member any more."""
        if self.active.get(peer) == link:
            self._remove_active(peer, now)
            if self.member.may_know(peer):
                self.add_passive(peer, [])
            self.refused.append(peer)
            self.fill(now)
        elif self.parting.pop(link, -1.0) >= 0.0:
            self.member.hang_up(link, now)

    def on_closed(self, link: i64, now: float) -> bool:
        """Handle the end of a link that this side did not close; return True if it was of the overlay."""
        self.brief.pop(link, False)
        self.heard.pop(link, None)
        if self.parting.pop(link, -1.0) >= 0.0:
            return True
        if link in self.asked:
            asked = self.asked.pop(link)
            if asked in self.passive:
                self.passive.remove(asked)
            self.fill(now)
            return True
        for peer, active in self.active.items():
            if active == link:
                self._remove_active(peer, now)
                self._mourn(peer, now)
                return True
        return False

    def _mourn(self, peer: i64, now: float) -> None:
        """Take a neighbour whose link was broken for failed, and find another."""
        self.member.neighbor_failed(peer, now)
        self.fill(now)

    def watch(self, now: float) -> None:
        """Break links that have been silent for too long, and keep the others alive."""
        for peer, link in list(self.active.items()):
            if self.active.get(peer) != link:
                continue
            if now - self.heard[link] > self.timeout:
                self._part(peer, now)
                self._mourn(peer, now)
            else:
                self.member.write(link, Word(self.me, KEEPALIVE), now)
        for link, since in list(self.parting.items()):
            if now - since > self.timeout:
                del self.parting[link]
                self.member.hang_up(link, now)
        for link, peer in list(self.asked.items()):
            if link in self.asked and now - self.heard[link] > self.timeout + self.dial_timeout:
                self._give_up(link, now)
                self.refused.append(peer)
                self.fill(now)

    # Shuffles (section 4.4) ----------------------------------------------------------------------

    def shuffle(self, now: float) -> None:
        """Offer some of both views to the last member of a random walk."""
        self.refused = []
        for peer in sample(list(self.active), 1, self.rng):
            neighbors = sample(
                [other for other in self.active if other != peer], self.shuffle_active, self.rng
            )
            reserve = sample(self.passive, self.shuffle_passive, self.rng)
            self.shuffled = neighbors + reserve
            self.member.write_to(peer, Shuffle(self.me, self.me, self.active_walk, self.shuffled), now)
        self.fill(now)

    def on_shuffle(self, message: Shuffle, sender: i64, now: float) -> None:
        if message.hops < 0:
            self._integrate(message.members, self.shuffled, now)
            return
        hops: i64 = message.hops - 1
        others = [peer for peer in self.active if peer != sender and peer != message.origin]
        if hops > 0 and others:
            peer = sample(others, 1, self.rng)[0]
            self.member.write_to(peer, Shuffle(self.me, message.origin, hops, message.members), now)
            return
        if message.origin == self.me:
            return
        answer = sample(self.passive, len(message.members) + 1, self.rng)
        self._send_briefly(message.origin, Shuffle(self.me, message.origin, ANSWER, answer), now)
        self._integrate([message.origin, *message.members], answer, now)

    def _integrate(self, members: list[int], sent: list[int], now: float) -> None:
        """Keep members in reserve in the place of those that the other side has got."""
        for peer in members:
            if self.member.may_know(peer):
                self.add_passive(peer, sent)
        self.fill(now)

    def _send_briefly(self, peer: i64, message: Shuffle, now: float) -> None:
        """Send a message to a member by the link to it, or one that is opened for that."""
        if peer in self.active:
            self.member.write_to(peer, message, now)
            return
        link = self.member.dial(peer, self.dial_timeout, now)
        self.brief[link] = True
        self.member.write(link, message, now)

    def on_opened(self, link: i64, now: float) -> None:
        if self.brief.pop(link, False):
            self.member.hang_up(link, now)

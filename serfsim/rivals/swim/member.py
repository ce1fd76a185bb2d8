"""A member of SWIM.

Confirmed failures are final in the paper. Here an alive message with a higher incarnation overrides them, and
a member now and then pings one that failed: otherwise no view would heal after a partition.
"""

from __future__ import annotations

import math
from typing import Final

from serfsim.native import Random, i64
from serfsim.protocol import events
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.messages import UserMessage
from serfsim.protocol.runtime import Runtime
from serfsim.rivals.choice import sample, shuffled
from serfsim.rivals.rival import ALIVE, FAILED, LEFT, UNKNOWN, Rival
from serfsim.rivals.swim.messages import (
    ACK,
    MAY_I_JOIN,
    PING,
    PING_REQ,
    SUSPECTED,
    WELCOME,
    SwimMessage,
    Update,
)

# Timers.
PERIOD: Final = 1
TIMEOUT: Final = 2
RECONNECT: Final = 3

GOODBYES: Final = 3  # members that are told directly of a leave


class SwimMember(Rival):
    """`incarnations` are the highest known of each other member; `suspected` until when it is suspected."""

    def __init__(
        self, me: i64, directory: Directory, runtime: Runtime, rng: Random, settings: dict[str, float]
    ) -> None:
        super().__init__(me, directory, runtime, rng, settings)
        self.period = settings["period"]
        self.timeout = settings["timeout"]
        self.helpers: i64 = int(settings["helpers"])
        self.suspects = settings["suspicion"] > 0.0
        self.spread = settings["spread"]
        self.most_updates: i64 = int(settings["updates"])
        self.incarnation: i64 = 0
        self.incarnations: dict[int, int] = {}
        self.suspected: dict[int, float] = {}
        self.queue: list[Update] = []
        self.ring: list[int] = []
        self.number: i64 = 0
        self.probed: i64 = -1
        self.probe: i64 = 0
        self.relayed: dict[int, tuple[int, int]] = {}  # own number: who asked, with which number

    def begin(self, now: float) -> None:
        for member in self.status:
            self.incarnations[member] = 0
        self.call_after(self.period * self.rng.random(), PERIOD, 0, 0, now)
        if self.settings["reconnect"] > 0.0:
            self.call_after(self.settings["reconnect"] * self.rng.random(), RECONNECT, 0, 0, now)

    def waiting(self) -> i64:
        return len(self.queue)

    def ask_to_join(self, address: i64, now: float) -> None:
        self.send_to(address, self._message(MAY_I_JOIN, 0, -1), now)

    def say_goodbye(self, now: float) -> None:
        self._tell(self.me, LEFT, self.incarnation)
        for member in sample(self.alive(), GOODBYES, self.rng):
            self.send(member, self._message(PING, 0, -1), now)

    # Probing -----------------------------------------------------------------------------------

    def on_timer(self, timer: i64, a: i64, b: i64, now: float) -> None:
        if timer == PERIOD:
            self._end_period(now)
            self._begin_period(now)
        elif timer == TIMEOUT:
            if a == self.probe and self.probed >= 0:
                self._ask_helpers(now)
        else:
            self._reconnect(now)

    def _begin_period(self, now: float) -> None:
        self.call_after(self.period, PERIOD, 0, 0, now)
        while self.ring and not self.is_alive(self.ring[len(self.ring) - 1]):
            self.ring.pop()
        if not self.ring:
            self.ring = shuffled(self.alive(), self.rng)
        if self.ring:
            self.number += 1
            self.probe = self.number
            self.probed = self.ring.pop()
            self.send(self.probed, self._message(PING, self.probe, -1), now)
            self.call_after(self.timeout, TIMEOUT, self.probe, 0, now)

    def _ask_helpers(self, now: float) -> None:
        others = [member for member in self.alive() if member != self.probed]
        for member in sample(others, self.helpers, self.rng):
            self.send(member, self._message(PING_REQ, self.probe, self.probed), now)

    def _end_period(self, now: float) -> None:
        if self.probed >= 0:
            self._accuse(self.probed, now)
        self.probed = -1
        for member, until in list(self.suspected.items()):
            if now >= until:
                self._confirm(member, self.incarnations[member], now)

    def _accuse(self, member: i64, now: float) -> None:
        if not self.is_alive(member):
            return
        if not self.suspects:
            self._confirm(member, self.incarnations[member], now)
        elif member not in self.suspected:
            self.runtime.notify(now, events.SUSPECT, member, 1)
            self._suspect(member, self.incarnations[member], now)

    def _reconnect(self, now: float) -> None:
        self.call_after(self.settings["reconnect"], RECONNECT, 0, 0, now)
        failed = [member for member, status in self.status.items() if status == FAILED]
        for member in sample(failed, 1, self.rng):
            self.send(member, self._message(MAY_I_JOIN, 0, -1), now)

    # Messages ----------------------------------------------------------------------------------

    def on_message(self, message: UserMessage, sender: i64, now: float) -> None:
        assert isinstance(message, SwimMessage)
        for update in message.updates:
            self._learn(update, now)
        word = message.word
        if word == PING:
            if message.number:
                self.send(sender, self._message(ACK, message.number, -1), now)
        elif word == PING_REQ:
            self.number += 1
            self.relayed[self.number] = (sender, message.number)
            self.send(message.target, self._message(PING, self.number, -1), now)
        elif word == ACK:
            self._acknowledged(message.number, now)
        elif word == MAY_I_JOIN:
            self._welcome(sender, now)
        elif word == WELCOME:
            self._answer_welcome(sender, now)

    def _acknowledged(self, number: i64, now: float) -> None:
        if number == self.probe:
            self.probed = -1
        elif number in self.relayed:
            asker, theirs = self.relayed.pop(number)
            self.send(asker, self._message(ACK, theirs, -1), now)

    def _welcome(self, sender: i64, now: float) -> None:
        """Take a newcomer in, and tell it of everybody, and of itself where it is thought to have failed."""
        if sender not in self.status:
            self._learn(Update(sender, ALIVE, 0, 0), now)
        known = [
            Update(member, SUSPECTED if member in self.suspected else status, self.incarnations[member], 0)
            for member, status in self.status.items()
        ]
        known.append(Update(self.me, ALIVE, self.incarnation, 0))
        self.send(sender, SwimMessage(self.me, WELCOME, 0, -1, known), now)

    def _answer_welcome(self, sender: i64, now: float) -> None:
        """Send this member's incarnation to the one that welcomes it, and that one's failure to refute."""
        said = [Update(self.me, ALIVE, self.incarnation, 0)]
        if self.status.get(sender, UNKNOWN) == FAILED:
            said.append(Update(sender, FAILED, self.incarnations[sender], 0))
        self.send(sender, SwimMessage(self.me, PING, 0, -1, said), now)

    # Updates -----------------------------------------------------------------------------------

    def _learn(self, update: Update, now: float) -> None:
        """Apply an update where it overrides what is known (section 4.2)."""
        member, state, incarnation = update.member, update.state, update.incarnation
        if member == self.me:
            if state != ALIVE and incarnation >= self.incarnation and self.leave_phase == 0:
                self.incarnation = incarnation + 1
                self.runtime.notify(now, events.REFUTE_SUSPECT, self.me, self.incarnation)
                self._tell(self.me, ALIVE, self.incarnation)
            return
        known = self.status.get(member, UNKNOWN)
        before = self.incarnations.get(member, -1)
        if state == ALIVE:
            if incarnation > before:
                self.incarnations[member] = incarnation
                if self.suspected.pop(member, -1.0) >= 0.0:
                    self.runtime.notify(now, events.SUSPECT_CLEARED, member, incarnation)
                self.up(member, now)
                self._tell(member, ALIVE, incarnation)
        elif state == SUSPECTED:
            doubted = member in self.suspected
            if known == ALIVE and (incarnation > before if doubted else incarnation >= before):
                self.runtime.notify(now, events.SUSPECT_HEARD, member, -1)
                self._suspect(member, incarnation, now)
        elif known == ALIVE and incarnation >= before:
            if state == LEFT:
                self.incarnations[member] = incarnation
                self.suspected.pop(member, -1.0)
                self.gone(member, now)
                self._tell(member, LEFT, incarnation)
            else:
                self._confirm(member, incarnation, now)

    def _suspect(self, member: i64, incarnation: i64, now: float) -> None:
        periods = self.settings["suspicion_periods"] * math.log10(len(self.status) + 2.0)
        self.incarnations[member] = incarnation
        self.suspected[member] = now + max(1.0, periods) * self.period
        self._tell(member, SUSPECTED, incarnation)

    def _confirm(self, member: i64, incarnation: i64, now: float) -> None:
        self.suspected.pop(member, -1.0)
        self.incarnations[member] = incarnation
        self.down(member, now)
        self._tell(member, FAILED, incarnation)

    def _tell(self, member: i64, state: i64, incarnation: i64) -> None:
        """Queue an update, in the place of an older one of the same member."""
        times: i64 = math.ceil(self.spread * math.log2(len(self.status) + 2.0))
        self.queue = [update for update in self.queue if update.member != member]
        self.queue.append(Update(member, state, incarnation, times))

    def _message(self, word: i64, number: i64, target: i64) -> SwimMessage:
        """Return a message with the updates that were sent least often (section 4.1)."""
        chosen = sorted(self.queue, key=_times_left, reverse=True)[0 : self.most_updates]
        for update in chosen:
            update.left -= 1
        if chosen:
            self.queue = [update for update in self.queue if update.left > 0]
        return SwimMessage(self.me, word, number, target, chosen)


def _times_left(update: Update) -> int:
    return update.left

"""The part of a member that agrees with the others: alerts, their spreading, votes and configurations.

What happens inside a configuration is lost with it: edges are observed anew, alerts and votes of others do
not count.
"""

from __future__ import annotations

import math
from typing import Final

from serfsim.native import Random, i64
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.messages import UserMessage
from serfsim.protocol.runtime import Runtime
from serfsim.rivals.choice import sample
from serfsim.rivals.rapid.configuration import Configuration, Proposal, alone
from serfsim.rivals.rapid.consensus import Consensus
from serfsim.rivals.rapid.cut import CutDetector
from serfsim.rivals.rapid.edges import Edge
from serfsim.rivals.rapid.joiner import Joiner
from serfsim.rivals.rapid.messages import LEAVE, Accept, Alert, Ballot, Gossip, Prepare, Promise
from serfsim.rivals.rapid.rings import subjects_of
from serfsim.rivals.rapid.rumours import Rumours, packed
from serfsim.rivals.rival import Rival

# Timers.
FLUSH: Final = 1
GOSSIP: Final = 2
CLASSIC: Final = 3  # a: of which configuration

CLASSIC_AFTER_S: Final = 1.0  # and a random delay of as many seconds as there are members, on average


class AgreeingMember(Rival):
    """`configuration` is this member's; `newer` the number and member of the newest that it has heard of."""

    def __init__(
        self, me: i64, directory: Directory, runtime: Runtime, rng: Random, settings: dict[str, float]
    ) -> None:
        super().__init__(me, directory, runtime, rng, settings)
        self.batch = settings["batch"]
        self.rings: i64 = int(settings["k"])
        self.gossips = settings["gossip"] > 0.0
        self.joiner = Joiner(rng)
        self.is_out = False
        self.newer: tuple[int, int] = (0, -1)
        self.newer_since = 0.0
        self.pending: list[Alert] = []
        self.last_alert = 0.0
        self.flushes = False
        self.gossip_runs = False
        self.leavers: set[int] = set()
        self.early: list[Gossip] = []
        self.last_ballot: Ballot | None = None
        self.last_number: i64 = 0
        self.enter(alone(me, self.joiner.identifier))

    def admitted(self, proposal: Proposal, now: float) -> None:
        """Handle that a proposal was decided and installed."""
        raise NotImplementedError

    def removed(self, configuration: Configuration, now: float) -> None:
        """Handle that the others go on without this member."""
        raise NotImplementedError

    def waiting(self) -> i64:
        return len(self.pending) + len(self.rumours)

    def agree_on_timer(self, timer: i64, a: i64, now: float) -> None:
        if timer == FLUSH:
            self._flush(now)
        elif timer == GOSSIP:
            self._gossip(now)
        elif a == self.configuration.number and not self.is_out:
            self._begin_classic_round(now)

    def agree_on_message(self, message: UserMessage, sender: i64, now: float) -> None:
        if isinstance(message, Gossip):
            self._on_gossip(message, sender, now)
        else:
            self._on_consensus(message, sender, now)

    def enter(self, configuration: Configuration) -> None:
        """Begin a configuration afresh."""
        settings = self.settings
        self.configuration = configuration
        self.cut = CutDetector(configuration, self.rings, int(settings["h"]), int(settings["l"]))
        self.consensus = Consensus(self.me, configuration)
        # Of ln(n) + c copies that each member sends, e^-c members get none on average.
        copies = math.log(float(configuration.size)) + settings["copies"]
        rounds: i64 = math.ceil(copies / settings["fanout"])
        self.rumours = Rumours(configuration.number, rounds)
        self.edges: dict[int, Edge] = {}
        self.has_proposed = False
        self.leavers = set()
        self.pending = []
        if self.me in configuration:
            for subject in subjects_of(self.me, configuration.members, self.rings):
                self.edges[subject] = Edge(int(settings["window"]), int(settings["failures"]))

    # Alerts ------------------------------------------------------------------------------------

    def alert(self, subject: i64, status: i64, identifier: i64, rings: int, now: float) -> None:
        """Queue an alert until none has come for a while, once for a subject and status."""
        alert = Alert(self.me, subject, status, identifier, rings)
        if not rings or alert.key in self.rumours.heard or any(old.key == alert.key for old in self.pending):
            return
        self.pending.append(alert)
        self.last_alert = now
        if not self.flushes:
            self.flushes = True
            self.call_after(self.batch, FLUSH, 0, 0, now)

    def _flush(self, now: float) -> None:
        quiet_at = self.last_alert + self.batch
        if quiet_at > now:
            self.call_after(quiet_at - now, FLUSH, 0, 0, now)
            return
        self.flushes = False
        alerts = self.pending
        self.pending = []
        if not self.gossips:
            self._send_to_all(alerts, [], now)
        self._take(alerts, now)

    def _take(self, alerts: list[Alert], now: float) -> None:
        """Count alerts, and propose a view change where they make one."""
        news = False
        for alert in alerts:
            if self.rumours.hear(alert):
                news = True
                if alert.status == LEAVE:
                    self.leavers.add(alert.subject)
                self.cut.add(alert.subject, alert.identifier, alert.rings, now)
        if not news:
            return
        self._spread(now)
        if self.has_proposed:
            return
        self.cut.imply(now)
        proposal = self.cut.proposal()
        if proposal:
            self.has_proposed = True
            self._await_classic_round(now)
            self._learn(self.consensus.propose(proposal), True, now)

    # Spreading ---------------------------------------------------------------------------------

    def _spread(self, now: float) -> None:
        if self.gossips and not self.gossip_runs and len(self.rumours):
            self.gossip_runs = True
            self.call_after(self.batch, GOSSIP, 0, 0, now)

    def _gossip(self, now: float) -> None:
        self.gossip_runs = False
        others = [member for member in self.configuration.members if member != self.me]
        messages = self.rumours.round_of(self.me)
        for member in sample(others, int(self.settings["fanout"]), self.rng):
            for message in messages:
                self.send(member, message, now)
        self._spread(now)

    def _send_to_all(self, alerts: list[Alert], ballots: list[Ballot], now: float) -> None:
        for message in packed(self.me, self.configuration.number, alerts, ballots):
            self._broadcast(message, now)

    def _broadcast(self, message: UserMessage, now: float) -> None:
        for member in self.configuration.members:
            if member != self.me:
                self.send(member, message, now)

    def _on_gossip(self, message: Gossip, sender: i64, now: float) -> None:
        number = self.configuration.number
        if message.number == number:
            self._take(message.alerts, now)
            for ballot in message.ballots:
                if self.configuration.number == number:
                    self._learn(self.consensus.merge(ballot), False, now)
        elif message.number > number:
            self.early.append(message)
            self.hear_of(message.number, sender, now)
        elif message.number == self.last_number and self.last_ballot is not None and not message.is_answer:
            self.send(sender, Gossip(self.me, self.last_number, [], [self.last_ballot], True), now)

    # Consensus ---------------------------------------------------------------------------------

    def _learn(self, ballot: Ballot | None, is_own: bool, now: float) -> None:
        """Pass new votes on, and install the configuration that they decide."""
        if ballot is None:
            return
        if self.gossips:
            self.rumours.spread(ballot)
            self._spread(now)
        elif is_own:
            vote = Ballot(ballot.rank, ballot.proposal, 1 << int(self.me), self.configuration.size)
            self._send_to_all([], [vote], now)
        if self.consensus.is_decided(ballot):
            self.last_ballot = ballot
            self.last_number = self.configuration.number
            self.install(self.configuration.after(ballot.proposal), now)
            self.admitted(ballot.proposal, now)

    def _await_classic_round(self, now: float) -> None:
        members = float(self.configuration.size)
        seconds = CLASSIC_AFTER_S - members * math.log(1.0 - self.rng.random())
        self.call_after(seconds, CLASSIC, self.configuration.number, 0, now)

    def _begin_classic_round(self, now: float) -> None:
        self._await_classic_round(now)
        message = self.consensus.prepare()
        self._broadcast(message, now)
        self._on_consensus(message, self.me, now)

    def _on_consensus(self, message: UserMessage, sender: i64, now: float) -> None:
        number = self.configuration.number
        if isinstance(message, Prepare) and message.number == number:
            promise = self.consensus.promise(message)
            if promise is not None and sender != self.me:
                self.send(sender, promise, now)
            elif promise is not None:
                self._on_consensus(promise, self.me, now)
        elif isinstance(message, Promise) and message.number == number:
            accept = self.consensus.on_promise(message, sender)
            if accept is not None:
                self._broadcast(accept, now)
                self._on_consensus(accept, self.me, now)
        elif isinstance(message, Accept) and message.number == number:
            self._learn(self.consensus.accept(message), True, now)

    # Views -------------------------------------------------------------------------------------

    def install(self, configuration: Configuration, now: float) -> None:
        """Make a configuration this member's, and report what it changes."""
        before = self.configuration
        self._report(before, configuration, now)
        self.joiner.finish()
        if not configuration.has_process(self.me, self.joiner.identifier):
            self.removed(configuration, now)
            return
        self.enter(configuration)
        early = [message for message in self.early if message.number >= configuration.number]
        self.early = []
        for message in early:
            self._on_gossip(message, message.node, now)

    def _report(self, before: Configuration, after: Configuration, now: float) -> None:
        for member in self.alive():
            if member not in after and member in self.leavers:
                self.gone(member, now)
            elif member not in after:
                self.down(member, now)
        for member in after.members:
            if member in before and not before.has_process(member, after.identifiers[member]):
                self.down(member, now)  # another process of a member that was not missed
            self.up(member, now)

    def hear_of(self, number: i64, member: i64, now: float) -> None:
        if number > self.newer[0]:
            self.newer = (number, member)
            self.newer_since = now

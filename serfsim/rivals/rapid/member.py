"""A member of Rapid: it joins through a seed and observers, observes its subjects, and leaves."""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, i64
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.messages import StreamMessage, UserMessage
from serfsim.protocol.runtime import REPLIED, Runtime
from serfsim.rivals.rapid.agreement import AgreeingMember
from serfsim.rivals.rapid.configuration import REMOVED, Configuration, Proposal, alone, of_all
from serfsim.rivals.rapid.messages import (
    ADMIT_ME,
    ADMITTED,
    I_LEAVE,
    JOIN,
    LEAVE,
    MAY_I_JOIN,
    NOT_YET,
    OFFER,
    REMOVE,
    TOO_LATE,
    ConfigurationReply,
    ConfigurationRequest,
    JoinMessage,
    Probe,
)

# Timers, above those of the agreement.
PROBE: Final = 11
JOIN_AGAIN: Final = 12  # a: of which attempt
REJOIN: Final = 13

FETCH_S: Final = 5.0  # within which a configuration has to come


class RapidMember(AgreeingMember):
    """`joiners` are those whom this member answers once they are in, with the number of their attempt."""

    def __init__(
        self, me: i64, directory: Directory, runtime: Runtime, rng: Random, settings: dict[str, float]
    ) -> None:
        super().__init__(me, directory, runtime, rng, settings)
        self.interval = settings["interval"]
        self.probes: i64 = 0
        self.joiners: dict[int, int] = {}

    def begin(self, now: float) -> None:
        if self.status:
            self.joiner.identifier = 0
            self.enter(of_all(len(self.status) + 1))
        self.call_after(self.interval * self.rng.random(), PROBE, 0, 0, now)

    def say_goodbye(self, now: float) -> None:
        """Tell the observers, who raise alerts at once."""
        if self.configuration.size > 1:
            told: dict[int, None] = dict.fromkeys(self.cut.observers(self.me))
            for observer in told:
                self.send(observer, self._word(I_LEAVE, self.configuration.number, 0), now)

    def on_message(self, message: UserMessage, sender: i64, now: float) -> None:
        if isinstance(message, Probe):
            self._on_probe(message, sender, now)
        elif isinstance(message, JoinMessage):
            self._on_join_message(message, sender, now)
        elif not self.is_out:
            self.agree_on_message(message, sender, now)

    def on_timer(self, timer: i64, a: i64, b: i64, now: float) -> None:
        if timer == PROBE:
            self.call_after(self.interval, PROBE, 0, 0, now)
            if not self.is_out:
                self._observe(now)
                self._catch_up(now)
        elif timer == JOIN_AGAIN:
            if self.joiner.is_joining and a == self.joiner.attempt:
                self._attempt(now)
        elif timer == REJOIN:
            if self.is_out:
                self._rejoin(now)
        else:
            self.agree_on_timer(timer, a, now)

    # Joining -----------------------------------------------------------------------------------

    def ask_to_join(self, address: i64, now: float) -> None:
        """Ask a seed; a member of a group of several stays in it, since Rapid merges none."""
        if self.configuration.size == 1 and self.joiner.ask(address):
            self._attempt(now)

    def _attempt(self, now: float) -> None:
        self.joiner.is_fetching = False
        seed = self.joiner.next_seed()
        self.send_to(seed, self._word(MAY_I_JOIN, 0, self.joiner.attempt), now)
        self.call_after(self.settings["join_timeout"], JOIN_AGAIN, self.joiner.attempt, 0, now)

    def _word(self, word: i64, number: i64, attempt: i64, rings: int = 0) -> JoinMessage:
        return JoinMessage(self.me, word, number, attempt, self.joiner.identifier, rings)

    def _on_join_message(self, message: JoinMessage, sender: i64, now: float) -> None:
        word = message.word
        if word == MAY_I_JOIN:
            self._offer(message, sender, now)
        elif word == ADMIT_ME:
            self._admit(message, sender, now)
        elif word == I_LEAVE:
            if self.configuration.has_process(sender, message.identifier):
                self.alert(sender, LEAVE, REMOVED, self.cut.rings_between(self.me, sender), now)
        elif self.joiner.is_joining and message.attempt == self.joiner.attempt:
            if word == ADMITTED:
                self._fetch(sender, now)
            elif word == OFFER:
                self._ask_observers(message, now)
            elif word == TOO_LATE:
                self._attempt(now)
            else:
                self.call_after(self.interval, JOIN_AGAIN, self.joiner.attempt, 0, now)

    def _offer(self, message: JoinMessage, sender: i64, now: float) -> None:
        """Tell a joiner its observers; of two members that ask each other the higher number joins."""
        configuration = self.configuration
        word: i64 = OFFER
        observers: list[int] = []
        if configuration.has_process(sender, message.identifier):
            word = ADMITTED
        elif sender in configuration or self.is_out or (self.joiner.is_joining and sender < self.me):
            word = NOT_YET
        else:
            observers = [self.me] * self.rings
            if configuration.size > 1:
                observers = self.cut.observers(sender)
        self.send(
            sender,
            JoinMessage(
                self.me, word, configuration.number, message.attempt, message.identifier, 0, observers
            ),
            now,
        )

    def _ask_observers(self, offer: JoinMessage, now: float) -> None:
        rings: dict[int, int] = {}
        for ring, observer in enumerate(offer.members):
            rings[observer] = rings.get(observer, 0) | 1 << ring
        for observer, those in rings.items():
            self.send(observer, self._word(ADMIT_ME, offer.number, offer.attempt, those), now)

    def _admit(self, message: JoinMessage, sender: i64, now: float) -> None:
        """Vouch for a joiner, whom this member answers once it is in."""
        word: i64 = TOO_LATE
        if self.configuration.has_process(sender, message.identifier):
            word = ADMITTED
        elif message.number == self.configuration.number and sender not in self.configuration:
            self.joiners[sender] = message.attempt
            self.alert(sender, JOIN, message.identifier, message.rings, now)
            return
        self.send(
            sender,
            JoinMessage(self.me, word, self.configuration.number, message.attempt, message.identifier),
            now,
        )

    def admitted(self, proposal: Proposal, now: float) -> None:
        number = self.configuration.number
        for member, identifier in proposal:
            if identifier != REMOVED and member in self.joiners:
                attempt = self.joiners.pop(member)
                self.send(member, JoinMessage(self.me, ADMITTED, number, attempt, identifier), now)

    def _fetch(self, member: i64, now: float) -> None:
        """Ask a member for its configuration, over TCP."""
        if not self.joiner.is_fetching:
            self.joiner.is_fetching = True
            address = self.address_of(member)
            self.runtime.open_stream(
                address, ConfigurationRequest(), self.joiner.attempt, FETCH_S, 0.0, FETCH_S, now
            )

    def on_stream_request(self, request: StreamMessage, source: i64, now: float) -> StreamMessage | None:
        if isinstance(request, ConfigurationRequest) and not self.is_out:
            return ConfigurationReply(self.configuration)
        return None

    def on_stream_result(self, token: i64, outcome: i64, reply: StreamMessage | None, now: float) -> None:
        self.joiner.is_fetching = False
        if outcome == REPLIED and isinstance(reply, ConfigurationReply):
            found = reply.configuration
            is_mine = found.has_process(self.me, self.joiner.identifier)
            if is_mine if self.joiner.is_joining else found.number > self.configuration.number:
                self.install(found, now)

    # Observing ---------------------------------------------------------------------------------

    def _observe(self, now: float) -> None:
        """End the last probes, begin the next, and speak of subjects that have been unstable for long."""
        self.probes += 1
        number = self.configuration.number
        for subject, edge in self.edges.items():
            if edge.end_probe():
                self.alert(subject, REMOVE, REMOVED, self.cut.rings_between(self.me, subject), now)
            edge.sent(self.probes)
            process = self.configuration.identifiers[subject]
            self.send(subject, Probe(self.me, number, self.probes, process, False), now)
        for subject in self.cut.overdue(self.me, self.settings["reinforce"], now):
            identifier = self.cut.identifiers[subject]
            status: i64 = REMOVE if identifier == REMOVED else JOIN
            self.alert(subject, status, identifier, self.cut.rings_between(self.me, subject), now)

    def _on_probe(self, message: Probe, sender: i64, now: float) -> None:
        """Answer for this very process, and note where the other's configuration is newer."""
        if message.is_answer:
            edge = self.edges.get(sender)
            if edge is not None:
                edge.answered(message.count)
        elif message.identifier == self.joiner.identifier and not self.is_out:
            number = self.configuration.number
            self.send(sender, Probe(self.me, number, message.count, message.identifier, True), now)
        else:
            return
        if self.joiner.is_joining:
            self._fetch(sender, now)  # it observes this process, which is in then
        else:
            self.hear_of(message.number, sender, now)

    def _catch_up(self, now: float) -> None:
        """Fetch a newer configuration that this member has heard of for an interval without getting there."""
        number, member = self.newer
        if number > self.configuration.number and now - self.newer_since >= self.interval:
            self._fetch(member, now)
            self.newer = (0, -1)

    # Removed -------------------------------------------------------------------------------------

    def removed(self, configuration: Configuration, now: float) -> None:
        """Take note that the others removed this member; it may join again as another process."""
        self.is_out = True
        self.enter(alone(self.me, self.joiner.identifier))
        self.joiner.seeds = [self.address_of(member) for member in configuration.members]
        if self.settings["rejoin"] > 0.0 and self.leave_phase == 0:
            self.call_after(self.settings["rejoin"], REJOIN, 0, 0, now)

    def _rejoin(self, now: float) -> None:
        self.is_out = False
        self.joiner.become_another_process()
        self.enter(alone(self.me, self.joiner.identifier))
        self.joiner.is_joining = True
        self._attempt(now)

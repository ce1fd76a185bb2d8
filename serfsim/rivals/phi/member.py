"""A member that gossips the versions of all members' heartbeats, and suspects by phi.

A round is three messages, as in scuttlebutt: a digest of all versions, the newer ones with requests for
others, and these. Each round goes to a random live member, sometimes to a failed one, and to a seed where
the first was none (Cassandra's rule).
"""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, i64
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.messages import UserMessage
from serfsim.protocol.runtime import Runtime
from serfsim.rivals.choice import sample
from serfsim.rivals.phi.detector import ArrivalWindow
from serfsim.rivals.rival import FAILED, HEADER, LEFT, Rival, RivalMessage

ROUND: Final = 1

# Messages.
SYN: Final = 0
ACK: Final = 1
ACK2: Final = 2
I_LEAVE: Final = 3

ENTRY: Final = 14  # bytes of a member's address, generation and version
REQUEST: Final = 6

FIRST_INTERVALS: Final = 2.0  # gossip intervals assumed before any was seen, as in Cassandra
LONGEST_INTERVALS: Final = 2.0  # a longer one is not kept, as in Cassandra


class Versions(RivalMessage):
    """`versions` are (member, generation, version); `wanted` the members that the sender asks about."""

    def __init__(
        self, sender: i64, word: i64, versions: list[tuple[int, int, int]], wanted: list[int]
    ) -> None:
        super().__init__(sender, HEADER + ENTRY * len(versions) + REQUEST * len(wanted))
        self.word = word
        self.versions = versions
        self.wanted = wanted


class PhiMember(Rival):
    """`known` is the newest (generation, version) of each member, itself included."""

    def __init__(
        self, me: i64, directory: Directory, runtime: Runtime, rng: Random, settings: dict[str, float]
    ) -> None:
        super().__init__(me, directory, runtime, rng, settings)
        self.interval = settings["interval"]
        self.threshold = settings["threshold"]
        self.window: i64 = int(settings["window"])
        self.seeds: i64 = int(settings["seeds"])
        self.generation: i64 = 0
        self.version: i64 = 0
        self.known: dict[int, tuple[int, int]] = {}
        self.arrivals: dict[int, ArrivalWindow] = {}
        self.left_generation: dict[int, int] = {}

    def begin(self, now: float) -> None:
        self.generation = int(now * 1e6) + 1
        for member in self.status:
            self.known[member] = (0, 0)
            self.arrivals[member] = self._arrivals(now)
        self.known[self.me] = (self.generation, 0)
        self.call_after(self.interval * self.rng.random(), ROUND, 0, 0, now)

    def ask_to_join(self, address: i64, now: float) -> None:
        self.send_to(address, self._digest(), now)

    def say_goodbye(self, now: float) -> None:
        for member in self.alive():
            self.send(member, Versions(self.me, I_LEAVE, [], []), now)

    def _arrivals(self, now: float) -> ArrivalWindow:
        found = ArrivalWindow(
            self.window, FIRST_INTERVALS * self.interval, LONGEST_INTERVALS * self.interval * self._slack()
        )
        found.heard(now)
        return found

    def _slack(self) -> float:
        """Return how much rarer news of a member are than its heartbeats, in a large cluster."""
        n: i64 = len(self.status) + 1
        rounds = 1.0
        while n > 4:
            n //= 4
            rounds += 1.0
        return rounds

    # Gossip ------------------------------------------------------------------------------------

    def on_timer(self, timer: i64, a: i64, b: i64, now: float) -> None:
        self.call_after(self.interval, ROUND, 0, 0, now)
        self.version += 1
        self.known[self.me] = (self.generation, self.version)
        live = self.alive()
        failed = [member for member, status in self.status.items() if status == FAILED]
        chosen = sample(live, 1, self.rng)
        if failed and self.rng.random() < len(failed) / (len(live) + 1.0):
            chosen += sample(failed, 1, self.rng)
        if not any(member < self.seeds for member in chosen):
            seeds = [member for member in self.status if member < self.seeds and member not in chosen]
            if len(live) < self.seeds or self.rng.random() < float(self.seeds) / (
                len(live) + len(failed) + 1.0
            ):
                chosen += sample(seeds, 1, self.rng)
        for member in chosen:
            self.send(member, self._digest(), now)
        for member in live:
            if self.arrivals[member].phi(now) > self.threshold:
                self.down(member, now)

    def _digest(self) -> Versions:
        return Versions(self.me, SYN, [(member, *both) for member, both in self.known.items()], [])

    def on_message(self, message: UserMessage, sender: i64, now: float) -> None:
        assert isinstance(message, Versions)
        if message.word == I_LEAVE:
            self.gone(sender, now)
            self.left_generation[sender] = self.known.pop(sender, (0, 0))[0]
            return
        if message.word == SYN:
            self._answer(message, sender, now)
            return
        for member, generation, version in message.versions:
            self._learn(member, (generation, version), now)
        if message.word == ACK:
            newer = [(member, *self.known[member]) for member in message.wanted if member in self.known]
            self.send(sender, Versions(self.me, ACK2, newer, []), now)

    def _answer(self, message: Versions, sender: i64, now: float) -> None:
        """Send what is newer here than in the digest, and ask for what is newer there."""
        newer: list[tuple[int, int, int]] = []
        wanted: list[int] = []
        told: dict[int, tuple[int, int]] = {}
        for member, generation, version in message.versions:
            theirs = (generation, version)
            told[member] = theirs
            mine = self.known.get(member, (-1, -1))
            if theirs > mine:
                if member != self.me and self._may_return(member, generation):
                    wanted.append(member)
            elif mine > theirs:
                newer.append((member, *mine))
        newer += [(member, *mine) for member, mine in self.known.items() if member not in told]
        self.send(sender, Versions(self.me, ACK, newer, wanted), now)

    def _may_return(self, member: i64, generation: i64) -> bool:
        """Return whether news of a member count: of one that has left, only its next process's."""
        return self.status.get(member, 0) != LEFT or generation > self.left_generation.get(member, 0)

    def _learn(self, member: i64, versions: tuple[int, int], now: float) -> None:
        if member == self.me or versions <= self.known.get(member, (-1, -1)):
            return
        if not self._may_return(member, versions[0]):
            return
        is_new = member not in self.arrivals or versions[0] > self.known.get(member, (0, 0))[0]
        self.known[member] = versions
        if is_new:
            self.arrivals[member] = self._arrivals(now)
        else:
            self.arrivals[member].heard(now)
        self.up(member, now)

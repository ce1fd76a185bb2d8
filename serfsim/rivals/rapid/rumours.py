"""The alerts and votes of a configuration on their way to all members."""

from __future__ import annotations

from typing import Final

from serfsim.native import i64
from serfsim.rivals.rapid.configuration import Proposal
from serfsim.rivals.rapid.messages import Alert, Ballot, Gossip

LARGEST: Final = 1400  # bytes of a datagram with several alerts or votes


class Rumours:
    """The alerts and ballots that a member still passes on, with the rounds that each has left."""

    def __init__(self, number: i64, rounds: i64) -> None:
        self.number: i64 = number  # of the configuration
        self.rounds: i64 = rounds
        self.heard: set[int] = set()
        self.alerts: dict[int, Alert] = {}
        self.ballots: dict[tuple[int, Proposal], Ballot] = {}
        self.left: dict[int, int] = {}
        self.ballots_left: dict[tuple[int, Proposal], int] = {}

    def __len__(self) -> int:
        return len(self.alerts) + len(self.ballots)

    def hear(self, alert: Alert) -> bool:
        """Take an alert up; return False if it is known."""
        key = alert.key
        if key in self.heard:
            return False
        self.heard.add(key)
        self.alerts[key] = alert
        self.left[key] = self.rounds
        return True

    def spread(self, ballot: Ballot) -> None:
        """Pass a ballot on, in the place of one with fewer votes."""
        key = (ballot.rank, ballot.proposal)
        self.ballots[key] = ballot
        self.ballots_left[key] = self.rounds

    def round_of(self, sender: i64) -> list[Gossip]:
        """Return the messages of one round, each small enough for a datagram if one item is."""
        found = packed(sender, self.number, list(self.alerts.values()), list(self.ballots.values()))
        for key in list(self.alerts):
            self.left[key] -= 1
            if self.left[key] == 0:
                del self.alerts[key]
        for which in list(self.ballots):
            self.ballots_left[which] -= 1
            if self.ballots_left[which] == 0:
                del self.ballots[which]
        return found


def packed(sender: i64, number: i64, alerts: list[Alert], ballots: list[Ballot]) -> list[Gossip]:
    """Return as many messages as alerts and votes need, votes in the first."""
    found: list[Gossip] = []
    some: list[Alert] = []
    size: i64 = 0
    for ballot in ballots:
        size += ballot.size
    for alert in alerts:
        if size + alert.size > LARGEST and (some or ballots):
            found.append(Gossip(sender, number, some, ballots))
            some = []
            ballots = []
            size = 0
        some.append(alert)
        size += alert.size
    if some or ballots:
        found.append(Gossip(sender, number, some, ballots))
    return found

"""The decision of one view change: a fast round of Fast Paxos, then classic rounds (section 4.3).

Votes are bitmaps, a bit for each member, which merge on their way. Three quarters of identical votes
decide the fast round, a majority a classic one. A coordinator of a classic round picks its value by the
rule of Lamport's Fast Paxos (Distributed Computing 19, 2006): one that the fast round may have chosen.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64
from serfsim.rivals.rapid.configuration import Configuration, Proposal
from serfsim.rivals.rapid.messages import Accept, Ballot, Prepare, Promise

ROUND: Final = 20  # bits of a rank below its round: the coordinator's number
FAST: Final = 1 << ROUND
NOTHING: Final[Proposal] = ()


class Consensus:
    """One member's part in the decision that ends a configuration."""

    def __init__(self, me: i64, configuration: Configuration) -> None:
        self.me: i64 = me
        self.configuration = configuration
        self.promised: i64 = 0  # the highest rank that this member takes part in
        self.voted: i64 = 0  # the rank of its last vote, 0 without one
        self.vote: Proposal = NOTHING
        self.ballots: dict[tuple[int, Proposal], int] = {}
        self.rank: i64 = 0  # of the round that this member coordinates
        self.promises: dict[int, tuple[int, Proposal]] = {}
        self.has_asked = False  # its round is past the promises

    def propose(self, proposal: Proposal) -> Ballot | None:
        """Vote in the fast round; None where a classic one has begun."""
        return self._cast(FAST, proposal) if self.promised < FAST else None

    def merge(self, ballot: Ballot) -> Ballot | None:
        """Take the votes of a ballot; return it with all known votes if any was new."""
        key = (ballot.rank, ballot.proposal)
        known = self.ballots.get(key, 0)
        merged = known | ballot.votes
        if merged == known:
            return None
        self.ballots[key] = merged
        return Ballot(ballot.rank, ballot.proposal, merged, self.configuration.size)

    def is_decided(self, ballot: Ballot) -> bool:
        quorum = self.configuration.fast_quorum if ballot.rank == FAST else self.configuration.majority
        return ballot.votes.bit_count() >= quorum

    def _cast(self, rank: i64, proposal: Proposal) -> Ballot | None:
        self.promised = self.voted = rank
        self.vote = proposal
        return self.merge(Ballot(rank, proposal, 1 << int(self.me), self.configuration.size))

    # Classic rounds ----------------------------------------------------------------------------

    def prepare(self) -> Prepare:
        """Begin a classic round above all known."""
        highest: i64 = max(self.promised, self.rank, FAST)
        self.rank = ((highest >> ROUND) + 1) << ROUND | self.me
        self.promises = {}
        self.has_asked = False
        return Prepare(self.me, self.configuration.number, self.rank)

    def promise(self, message: Prepare) -> Promise | None:
        """Answer a coordinator, unless a higher rank has been promised."""
        if message.rank <= self.promised:
            return None
        self.promised = message.rank
        return Promise(self.me, self.configuration.number, message.rank, self.voted, self.vote)

    def on_promise(self, message: Promise, sender: i64) -> Accept | None:
        """Return what the coordinator asks all to accept, once a majority has promised."""
        if message.rank != self.rank or self.has_asked or sender not in self.configuration:
            return None
        self.promises[sender] = (message.voted, message.vote)
        if len(self.promises) < self.configuration.majority:
            return None
        value = self._pick()
        if not value:
            return None
        self.has_asked = True
        return Accept(self.me, self.configuration.number, self.rank, value)

    def _pick(self) -> Proposal:
        """Return the value that may have been chosen, else the most frequent; the first of equal ones."""
        highest = max([voted for voted, _ in self.promises.values()])
        counts: dict[Proposal, int] = {}
        for voted, value in self.promises.values():
            if voted == highest and value:
                counts[value] = counts.get(value, 0) + 1
        found: Proposal = NOTHING
        most = 0
        for value, count in counts.items():
            # A value with the votes of a fast quorum is the most frequent one among any majority.
            if count > most or (count == most and value < found):
                most = count
                found = value
        return found

    def accept(self, message: Accept) -> Ballot | None:
        """Vote in a classic round, unless a higher rank has been promised."""
        if message.rank < self.promised or message.rank == self.voted:
            return None
        return self._cast(message.rank, message.proposal)

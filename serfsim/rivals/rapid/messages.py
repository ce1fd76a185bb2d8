"""Rapid's messages, and their sizes.

A message has the size of its protocol buffer, as the authors' open-source implementation names and numbers
the fields, without the framing of HTTP/2 and gRPC. An address is the text of an IPv4 address and a port.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64
from serfsim.protocol.memberlist.messages import USER, StreamMessage
from serfsim.rivals.rapid.configuration import REMOVED, Configuration, Proposal
from serfsim.rivals.rival import RivalMessage

ENVELOPE: Final = 3  # bytes: the kind and the length
ENDPOINT: Final = 18  # a host of 10 characters and a port, with the lengths and numbers of the fields
CONFIGURATION: Final = 11  # 64 bits, varint
IDENTIFIER: Final = 24  # of a process: 128 bits
COUNT: Final = 4  # a small number
RANK: Final = 16
FIELD: Final = 3  # the number and length of a list or a part

# What an alert says of its subject. In the paper a leaver's edges fail; alerts here tell leavers from failed.
REMOVE: Final = 0
JOIN: Final = 1
LEAVE: Final = 2

# Words of the join protocol.
MAY_I_JOIN: Final = 0  # to a seed, which answers with an offer
OFFER: Final = 1
ADMIT_ME: Final = 2  # to each observer
ADMITTED: Final = 3
TOO_LATE: Final = 4  # the configuration of the offer is over
NOT_YET: Final = 5  # an earlier process of the joiner is still a member, or the asked one joins itself
I_LEAVE: Final = 6


class Alert:
    """An edge's report on its subject; `rings` has a bit for each ring whose edge it is."""

    def __init__(self, observer: i64, subject: i64, status: i64, identifier: i64, rings: int) -> None:
        self.observer: i64 = observer
        self.subject: i64 = subject
        self.status: i64 = status
        self.identifier: i64 = identifier
        self.rings = rings
        size: i64 = FIELD + 2 * ENDPOINT + COUNT + FIELD + rings.bit_count()
        self.size: i64 = size if identifier == REMOVED else size + IDENTIFIER

    @property
    def key(self) -> int:
        """A number that no other alert of a configuration has."""
        return (int(self.observer) << 20 | int(self.subject)) << 2 | int(self.status)


class Ballot:
    """Votes for a proposal in a round; `votes` has a bit for each member's number."""

    def __init__(self, rank: i64, proposal: Proposal, votes: int, members: i64) -> None:
        self.rank: i64 = rank
        self.proposal = proposal
        self.votes = votes
        self.size: i64 = FIELD + RANK + _size_of(proposal) + FIELD + (members + 7) // 8


class Gossip(RivalMessage):
    """Alerts and votes of a configuration; `is_answer` where they tell a member what it has missed."""

    def __init__(
        self,
        sender: i64,
        number: i64,
        alerts: list[Alert],
        ballots: list[Ballot],
        is_answer: bool = False,
    ) -> None:
        size: i64 = ENVELOPE + ENDPOINT + CONFIGURATION
        for alert in alerts:
            size += alert.size
        for ballot in ballots:
            size += ballot.size
        super().__init__(sender, size)
        self.number: i64 = number
        self.alerts = alerts
        self.ballots = ballots
        self.is_answer = is_answer


class Probe(RivalMessage):
    """A probe of the process `identifier`, or its answer; `number` is the sender's configuration's.

    The authors' probe has the sender alone, and its answer nothing. Here both have a count of probes, since
    a datagram does not say what it answers, and 32 bits of `number`; a probe has 32 bits of `identifier`.
    """

    def __init__(self, sender: i64, number: i64, count: i64, identifier: i64, is_answer: bool) -> None:
        size = ENVELOPE + 2 * COUNT
        super().__init__(sender, size if is_answer else size + ENDPOINT + COUNT)
        self.number: i64 = number
        self.count: i64 = count
        self.identifier: i64 = identifier
        self.is_answer = is_answer


class JoinMessage(RivalMessage):
    """A word of the join protocol.

    `attempt` is the joiner's; `identifier` its process; `rings` those in which the receiver observes it, a
    bit each; `members` the observers of an offer, by ring.
    """

    def __init__(
        self,
        sender: i64,
        word: i64,
        number: i64,
        attempt: i64,
        identifier: i64,
        rings: int = 0,
        members: list[int] | None = None,
    ) -> None:
        self.members: list[int] = [] if members is None else members
        size = ENVELOPE + ENDPOINT + CONFIGURATION + COUNT + IDENTIFIER + rings.bit_count()
        super().__init__(sender, size + ENDPOINT * len(self.members))
        self.word: i64 = word
        self.number: i64 = number
        self.attempt: i64 = attempt
        self.identifier: i64 = identifier
        self.rings = rings


class Prepare(RivalMessage):
    """Phase 1a of a classic round."""

    def __init__(self, sender: i64, number: i64, rank: i64) -> None:
        super().__init__(sender, ENVELOPE + ENDPOINT + CONFIGURATION + RANK)
        self.number: i64 = number
        self.rank: i64 = rank


class Promise(RivalMessage):
    """Phase 1b: `voted` is the rank of the acceptor's last vote, 0 without one, and `vote` its value."""

    def __init__(self, sender: i64, number: i64, rank: i64, voted: i64, vote: Proposal) -> None:
        super().__init__(sender, ENVELOPE + ENDPOINT + CONFIGURATION + 2 * RANK + _size_of(vote))
        self.number: i64 = number
        self.rank: i64 = rank
        self.voted: i64 = voted
        self.vote = vote


class Accept(RivalMessage):
    """Phase 2a: votes for it are ballots."""

    def __init__(self, sender: i64, number: i64, rank: i64, proposal: Proposal) -> None:
        super().__init__(sender, ENVELOPE + ENDPOINT + CONFIGURATION + RANK + _size_of(proposal))
        self.number: i64 = number
        self.rank: i64 = rank
        self.proposal = proposal


class ConfigurationRequest(StreamMessage):
    """The request for a member's configuration, over TCP."""

    def __init__(self) -> None:
        super().__init__(USER, ENVELOPE + ENDPOINT)


class ConfigurationReply(StreamMessage):
    """All members with the identifiers of their processes."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(
            USER, ENVELOPE + CONFIGURATION + (ENDPOINT + IDENTIFIER) * len(configuration.members)
        )
        self.configuration = configuration


def _size_of(proposal: Proposal) -> i64:
    size: i64 = FIELD
    for _, identifier in proposal:
        size += ENDPOINT if identifier == REMOVED else ENDPOINT + IDENTIFIER
    return size

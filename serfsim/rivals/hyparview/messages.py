"""Messages of HyParView, of Plumtree, and of the membership above them; all travel on links."""

from __future__ import annotations

from typing import Final

from serfsim.native import i64
from serfsim.rivals.rival import HEADER, RivalMessage

# Words between two members (HyParView, sections 4.2 and 4.3; the last is of the link).
JOIN: Final = 0
FORWARD_JOIN: Final = 1
NEIGHBOR_LOW: Final = 2
NEIGHBOR_HIGH: Final = 3
ACCEPTED: Final = 4
REJECTED: Final = 5
DISCONNECT: Final = 6
KEEPALIVE: Final = 7

ADDRESS: Final = 6  # bytes of a member's address and port
HOPS: Final = 1
STATE: Final = 1
INCARNATION: Final = 4
UPDATE: Final = ADDRESS + STATE + INCARNATION
# A message's identity is what it says, so that several members may broadcast the same; iroh sends a hash.
IDENTITY: Final = UPDATE
DIGEST: Final = 8

NO_MESSAGE: Final = -1  # the identity in a graft for the tree's sake alone

STATE_BITS: Final = 3
MEMBER_BITS: Final = 32


class Word(RivalMessage):
    """`subject`: whom a forwarded join is about, else -1; `hops` are left to walk."""

    def __init__(self, sender: i64, word: i64, subject: i64 = -1, hops: i64 = 0) -> None:
        super().__init__(sender, HEADER + (ADDRESS + HOPS if subject >= 0 else 0))
        self.word = word
        self.subject = subject
        self.hops = hops


class Shuffle(RivalMessage):
    """`members` of the views of `origin`; the answer, by the walk's last member, has `hops` below 0."""

    def __init__(self, sender: i64, origin: i64, hops: i64, members: list[int]) -> None:
        super().__init__(sender, HEADER + HOPS + ADDRESS * (len(members) + 1))
        self.origin = origin
        self.hops = hops
        self.members = members


class Update:
    """News of a member: its state, one of a view, and the incarnation that it holds for."""

    def __init__(self, member: i64, state: i64, incarnation: i64) -> None:
        self.member = member
        self.state = state
        self.incarnation = incarnation

    def identity(self) -> i64:
        return (self.incarnation << (MEMBER_BITS + STATE_BITS)) | (self.state << MEMBER_BITS) | self.member


class Gossip(RivalMessage):
    """A broadcast that has made `hops` hops, "round" in the paper."""

    def __init__(self, sender: i64, update: Update, hops: i64) -> None:
        super().__init__(sender, HEADER + IDENTITY + HOPS)
        self.update = update
        self.hops = hops


class IHave(RivalMessage):
    """Identities of messages that the sender has, and their hops."""

    def __init__(self, sender: i64, messages: list[tuple[int, int]]) -> None:
        super().__init__(sender, HEADER + (IDENTITY + HOPS) * len(messages))
        self.messages = messages


class Graft(RivalMessage):
    """The sender wants the receiver's broadcasts, and a message unless that is NO_MESSAGE."""

    def __init__(self, sender: i64, identity: i64) -> None:
        super().__init__(sender, HEADER + (IDENTITY + HOPS if identity >= 0 else 0))
        self.identity = identity


class Prune(RivalMessage):
    """The sender wants announcements instead of broadcasts."""

    def __init__(self, sender: i64) -> None:
        super().__init__(sender, HEADER)


class Digest(RivalMessage):
    """A checksum of who is alive in the sender's view."""

    def __init__(self, sender: i64, checksum: i64) -> None:
        super().__init__(sender, HEADER + DIGEST)
        self.checksum = checksum


class Snapshot(RivalMessage):
    """The sender's view; it wants the receiver's too or it does not."""

    def __init__(self, sender: i64, updates: list[Update], wants_answer: bool) -> None:
        super().__init__(sender, HEADER + UPDATE * len(updates))
        self.updates = updates
        self.wants_answer = wants_answer

"""SWIM's messages, and the updates that ride on them."""

from __future__ import annotations

from typing import Final

from serfsim.native import i64
from serfsim.rivals.rival import HEADER, RivalMessage

PING: Final = 0
PING_REQ: Final = 1
ACK: Final = 2
MAY_I_JOIN: Final = 3
WELCOME: Final = 4

# States that an update tells; they are those of a view, but for suspicion.
SUSPECTED: Final = 4

NUMBER: Final = 4  # bytes of a sequence number
ADDRESS: Final = 6  # and of a member's address and port
UPDATE: Final = ADDRESS + 1 + 4  # an update: address, state, incarnation


class Update:
    """News of a member; `left` counts how many times more it is sent."""

    def __init__(self, member: i64, state: i64, incarnation: i64, left: i64) -> None:
        self.member = member
        self.state = state
        self.incarnation = incarnation
        self.left = left


class SwimMessage(RivalMessage):
    """`target`: the member that a ping-req asks about, else -1."""

    def __init__(self, sender: i64, word: i64, number: i64, target: i64, updates: list[Update]) -> None:
        size = HEADER + NUMBER + UPDATE * len(updates)
        super().__init__(sender, size + ADDRESS if target >= 0 else size)
        self.word = word
        self.number = number
        self.target = target
        self.updates = updates

"""Broadcasts as numbers: in a storm the same few thousand messages are in all queues and datagrams.

All nodes that share a directory share a ledger, which holds each message that was ever queued, once.
Queues, datagrams and the messages seen by a node hold its number: its place in the ledger above the bits of
its column, under which traffic is counted (its wire type, or USER_COLUMNS and a delegate's own type).

A datagram is filled in the ledger's only `Filling`, which has room for any. A sent datagram is a `Load`:
the numbers, and runs of neighbours of equal column and size, which is all that traffic and sizes need.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i32, i64, mypyc_attr, vec
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.messages import USER, Message, UserMessage

COLUMN_BITS: Final = 5
COLUMN_MASK: Final = 31
USER_COLUMNS: Final = 16
MIXED: Final = -1  # no single column

# A run: how many << RUN_SHIFT | size << COLUMN_BITS | column.
RUN_SHIFT: Final = 40
SIZE_MASK: Final = 0x7FFFFFFFF
ALIKE_MASK: Final = 0xFFFFFFFFFF  # size and column


def ledger_of(directory: Directory) -> Ledger:
    """Return the ledger shared by all nodes of a directory."""
    ledger = directory.ledger
    if ledger is None:
        ledger = Ledger()
        directory.ledger = ledger
    return ledger


class Ledger:
    """`lost` counts the broadcasts that queues lost to another of their number."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.lost: i64 = 0
        self.filling = Filling(self)

    def number(self, message: Message) -> i64:
        """Return the message's number, a new one the first time."""
        number = message.ledger_number
        place: i64 = number >> COLUMN_BITS
        if 0 <= place < len(self.messages) and self.messages[place] is message:
            return number
        column = message.kind
        if column == USER and isinstance(message, UserMessage):
            column = USER_COLUMNS + (message.user_kind & 15)
        number = len(self.messages) << COLUMN_BITS | column
        message.ledger_number = number
        self.messages.append(message)
        return number

    def message(self, number: i64) -> Message:
        return self.messages[number >> COLUMN_BITS]

    def clear(self) -> None:
        """Begin anew. Only where no queue and no datagram holds a number."""
        self.messages = []


@mypyc_attr(acyclic=True)
class Load:
    """The broadcasts of one datagram, in the order in which they are written; never changed once made."""

    def __init__(self, ledger: Ledger, numbers: vec[i32], runs: vec[i64]) -> None:
        self.ledger = ledger
        self.numbers = numbers
        self.runs = runs

    def messages(self) -> list[Message]:
        return [self.ledger.message(i64(number)) for number in self.numbers]

    def bytes(self, overhead: i64) -> i64:
        """Return the bytes of the messages at `overhead` bytes a message."""
        total: i64 = 0
        for run in self.runs:
            total += (run >> RUN_SHIFT) * ((run >> COLUMN_BITS & SIZE_MASK) + overhead)
        return total


class Filling:
    """Messages put into a datagram so far, and `moves`, which their queues make afterwards.

    A move is two numbers, which only the queue reads.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.room: i64 = 0
        self.count: i64 = 0
        self.numbers: vec[i32] = vec[i32]()
        self.run_count: i64 = 0
        self.runs: vec[i64] = vec[i64]()
        self.move_count: i64 = 0
        self.moves: vec[i64] = vec[i64]()

    def begin(self, limit: i64) -> None:
        """Begin a datagram of at most `limit` bytes, of which every message takes one at least."""
        self.count = 0
        self.run_count = 0
        self.move_count = 0
        if limit > self.room:
            self.room = limit
            self.numbers = vec[i32]([0] * limit)
            self.runs = vec[i64]([0] * limit)
            self.moves = vec[i64]([0] * (2 * limit))

    def put(self, message: Message) -> None:
        number = self.ledger.number(message)
        self.numbers[self.count] = i32(number)
        self.count += 1
        self._add_run(1, message.size << COLUMN_BITS | number & COLUMN_MASK)

    def end_of(self, first: i64, size: i64, column: i64) -> None:
        """Note those from `first` on, each `size` bytes long: all of one column, or MIXED."""
        numbers = self.numbers
        at = first
        end = self.count
        if column != MIXED:
            self._add_run(end - first, size << COLUMN_BITS | column)
            return
        while at < end:
            column = i64(numbers[at]) & COLUMN_MASK
            begun = at
            at += 1
            while at < end and i64(numbers[at]) & COLUMN_MASK == column:
                at += 1
            self._add_run(at - begun, size << COLUMN_BITS | column)

    def _add_run(self, count: i64, what: i64) -> None:
        """Add messages of one column and size to the last run if it is of such."""
        runs = self.runs
        last: i64 = self.run_count - 1
        if last >= 0 and runs[last] & ALIKE_MASK == what:
            runs[last] += count << RUN_SHIFT
        else:
            runs[last + 1] = count << RUN_SHIFT | what
            self.run_count = last + 2

    def move(self, what: i64, span: i64) -> None:
        self.moves[self.move_count] = what
        self.moves[self.move_count + 1] = span
        self.move_count += 2

    def load(self) -> Load:
        """All that has been put in."""
        return self.part(0, self.count)

    def part(self, first: i64, end: i64) -> Load:
        """Of all that has been put in, the messages `first` to before `end`."""
        if first == 0 and end == self.count:
            return Load(self.ledger, self.numbers[0:end], self.runs[0 : self.run_count])
        part = Filling(self.ledger)
        part.begin(end - first)
        while first < end:
            part.put(self.ledger.message(i64(self.numbers[first])))
            first += 1
        return part.load()

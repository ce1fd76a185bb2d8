"""Reception of broadcasts: memberlist's worker and the handoff queues before it.

As in the library, alive messages go before all others, and of each kind the newest first. While the worker
is stalled, messages wait in the handoff queues, or are dropped. While no message waits and all queues have
room, messages are handled in the same order without the queues. With a `service_time` the worker takes that
long over each message, and all go through the queues. Most broadcasts that come as numbers of the
ledger have been seen (`seen`).
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events, log_lines
from serfsim.protocol.memberlist.core import MESSAGE_SERVED, Core
from serfsim.protocol.memberlist.datagram import as_read
from serfsim.protocol.memberlist.handoff import HandoffQueues
from serfsim.protocol.memberlist.ledger import COLUMN_MASK, RUN_SHIFT, USER_COLUMNS, Load
from serfsim.protocol.memberlist.messages import ALIVE, USER, Message, Packet, UserMessage
from serfsim.protocol.memberlist.state import MembershipRules

# From so many broadcasts on a datagram may not be read as it was written.
FIRST_UNREADABLE: Final = 127


@mypyc_attr(allow_interpreted_subclasses=True)
class Receiver:
    def __init__(self, core: Core, states: MembershipRules) -> None:
        self.core = core
        self.states = states
        self.handoff = HandoffQueues(core.config.handoff_queue_depth, core.features.two_handoff_queues)
        self.service_time = 0.0  # seconds
        self._in_hand: Message | None = None  # of a worker that takes time
        self._stalls: i64 = 0

    def readable(self, packet: Packet) -> Packet:
        """Return the messages of a datagram that its receiver can read."""
        if packet.broadcast_count < FIRST_UNREADABLE:
            return packet
        return as_read(packet, self.core.features.splits_compounds)

    def take(self, packet: Packet, source: i64, now: float) -> None:
        """Handle, or hand off, the broadcasts of a datagram that came from the address `source`."""
        is_free = self._stalls == 0 and self.handoff.is_split and self.service_time == 0.0
        load = packet.load
        has_strangers = self.core.config.allowed_networks is not None
        if load is not None and is_free and not has_strangers and len(load.numbers) <= self.handoff.depth:
            self._read(load, source, now)
            return
        broadcasts = packet.broadcasts
        if broadcasts is None:
            return
        if has_strangers:
            broadcasts = self.states.without_strangers(broadcasts, source)
        if is_free and len(broadcasts) <= self.handoff.depth:
            self._process_now(broadcasts, source, now)
        else:
            self._enqueue(broadcasts, source, now)

    # Numbers of the ledger ---------------------------------------------------------------------

    def _read(self, load: Load, source: i64, now: float) -> None:
        """Handle the messages of a datagram one after the other."""
        numbers, runs = load.numbers, load.runs
        others: i64 = 0
        end: i64 = len(numbers)
        run: i64 = len(runs)
        while run > 0:
            run -= 1
            first = end - (runs[run] >> RUN_SHIFT)
            if runs[run] & COLUMN_MASK == ALIVE:
                self._read_alive(load, first, end, now)
            else:
                others += end - first
            end = first
        if others > 0:
            self._read_others(load, source, now)

    def _read_alive(self, load: Load, first: i64, end: i64, now: float) -> None:
        """Handle the alive messages at places [first, end) that have not been seen."""
        seen = self.core.members.seen
        at = seen.last_news(load.numbers, first, end)
        while at >= first:
            number = i64(load.numbers[at])
            message = load.ledger.message(number)
            if not self.states.is_settled(message):
                self.states.handle(message, now)
            if self.states.is_settled(message):
                seen.add(number)
            at = seen.last_news(load.numbers, first, at)

    def _read_others(self, load: Load, source: i64, now: float) -> None:
        """Read all but the alive messages. What had been seen may have to be looked at again by now."""
        core = self.core
        seen = core.members.seen
        numbers, runs = load.numbers, load.runs
        keeps_copies = core.runtime.keeps_copies()
        copies: i64 = 0
        end: i64 = len(numbers)
        run: i64 = len(runs)
        while run > 0:
            run -= 1
            first = end - (runs[run] >> RUN_SHIFT)
            column: i64 = runs[run] & COLUMN_MASK
            is_user = column >= USER_COLUMNS
            while end > first and column != ALIVE:
                at = end - 1 if is_user and keeps_copies else seen.last_news(numbers, first, end)
                if is_user:
                    copies += end - 1 - at
                if at < first:
                    break
                if self._stalls > 0:
                    self._enqueue_others(load.messages(), at, source, now)
                    run = 0
                    break
                number = i64(numbers[at])
                self._read_other(load.ledger.message(number), number, now)
                end = at
            end = first
        if copies > 0:
            core.runtime.copies_left_out(copies)

    def _read_other(self, message: Message, number: i64, now: float) -> None:
        self._handle(message, now)
        if message.kind == USER:
            is_settled = self.core.delegate.is_settled(message)
        else:
            is_settled = self.states.is_settled(message)
        if is_settled:
            self.core.members.seen.add(number)

    # Messages ----------------------------------------------------------------------------------

    def _process_now(self, broadcasts: list[Message], source: i64, now: float) -> None:
        """Handle a datagram as `_enqueue` does while no message waits, without the queues between."""
        alive = self.states.handle_alive(broadcasts, now)
        at: i64 = len(broadcasts) - 1
        if alive > at:
            return
        while at >= 0:
            message = broadcasts[at]
            if message.kind != ALIVE:
                if self._stalls > 0:
                    self._enqueue_others(broadcasts, at, source, now)
                    return
                self._handle(message, now)
            at -= 1

    def _enqueue_others(self, broadcasts: list[Message], last: i64, source: i64, now: float) -> None:
        """Hand off those that are no alive messages, up to the place `last`."""
        others = [message for message in broadcasts[: last + 1] if message.kind != ALIVE]
        self._enqueue(others, source, now)

    def _enqueue(self, broadcasts: list[Message], source: i64, now: float) -> None:
        """Put what came with a datagram on the queues, and let the worker at it."""
        for message in broadcasts:
            if not self.handoff.push(message):
                core = self.core
                core.notify(now, events.QUEUE_FULL, message.node, message.kind)
                text = core.directory.endpoint(source)
                core.log(now, log_lines.HANDLER_FULL, -1, message.kind, 0, text)
        self.work(now)
        self.core.runtime.handed_off(now, self.handoff.waiting())

    def work(self, now: float) -> None:
        """Handle all messages in the handoff queues, or begin with the first if that takes time."""
        while self._stalls == 0 and self._in_hand is None:
            message = self.handoff.pop()
            if message is None:
                return
            if self.service_time > 0.0:
                self._in_hand = message
                self.core.runtime.call_after_work(self.service_time, MESSAGE_SERVED, now)
            else:
                self._handle(message, now)

    def served(self, now: float) -> None:
        """Finish the message in hand, and begin the next."""
        message = self._in_hand
        self._in_hand = None
        if message is not None:
            self._handle(message, now)
        self.work(now)

    def _handle(self, message: Message, now: float) -> None:
        if message.kind == USER:
            assert isinstance(message, UserMessage)
            self.core.delegate.notify_message(message, now)
        else:
            self.states.handle(message, now)

    def stall(self) -> None:
        """Keep the worker busy for a delegate: messages wait in the queues until `resume`."""
        self._stalls += 1

    def resume(self, now: float) -> None:
        self._stalls -= 1
        self.work(now)

"""Drivers of Serf's machines: a graceful leave, the status of a member, and single events and queries."""

from __future__ import annotations

from typing import ClassVar

from serfsim.protocol import events
from serfsim.protocol.memberlist.messages import DEAD
from serfsim.protocol.serf import events as user_events
from serfsim.protocol.serf import intents, members, queries
from serfsim.protocol.serf.core import (
    INTENT_END,
    LEAVE_PROPAGATED,
    LEAVING_MEMBERLIST,
    PRUNE_DUE,
    TELLING_LEAVE,
)
from serfsim.protocol.serf.intents import INTENT_UNTOLD, LEAVE_UNTOLD, LEFT_WELL, PHASES
from serfsim.protocol.serf.messages import LEAVE
from serfsim.protocol.serf.query_messages import ACK_FLAG, NO_BROADCAST_FLAG, NodeFilter, Query
from tests.machines.driving import Driver
from tests.memberlist.harness import in_order
from tests.serf.harness import SerfHand

LONG = 1e6  # seconds, beyond every timeout


class DepartureDriver(Driver):
    """One of five members leaves."""

    module = intents

    def __init__(self) -> None:
        self.hand = SerfHand(knowing=4)
        self.hand.runtime.timers.clear()
        self.hand.node.memberlist.core.gossip_due = False

    def state(self) -> str:
        return PHASES[self.hand.node.departure.phase]

    def clear(self) -> None:
        self.hand.clear()
        self.hand.runtime.timers.clear()

    # Inputs

    def leave(self) -> None:
        self.hand.node.leave(self.hand.now)

    def leave_alone(self) -> None:
        for name in "pqrs":
            self.hand.departs(name)
        self.clear()
        self.leave()

    def told(self, token: int, in_time: bool = True, goes_on: bool = False) -> None:
        """A broadcast was sent often enough, or its time is over."""
        self.hand.config.leave_continues = goes_on
        if token == TELLING_LEAVE:
            self.hand.node.on_timer(INTENT_END, token, 1 if in_time else 0, self.hand.now)
        else:
            self.hand.node.notify_finished(token, in_time, self.hand.now)

    def time_out(self, goes_on: bool = False) -> None:
        """That of the broadcast that is waited for."""
        token = TELLING_LEAVE if self.state() == "telling intent" else LEAVING_MEMBERLIST
        self.told(token, False, goes_on)

    enter: ClassVar = {
        "staying": lambda self: None,
        "telling intent": leave,
        "telling memberlist": lambda self: (self.leave(), self.told(TELLING_LEAVE)),
        "propagating": lambda self: (
            self.leave(),
            self.told(TELLING_LEAVE),
            self.told(LEAVING_MEMBERLIST),
        ),
        "gone": lambda self: (self.leave(), self.time_out()),
    }
    give: ClassVar = {
        "leave": leave,
        "leave, nobody else alive": leave_alone,
        "intent sent often enough": lambda self: self.told(TELLING_LEAVE),
        "leave sent often enough": lambda self: self.told(LEAVING_MEMBERLIST),
        "timeout": time_out,
        "timeout, leave_continues": lambda self: self.time_out(True),
        "leave_propagate_delay": lambda self: self.hand.node.on_timer(LEAVE_PROPAGATED, 0, 0, self.hand.now),
    }
    # The last pause is no timer of the other phases.
    impossible = frozenset(
        (state, "leave_propagate_delay")
        for state in ("staying", "telling intent", "telling memberlist", "gone")
    )

    # Effects

    def reported(self, outcome: int) -> bool:
        """Once, to those who watch and to those above."""
        seen = [detail for _, kind, _, detail in self.hand.runtime.events if kind == events.LEAVE_DONE]
        return seen == [outcome] == [found for _, found in self.hand.application.done]

    def memberlist_leaves(self) -> bool:
        waiting = [entry.message for entry in in_order(self.hand.node.memberlist.core.broadcasts)]
        return self.hand.node.memberlist.core.leaving and all(message.kind == DEAD for message in waiting)

    shows: ClassVar = {
        "gossip a leave intent": lambda self: (
            [entry[:2] for entry in self.hand.queued()] == [(LEAVE, "me")]
            and self.hand.status("me") == "leaving"
        ),
        "memberlist leaves": memberlist_leaves,
        "wait for the last pause": lambda self: (
            [timer.timer for timer in self.hand.runtime.timers].count(LEAVE_PROPAGATED) == 1
        ),
        "report that the intent was not told": lambda self: self.reported(INTENT_UNTOLD),
        "report that the leave was not told": lambda self: self.reported(LEAVE_UNTOLD),
        "report that it has left": lambda self: self.reported(LEFT_WELL),
    }


class StatusDriver(Driver):
    """The status of p, of whom this node has heard intents up to Lamport time 5."""

    module = members

    def __init__(self) -> None:
        self.hand = SerfHand(knowing=0)
        for name in "qrs":
            self.hand.joins(name)
        self.incarnation = 0
        self.ltime = 5
        self.passed_on = False

    def state(self) -> str:
        return self.hand.status("p")

    def clear(self) -> None:
        self.hand.clear()
        self.hand.node.members.seen.clear()

    # States and inputs

    def join(self) -> None:
        self.incarnation += 1
        self.hand.joins("p", self.incarnation)

    def intent(self, kind: str, prune: bool = False) -> None:
        self.ltime += 1
        if kind == "join":
            self.passed_on = self.hand.join_intent("p", self.ltime)
        else:
            self.passed_on = self.hand.leave_intent("p", self.ltime, prune)

    def die(self) -> None:
        self.hand.dies("p", self.incarnation)

    def depart(self) -> None:
        self.join()
        self.intent("leave")
        self.die()

    def join_of_one_that_leaves(self) -> None:
        self.intent("leave")
        self.join()

    def rejoin(self) -> None:
        """memberlist says so only of one that was not alive."""
        self.hand.node.notify_join(self.hand.directory.first[1], self.hand.now)

    def old_intents(self) -> None:
        self.hand.join_intent("p", self.hand.ltime("p"))
        self.hand.leave_intent("p", self.hand.ltime("p"))

    def release(self) -> None:
        """A leave intent to prune has held the worker for some seconds."""
        if self.state() == "leaving":
            self.hand.joins("p", self.incarnation + 1)
            self.hand.node.members.set(1, members.STATUS_ALIVE, self.ltime)
            self.intent("leave", True)
            assert self.state() == "leaving"
        depth = self.hand.node.queues.intents.depth
        self.hand.node.on_timer(PRUNE_DUE, 0, 0, self.hand.now)
        self.passed_on = self.hand.node.queues.intents.depth > depth

    def wait(self) -> None:
        self.hand.node.reaper.reap(self.hand.now + LONG)

    enter: ClassVar = {
        "none": lambda self: None,
        "alive": join,
        "leaving": lambda self: (self.join(), self.intent("leave")),
        "failed": lambda self: (self.join(), self.die()),
        "left": depart,
    }
    give: ClassVar = {
        "node joins": rejoin,
        "node joins, leave intent known": join_of_one_that_leaves,
        "node leaves": lambda self: self.hand.node.notify_leave(self.hand.directory.first[1], self.hand.now),
        "join intent": lambda self: self.intent("join"),
        "leave intent": lambda self: self.intent("leave"),
        "leave intent to prune": lambda self: self.intent("leave", True),
        "old intents": old_intents,
        "end of the hold before a prune": release,
        "reconnect_timeout": wait,
        "tombstone_timeout": wait,
    }
    # Both timeouts come in one tick, nothing is kept for later of a known member, and only a leaving member
    # holds the worker before it is pruned.
    impossible = frozenset(
        {("left", "reconnect_timeout"), ("failed", "tombstone_timeout"), ("none", "old intents")}
        | {(state, "node joins, leave intent known") for state in ("alive", "leaving", "failed", "left")}
        | {(state, "end of the hold before a prune") for state in ("none", "alive", "failed", "left")}
    )

    # Effects

    def told(self, event: str) -> bool:
        return f"{event}:p" in self.hand.member_events()

    shows: ClassVar = {
        "member-join": lambda self: self.told("member-join"),
        "member-leave": lambda self: self.told("member-leave"),
        "member-failed": lambda self: self.told("member-failed"),
        "member-reap": lambda self: self.told("member-reap"),
        "pass it on": lambda self: self.passed_on,
        "take its time": lambda self: self.hand.ltime("p") == self.ltime,
        "keep it for later": lambda self: self.hand.member_events() == [],
        "hold the worker": lambda self: not self.passed_on and self.hand.member_events() == [],
    }


class GossipedOnce(Driver):
    """Something that comes once for each Lamport time and name; a ring of 512 remembers it."""

    ltime = 1

    def __init__(self) -> None:
        self.hand = SerfHand(knowing=4)
        self.passed_on = False

    def warned(self) -> bool:
        return self.hand.reported(events.OLD_EVENT) + self.hand.reported(events.OLD_QUERY) == [0]

    def dropped(self) -> bool:
        return not self.passed_on and self.hand.application.told == []

    def clear(self) -> None:
        self.hand.clear()
        self.hand.application.told.clear()
        self.hand.application.calls.clear()


class EventDriver(GossipedOnce):
    module = user_events

    def state(self) -> str:
        taken = self.hand.node.user_events
        if taken.min_time > self.ltime:
            return "unwanted"
        if taken.clock.time() > self.ltime + self.hand.config.event_buffer:
            return "too old"
        slots = taken._slots
        slot = slots[self.ltime] if slots else None
        return "new" if slot is None or not any(one.name == "deploy" for one in slot.events) else "known"

    def hear(self) -> None:
        self.passed_on = self.hand.event_heard("deploy", ltime=self.ltime)

    enter: ClassVar = {
        "new": lambda self: self.hand.event_heard("another", ltime=self.ltime),
        "known": hear,
        "too old": lambda self: self.hand.node.user_events.clock.witness(5000),
        "unwanted": lambda self: self.hand.node.user_events.forget_before(2),
    }
    give: ClassVar = {"event": hear}
    shows: ClassVar = {
        "deliver it": lambda self: self.hand.application.told == ["user-event: deploy"],
        "pass it on": lambda self: self.passed_on,
        "drop it": GossipedOnce.dropped,
        "warn": GossipedOnce.warned,
    }


class QueryDriver(GossipedOnce):
    module = queries

    def state(self) -> str:
        taken = self.hand.node.queries
        if taken.min_time > self.ltime:
            return "unwanted"
        if taken.clock.time() > self.ltime + self.hand.config.query_buffer:
            return "too old"
        slots = taken._slots
        slot = slots[self.ltime] if slots else None
        return "new" if slot is None or 7 not in slot.ids else "known"

    def hear(self, *, flags: int = 0, for_others: bool = False, number: int = 7) -> None:
        filters = [NodeFilter(["nobody"])] if for_others else []
        source = self.hand.directory.first[1]
        query = Query(source, self.ltime, number, "uptime", b"", filters, flags | ACK_FLAG, 0, 5.0)
        self.passed_on = self.hand.query_heard(query)

    def set_min_time(self) -> None:
        self.hand.node.queries.min_time = 2

    enter: ClassVar = {
        "new": lambda self: self.hear(number=8),
        "known": hear,
        "too old": lambda self: self.hand.node.queries.clock.witness(5000),
        "unwanted": set_min_time,
    }
    give: ClassVar = {
        "query": hear,
        "query not to be passed on": lambda self: self.hear(flags=NO_BROADCAST_FLAG),
        "query for others": lambda self: self.hear(for_others=True),
        "query for others, not to be passed on": lambda self: self.hear(
            flags=NO_BROADCAST_FLAG, for_others=True
        ),
    }
    shows: ClassVar = {
        "deliver it": lambda self: self.hand.application.told == ["query: uptime"],
        "ack it": lambda self: [address for address, _ in self.hand.responses_sent()] == [1],
        "pass it on": lambda self: self.passed_on,
        "drop it": lambda self: GossipedOnce.dropped(self) and self.hand.responses_sent() == [],
        "warn": GossipedOnce.warned,
    }

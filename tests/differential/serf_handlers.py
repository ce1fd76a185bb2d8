"""Serf's handlers: joins, leaves, intents, prune, force-leave, reap, merges, rings, clocks."""

from __future__ import annotations

from typing import Any

from serfsim.native import i64, vec
from serfsim.protocol.serf.application import ReceivedQuery
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.core import INTENTS
from serfsim.protocol.serf.members import STATUS_NAMES
from serfsim.protocol.serf.messages import JOIN, LEAVE, EventSlot, Intent, SerfState, UserEvent
from serfsim.protocol.serf.query_messages import Query
from serfsim.protocol.versions import ReleaseFeatures
from tests.differential.replaying import Outcome, Replay, Vector, compare
from tests.serf.harness import MEMBER_EVENTS, HandApplication, SerfHand

RING = 8
EMPTY_RING_SIZE = 600  # of a state that is not measured here


class Told(HandApplication):
    """Keeps events and queries in the words of the vectors."""

    def user_event(self, event: UserEvent, now: float) -> None:
        flag = str(event.coalesce).lower()
        self.told.append(f"user:{event.name}:{event.ltime}:{event.payload.decode()}:{flag}")

    def query(self, received: ReceivedQuery, now: float) -> None:
        self.told.append(f"query:{received.query.ltime}:{received.query.id}")


class Member:
    """The Serf node "me", which is given the steps of one sequence."""

    def __init__(self) -> None:
        config = SerfConfig(ReleaseFeatures("0.9.4"))
        config.event_buffer = config.query_buffer = RING
        config.broadcast_timeout = config.leave_propagate_delay = 0.0
        config.user_coalesce_period = config.user_quiescent_period = 0.0
        self.application = Told()
        self.hand = SerfHand(others=4, config=config, application=self.application)
        self.hand.runtime.timers.clear()

    def step(self, step: Vector) -> None:
        """Do what the real member did."""
        hand, node = self.hand, self.hand.node
        hand.runtime.events.clear()
        self.application.told.clear()
        hand.now += 1.0
        number = hand.number(step["n"])
        identity = hand.directory.first[number]
        operation = step["op"]
        if operation == "join":
            node.notify_join(identity, hand.now)
        elif operation == "dead":
            node.notify_leave(identity, hand.now)
        elif operation == "update":
            node.notify_update(identity, hand.now)
        elif operation == "ji":
            hand.heard(Intent(JOIN, identity, step["lt"], False))
        elif operation == "li":
            hand.heard(Intent(LEAVE, identity, step["lt"], step["p"]))
            hand.run(hand.now)
        elif operation == "merge":
            self.merge(step)
        elif operation == "ue":
            event = UserEvent(1, step["lt"], step["name"], step["pay"].encode(), step["cc"])
            hand.heard(event)
        elif operation == "qu":
            source = hand.directory.first[1]
            hand.heard(Query(source, step["lt"], step["id"], "q", b"", [], step["fl"], 0, 1.0))
        elif operation == "reap":
            for listed in (node.members.failed, node.members.left):
                node.reaper._reap_listed(listed, -1.0, hand.now)
        elif operation == "force":
            node.force_leave(number, step["p"], hand.now)
            hand.run(hand.now)
        elif operation == "bj":
            node.intents.broadcast_join(hand.now)
        elif operation == "leave":
            self.leave()
        hand.runtime.timers.clear()

    def merge(self, step: Vector) -> None:
        hand, node = self.hand, self.hand.node
        status = step["st"]
        state = SerfState(
            step["lt"],
            step["elt"],
            step["qlt"],
            vec[i64]([hand.number(name) for name in status]),
            vec[i64](list(status.values())),
            [hand.number(name) for name in step["left"]],
            EMPTY_RING_SIZE,
        )
        for ltime, name, payload in step["evs"]:
            slot = EventSlot(ltime)
            slot.events.append(UserEvent(1, ltime, name, payload.encode(), False))
            state.events.append(slot)
        node.user_events.ignores_old = step["ig"]
        node.merge_remote_state(state, step["join"], hand.now)
        node.user_events.ignores_old = False

    def leave(self) -> None:
        node, now = self.hand.node, self.hand.now
        intents = node.intents
        intents.is_alive = False
        message = intents.make(LEAVE, 0, intents.clock.time())
        intents.clock.increment()
        intents.handle_leave(0, message.ltime, False, now)
        if node.members.others_are_alive(0):
            node.queues.add(INTENTS, message, now, 5)

    def state(self) -> dict[str, Any]:
        node, names = self.hand.node, self.hand.directory.names
        members, recent = node.members, node.recent_intents
        buffered: dict[str, Any] = {}
        for number, name in enumerate(names):
            for kind in (JOIN, LEAVE):
                ltime = recent.find(number, kind)
                if ltime >= 0:
                    buffered[name] = [kind, ltime]
        reported = [
            f"{MEMBER_EVENTS[kind]}:{names[subject]}"
            for _, kind, subject, _ in self.hand.runtime.events
            if kind in MEMBER_EVENTS
        ]
        return {
            "c": node.intents.clock.time(),
            "ec": node.user_events.clock.time(),
            "qc": node.queries.clock.time(),
            "m": {
                names[number]: [STATUS_NAMES[members.status(number)], members.status_ltime(number)]
                for number in members.known()
            },
            "f": sorted(names[number] for number in members.failed),
            "l": sorted(names[number] for number in members.left),
            "r": buffered,
            "q": [node.queues.intents.depth, node.queues.queries.depth, node.queues.user_events.depth],
            "min": node.user_events.min_time,
            "ev": reported + self.application.told,
        }


# The library goes through a map and through two lists here, each in an order of its own.
UNORDERED = ("reap", "merge")


def play(vector: Vector, number: int) -> Outcome:
    member = Member()
    for at, step in enumerate(vector):
        member.step(step)
        real, simulated = step["s"], member.state()
        if at == 0:
            real["ev"] = real["ev"][1:]  # its own join, from before the first step
        if step["op"] in UNORDERED:
            real["ev"].sort()
            simulated["ev"].sort()
        if difference := compare(real, simulated):
            return Outcome(at + 1, f"{step['op']} {step['n']}: {difference}")
    return Outcome(len(vector))


HANDLERS = Replay(
    "serf",
    "Serf's handlers: intents, prune, force-leave, reap, merges, rings of events and queries, clocks",
    "step",
    play,
)

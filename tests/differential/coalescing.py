"""Both coalescers in a row, in real time: a delivery matches one of the same content within 9 ms."""

from __future__ import annotations

import heapq
from typing import Any

from serfsim.protocol import events
from serfsim.protocol.serf.application import Application
from serfsim.protocol.serf.events import MemberCoalescer, UserCoalescer
from serfsim.protocol.serf.messages import UserEvent
from tests.differential.replaying import Outcome, Replay, Vector
from tests.memberlist.harness import HandRuntime

NEAR_MS = 9.0
QUANTUM_S, QUIESCENT_S = 0.33, 0.11
AFTER_S = 0.45  # how long the real ones were listened to after the last event
KINDS = (events.JOIN, events.LEFT, events.FAILED, events.UPDATE, events.REAP)
WORDS = ("member-join", "member-leave", "member-failed", "member-update", "member-reap")
MEMBER_TIMER, USER_TIMER = 1, 2


class Timers(HandRuntime):
    def __init__(self) -> None:
        super().__init__()
        self.due: list[tuple[float, int, int]] = []

    def call_at(self, at: float, timer: int, a: int, b: int) -> None:
        heapq.heappush(self.due, (at, len(self.timers), timer))
        super().call_at(at, timer, a, b)


class Reader(Application):
    """Notes each delivery with its time in milliseconds."""

    def __init__(self) -> None:
        self.deliveries: list[tuple[float, str]] = []

    def wants_member_events(self) -> bool:
        return True

    def member_event(self, kind: int, members: list[int], now: float) -> None:
        names = ",".join(sorted(chr(ord("a") + member) for member in members))
        self.deliveries.append((now * 1000, f"{WORDS[KINDS.index(kind)]}:{names}"))

    def user_event(self, event: UserEvent, now: float) -> None:
        self.deliveries.append((now * 1000, f"{event.name}:{event.ltime}:{event.payload.decode()}"))


def simulated(given: list[Any]) -> list[tuple[float, str]]:
    timers, reader = Timers(), Reader()
    members = MemberCoalescer(QUANTUM_S, QUIESCENT_S, MEMBER_TIMER, timers, reader)
    users = UserCoalescer(QUANTUM_S, QUIESCENT_S, USER_TIMER, timers, reader)

    def run(until: float) -> None:
        while timers.due and timers.due[0][0] <= until:
            at, _, timer = heapq.heappop(timers.due)
            (members if timer == MEMBER_TIMER else users).due(at)

    for event in given:
        now = event[0] / 1000
        run(now - 1e-9)
        if event[1] == "m":
            members.take(KINDS[event[2]], event[3], now)
        else:
            users.take(UserEvent(0, event[3], f"n{event[2]}", str(event[5]).encode(), event[4]), now)
    run(given[-1][0] / 1000 + AFTER_S)
    return reader.deliveries


def play(vector: Vector, number: int) -> Outcome:
    left = simulated(vector["ev"])
    unmatched = []
    for at, what in vector["out"]:
        near = [event for event in left if event[1] == what and abs(event[0] - at) < NEAR_MS]
        if near:
            left.remove(near[0])
        else:
            unmatched.append((at, what))
    matched = len(vector["out"]) - len(unmatched)
    if unmatched or left:
        return Outcome(matched, f"seed {vector['seed']}: real alone {unmatched}, simulated alone {left}")
    return Outcome(matched)


COALESCERS = Replay("co", "both coalescers of events in a row", "delivery", play)

"""Snapshots: three lives of a member over one file, with compaction, leave, rejoin and replay."""

from __future__ import annotations

from serfsim.protocol import events
from serfsim.protocol.directory import Directory
from serfsim.protocol.serf.core import LamportClock
from serfsim.protocol.serf.members import SerfMembers
from serfsim.protocol.serf.snapshot import Snapshot, SnapshotFile
from tests.differential.replaying import Outcome, Replay, Vector, compare

NODES = 6
LIFE_S = 1000.0
UPDATE_CLOCK = 5  # the operation that goes on after a leave


def do(snapshot: Snapshot, clock: LamportClock, operation: list[int], now: float) -> None:
    kind, node, ltime = operation
    if kind in (0, 1):
        snapshot.member_event(events.JOIN, node, now)
    elif kind == 2:
        snapshot.member_event(events.FAILED, node, now)
    elif kind == 3:
        snapshot.member_event(events.UPDATE, node, now)
    elif kind == 4:
        clock.witness(ltime)
    elif kind == UPDATE_CLOCK:
        snapshot.update_clock(now)
    elif kind == 6:
        snapshot.user_event(ltime, now)
    elif kind == 7:
        snapshot.query(ltime, now)
    elif kind == 9:
        snapshot.leave(now)


def play(vector: Vector, number: int) -> Outcome:
    file, directory = SnapshotFile(), Directory()
    for at in range(NODES):
        directory.add(f"node{at}", at)
    for life, recorded in enumerate(vector["lives"]):
        clock = LamportClock()
        clock.increment()
        snapshot = Snapshot(file, vector["rejoin"], clock, SerfMembers(directory), vector["min"])
        replayed = [
            sorted(f"{name} {address}" for name, address in snapshot.alive.items()),
            snapshot.last_clock,
            snapshot.last_event_clock,
            snapshot.last_query_clock,
        ]
        clock.witness(snapshot.last_clock)
        now = LIFE_S * life
        for operation in recorded["ops"]:
            now += 0.01
            if not snapshot.is_leaving or operation[0] == UPDATE_CLOCK:
                do(snapshot, clock, operation, now)
        snapshot.shut_down(now)
        lines = sorted(file.content.decode().split("\n"))  # the library writes a map in any order
        real = {"start": recorded["start"], "lines": recorded["lines"]}
        if difference := compare(real, {"start": replayed, "lines": lines}):
            return Outcome(life + 1, difference)
    return Outcome(len(vector["lives"]))


SNAPSHOT = Replay("sn", "the snapshot: writing, compaction, leave, rejoin, replay", "life", play)

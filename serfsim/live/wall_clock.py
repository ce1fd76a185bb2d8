"""The wall clock of each member, which dates the lines of its log and times nothing else."""

from __future__ import annotations

from typing import NamedTuple

from serfsim.engine.streams import stream
from serfsim.scenario.faults import Clock, Freeze
from serfsim.scenario.model import Scenario


class _Change(NamedTuple):
    """A change at `t` seconds: a jump, freezes more or fewer, a rate by its number (None ends it)."""

    t: float
    jump: float
    freezes: int
    turn: int
    rate: float | None


class WallClock:
    """The error of a member's wall clock: the seconds by which it is ahead of the true time.

    It is right at the beginning of the run, t = `begins`, and nobody sets it right but the end of a fault.
    """

    def __init__(self, scenario: Scenario, member: int, begins: float = 0.0) -> None:
        self.begins = begins
        self.own_rate = scenario.roster().members[member].clock_rate
        self.changes = _changes(scenario, member)

    def ahead(self, t: float) -> float:
        """Return by how much it is ahead at `t` seconds on the scenario's clock."""
        jumped, freezes = 0.0, 0
        rates: dict[int, float] = {0: self.own_rate}
        ahead, since = 0.0, self.begins
        for change in self.changes:
            if change.t > t:
                break
            ahead += (change.t - since) * _drift(freezes, rates)
            since = change.t
            jumped += change.jump
            freezes += change.freezes
            if change.rate is not None:
                rates[change.turn] = change.rate
            else:
                rates.pop(change.turn, None)
        return jumped + ahead + (t - since) * _drift(freezes, rates)


def _drift(freezes: int, rates: dict[int, float]) -> float:
    return -1.0 if freezes else list(rates.values())[-1] - 1.0


def _changes(scenario: Scenario, member: int) -> list[_Change]:
    roster = scenario.roster()
    found: list[_Change] = []
    turn = 0
    for position, fault in enumerate(scenario.faults):
        if not isinstance(fault, (Clock, Freeze)):
            continue
        if member not in fault.prepare(roster, stream(scenario.seed, f"faults/{position}")):
            continue
        for start, end in fault.occurrences(scenario.duration):
            turn += 1
            jump = rate = None
            if isinstance(fault, Clock):
                jump, rate = fault.clock.jump, fault.clock.rate
            found.append(_Change(start, jump or 0.0, int(isinstance(fault, Freeze)), turn, rate))
            if end is not None:
                found.append(_Change(end, -(jump or 0.0), -int(isinstance(fault, Freeze)), turn, None))
    return sorted(found, key=lambda change: change.t)

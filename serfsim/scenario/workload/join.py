"""`join`: a member joins others while the cluster runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from serfsim.native import Random
from serfsim.scenario.controls import Controls
from serfsim.scenario.phrases import describe_selector
from serfsim.scenario.problems import Path, Problem
from serfsim.scenario.roster import Roster
from serfsim.scenario.selection import Nodes, select, selector_problems
from serfsim.scenario.units import Switch
from serfsim.scenario.workload.work import ByOne

if TYPE_CHECKING:
    from serfsim.protocol.serf.node import SerfNode


class Join(ByOne):
    """Join others, as `serf join` does: try each in turn, once.

    An agent that has left refuses to join.
    """

    verb: ClassVar = "join"
    example: ClassVar = "{join: [node-03], from: node-00, at: 30s}"

    join: Nodes = Field(description="members that it contacts, names in the order given")
    replay: Switch = Field(default=False, description="deliver user events from before the join too")

    def problems(self, roster: Roster, path: Path) -> Iterator[Problem]:
        yield from super().problems(roster, path)
        yield from selector_problems(self.join, roster, (*path, "join"))

    def describe(self) -> str:
        replays = " and replays their user events" if self.replay else ""
        return f"{self._describe_sender()} joins {describe_selector(self.join)}{replays}"

    def prepare(self, roster: Roster, random: Random) -> list[int]:
        if isinstance(self.join, tuple):
            return roster.in_order(self.join)
        return select(self.join, roster, random)

    def act(self, controls: Controls, machine: SerfNode, prepared: list[int]) -> None:
        number = controls.number_of(machine)
        targets, now = controls.contacts(number, prepared), controls.now_at(number)
        machine.join(targets, now, not self.replay, once=True, is_logged=True)

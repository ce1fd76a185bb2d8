"""`force_leave`: a member removes others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from serfsim.native import Random
from serfsim.protocol import log_lines
from serfsim.scenario.controls import Controls
from serfsim.scenario.phrases import describe_selector
from serfsim.scenario.problems import Path, Problem
from serfsim.scenario.roster import Roster
from serfsim.scenario.selection import Nodes, select, selector_problems
from serfsim.scenario.units import Switch
from serfsim.scenario.workload.work import ByOne

if TYPE_CHECKING:
    from serfsim.protocol.serf.node import SerfNode


class ForceLeave(ByOne):
    """Say of others that they have left, as `serf force-leave` does."""

    verb: ClassVar = "force_leave"
    example: ClassVar = "{force_leave: [node-07], prune: true, at: 90s}"

    force_leave: Nodes = Field(description="members that are said to have left")
    prune: Switch = Field(default=False, description="have all members forget them at once")

    def problems(self, roster: Roster, path: Path) -> Iterator[Problem]:
        yield from super().problems(roster, path)
        yield from selector_problems(self.force_leave, roster, (*path, "force_leave"))

    def describe(self) -> str:
        prunes = " and prunes" if self.prune else ""
        return f"{self._describe_sender()} says that {describe_selector(self.force_leave)} left{prunes}"

    def prepare(self, roster: Roster, random: Random) -> list[int]:
        return select(self.force_leave, roster, random)

    def act(self, controls: Controls, machine: SerfNode, prepared: list[int]) -> None:
        now = controls.now_at(controls.number_of(machine))
        for node in prepared:
            machine.log(now, log_lines.PRUNING if self.prune else log_lines.REMOVING, node)
            machine.force_leave(node, self.prune, now)

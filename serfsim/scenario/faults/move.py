"""`move`: members start again at another address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.fault import Departure, Undo
from serfsim.scenario.phrases import with_verb
from serfsim.scenario.problems import Path, Problem, found_expected
from serfsim.scenario.roster import Roster
from serfsim.scenario.selection import Nodes
from serfsim.scenario.units import PositiveDuration


class Move(Departure):
    """Kill the process and start it again with another address, bound or advertised.

    It keeps its name, its machine and its place in the topology. It is no crash: nobody need notice it.
    """

    verb: ClassVar = "move"
    example: ClassVar = "{move: [node-05], address: 10.0.9.9, at: 30s}"

    move: Nodes = Field(description="members that move")
    restart: PositiveDuration | None = Field(default=1.0, description="time until it starts again and joins")

    def problems(self, roster: Roster, path: Path) -> Iterator[Problem]:
        yield from super().problems(roster, path)
        if self.address is None and self.advertise is None:
            expected = "`address` or `advertise` beside `move`"
            yield Problem(path, found_expected("`move` alone", expected))

    def describe(self) -> str:
        return with_verb(self.move, "moves", "move") + self._describe_restart()

    def begin(self, controls: Controls, prepared: list[int]) -> Undo:
        ended = [node for node in prepared if controls.kill(node)]
        return lambda: self.come_back(controls, ended, prepared)

"""`upgrade`: members get another release of Serf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import Field, model_validator

from serfsim.scenario.cluster import Version
from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.fault import OnNodes, Undo, nothing
from serfsim.scenario.phrases import format_duration, with_verb
from serfsim.scenario.problems import Path, Problem, invalid
from serfsim.scenario.roster import Roster, protocol_problems
from serfsim.scenario.selection import Nodes
from serfsim.scenario.units import Duration, PositiveDuration


class Upgrade(OnNodes):
    """Install another release of Serf: each node's process ends, and after `restart` the new one joins.

    An older release is as good as a newer one.
    """

    verb: ClassVar = "upgrade"
    example: ClassVar = "{upgrade: all, to: latest, at: 30s, apart: 10s}"
    ends_processes: ClassVar[bool] = True

    upgrade: Nodes = Field(description="members that get the release")
    to: Version = Field(description="the release")
    restart: PositiveDuration = Field(default=1.0, description="time from a process to the next")
    apart: Duration = Field(
        default=0.0,
        description="time from one node to the next, in the order of the nodes; 0s is all at once",
    )

    def needs_an_end(self) -> bool:
        return False

    @model_validator(mode="after")
    def _only_once(self) -> Upgrade:
        for key, value in (("for", self.for_), ("until", self.until), ("every", self.every)):
            if value is not None:
                raise invalid("`at`, `restart` and `apart` beside `upgrade`", found=f"`{key}`", inside=(key,))
        return self

    def problems(self, roster: Roster, path: Path) -> Iterator[Problem]:
        yield from super().problems(roster, path)
        newer = [member.at_release(self.to) for member in roster.members]
        yield from protocol_problems(newer, (*path, "to"))

    @property
    def strikes_at_once(self) -> bool:
        return not self.apart

    def restarts(self) -> bool:
        return True

    def cost(self, nodes: int) -> float:
        return float(nodes)

    def describe(self) -> str:
        apart = f", one every {format_duration(self.apart)}" if self.apart else ""
        return f"{with_verb(self.upgrade, 'gets', 'get')} Serf {self.to}{apart}"

    def begin(self, controls: Controls, prepared: list[int]) -> Undo:
        for turn, node in enumerate(prepared):
            controls.process(self._upgrade(controls, node, turn * self.apart))
        return nothing

    def _upgrade(self, controls: Controls, node: int, delay: float) -> Iterator[Any]:
        """One that is down already only finds the new release when it comes back."""
        yield controls.timeout(delay)
        died = controls.kill(node)
        controls.install(node, self.to)
        if died:
            yield controls.timeout(self.restart)
            controls.restart([node])

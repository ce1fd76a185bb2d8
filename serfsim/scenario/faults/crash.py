"""`crash`: members die."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.fault import Departure, Undo
from serfsim.scenario.phrases import with_verb
from serfsim.scenario.selection import Nodes


class Crash(Departure):
    """Kill the process (SIGKILL): it sends nothing more."""

    verb: ClassVar = "crash"
    example: ClassVar = "{crash: [node-07], at: 30s}"

    crash: Nodes = Field(description="members that crash")

    def describe(self) -> str:
        return with_verb(self.crash, "crashes", "crash") + self._describe_restart()

    def begin(self, controls: Controls, prepared: list[int]) -> Undo:
        died = [node for node in prepared if controls.kill(node)]
        for node in died:
            controls.record_crash(node)
        return lambda: controls.restart(died)

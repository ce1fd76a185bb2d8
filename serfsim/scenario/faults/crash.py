"""`crash`: members die."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.fault import Departure, Undo
from serfsim.scenario.phrases import with_verb
from serfsim.scenario.selection import Nodes
from serfsim.scenario.units import Switch


class Crash(Departure):
    """Kill the process (SIGKILL): it sends nothing more.

    Its machine goes on, resets the connections of the process and refuses new ones; with `host` the whole
    machine fails, as without power, and is silent.
    """

    verb: ClassVar = "crash"
    example: ClassVar = "{crash: [node-07], at: 30s}"

    crash: Nodes = Field(description="members that crash")
    host: Switch = Field(default=False, description="whether the whole machine fails: it resets nothing")

    def describe(self) -> str:
        machine = " with the whole machine" if self.host else ""
        return with_verb(self.crash, "crashes", "crash") + machine + self._describe_restart()

    def begin(self, controls: Controls, prepared: list[int]) -> Undo:
        died = [node for node in prepared if controls.kill(node, host=self.host)]
        for node in died:
            controls.record_crash(node)
        return lambda: self.come_back(controls, died, prepared)

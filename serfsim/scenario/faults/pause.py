"""`pause`: processes stop for a while."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from serfsim.network.host import Host
from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.held import Held
from serfsim.scenario.phrases import with_verb
from serfsim.scenario.selection import Nodes


class Pause(Held):
    """Stop the process (SIGSTOP): packets wait in the socket buffer, timers fire late on resume."""

    verb: ClassVar = "pause"
    example: ClassVar = "{pause: 4, at: 30s, for: 8s, every: 20s}  # 4 nodes at random"

    pause: Nodes = Field(description="members that stop")

    def describe(self) -> str:
        return with_verb(self.pause, "stands still", "stand still")

    def hold(self, controls: Controls, host: Host) -> None:
        host.pause()

    def let_go(self, controls: Controls, node: int) -> None:
        controls.resume(node)

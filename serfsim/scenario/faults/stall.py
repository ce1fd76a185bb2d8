"""`stall`: threads of processes block at their sockets for a while."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from serfsim.network.host import Host
from serfsim.network.stall import begin_stall, end_stall
from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.held import Held
from serfsim.scenario.phrases import with_verb
from serfsim.scenario.selection import Nodes


class Stall(Held):
    """Block a process's threads before they send and after they receive, while its clock and timers go on.

    It is the anomaly of the Lifeguard paper (arXiv 1707.00788, section V-D1), and what a process meets whose
    sends and receives hang. A suspicion that a stalled member holds ends on time; a probe that it was about
    to begin leaves late, and accuses a healthy member.
    """

    verb: ClassVar = "stall"
    example: ClassVar = "{stall: 4, at: 30s, for: 16s, every: 16.25s}"

    stall: Nodes = Field(description="members whose sends and receives block")

    def describe(self) -> str:
        return with_verb(self.stall, "neither sends nor receives", "neither send nor receive")

    def hold(self, controls: Controls, host: Host) -> None:
        begin_stall(host)

    def let_go(self, controls: Controls, node: int) -> None:
        end_stall(controls.hosts[node], controls.engine_now)

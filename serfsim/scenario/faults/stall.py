"""`stall`: threads of processes block at their sockets for a while."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from serfsim.network.host import Host
from serfsim.network.stall import begin_stall, end_stall
from serfsim.protocol.memberlist.core import GOSSIP_REST
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
    resume_first: Literal["longest", "probe"] = Field(
        default="longest",
        description="the thread that goes on first when a stall ends: the one that blocked first (longest),"
        " or the prober (probe), whose accusation then leaves with the gossip that waits",
    )

    def describe(self) -> str:
        said = with_verb(self.stall, "neither sends nor receives", "neither send nor receive")
        return f"{said}; the prober resumes first" if self.resume_first == "probe" else said

    def hold(self, controls: Controls, host: Host) -> None:
        begin_stall(host)

    def let_go(self, controls: Controls, node: int) -> None:
        host = controls.hosts[node]
        if self.resume_first == "probe":
            host.blocked.sort(key=lambda held: held.timer == GOSSIP_REST)
        end_stall(host, controls.engine_now)

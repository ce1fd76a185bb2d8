"""`freeze`: virtual machines stand still, with their clocks."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from serfsim.network.host import Host
from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.held import Held
from serfsim.scenario.phrases import with_verb
from serfsim.scenario.selection import Nodes


class Freeze(Held):
    """Freeze the virtual machine, as a live migration or `virsh suspend` does: its clock stands still.

    On resume its timers go on where they were, so none fires late; those of a paused process (`pause`) all
    fire at once. Its kernel sleeps too: it accepts no connection, and what comes for it waits, as much as
    there is room for.
    """

    verb: ClassVar = "freeze"
    example: ClassVar = "{freeze: [node-03], at: 30s, for: 8s}"

    freeze: Nodes = Field(description="members whose virtual machine stands still")

    def describe(self) -> str:
        return with_verb(self.freeze, "is frozen with its clock", "are frozen with their clocks")

    def hold(self, controls: Controls, host: Host) -> None:
        host.freeze(controls.engine_now)

    def let_go(self, controls: Controls, node: int) -> None:
        controls.thaw(node)

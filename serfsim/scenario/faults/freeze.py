"""`freeze`: virtual machines stand still, with their clocks."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from pydantic import Field

from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.fault import OnNodes, Undo
from serfsim.scenario.phrases import with_verb
from serfsim.scenario.selection import Nodes


class Freezes:
    """The number of freezes that hold each machine, by host and epoch: it goes on when all are over."""

    def __init__(self) -> None:
        self.held: Counter[tuple[int, int]] = Counter()


class Freeze(OnNodes):
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

    def begin(self, controls: Controls, prepared: list[int]) -> Undo:
        hosts, held = controls.hosts, controls.shared(Freezes).held
        frozen = [(node, int(hosts[node].epoch)) for node in prepared if hosts[node].running]
        for node, epoch in frozen:
            held[node, epoch] += 1
            hosts[node].freeze(controls.engine_now)

        def undo() -> None:
            for node, epoch in frozen:
                held[node, epoch] -= 1
                # A process that died meanwhile takes its freezes with it.
                if hosts[node].epoch == epoch and held[node, epoch] == 0:
                    controls.thaw(node)

        return undo

    def unhealthy(self, prepared: list[int]) -> list[int]:
        return prepared

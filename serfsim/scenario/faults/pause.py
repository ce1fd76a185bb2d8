"""`pause`: processes stop for a while."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from pydantic import Field

from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.fault import OnNodes, Undo
from serfsim.scenario.phrases import with_verb
from serfsim.scenario.selection import Nodes


class Pauses:
    """The number of pauses that stop each process, by host and epoch: it goes on when all are over."""

    def __init__(self) -> None:
        self.held: Counter[tuple[int, int]] = Counter()


class Pause(OnNodes):
    """Stop the process (SIGSTOP): packets wait in the socket buffer, timers fire late on resume."""

    verb: ClassVar = "pause"
    example: ClassVar = "{pause: 4, at: 30s, for: 8s, every: 20s}  # 4 nodes at random"

    pause: Nodes = Field(description="members that stop")

    def describe(self) -> str:
        return with_verb(self.pause, "stands still", "stand still")

    def begin(self, controls: Controls, prepared: list[int]) -> Undo:
        hosts, held = controls.hosts, controls.shared(Pauses).held
        stopped = [(node, int(hosts[node].epoch)) for node in prepared if hosts[node].running]
        for node, epoch in stopped:
            held[node, epoch] += 1
            hosts[node].pause()

        def undo() -> None:
            for node, epoch in stopped:
                held[node, epoch] -= 1
                # A process that died meanwhile takes its pauses with it.
                if hosts[node].epoch == epoch and held[node, epoch] == 0:
                    controls.resume(node)

        return undo

    def unhealthy(self, prepared: list[int]) -> list[int]:
        return prepared

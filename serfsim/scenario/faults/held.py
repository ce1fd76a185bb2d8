"""Faults that hold a process until all of their kind are over: `pause`, `freeze`, `stall`."""

from __future__ import annotations

from collections import Counter
from typing import Final

from serfsim.network.host import Host
from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.fault import OnNodes, Undo

VERBS: Final = ("pause", "freeze", "stall")


class Holds:
    """The number of faults that hold each process, by verb, host and epoch."""

    def __init__(self) -> None:
        self.held: Counter[tuple[str, int, int]] = Counter()


class Held(OnNodes):
    """A fault whose members go on once all of its kind are over; a process that dies is held no more."""

    def hold(self, controls: Controls, host: Host) -> None:
        """Begin to hold a process, or hold it once more."""
        raise NotImplementedError

    def let_go(self, controls: Controls, node: int) -> None:
        """Let a member's process go on."""
        raise NotImplementedError

    def begin(self, controls: Controls, prepared: list[int]) -> Undo:
        hosts, held = controls.hosts, controls.shared(Holds).held
        holding = [(node, int(hosts[node].epoch)) for node in prepared if hosts[node].running]
        for node, epoch in holding:
            if not any(held[verb, node, epoch] for verb in VERBS):
                controls.record_anomaly(node)
            held[self.verb, node, epoch] += 1
            self.hold(controls, hosts[node])

        def undo() -> None:
            for node, epoch in holding:
                held[self.verb, node, epoch] -= 1
                if hosts[node].epoch == epoch and held[self.verb, node, epoch] == 0:
                    self.let_go(controls, node)

        return undo

    def unhealthy(self, prepared: list[int]) -> list[int]:
        return prepared

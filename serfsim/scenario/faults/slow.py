"""`slow`: members take longer over each packet."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.fault import OnNodes, Undo
from serfsim.scenario.part import Part
from serfsim.scenario.phrases import format_duration, with_verb
from serfsim.scenario.selection import Nodes
from serfsim.scenario.units import Duration


class Delays:
    """The processing delays of each host that hold beside each other, the last given last."""

    def __init__(self) -> None:
        self.of_host: dict[int, dict[int, float]] = {}
        self.given = 0


class Slowed(Part):
    """Some members, and their processing delay instead of their own."""

    nodes: Nodes = Field(description="members that are slow")
    processing_delay: Duration = Field(description="time that each of them takes over a packet")


class Slow(OnNodes):
    """Slow members down: each takes longer over every packet. Of several delays the last given holds."""

    verb: ClassVar = "slow"
    example: ClassVar = "{slow: {nodes: 20%, processing_delay: 50ms}, at: 30s, for: 30s}"
    place: ClassVar = ("slow", "nodes")

    slow: Slowed = Field(description="who is slow, and how slow")

    def describe(self) -> str:
        delay = format_duration(self.slow.processing_delay)
        return f"{with_verb(self.slow.nodes, 'takes', 'take')} {delay} over each packet"

    def begin(self, controls: Controls, prepared: list[int]) -> Undo:
        hosts, delays = controls.hosts, controls.shared(Delays)
        delays.given += 1
        turn = delays.given
        for node in prepared:
            mine = delays.of_host.setdefault(node, {0: hosts[node].processing_delay})
            mine[turn] = self.slow.processing_delay
            hosts[node].set_processing_delay(self.slow.processing_delay)

        def undo() -> None:
            for node in prepared:
                del delays.of_host[node][turn]
                hosts[node].set_processing_delay(list(delays.of_host[node].values())[-1])

        return undo

    def unhealthy(self, prepared: list[int]) -> list[int]:
        return prepared

"""`latency`: packets take longer."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from serfsim.network import rules
from serfsim.scenario.faults.fault import OnPackets
from serfsim.scenario.part import Part
from serfsim.scenario.phrases import format_duration
from serfsim.scenario.units import PositiveDuration


class Added(Part):
    """More one-way latency."""

    add: PositiveDuration = Field(description="time that each packet takes longer, each way")


class AddedLatency(OnPackets):
    """Delay every packet, each way."""

    verb: ClassVar = "latency"
    example: ClassVar = "{latency: {add: 80ms}, nodes: [node-03], at: 30s, for: 30s}"

    latency: Added = Field(description="how much longer packets take")

    def describe(self) -> str:
        return f"packets {self._describe_links()} take {format_duration(self.latency.add)} longer each way"

    def effects(self, hosts: int) -> list[tuple[rules.Effect, int]]:
        return [(rules.Effect(None, self.latency.add), rules.ALL)]

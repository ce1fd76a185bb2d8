"""`reorder`: packets are overtaken."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from serfsim.network import rules
from serfsim.scenario.faults.fault import OnPackets
from serfsim.scenario.part import Part
from serfsim.scenario.phrases import format_duration, format_share
from serfsim.scenario.units import PositiveDuration, Share


class Reordered(Part):
    """The packets that are overtaken, and by how much."""

    share: Share = Field(description="share of the packets that others overtake")
    by: PositiveDuration = Field(description="time that these take longer")


class Reorder(OnPackets):
    """Hold a share of the packets back, so that those sent shortly after arrive first."""

    verb: ClassVar = "reorder"
    example: ClassVar = "{reorder: {share: 5%, by: 20ms}, nodes: all, at: 30s, for: 1m}"

    reorder: Reordered = Field(description="which packets, and by how much")

    def describe(self) -> str:
        share, by = format_share(self.reorder.share), format_duration(self.reorder.by)
        return f"{share} of packets {self._describe_links()} are overtaken, {by} late"

    def effects(self, hosts: int) -> list[tuple[rules.Effect, int]]:
        if self.reorder.share == 0.0:
            return []
        return [(rules.Effect(delay=self.reorder.by, late=self.reorder.share), rules.ALL)]

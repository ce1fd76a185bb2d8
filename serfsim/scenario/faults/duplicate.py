"""`duplicate`: datagrams arrive twice."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from serfsim.network import rules
from serfsim.scenario.faults.fault import OnPackets
from serfsim.scenario.phrases import format_share
from serfsim.scenario.units import Share


class Duplicate(OnPackets):
    """Deliver a share of the datagrams twice. TCP drops what it has had, so its segments are left alone."""

    verb: ClassVar = "duplicate"
    example: ClassVar = "{duplicate: 5%, nodes: all, at: 30s, for: 1m}"

    duplicate: Share = Field(description="share of the UDP packets that arrive twice")

    def describe(self) -> str:
        return f"{format_share(self.duplicate)} of UDP packets {self._describe_links()} arrive twice"

    def effects(self, hosts: int) -> list[tuple[rules.Effect, int]]:
        return [(rules.Effect(twice=self.duplicate), rules.UDP)] if self.duplicate > 0.0 else []

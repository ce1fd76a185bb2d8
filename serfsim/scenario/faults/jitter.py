"""`jitter`: each packet takes longer by a random time."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from serfsim.network import rules
from serfsim.scenario.faults.fault import OnPackets
from serfsim.scenario.jitter import NoJitter, OneJitter


class AddedJitter(OnPackets):
    """Add jitter to that of the network, drawn anew for every packet."""

    verb: ClassVar = "jitter"
    example: ClassVar = "{jitter: {model: pareto, scale: 20ms}, nodes: [node-03], at: 30s, for: 1m}"

    jitter: OneJitter = Field(description="the law of the added time")

    def describe(self) -> str:
        return f"packets {self._describe_links()} take longer by a jitter: {self.jitter.describe()}"

    def effects(self, hosts: int) -> list[tuple[rules.Effect, int]]:
        if isinstance(self.jitter, NoJitter):
            return []
        return [(rules.Effect(jitter=self.jitter.sampler()), rules.ALL)]

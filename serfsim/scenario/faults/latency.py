"""`latency`: packets take longer."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from serfsim.network import rules
from serfsim.scenario.faults.fault import OnPackets
from serfsim.scenario.part import Part
from serfsim.scenario.phrases import format_duration
from serfsim.scenario.problems import invalid
from serfsim.scenario.units import Number, PositiveDuration


class Added(Part):
    """More one-way latency: a constant, a multiple of the path's own, or both."""

    add: PositiveDuration | None = Field(
        default=None, description="time that each packet takes longer, each way"
    )
    factor: Annotated[Number, Field(gt=1, le=1e6)] | None = Field(
        default=None, description="how many times its path's latency each packet takes, each way"
    )

    @model_validator(mode="after")
    def _something(self) -> Added:
        if self.add is None and self.factor is None:
            raise invalid("`add`, `factor` or both (a random time is the fault `jitter`)", found="neither")
        return self


class AddedLatency(OnPackets):
    """Delay every packet, each way."""

    verb: ClassVar = "latency"
    example: ClassVar = "{latency: {add: 80ms}, nodes: [node-03], at: 30s, for: 30s}"

    latency: Added = Field(description="how much longer packets take")

    def describe(self) -> str:
        added, links = self.latency, self._describe_links()
        amounts = [] if added.factor is None else [f"{added.factor:g} times as long"]
        if added.add is not None:
            amounts.append(f"{format_duration(added.add)} longer")
        return f"packets {links} take {' and '.join(amounts)} each way"

    def effects(self, hosts: int) -> list[tuple[rules.Effect, int]]:
        stretch = 0.0 if self.latency.factor is None else self.latency.factor - 1.0
        return [(rules.Effect(delay=self.latency.add or 0.0, stretch=stretch), rules.ALL)]

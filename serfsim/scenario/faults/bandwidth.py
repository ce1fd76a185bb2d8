"""`bandwidth`: a narrow link."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from serfsim.network import link, rules
from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.fault import Links, OnPackets, Undo
from serfsim.scenario.units import Bandwidth, write_bandwidth


class NarrowLink(OnPackets):
    """Narrow the links of some members, or the one link between two sides; packets queue for it.

    Each of `nodes` gets a link of that bandwidth in each direction. Between the sides of a pair all share one
    link in each direction, as across a modem. What waits is late and never dropped.
    """

    verb: ClassVar = "bandwidth"
    example: ClassVar = "{bandwidth: 256kbit, nodes: [node-03], at: 30s, for: 1m}"

    bandwidth: Bandwidth = Field(description="bits a second in each direction")

    def describe(self) -> str:
        return f"packets {self._describe_links()} have {write_bandwidth(self.bandwidth)}"

    def begin(self, controls: Controls, prepared: Links) -> Undo:
        hosts = len(controls.hosts)

        def rule(by: int, sources: list[int], targets: list[int]) -> rules.Rule:
            effect = rules.Effect(link=link.Link(self.bandwidth, hosts, by))
            return rules.Rule(effect, rules.ALL, hosts, sources, targets, outside=by == link.BY_TARGET)

        everybody = list(range(hosts))
        if self.between is not None:
            added = [rule(link.SHARED, *way) for way in prepared.directed]
        else:
            added = []
            if self.direction != "in":
                added.append(rule(link.BY_SOURCE, prepared.touched, everybody))
            if self.direction != "out":
                added.append(rule(link.BY_TARGET, everybody, prepared.touched))
        handle = controls.rules.add(added)
        return lambda: controls.rules.remove(handle)

"""`no_route`: the sender's own kernel refuses to send."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from serfsim.network import rules
from serfsim.scenario.faults.block import TRANSPORTS
from serfsim.scenario.faults.fault import Direction, Links, OnPackets, Transport, Ways
from serfsim.scenario.problems import invalid


class NoRoute(OnPackets):
    """Refuse to send, as a kernel without a route or with a full neighbour table does.

    The sender gets an error at once, where `block` loses its packets in silence. Packets of the other way
    arrive. Before memberlist 0.3.0 (Serf 0.9.6) a member whose ping is refused gives the probe up and goes on
    believing that everybody lives; from then on it asks helpers, dials, and suspects.
    """

    verb: ClassVar = "no_route"
    example: ClassVar = "{no_route: all, nodes: [node-03], at: 30s, for: 1m}    # udp, tcp or all"

    no_route: Transport = Field(description="the transport")
    direction: Direction = Field(
        default="out", description="`nodes` cannot send (out), nobody can send to them (in), or both"
    )

    @model_validator(mode="after")
    def _somewhere(self) -> NoRoute:
        if self.nodes is None and self.between is None:
            raise invalid("`nodes` or `between` (`nodes: all` for everybody)", found="neither")
        return self

    def describe(self) -> str:
        transport = "packets" if self.no_route == "all" else f"{self.no_route.upper()} packets"
        return f"there is no route for {transport} {self._describe_links()}"

    def effects(self, hosts: int) -> list[tuple[rules.Effect, int]]:
        return [(rules.Effect(refuses=True), TRANSPORTS[self.no_route])]

    def cuts(self, prepared: Links) -> tuple[Ways, Transport]:
        return prepared.directed, self.no_route

"""`block`: packets of a transport do not pass."""

from __future__ import annotations

from typing import ClassVar

from pydantic import ConfigDict, Field, model_validator

from serfsim.network import rules
from serfsim.scenario.faults.fault import Links, OnPackets, Transport, Ways
from serfsim.scenario.problems import invalid

TRANSPORTS = {"udp": rules.UDP, "tcp": rules.TCP, "all": rules.ALL}


class Block(OnPackets):
    """Drop every packet of a transport."""

    model_config = ConfigDict(
        json_schema_extra={
            "dependentRequired": {"times": ["every"]},
            "anyOf": [{"required": ["nodes"]}, {"required": ["between"]}],
        }
    )

    verb: ClassVar = "block"
    example: ClassVar = (
        "{block: udp, nodes: [node-03], direction: both, at: 30s, for: 1m}    # in, out or both"
    )

    block: Transport = Field(description="the transport")

    @model_validator(mode="after")
    def _somewhere(self) -> Block:
        if self.nodes is None and self.between is None:
            raise invalid("`nodes` or `between` (`nodes: all` for everybody)", found="neither")
        return self

    def describe(self) -> str:
        transport = "all traffic" if self.block == "all" else self.block.upper()
        return f"{transport} {self._describe_links()} is blocked"

    def effects(self, hosts: int) -> list[tuple[rules.Effect, int]]:
        return [(rules.Effect(), TRANSPORTS[self.block])]

    def cuts(self, prepared: Links) -> tuple[Ways, Transport]:
        return prepared.directed, self.block

"""`loss`: packets are lost beside those that the network loses anyway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from serfsim.network import rules
from serfsim.scenario.faults.fault import OnPackets
from serfsim.scenario.network import Loss, loss_sampler


class AddedLoss(OnPackets):
    """Lose more packets; a chain of losses begins anew with every occurrence."""

    verb: ClassVar = "loss"
    example: ClassVar = "{loss: {udp: 30%}, nodes: all, at: 30s, for: 30s}"

    loss: Loss = Field(description="what is lost, of both transports or of each")

    @property
    def losses(self) -> Sequence[Loss]:
        return (self.loss,)

    def describe(self) -> str:
        lost = self.loss.describe()
        links = self._describe_links()
        return f"{lost} {links} are lost" if lost else f"no more packets are lost {links}"

    def effects(self, hosts: int) -> list[tuple[rules.Effect, int]]:
        given = ((self.loss.udp, rules.UDP), (self.loss.tcp, rules.TCP))
        return [
            (rules.Effect(loss_sampler(model, hosts)), transport)
            for model, transport in given
            if model != 0.0
        ]

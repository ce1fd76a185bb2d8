"""`loss`: packets are lost beside those that the network loses anyway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field, model_validator

from serfsim.network import rules
from serfsim.scenario.faults.fault import OnPackets
from serfsim.scenario.network import Loss, loss_sampler
from serfsim.scenario.phrases import format_size
from serfsim.scenario.problems import invalid
from serfsim.scenario.units import Size


class Added(Loss):
    """Packet loss of each transport, perhaps of long packets alone."""

    above: Size | None = Field(
        default=None,
        description="bytes of an IP packet above which packets are lost, as where a path's MTU is not known;"
        " of a datagram in fragments, those of the largest",
    )

    @model_validator(mode="before")
    @classmethod
    def _of_something(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and set(value) == {"above"}:
            raise invalid(
                "`udp`, `tcp` or both beside `above`: {udp: 100%, above: 1400B}", found="`above` alone"
            )
        return value


class AddedLoss(OnPackets):
    """Lose more packets; a chain of losses begins anew with every occurrence."""

    verb: ClassVar = "loss"
    example: ClassVar = "{loss: {udp: 30%}, nodes: all, at: 30s, for: 30s}"

    loss: Added = Field(description="what is lost, of both transports or of each")

    @property
    def losses(self) -> Sequence[Loss]:
        return (self.loss,)

    def describe(self) -> str:
        lost = self.loss.describe()
        if lost and self.loss.above is not None:
            lost += f" of more than {format_size(self.loss.above)}"
        links = self._describe_links()
        return f"{lost} {links} are lost" if lost else f"no more packets are lost {links}"

    def effects(self, hosts: int) -> list[tuple[rules.Effect, int]]:
        above = -1 if self.loss.above is None else self.loss.above
        given = ((self.loss.udp, rules.UDP), (self.loss.tcp, rules.TCP))
        return [
            (rules.Effect(loss_sampler(model, hosts), above=above), transport)
            for model, transport in given
            if model != 0.0
        ]

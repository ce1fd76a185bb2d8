"""The faults of a scenario: one module a verb.

A fault is a mapping with one of the verbs, and its times (`entry.Entry`). To add one, write a module beside
these with a class of `Fault`, `OnNodes`, `OnPackets` or `Departure`, and list it in FAULTS.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, ConfigDict, SerializeAsAny

from serfsim.scenario.entry import read_by_verb
from serfsim.scenario.faults.bandwidth import NarrowLink
from serfsim.scenario.faults.block import Block
from serfsim.scenario.faults.clock import Clock
from serfsim.scenario.faults.crash import Crash
from serfsim.scenario.faults.duplicate import Duplicate
from serfsim.scenario.faults.fault import Departure, Fault, OnNodes, OnPackets, Transport, Undo, Ways, nothing
from serfsim.scenario.faults.forge import Forge
from serfsim.scenario.faults.freeze import Freeze
from serfsim.scenario.faults.jitter import AddedJitter
from serfsim.scenario.faults.latency import AddedLatency
from serfsim.scenario.faults.leave import Leave
from serfsim.scenario.faults.loss import AddedLoss
from serfsim.scenario.faults.move import Move
from serfsim.scenario.faults.no_route import NoRoute
from serfsim.scenario.faults.partition import Partition
from serfsim.scenario.faults.pause import Pause
from serfsim.scenario.faults.reconfigure import Reconfigure
from serfsim.scenario.faults.reorder import Reorder
from serfsim.scenario.faults.signals import Interrupt, Terminate
from serfsim.scenario.faults.slow import Slow
from serfsim.scenario.faults.stall import Stall
from serfsim.scenario.faults.upgrade import Upgrade
from serfsim.scenario.own_words import own_words

FAULTS: dict[str, type[Fault]] = {
    fault.verb: fault
    for fault in (
        *(Block, NoRoute, Partition),
        *(AddedLoss, Duplicate, Reorder, AddedLatency, AddedJitter, NarrowLink),
        *(Crash, Move, Pause, Stall, Freeze, Clock, Slow, Leave, Terminate, Interrupt),
        *(Forge, Upgrade, Reconfigure),
    )
}


class KeptFault(Fault):
    """A fault of a verb of the user's own, in a scenario that is only looked at: any key may be there."""

    model_config = ConfigDict(extra="allow")

    verb: ClassVar = ""

    def describe(self) -> str:
        return f"a fault of its own ({', '.join(self.model_extra or ())})"


def _read_fault(value: Any) -> Any:
    words = own_words()
    verbs = {**FAULTS, **words.verbs}
    if words.kept and isinstance(value, Mapping) and not verbs.keys() & value.keys():
        return KeptFault.model_validate(dict(value))
    return read_by_verb(verbs, "a fault", value)


AnyFault = Annotated[SerializeAsAny[Fault], BeforeValidator(_read_fault)]

__all__ = [
    "FAULTS",
    "AddedJitter",
    "AddedLatency",
    "AddedLoss",
    "AnyFault",
    "Block",
    "Clock",
    "Crash",
    "Departure",
    "Duplicate",
    "Fault",
    "Forge",
    "Freeze",
    "Interrupt",
    "Leave",
    "Move",
    "NarrowLink",
    "NoRoute",
    "OnNodes",
    "OnPackets",
    "Partition",
    "Pause",
    "Reconfigure",
    "Reorder",
    "Slow",
    "Stall",
    "Terminate",
    "Transport",
    "Undo",
    "Upgrade",
    "Ways",
    "nothing",
]

"""What goes wrong, and when: one class a verb.

A fault is a mapping with one of the verbs `block`, `partition`, `loss`, `latency`, `crash`, `pause`,
`slow`, `leave`, `upgrade`, and its times (`timed.py`). Faults may overlap; each undoes only its own.

`block`, `loss` and `latency` work on packets of `nodes` (with a `direction` as these nodes see it:
`in` what they receive, `out` what they send) or `between` pairs of nodes or groups (`one_way`: only
from the first to the second).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from serfsim.base.english import nearest
from serfsim.scenario.cluster import Version
from serfsim.scenario.impairments import Loss
from serfsim.scenario.part import Part
from serfsim.scenario.problems import invalid, listed
from serfsim.scenario.selection import Nodes, Pairs, Selector, Sides
from serfsim.scenario.timed import Lasting
from serfsim.scenario.units import Duration, PositiveDuration, Switch

Direction = Literal["in", "out", "both"]


class Fault(Lasting):
    """A fault that is there while it lasts."""

    @model_validator(mode="after")
    def _repeats_with_an_end(self) -> Fault:
        if self.every is not None and self.end_of(self.at) is None and self.needs_an_end():
            raise invalid(
                "`for` beside `every`: how long each lasts", found="`every` alone", inside=("every",)
            )
        return self

    def needs_an_end(self) -> bool:
        """Whether a repeated fault of this kind must say how long each one lasts."""
        return True


class OnPackets(Fault):
    """A fault of the network around some nodes or between some."""

    nodes: Nodes | None = None
    between: Pairs | None = None
    direction: Direction = "both"
    one_way: Switch = False

    @model_validator(mode="after")
    def _around_or_between(self) -> OnPackets:
        if self.nodes is not None and self.between is not None:
            raise invalid("only one of `nodes` and `between`", found="both", inside=("between",))
        if self.between is None and self.one_way:
            raise invalid("`between` with `one_way` (with `nodes`: `direction`)", True, inside=("one_way",))
        if self.between is not None and self.direction != "both":
            expected = "`one_way: true` with `between` (`direction` is for `nodes`)"
            raise invalid(expected, self.direction, inside=("direction",))
        return self

    @property
    def selector(self) -> Selector:
        """Whom it is around, where it is not between: everybody unless said otherwise."""
        return "all" if self.nodes is None else self.nodes


class Block(OnPackets):
    """No packet of this transport passes."""

    block: Literal["udp", "tcp", "all"]

    @model_validator(mode="after")
    def _somewhere(self) -> Block:
        if self.nodes is None and self.between is None:
            raise invalid("`nodes` or `between` (`nodes: all` for everybody)", found="neither")
        return self


class AddedLoss(OnPackets):
    """Packets are lost beside those that the network loses anyway."""

    loss: Loss


class Added(Part):
    """More one-way latency, for each packet."""

    add: PositiveDuration


class AddedLatency(OnPackets):
    """Packets take longer, each way."""

    latency: Added


class Partition(Fault):
    """No packet passes from side to side; nodes on no side reach everybody.

    `one_way` (two sides): packets from the first side do not reach the second; the others do.
    """

    partition: Sides
    one_way: Switch = False

    @model_validator(mode="after")
    def _two_sides_for_one_way(self) -> Partition:
        if self.one_way and len(self.partition) != 2:
            found = f"{len(self.partition)} sides"
            raise invalid("two sides with `one_way`", found=found, inside=("one_way",))
        return self


class Pause(Fault):
    """The process stops (SIGSTOP): packets wait in the socket buffer, timers fire late on resume."""

    pause: Nodes


class Slowed(Part):
    """Who takes how long over each packet, instead of their own processing delay."""

    nodes: Nodes
    processing_delay: Duration


class Slow(Fault):
    """Some nodes take longer over each packet."""

    slow: Slowed


class Departure(Fault):
    """A node that goes. After `restart` (or `for`, or at `until`) it starts again and joins."""

    restart: PositiveDuration | None = None

    def end_of(self, start: float) -> float | None:
        return super().end_of(start) if self.restart is None else start + self.restart

    def needs_an_end(self) -> bool:
        return False

    @model_validator(mode="after")
    def _one_end(self) -> Departure:
        ends = self.for_ is not None or (self.until is not None and self.every is None)
        if self.restart is not None and ends:
            raise invalid("only one of `restart`, `for` and `until`", found="two", inside=("restart",))
        return self


class Crash(Departure):
    """The process dies without a word."""

    crash: Nodes


class Leave(Departure):
    """The member leaves as it should, then stops."""

    leave: Nodes


class Upgrade(Fault):
    """Nodes get another release of Serf: each one's process ends, and after `restart` the new one joins.

    `apart`: one after the other, so long from one to the next, in the order of the nodes; 0 is all at once.
    An older release is as good as a newer one.
    """

    upgrade: Nodes
    to: Version
    restart: PositiveDuration = 1.0
    apart: Duration = 0.0

    def needs_an_end(self) -> bool:
        return False

    @model_validator(mode="after")
    def _only_once(self) -> Upgrade:
        for key, value in (("for", self.for_), ("until", self.until), ("every", self.every)):
            if value is not None:
                raise invalid("`at`, `restart` and `apart` beside `upgrade`", found=f"`{key}`", inside=(key,))
        return self


FAULTS: dict[str, type[Fault]] = {
    "block": Block,
    "partition": Partition,
    "loss": AddedLoss,
    "latency": AddedLatency,
    "crash": Crash,
    "pause": Pause,
    "slow": Slow,
    "leave": Leave,
    "upgrade": Upgrade,
}


def by_verb(classes: Mapping[str, type[Part]], what: str, value: Any) -> Any:
    """The class whose verb is among the keys."""
    if isinstance(value, Part):
        return value
    expected = f"{what}: a mapping with one of {listed(classes)}"
    if not isinstance(value, Mapping):
        raise invalid(expected, value)
    verbs = [key for key in value if key in classes]
    if len(verbs) != 1:
        near = [name for name in (nearest(str(key), classes) for key in value) if name]
        meant = near[0] if near and not verbs else None
        raise invalid(expected, value, found=listed(verbs).replace(" or ", " and ") or None, meant=meant)
    return classes[verbs[0]].model_validate(dict(value))


def _read_fault(value: Any) -> Any:
    return by_verb(FAULTS, "a fault", value)


AnyFault = Annotated[
    Block | AddedLoss | AddedLatency | Partition | Crash | Pause | Slow | Leave | Upgrade,
    BeforeValidator(_read_fault),
    Field(),
]

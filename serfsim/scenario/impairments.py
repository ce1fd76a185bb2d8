"""What happens to packets on the way, always or for a while: jitter and loss.

Jitter is added to the latency of every packet on its own. Loss is a share of all packets (each on
its own), or Gilbert and Elliott's two-state chain, which loses packets in bursts; a chain is kept for
every ordered pair of nodes and advances by one step a packet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from serfsim.scenario.part import Model, Part, choose
from serfsim.scenario.problems import invalid
from serfsim.scenario.selection import Pairs
from serfsim.scenario.units import (
    Duration,
    Number,
    PositiveDuration,
    Share,
    Switch,
    read_share,
    write_share,
)


class NoJitter(Model):
    """Every packet takes the latency of its path."""

    model: Literal["none"] = "none"


class UniformJitter(Model):
    """Between `low` and `high`, each value as likely."""

    model: Literal["uniform"] = "uniform"
    low: Duration = 0.0
    high: PositiveDuration

    @model_validator(mode="after")
    def _in_order(self) -> UniformJitter:
        if self.low > self.high:
            raise invalid("`low` to be at most `high`", found="low above high", inside=("low",))
        return self


class ExponentialJitter(Model):
    """Exponential with this mean."""

    model: Literal["exponential"] = "exponential"
    mean: PositiveDuration


class NormalJitter(Model):
    """Normal; what falls below 0 counts as 0."""

    model: Literal["normal"] = "normal"
    mean: Duration = 0.0
    sd: PositiveDuration


class LognormalJitter(Model):
    """Lognormal; its median is `median`, or that `fraction` of the path's latency. `sigma` is of the log."""

    model: Literal["lognormal"] = "lognormal"
    median: PositiveDuration | None = None
    fraction: Share | None = None
    sigma: Annotated[Number, Field(gt=0, le=10)] = 0.5

    @model_validator(mode="after")
    def _one_scale(self) -> LognormalJitter:
        if (self.median is None) == (self.fraction is None):
            found = "neither" if self.median is None else "both"
            raise invalid("one of `median` and `fraction`", found=found)
        return self


class ParetoJitter(Model):
    """Pareto: at least `scale`; the smaller the `shape`, the heavier the tail. The mean needs shape > 1."""

    model: Literal["pareto"] = "pareto"
    scale: PositiveDuration
    shape: Annotated[Number, Field(gt=1)] = 3.0


JITTERS: dict[str, type[Model]] = {
    "none": NoJitter,
    "uniform": UniformJitter,
    "exponential": ExponentialJitter,
    "normal": NormalJitter,
    "lognormal": LognormalJitter,
    "pareto": ParetoJitter,
}


def _read_jitter(value: Any) -> Any:
    return choose(JITTERS, "a jitter", "none" if value is None else value)


Jitter = Annotated[
    NoJitter | UniformJitter | ExponentialJitter | NormalJitter | LognormalJitter | ParetoJitter,
    BeforeValidator(_read_jitter),
]


class GilbertElliott(Model):
    """Two states with their own loss; the first two are the chances of changing state at a packet."""

    model: Literal["gilbert_elliott"] = "gilbert_elliott"
    good_to_bad: Share
    bad_to_good: Share
    loss_good: Share = 0.0
    loss_bad: Share = 1.0

    @model_validator(mode="after")
    def _can_leave(self) -> GilbertElliott:
        if self.bad_to_good == 0.0:
            raise invalid("more than 0%, or the bad state never ends", 0.0, inside=("bad_to_good",))
        return self


def _read_loss_model(value: Any) -> Any:
    if isinstance(value, (GilbertElliott, Mapping)):
        return choose({"gilbert_elliott": GilbertElliott}, "a loss model", value)
    return read_share(value)


def _write_loss_model(value: Any) -> Any:
    if isinstance(value, GilbertElliott):
        return value.model_dump(mode="json")
    return write_share(value)


LossModel = Annotated[
    float | GilbertElliott, BeforeValidator(_read_loss_model), PlainSerializer(_write_loss_model)
]
"""A share of the packets, or a chain."""


class Loss(Part):
    """What is lost of each transport. A bare share or model is for both."""

    udp: LossModel = 0.0
    tcp: LossModel = 0.0

    @model_validator(mode="before")
    @classmethod
    def _from_share(cls, value: Any) -> Any:
        if value is None or isinstance(value, Loss):
            return value
        if not isinstance(value, Mapping) or "model" in value:
            model = _read_loss_model(value)
            written = _write_loss_model(model)
            return {"udp": written, "tcp": written}
        return value


class PairLoss(Loss):
    """Instead of the network's own loss, between some; `one_way`: only from the first to the second."""

    between: Pairs
    one_way: Switch = False


class NetworkLoss(Loss):
    """Of the whole network, with exceptions; of several that fit a pair, the last counts."""

    pairs: tuple[PairLoss, ...] = ()

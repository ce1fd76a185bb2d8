"""Models of jitter: the time that each packet takes longer than its path, at random.

The network draws from the `sampler` of a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from serfsim.network import jitter as jitters
from serfsim.scenario.names import Pairs
from serfsim.scenario.part import Model, NamedModel, Part, choose
from serfsim.scenario.problems import invalid
from serfsim.scenario.units import Duration, Number, PositiveDuration, Share, Switch


class JitterModel(Model):
    """The base of all models of jitter."""

    pairs: tuple[PairJitter, ...] = Field(
        default=(), description="exceptions between some; of several that fit a pair, the last counts"
    )

    def sampler(self) -> jitters.Jitter:
        raise NotImplementedError


class NoJitter(JitterModel):
    """Every packet takes the latency of its path."""

    model: Literal["none"] = "none"

    def sampler(self) -> jitters.Jitter:
        return jitters.NoJitter()


class UniformJitter(JitterModel):
    """Between `low` and `high`, each value as likely."""

    model: Literal["uniform"] = "uniform"
    low: Duration = Field(default=0.0, description="least time that a packet takes longer")
    high: PositiveDuration = Field(description="most time that a packet takes longer")

    @model_validator(mode="after")
    def _in_order(self) -> UniformJitter:
        if self.low > self.high:
            raise invalid("`low` to be at most `high`", found="low above high", inside=("low",))
        return self

    def sampler(self) -> jitters.Jitter:
        return jitters.UniformJitter(self.low, self.high)


class ExponentialJitter(JitterModel):
    """Exponential with this mean."""

    model: Literal["exponential"] = "exponential"
    mean: PositiveDuration = Field(description="mean time that a packet takes longer")

    def sampler(self) -> jitters.Jitter:
        return jitters.ExponentialJitter(self.mean)


class NormalJitter(JitterModel):
    """Normal; what falls below 0 counts as 0."""

    model: Literal["normal"] = "normal"
    mean: Duration = Field(default=0.0, description="mean time that a packet takes longer")
    sd: PositiveDuration = Field(description="standard deviation of that time")

    def sampler(self) -> jitters.Jitter:
        return jitters.NormalJitter(self.mean, self.sd)


class LognormalJitter(JitterModel):
    """Lognormal; its median is a time, or a fraction of the path's latency."""

    model: Literal["lognormal"] = "lognormal"
    median: PositiveDuration | None = Field(
        default=None, description="median time that a packet takes longer"
    )
    fraction: Share | None = Field(
        default=None, description="the median as a share of the path's latency, instead of `median`"
    )
    sigma: Annotated[Number, Field(gt=0, le=10)] = Field(
        default=0.5, description="standard deviation of the logarithm"
    )

    @model_validator(mode="after")
    def _one_scale(self) -> LognormalJitter:
        if (self.median is None) == (self.fraction is None):
            found = "neither" if self.median is None else "both"
            raise invalid("one of `median` and `fraction`", found=found)
        return self

    def sampler(self) -> jitters.Jitter:
        if self.median is not None:
            return jitters.LognormalJitter(self.median, self.sigma)
        assert self.fraction is not None
        return jitters.LognormalFractionJitter(self.fraction, self.sigma)


class ParetoJitter(JitterModel):
    """Pareto: a least time, and a heavy tail."""

    model: Literal["pareto"] = "pareto"
    scale: PositiveDuration = Field(description="least time that a packet takes longer")
    shape: Annotated[Number, Field(gt=1)] = Field(
        default=3.0, description="the smaller, the heavier the tail; above 1, so that there is a mean"
    )

    def sampler(self) -> jitters.Jitter:
        return jitters.ParetoJitter(self.scale, self.shape)


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
    NamedModel(("none", None)),
]


def _read_single_jitter(value: Any) -> Any:
    read = _read_jitter(value)
    if read.pairs:
        raise invalid("`pairs` in network.jitter alone", found="`pairs`", inside=("pairs",))
    return read


OneJitter = Annotated[
    NoJitter | UniformJitter | ExponentialJitter | NormalJitter | LognormalJitter | ParetoJitter,
    BeforeValidator(_read_single_jitter),
    NamedModel(("none", None)),
]
"""A jitter without exceptions for pairs."""


class PairJitter(Part):
    """Jitter between some, instead of the network's own."""

    between: Pairs = Field(description="the pairs whose packets have this jitter instead of the network's")
    one_way: Switch = Field(default=False, description="only from the first to the second of each pair")
    jitter: OneJitter = Field(
        description="the jitter; its keys may stand beside `between`: {between: ..., model: pareto, ...}"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_keys_beside(cls, value: Any) -> Any:
        if not isinstance(value, Mapping) or "model" not in value:
            return value
        own = {key: given for key, given in value.items() if key in cls.model_fields}
        return {**own, "jitter": {key: given for key, given in value.items() if key not in own}}

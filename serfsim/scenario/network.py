"""The network that every packet crosses, before any fault: latency, jitter, loss and limits.

Jitter is added to the latency of every packet on its own. Loss is a share of all packets (each on
its own), or Gilbert and Elliott's two-state chain, which loses packets in bursts; a chain is kept for
every ordered pair of nodes and advances by one step a packet. The network draws from a jitter's `sampler`
and from a `loss_sampler`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from serfsim.network import jitter as jitters
from serfsim.network import loss as losses
from serfsim.scenario.part import Model, Part, choose
from serfsim.scenario.phrases import format_share
from serfsim.scenario.problems import invalid
from serfsim.scenario.selection import Pairs
from serfsim.scenario.settings import Interval
from serfsim.scenario.topologies import Plane, Topology
from serfsim.scenario.units import (
    Bandwidth,
    Duration,
    Kind,
    Number,
    PositiveDuration,
    Share,
    Size,
    Switch,
    read_share,
    write_bandwidth,
    write_share,
)


class NoJitter(Model):
    """Every packet takes the latency of its path."""

    model: Literal["none"] = "none"

    def sampler(self) -> jitters.Jitter:
        return jitters.NoJitter()


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

    def sampler(self) -> jitters.Jitter:
        return jitters.UniformJitter(self.low, self.high)


class ExponentialJitter(Model):
    """Exponential with this mean."""

    model: Literal["exponential"] = "exponential"
    mean: PositiveDuration

    def sampler(self) -> jitters.Jitter:
        return jitters.ExponentialJitter(self.mean)


class NormalJitter(Model):
    """Normal; what falls below 0 counts as 0."""

    model: Literal["normal"] = "normal"
    mean: Duration = 0.0
    sd: PositiveDuration

    def sampler(self) -> jitters.Jitter:
        return jitters.NormalJitter(self.mean, self.sd)


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

    def sampler(self) -> jitters.Jitter:
        if self.median is not None:
            return jitters.LognormalJitter(self.median, self.sigma)
        assert self.fraction is not None
        return jitters.LognormalFractionJitter(self.fraction, self.sigma)


class ParetoJitter(Model):
    """Pareto: at least `scale`; the smaller the `shape`, the heavier the tail. The mean needs shape > 1."""

    model: Literal["pareto"] = "pareto"
    scale: PositiveDuration
    shape: Annotated[Number, Field(gt=1)] = 3.0

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
]


class GilbertElliott(Model):
    """Two states with their own loss; the first two are the chances of changing state at a packet."""

    model: Literal["gilbert_elliott"] = Field(
        default="gilbert_elliott", description="Gilbert and Elliott's two-state chain"
    )
    good_to_bad: Share = Field(description="chance at each packet that the good state turns bad")
    bad_to_good: Share = Field(description="chance at each packet that the bad state turns good")
    loss_good: Share = Field(default=0.0, description="share of the packets lost in the good state")
    loss_bad: Share = Field(default=1.0, description="share of the packets lost in the bad state")

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
    float | GilbertElliott,
    BeforeValidator(_read_loss_model),
    PlainSerializer(_write_loss_model),
    Kind("a share such as 5%, or {model: gilbert_elliott, ...}"),
]
"""A share of the packets, or a chain."""


def loss_sampler(model: GilbertElliott | float, hosts: int) -> losses.Loss:
    """The sampler of one transport's loss among so many hosts; a chain of its own for each pair."""
    if isinstance(model, GilbertElliott):
        return losses.GilbertElliottLoss(
            model.good_to_bad, model.bad_to_good, model.loss_good, model.loss_bad, hosts
        )
    return losses.BernoulliLoss(model) if model > 0.0 else losses.NoLoss()


class Loss(Part):
    """Packet loss of each transport. A bare share or model is for both."""

    udp: LossModel = Field(default=0.0, description="share of the UDP packets lost, or a chain")
    tcp: LossModel = Field(default=0.0, description="share of the TCP segments lost, or a chain")

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

    def describe(self) -> str:
        """'20 % of UDP and 1 % of TCP packets', 'UDP packets in bursts'; '' where nothing is lost."""
        transports: dict[str, list[str]] = {}
        for transport, model in (("UDP", self.udp), ("TCP", self.tcp)):
            if not isinstance(model, float):
                transports.setdefault("in bursts", []).append(transport)
            elif model > 0.0:
                transports.setdefault(format_share(model), []).append(transport)
        parts = [
            f"{' and '.join(names)} packets in bursts"
            if amount == "in bursts"
            else f"{amount} of {'all' if len(names) == 2 else names[0]} packets"
            for amount, names in transports.items()
        ]
        return " and ".join(parts)


class PairLoss(Loss):
    """Instead of the network's own loss, between some; `one_way`: only from the first to the second."""

    between: Pairs
    one_way: Switch = False


class NetworkLoss(Loss):
    """Of the whole network, with exceptions; of several that fit a pair, the last counts."""

    pairs: tuple[PairLoss, ...] = ()


class Tcp(Part):
    """TCP's retransmissions.

    `syn_retries`: a lost SYN is sent again after 1, 2, 4 s ... (`exponential`, Linux until 6.4) or
    after 1, 2, 3, 4, 5 s and then doubling (`linear`, Linux since). `mss` is the data in a segment.
    """

    syn_retries: Literal["exponential", "linear"] = "exponential"
    rto_min: Interval = 0.2
    mss: Annotated[Size, Field(ge=64, le=65_495)] = 1448


class Network(Part):
    """Latency, loss and limits. `bandwidth` is bits a second of each node's link, None without limit."""

    topology: Topology = Field(default_factory=Plane)
    jitter: Jitter = Field(default_factory=NoJitter)
    loss: NetworkLoss = Field(default_factory=NetworkLoss)
    bandwidth: Bandwidth | None = None
    mtu: Annotated[Size, Field(ge=68, le=65_535)] = 1500
    tcp: Tcp = Field(default_factory=Tcp)
    socket_buffer: Annotated[Size, Field(ge=1, le=2**30)] = 425984

    def describe(self) -> str:
        """Topology, then what else there is of jitter, loss and limits."""
        lost = self.loss.describe()
        parts = (
            self.topology.describe(),
            "" if isinstance(self.jitter, NoJitter) else f"{self.jitter.model} jitter",
            f"{lost} lost" if lost else "",
            write_bandwidth(self.bandwidth) if self.bandwidth is not None else "",
        )
        return "; ".join(text for text in parts if text)

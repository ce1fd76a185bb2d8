"""The network that every packet crosses, before any fault: latency, jitter, loss and limits.

Jitter is added to the latency of every packet on its own. Loss is a share of all packets (each on
its own), or Gilbert and Elliott's two-state chain, which loses packets in bursts; a chain is kept for
every ordered pair of nodes and advances by one step a packet. The network draws from a jitter's `sampler`
and from a `loss_sampler`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from serfsim.network import loss as losses
from serfsim.scenario import other_words
from serfsim.scenario.jitter import Jitter, NoJitter
from serfsim.scenario.names import Pairs
from serfsim.scenario.part import Model, Part, choose
from serfsim.scenario.phrases import format_share
from serfsim.scenario.problems import invalid
from serfsim.scenario.settings import Interval
from serfsim.scenario.topologies import Plane, Topology
from serfsim.scenario.units import (
    PART,
    SHARE_SCHEMA,
    Bandwidth,
    Kind,
    Share,
    Size,
    Switch,
    read_share,
    write_bandwidth,
    write_share,
)


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


_LOSS_SCHEMA: Final = {"anyOf": [*SHARE_SCHEMA["anyOf"], {PART: "GilbertElliott"}]}
LossModel = Annotated[
    float | GilbertElliott,
    BeforeValidator(_read_loss_model),
    PlainSerializer(_write_loss_model),
    Kind("a share such as 5%, or {model: gilbert_elliott, ...}", _LOSS_SCHEMA),
]
"""A share of the packets, or a chain."""


def loss_sampler(model: GilbertElliott | float, hosts: int) -> losses.Loss:
    """Return the sampler of one transport's loss among so many hosts, with one chain for each pair."""
    if isinstance(model, GilbertElliott):
        return losses.GilbertElliottLoss(
            model.good_to_bad, model.bad_to_good, model.loss_good, model.loss_bad, hosts
        )
    return losses.BernoulliLoss(model) if model > 0.0 else losses.NoLoss()


class Loss(Part):
    """Packet loss of each transport. A bare share or model is for both."""

    shorthand: ClassVar = {"anyOf": [*_LOSS_SCHEMA["anyOf"], {"type": "null"}]}

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
    """Loss between some, instead of the network's own."""

    shorthand: ClassVar = {}

    between: Pairs = Field(description="the pairs whose packets have this loss instead of the network's")
    one_way: Switch = Field(default=False, description="only from the first to the second of each pair")


class NetworkLoss(Loss):
    """Packet loss of the whole network, with exceptions."""

    pairs: tuple[PairLoss, ...] = Field(
        default=(), description="exceptions between some; of several that fit a pair, the last counts"
    )


class Tcp(Part):
    """TCP's segments and retransmissions."""

    syn_retries: Literal["exponential", "linear"] = Field(
        default="exponential",
        description="when a lost SYN is sent again: after 1, 2, 4 s ... (`exponential`, Linux until 6.4), or"
        " after 1, 2, 3, 4, 5 s and then doubling (`linear`, Linux since)",
    )
    rto_min: Interval = Field(default=0.2, description="shortest time after which a segment is sent again")
    mss: Annotated[Size, Field(ge=64, le=65_495)] = Field(default=1448, description="most data in a segment")


class Network(Part):
    """Latency, loss and limits."""

    other_words: ClassVar[Mapping[str, str]] = other_words.NETWORK

    topology: Topology = Field(default_factory=Plane, description="where the nodes are, and so how far apart")
    jitter: Jitter = Field(
        default_factory=NoJitter, description="time that each packet takes longer, at random"
    )
    loss: NetworkLoss = Field(default_factory=NetworkLoss, description="share of the packets that is lost")
    bandwidth: Bandwidth | None = Field(
        default=None,
        description="rate at which each node's link sends, bits a second; no limit unless given",
    )
    mtu: Annotated[Size, Field(ge=68, le=65_535)] = Field(
        default=1500, description="largest IP packet; larger datagrams go in fragments"
    )
    tcp: Tcp = Field(default_factory=Tcp, description="how TCP cuts and repeats what it sends")
    socket_buffer: Annotated[Size, Field(ge=1, le=2**30)] = Field(
        default=425984,
        description="room in a member's UDP socket, counted as Linux does; datagrams beyond it are dropped",
    )

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

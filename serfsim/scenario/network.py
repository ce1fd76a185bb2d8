"""The network that every packet crosses, before any fault."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from serfsim.scenario.impairments import Jitter, NetworkLoss, NoJitter
from serfsim.scenario.part import Part
from serfsim.scenario.settings import Interval
from serfsim.scenario.topologies import Plane, Topology
from serfsim.scenario.units import Bandwidth, Size


class Tcp(Part):
    """How TCP repeats itself.

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

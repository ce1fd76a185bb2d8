"""The parts of a node that another class can replace: one attribute each, holding the class.

A node makes each part once and holds it in one place: the suspicion rule in `MembershipRules.rule`, the probe
order in `Prober.order`, the gossip choice in `Gossiper.choice`, awareness and broadcasts in `Core`,
coordinates in `SerfNode.vivaldi`. Parts reach each other through the core that they are given.
"""

from __future__ import annotations

from serfsim.protocol.memberlist.awareness import Awareness
from serfsim.protocol.memberlist.broadcast import TransmitLimitedQueue
from serfsim.protocol.memberlist.gossip import GossipChoice
from serfsim.protocol.memberlist.probe_order import ProbeOrder
from serfsim.protocol.memberlist.suspicion import SuspicionRule
from serfsim.protocol.vivaldi.client import Client
from serfsim.protocol.vivaldi.coordinate_client import CoordinateClient


class Parts:
    """Classes of the parts: those of memberlist and Serf until another is assigned."""

    def __init__(self) -> None:
        self.awareness: type[Awareness] = Awareness
        self.broadcasts: type[TransmitLimitedQueue] = TransmitLimitedQueue
        self.coordinates: type[CoordinateClient] = Client
        self.gossip_choice: type[GossipChoice] = GossipChoice
        self.probe_order: type[ProbeOrder] = ProbeOrder
        self.suspicion: type[SuspicionRule] = SuspicionRule

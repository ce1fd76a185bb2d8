"""The phi accrual detector over scuttlebutt gossip, in the shape of Cassandra and chitchat."""

from serfsim.rivals.phi.detector import ArrivalWindow
from serfsim.rivals.phi.member import PhiMember

__all__ = ["ArrivalWindow", "PhiMember"]

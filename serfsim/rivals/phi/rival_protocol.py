"""The protocol's name, source and settings."""

from typing import Final

from serfsim.protocol.settings import CONSTANT, INTERVAL, KEPT, Setting
from serfsim.rivals.phi.member import PhiMember
from serfsim.rivals.rival_table import RivalProtocol

RIVAL: Final = RivalProtocol(
    "phi",
    "phi accrual over scuttlebutt gossip, with Cassandra's defaults",
    "Hayashibara, Defago, Yared and Katayama, The phi accrual failure detector, SRDS 2004; van Renesse,"
    " Dumitriu, Gough and Thomas, Efficient reconciliation and flow control for anti-entropy protocols,"
    " LADIS 2008",
    PhiMember,
    (
        Setting("interval", INTERVAL, 1.0, "time between a member's rounds of gossip"),
        Setting("threshold", CONSTANT, 8.0, "phi above which a member counts as failed"),
        Setting("window", KEPT, 1000, "intervals that the detector keeps of each member", unit="intervals"),
        Setting(
            "seeds",
            KEPT,
            3,
            "members with the lowest numbers, whom others gossip with more often",
            unit="members",
        ),
    ),
)

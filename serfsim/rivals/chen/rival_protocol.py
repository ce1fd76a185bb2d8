"""The protocol's name, source and settings."""

from typing import Final

from serfsim.protocol.settings import DURATION, INTERVAL, KEPT, SWITCH, Setting
from serfsim.rivals.chen.member import ChenMember
from serfsim.rivals.rival_table import RivalProtocol

RIVAL: Final = RivalProtocol(
    "chen",
    "heartbeats of all to all with freshness points, NFD-S or NFD-E",
    "Chen, Toueg and Aguilera, On the quality of service of failure detectors, IEEE Transactions on Computers"
    " 51(5), 2002",
    ChenMember,
    (
        Setting("interval", INTERVAL, 1.0, "time between a member's heartbeats, eta in the paper"),
        Setting(
            "slack",
            DURATION,
            4.0,
            "time from when a heartbeat is sent to its freshness point, delta of NFD-S; with `estimate` from"
            " when it is expected, alpha of NFD-E",
        ),
        Setting(
            "estimate",
            SWITCH,
            False,
            "NFD-E, which estimates when heartbeats arrive, in place of NFD-S, which has synchronised clocks",
        ),
        Setting("window", KEPT, 32, "last heartbeats that NFD-E estimates from", unit="heartbeats"),
    ),
)

"""The protocol's name, source and settings."""

from typing import Final

from serfsim.protocol.settings import INTERVAL, POSITIVE_DURATION, Setting
from serfsim.rivals.heartbeats.member import HeartbeatMember
from serfsim.rivals.rival_table import RivalProtocol

RIVAL: Final = RivalProtocol(
    "heartbeats",
    "heartbeats of all to all with a fixed timeout",
    "Chandra and Toueg, Unreliable failure detectors for reliable distributed systems, J. ACM 43(2), 1996",
    HeartbeatMember,
    (
        Setting("interval", INTERVAL, 1.0, "time between a member's heartbeats"),
        Setting("timeout", POSITIVE_DURATION, 5.0, "silence after which a member counts as failed"),
    ),
    below=(("interval", "timeout"),),
)

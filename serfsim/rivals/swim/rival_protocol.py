"""The protocol's name, source and settings; what the paper leaves open is said in their meanings."""

from typing import Final

from serfsim.protocol.settings import (
    CONSTANT,
    FEW,
    INTERVAL,
    INTERVAL_OR_OFF,
    KEPT,
    POSITIVE_DURATION,
    SWITCH,
    Setting,
)
from serfsim.rivals.rival_table import RivalProtocol
from serfsim.rivals.swim.member import SwimMember

RIVAL: Final = RivalProtocol(
    "swim",
    "SWIM as in its paper, without TCP, push/pull and Lifeguard",
    "Das, Gupta and Motivala, SWIM: Scalable weakly-consistent infection-style process group membership"
    " protocol, DSN 2002",
    SwimMember,
    (
        Setting("period", INTERVAL, 1.0, "protocol period, in which a member probes one other (2 s there)"),
        Setting("timeout", POSITIVE_DURATION, 0.5, "wait for a ping's ack before helpers are asked"),
        Setting("helpers", FEW, 1, "members asked to probe indirectly, K in the paper", unit="members"),
        Setting("suspicion", SWITCH, True, "suspect a member before it is confirmed as failed (section 4.2)"),
        Setting(
            "suspicion_periods",
            CONSTANT,
            3.0,
            "periods that a suspicion lasts, times log10(n + 1); the paper has one fixed time",
        ),
        Setting("spread", CONSTANT, 3.0, "lambda: an update is sent lambda log2(n + 1) times (section 4.1)"),
        Setting("updates", KEPT, 6, "updates that ride on a message, B in the paper", unit="updates"),
        Setting(
            "reconnect",
            INTERVAL_OR_OFF,
            30.0,
            "time between attempts to reach a failed member again, so that views heal; the paper has none, 0",
        ),
    ),
)

"""The protocol's name, source and settings; what the paper leaves open is said in their meanings."""

from typing import Final

from serfsim.protocol.settings import (
    CONSTANT,
    INTERVAL,
    INTERVAL_OR_OFF,
    POSITIVE_DURATION,
    SWITCH,
    Kind,
    Setting,
)
from serfsim.rivals.rapid.member import RapidMember
from serfsim.rivals.rival_table import RivalProtocol

RINGS: Final = Kind("count", 1, 100)
MEMBERS: Final = Kind("count", 1, 1000)

RIVAL: Final = RivalProtocol(
    "rapid",
    "Rapid: multi-process cut detection and view changes by consensus",
    "Suresh, Malkhi, Gopalan, Porto Carreiro and Lokhandwala, Stable and consistent membership at scale with"
    " Rapid, USENIX ATC 2018",
    RapidMember,
    (
        Setting("k", RINGS, 10, "rings, K in the paper: observers of a member", unit="rings"),
        Setting("h", RINGS, 9, "alerts from which on a member is stable, H", unit="alerts"),
        Setting("l", RINGS, 3, "alerts from which on a member is unstable, L", unit="alerts"),
        Setting("interval", INTERVAL, 1.0, "time between probes of a subject, and that for an answer"),
        Setting("window", MEMBERS, 10, "probes of a subject that count", unit="probes"),
        Setting("failures", MEMBERS, 4, "of these, those whose failure makes an edge faulty", unit="probes"),
        Setting("batch", INTERVAL, 0.1, "time without another alert until they are sent; a round of gossip"),
        Setting(
            "reinforce",
            POSITIVE_DURATION,
            10.0,
            "time after which the observers of an unstable member all raise alerts; the paper gives none",
        ),
        Setting(
            "gossip",
            SWITCH,
            True,
            "spread alerts and votes by gossip, else each is sent to all by its author, as the authors'"
            " implementation does",
        ),
        Setting("fanout", MEMBERS, 2, "members that a round of gossip goes to", unit="members"),
        Setting(
            "copies", CONSTANT, 3.0, "times that a member sends an alert or vote by gossip, beside ln(n)"
        ),
        Setting("join_timeout", INTERVAL, 5.0, "time after which a joiner begins again"),
        Setting(
            "rejoin",
            INTERVAL_OR_OFF,
            10.0,
            "time after which a removed member joins again as another process; in the paper's experiments it"
            " does not, 0",
        ),
    ),
    at_most=(("h", "k"), ("l", "h"), ("failures", "window")),
)

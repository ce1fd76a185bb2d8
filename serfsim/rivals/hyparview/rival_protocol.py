"""The protocol's name, source and settings; what the papers leave open is said in their meanings."""

from typing import Final

from serfsim.protocol.settings import (
    FEW,
    INTERVAL,
    INTERVAL_OR_OFF,
    MULTIPLIER,
    POSITIVE_DURATION,
    SWITCH,
    Setting,
)
from serfsim.rivals.hyparview.member import HyparviewMember
from serfsim.rivals.rival_table import RivalProtocol

MEMBERS: Final = "members"

RIVAL: Final = RivalProtocol(
    "hyparview",
    "HyParView's overlay of TCP links with Plumtree's broadcast, in the shape of iroh-gossip",
    "Leitao, Pereira and Rodrigues, HyParView: a membership protocol for reliable gossip-based broadcast,"
    " DSN 2007, and Epidemic broadcast trees, SRDS 2007",
    HyparviewMember,
    (
        Setting("active", MULTIPLIER, 5, "neighbours, the fanout and one more", unit=MEMBERS),
        Setting("passive", MULTIPLIER, 30, "members in reserve", unit=MEMBERS),
        Setting("active_walk", FEW, 6, "hops of a newcomer's random walk, and of a shuffle's", unit="hops"),
        Setting("passive_walk", FEW, 3, "hops left where a newcomer is put in reserve", unit="hops"),
        Setting("shuffle_active", FEW, 3, "neighbours in a shuffle", unit=MEMBERS),
        Setting("shuffle_passive", FEW, 4, "members in reserve in a shuffle", unit=MEMBERS),
        Setting("shuffle", INTERVAL, 10.0, "time between shuffles; the paper has cycles, this is iroh's"),
        Setting(
            "keepalive",
            INTERVAL,
            1.0,
            "time between a link's keep-alive messages; the papers leave it to TCP",
        ),
        Setting("timeout", POSITIVE_DURATION, 5.0, "silence after which a link is broken"),
        Setting("dial_timeout", POSITIVE_DURATION, 3.0, "wait for a connection; iroh's"),
        Setting("tree", SWITCH, True, "broadcast on a tree; without it, every neighbour gets every message"),
        Setting(
            "graft_timeout",
            POSITIVE_DURATION,
            0.08,
            "wait for an announced message before a graft, which the paper leaves open; this is iroh's",
        ),
        Setting("graft_again", POSITIVE_DURATION, 0.04, "wait after a graft before the next; iroh's"),
        Setting("announce_after", POSITIVE_DURATION, 0.005, "time in which announcements gather; iroh's"),
        Setting(
            "optimisation",
            FEW,
            7,
            "hops that a lazy neighbour must save to take the place of an eager one",
            unit="hops",
        ),
        Setting(
            "kept_for", POSITIVE_DURATION, 90.0, "time for which a broadcast is kept; iroh's, of identities"
        ),
        Setting(
            "exchange",
            INTERVAL_OR_OFF,
            30.0,
            "time between comparisons of views with a member at random; the papers have none, 0",
        ),
        Setting("redials", FEW, 1, "further dials before a silent member is called down in an exchange"),
    ),
    below=(("keepalive", "timeout"),),
)

"""The checkers of a run by the names of their rules."""

from __future__ import annotations

from typing import Final

from serfsim.checks.detection import CrashesKnown, HealthyTrusted
from serfsim.checks.incarnations import IncarnationsGrow
from serfsim.checks.merges import MergesAgree
from serfsim.checks.online.answers import AnswersInTime
from serfsim.checks.online.broadcasts import BroadcastsKept, TransmitLimits
from serfsim.checks.online.checker import Checker
from serfsim.checks.online.coordinates import CoordinatesValid
from serfsim.checks.online.deliveries import DeliveredOnce
from serfsim.checks.online.forgetting import DeadRemembered
from serfsim.checks.online.gossip import GossipGoesOn
from serfsim.checks.online.health import HealthKept
from serfsim.checks.online.lamport import LamportGrows
from serfsim.checks.online.ordered import ViewsOrdered
from serfsim.checks.online.own_news import OwnNewsTold
from serfsim.checks.online.packets import PacketsConserved
from serfsim.checks.online.probes import NacksCounted, PingsAnswered
from serfsim.checks.online.queues import QueuesBounded
from serfsim.checks.online.refusals import StrangersRefused
from serfsim.checks.online.refutations import RefutationsRise
from serfsim.checks.online.resurrections import DeadStayDead
from serfsim.checks.online.rounds import RoundsKept
from serfsim.checks.online.stopped import StoppedSilent
from serfsim.checks.online.streams import StreamsEnd
from serfsim.checks.online.suspicions import SuspicionsTimed
from serfsim.checks.settled import ViewsSettled
from serfsim.checks.strangers import StrangersOut

CHECKERS: Final[dict[str, type[Checker]]] = {
    checker.name: checker
    for checker in (
        PacketsConserved,
        StreamsEnd,
        StoppedSilent,
        CrashesKnown,
        HealthyTrusted,
        ViewsSettled,
        RefutationsRise,
        OwnNewsTold,
        ViewsOrdered,
        DeadStayDead,
        DeadRemembered,
        IncarnationsGrow,
        SuspicionsTimed,
        HealthKept,
        PingsAnswered,
        NacksCounted,
        RoundsKept,
        GossipGoesOn,
        TransmitLimits,
        BroadcastsKept,
        QueuesBounded,
        MergesAgree,
        LamportGrows,
        DeliveredOnce,
        AnswersInTime,
        CoordinatesValid,
        StrangersOut,
        StrangersRefused,
    )
}

SOURCES: Final[dict[str, str]] = {
    "packets_conserved": "spec/memberlist.md 2.1, 2.3",
    "streams_end_once": "spec/memberlist.md 9.2, 5.4",
    "stopped_silent": "spec/memberlist.md 3",
    "crashes_known": "spec/memberlist.md 5.1, 6",
    "healthy_trusted": "spec/memberlist.md 5.2",
    "views_settled": "spec/memberlist.md 9; spec/serf.md 9",
    "refutations_rise": "spec/memberlist.md 4.4",
    "own_news_told": "spec/memberlist.md 4.3, 4.4",
    "views_ordered": "spec/memberlist.md 4.5",
    "dead_stay_dead": "spec/memberlist.md 4.1; spec/releases.md 5",
    "dead_remembered": "spec/memberlist.md 5.1, 13",
    "incarnations_grow": "spec/memberlist.md 4.4, 4.5",
    "suspicions_timed": "spec/memberlist.md 6",
    "health_kept": "spec/memberlist.md 5.5",
    "pings_answered": "spec/memberlist.md 5.3",
    "nacks_counted": "spec/memberlist.md 5.2",
    "rounds_kept": "spec/memberlist.md 5.1, 5.2",
    "gossip_goes_on": "spec/memberlist.md 7",
    "transmit_limits": "spec/memberlist.md 8.3",
    "broadcasts_kept": "spec/memberlist.md 8.2, 8.5",
    "queues_bounded": "spec/memberlist.md 8.4; spec/serf.md 8",
    "merges_agree": "spec/memberlist.md 9.3",
    "lamport_grows": "spec/serf.md 1.1",
    "delivered_once": "spec/serf.md 6, 7",
    "answers_in_time": "spec/serf.md 7",
    "coordinates_valid": "spec/coordinate.md 1, 3",
    "strangers_out": "spec/memberlist.md 12",
    "strangers_refused": "spec/memberlist.md 2.1, 12",
}
"""The places in the specification that each rule is from: file and sections."""

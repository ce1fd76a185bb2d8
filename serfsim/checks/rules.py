"""The checkers of a run by the names of their rules."""

from __future__ import annotations

from typing import Final

from serfsim.checks.broadcasts import BroadcastsKept, TransmitLimits
from serfsim.checks.checker import Checker
from serfsim.checks.coordinates import CoordinatesValid
from serfsim.checks.deliveries import DeliveredOnce
from serfsim.checks.detection import CrashesKnown, HealthyTrusted
from serfsim.checks.gossip import GossipGoesOn
from serfsim.checks.health import HealthKept
from serfsim.checks.incarnations import IncarnationsGrow
from serfsim.checks.lamport import LamportGrows
from serfsim.checks.merges import MergesAgree
from serfsim.checks.ordered import ViewsOrdered
from serfsim.checks.own_news import OwnNewsTold
from serfsim.checks.packets import PacketsConserved
from serfsim.checks.probes import NacksCounted, PingsAnswered
from serfsim.checks.queues import QueuesBounded
from serfsim.checks.refutations import RefutationsRise
from serfsim.checks.resurrections import DeadStayDead
from serfsim.checks.rounds import RoundsKept
from serfsim.checks.settled import ViewsSettled
from serfsim.checks.stopped import StoppedSilent
from serfsim.checks.strangers import StrangersOut, StrangersRefused
from serfsim.checks.streams import StreamsEnd
from serfsim.checks.suspicions import SuspicionsTimed

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
        CoordinatesValid,
        StrangersOut,
        StrangersRefused,
    )
}

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

"""The names of the figures of a run, as summary.json, claims and sweeps use them.

The unit of a figure ends its name: `_s` seconds, `_ms` milliseconds, `_share` and the like 0 to 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

_TIMES = ("mean", "p50", "p90", "p99", "max", "n")
_ERRORS = ("p50", "p90", "p99", "mean", "max")
_RADII_MS = (5, 10, 20, 50, 100)
_STATISTIC: Final = {
    "mean": "the mean",
    "p50": "the median",
    "p90": "the 90th percentile",
    "p99": "the 99th percentile",
    "max": "the largest",
    "n": "how many there were",
}


def _figures() -> Iterator[tuple[str, str]]:
    """Yield every name with its meaning."""
    yield from _detection()
    yield from _coordinates()
    yield from _spreading_and_waiting()
    yield from _whole_cluster()
    yield from _security_and_health()


def _detection() -> Iterator[tuple[str, str]]:
    yield from (
        ("detection.false_positives", "failed events about a member that was up, one per observer"),
        (
            "detection.false_positives_at_healthy",
            "failed events about a member that was up, raised by observers under no fault",
        ),
        ("detection.last_false_positive_s", "time of the last false positive"),
        ("detection.false_positives_per_node_hour", "false positives per node and hour"),
        ("detection.lifeguard.false_positives", "failed events about members that no fault ever touched"),
        (
            "detection.lifeguard.false_positives_at_healthy",
            "failed events about members that no fault ever touched, raised by such members",
        ),
        ("detection.suspicions", "times that a probe made a member suspect"),
        ("detection.refutations", "times that a member denied being suspect or dead"),
        ("detection.unjust_suspicions", "suspicions of members that were up"),
        ("detection.missed", "(crash, observer) pairs never noticed"),
        ("detection.flaps", "failed, then alive again within flap_timeout, per observer and subject"),
        ("detection.flaps_per_node_hour", "flaps per node and hour"),
        ("detection.mistakes", "times that a member that was up was held to have failed, one per observer"),
        ("detection.mistake_duration_s", "mean time that a mistake lasts (T_M)"),
        ("detection.mistake_recurrence_s", "mean time between mistakes (T_MR)"),
        ("detection.query_accuracy", "share of the time that a view of a live member is right (P_A)"),
        ("detection.revivals", "times that a view took a member back that was down, one per observer"),
        ("detection.tcp_fallbacks", "probes that only TCP answered"),
        (
            "detection.leaves_seen_as_failed",
            "(leaver, observer) pairs whose graceful leave was seen as a failure",
        ),
        (
            "detection.leaves_seen_as_failed_share",
            "share of the (leaver, observer) pairs whose graceful leave was seen as a failure",
        ),
    )
    for name, meaning in (
        ("first_suspect_s", "seconds from a crash to the first suspicion"),
        ("first_s", "seconds from a crash to the first observer's failed event"),
        ("full_s", "seconds from a crash to the last live observer's failed event"),
        ("anomaly.first_s", "seconds from the start of a stall, pause or freeze to the first failed event"),
        (
            "anomaly.full_s",
            "seconds from the start of a stall, pause or freeze to the last healthy member's failed event",
        ),
        ("leave_s", "seconds from a graceful leave to each observer's left event"),
        ("revived_s", "seconds that a revival lasts"),
    ):
        for statistic in _TIMES:
            yield f"detection.{name}.{statistic}", f"{meaning}: {_STATISTIC[statistic]}"


def _coordinates() -> Iterator[tuple[str, str]]:
    for name, meaning in (
        ("relative_error", "error of the estimated round trip as a share of the true one"),
        ("absolute_error_ms", "error of the estimated round trip in ms"),
    ):
        for statistic in _ERRORS:
            yield f"coordinates.{name}.{statistic}", f"{meaning}, all live pairs: {_STATISTIC[statistic]}"
    for statistic in ("p50", "p90"):
        yield (
            f"coordinates.believed_error.{statistic}",
            f"error that members ascribe to their own coordinates: {_STATISTIC[statistic]}",
        )
    for radius in _RADII_MS:
        within = f"coordinates.within_{radius}ms"
        yield f"{within}.precision", f"share of those estimated to be within {radius} ms that are"
        yield f"{within}.recall", f"share of those within {radius} ms that are estimated to be"
    yield "coordinates.believed_error.drift_per_s", "share by which that error still changes in a second"
    yield from (
        ("coordinates.converged_s", "time from which the median error stays within 10 % of its last value"),
        ("coordinates.rank_loss", "relative rank loss: how often two others are put in the wrong order"),
        ("coordinates.nearest_accuracy", "share of nodes whose estimated nearest is the true nearest"),
        ("coordinates.coverage", "share of live pairs of which the observer has an estimate"),
        ("coordinates.drift_ms_per_s", "how fast coordinates still move"),
        ("coordinates.estimate_drift_ms_per_s", "how fast the estimates of pairs still change"),
        ("coordinates.bytes_per_node_s", "bytes of coordinates that a member sends in a second"),
        ("coordinates.resets", "coordinates thrown away as invalid"),
    )


def _whole_cluster() -> Iterator[tuple[str, str]]:
    yield from (
        ("convergence.one_view_s", "time until all live members hold the true view"),
        ("convergence.views_disagreeing", "live members whose view is wrong at the end"),
        (
            "convergence.members_stuck_dead",
            "live members that another one holds to have failed or left at the end",
        ),
        (
            "convergence.views_leaving",
            "live members that hold a live one to be leaving, which it is not",
        ),
        (
            "convergence.time_to_n_s",
            "time from the join, warm-up included, until every live member sees N, the members that are up",
        ),
        (
            "convergence.unique_sizes",
            "how many different numbers of members any live one has seen, warm-up included",
        ),
        ("traffic.messages_per_node_s", "messages sent per node and second"),
        ("traffic.bytes_per_node_s", "IP bytes sent per node and second"),
        (
            "traffic.payload_messages",
            "datagrams and messages on streams sent; a datagram of many messages counts once",
        ),
        ("traffic.payload_bytes", "their bytes, without headers of IP, UDP and TCP"),
        ("traffic.packets_per_node_s", "IP packets sent per node and second"),
        *(
            (
                f"traffic.{way}_bytes_per_s.{statistic}",
                f"IP bytes that one member {way} in one second: {words}",
            )
            for way in ("sent", "received")
            for statistic, words in (
                ("mean", "the mean over members and time"),
                ("p99", "the 99th percentile over members and seconds"),
                ("max", "the most"),
            )
        ),
        ("traffic.tcp_connections_per_node_s", "TCP connections opened per node and second"),
        ("traffic.datagrams_lost_share", "share of the datagrams sent that the network lost"),
        (
            "traffic.most_push_pulls_per_s",
            "the most push/pulls that were asked of any member within a second",
        ),
        (
            "traffic.datagrams_overflowed_share",
            "share of the datagrams sent that found the receiver's socket full",
        ),
        (
            "traffic.lost_broadcasts",
            "queued broadcasts that another of their number replaced before their last transmission",
        ),
        (
            "traffic.packets_to_nobody",
            "packets to an address where nobody was, or that a NAT let nobody through to",
        ),
        (
            "traffic.between_zones.bytes_share",
            "share of the IP bytes that went to another zone; none in a cluster without zones",
        ),
        (
            "traffic.between_zones.bytes_per_node_s",
            "IP bytes sent to another zone per node and second",
        ),
        (
            "traffic.between_zones.packets_per_node_s",
            "IP packets sent to another zone per node and second",
        ),
    )


def _security_and_health() -> Iterator[tuple[str, str]]:
    yield from (
        ("security.undecryptable", "packets and streams that their receiver could not decrypt"),
        ("security.last_undecryptable_s", "time of the last of these"),
        ("security.unencrypted", "packets and streams refused because they were not encrypted"),
        ("security.mislabelled", "packets and streams refused for another label, or for none"),
        ("security.keys_refused", "answers to key queries that were errors"),
        (
            "security.keys_answered_share",
            "answers to key queries that came in, of the members that were up",
        ),
        ("health.score.mean", "mean of Lifeguard's health score; 0 is healthy"),
        ("health.score.max", "worst health score of any member"),
    )


def _spreading_and_waiting() -> Iterator[tuple[str, str]]:
    for kind in ("events", "queries"):
        yield f"dissemination.{kind}.p50_s", f"seconds until half the live members have {kind}"
        yield f"dissemination.{kind}.p99_s", f"seconds until 99 % of the live members have {kind}"
        yield f"dissemination.{kind}.full_s", f"seconds until all live members have {kind}"
        yield f"dissemination.{kind}.delivered_share", f"share of (member, one of the {kind}) pairs delivered"
        yield (
            f"dissemination.{kind}.late_share",
            "share of these pairs later than after 15 s, or never",
        )
        yield f"dissemination.{kind}.sent", f"how many {kind} there were"
    yield "dissemination.queries.acked_share", "acks that came in, of the members for whom a query was"
    yield "dissemination.queries.answered_share", "answers that came in, of the members for whom a query was"
    for name, whom in (("p50_s", "half the other members"), ("p99_s", "99 % of them"), ("full_s", "all")):
        yield f"dissemination.membership.{name}", f"seconds from a crash, leave or start until {whom} saw it"
    yield "dissemination.membership.changes", "crashes, leaves and starts that others should have seen"
    for queue, what in (
        ("broadcasts", "memberlist's messages"),
        ("intents", "join and leave intents"),
        ("events", "user events"),
        ("queries", "queries"),
        ("handoff", "messages between the listener and the worker"),
    ):
        yield f"queues.{queue}.mean", f"{what} waiting at a member, the mean over members and time"
        yield f"queues.{queue}.max", f"the most {what} that waited at any member"
    yield "queues.handoff.dropped", "messages that found a handoff queue full"


FIGURES: Final[Mapping[str, str]] = dict(_figures())
BY_TYPE: Final = "traffic.by_type."
"""A message type follows; the types depend on the run."""
OWN: Final = "own."
"""The name of a user's own function follows; before it `higher.` or `neither.`, where that is better."""
OWN_FAILED: Final = "own_failed"
"""Of a summary: why functions gave no figure, {name: words}."""
POOLS: Final = "pools"
"""Of a summary: the figures of each pool, {name: figures}."""
OF_POOL: Final = r"pools\.([\w-]+)\."
"""The beginning of a figure of a pool."""
_OF_POOL: Final = re.compile(OF_POOL)
WAYS: Final = ("lower", "higher", "neither")

HIGHER_IS_BETTER: Final = frozenset(
    {
        "detection.mistake_recurrence_s",
        "detection.query_accuracy",
        "coordinates.nearest_accuracy",
        "coordinates.coverage",
        *(
            f"coordinates.within_{radius}ms.{share}"
            for radius in _RADII_MS
            for share in ("precision", "recall")
        ),
        "dissemination.events.delivered_share",
        "dissemination.queries.delivered_share",
        "dissemination.queries.acked_share",
        "dissemination.queries.answered_share",
        "security.keys_answered_share",
    }
)
# A mechanism at work (suspecting a crashed member, refuting, falling back to TCP) is neither good nor
# bad by itself, and neither is how much there was to count.
NEITHER_IS_BETTER: Final = frozenset(
    {
        "detection.last_false_positive_s",
        "detection.suspicions",
        "detection.refutations",
        "detection.tcp_fallbacks",
        "dissemination.events.sent",
        "dissemination.queries.sent",
        "dissemination.membership.changes",
    }
)


def pool_of(name: str) -> str:
    """Return the pool of a figure such as pools.wan.detection.missed; '' of the cluster's own."""
    match = _OF_POOL.match(name)
    return match[1] if match else ""


def is_pool_name(name: str) -> bool:
    """Return whether figures can be those of a pool of this name."""
    return re.fullmatch(r"[\w-]+", name) is not None


def without_pool(name: str) -> str:
    """Return the figure's name in the summary of its pool alone."""
    return _OF_POOL.sub("", name, count=1)


def better(name: str) -> Literal["lower", "higher", "neither"]:
    """Return the direction in which a figure improves: errors, times and load fall, accuracy rises."""
    name = without_pool(name)
    if name in NEITHER_IS_BETTER or name.endswith(".n") or name.startswith(f"{OWN}neither."):
        return "neither"
    return "higher" if name in HIGHER_IS_BETTER or name.startswith(f"{OWN}higher.") else "lower"


def is_figure(name: str) -> bool:
    """Return whether summaries may have a figure of this name."""
    if pool_of(name):
        name = without_pool(name)
        return name in FIGURES or (name.startswith(BY_TYPE) and len(name) > len(BY_TYPE))
    of_the_run = (name.startswith(start) and len(name) > len(start) for start in (BY_TYPE, OWN))
    return name in FIGURES or any(of_the_run)


def unit_of(name: str) -> str:
    """'s', 'ms' or '' for a figure without a unit of time."""
    if name.endswith(".n") or re.search(r"_per(_node)?_s(\.|$)", name):
        return ""
    match = re.search(r"_(s|ms)(?:\.|$)", name)
    return match[1] if match else ""


def figure_value(summary: Mapping[str, Any], name: str) -> float | None:
    """Return the figure in a summary, nested or with dotted keys; None where it has no value."""
    value = _looked_up(summary, name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return None if math.isnan(value) else value


def _looked_up(level: Mapping[str, Any], name: str) -> Any:
    if name in level:
        return level[name]
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        below = level.get(".".join(parts[:cut]))
        if isinstance(below, Mapping):
            return _looked_up(below, ".".join(parts[cut:]))
    return None

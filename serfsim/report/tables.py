"""The figures of a summary as rows for a reader: label, value, unit, meaning.

The terminal, the notebook and the report page print the same rows. A figure that does not exist
in a run (a detection time without a crash) has the value "-"; whole groups of such rows are left
out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

NONE = "-"


class Row(NamedTuple):
    section: str
    label: str
    value: str
    unit: str
    meaning: str
    figure: str  # the dotted name in summary.json


# section, label, dotted name, unit, meaning. A percentile family shows p50, p99 and max in one row; a
# share is shown in percent.
ROWS = (
    ("Detection", "false positives", "detection.false_positives", "", "failed, said of a member that was up"),
    (
        "Detection",
        "  at healthy nodes",
        "detection.false_positives_at_healthy",
        "",
        "by who was under no fault",
    ),
    ("Detection", "suspicions", "detection.suspicions", "", "probes that nothing answered"),
    ("Detection", "  unjust", "detection.unjust_suspicions", "", "about a member that was up"),
    ("Detection", "refutations", "detection.refutations", "", "members that contradicted an accusation"),
    ("Detection", "flaps", "detection.flaps", "", "failed, and back within flap_timeout, for each observer"),
    ("Detection", "TCP fallbacks", "detection.tcp_fallbacks", "", "probes that only TCP answered"),
    ("Detection", "first suspicion", "detection.first_suspect_s", "s", "from crash to the first suspicion"),
    ("Detection", "first detection", "detection.first_s", "s", "from crash to the first failed"),
    ("Detection", "full detection", "detection.full_s", "s", "from crash until all live nodes knew"),
    ("Detection", "missed", "detection.missed", "", "crashes that an observer never noticed"),
    ("Detection", "leave seen", "detection.leave_s", "s", "from a graceful leave to an observer's left"),
    ("Detection", "leaves seen as failed", "detection.leaves_seen_as_failed", "", "by one observer each"),
    (
        "Detection",
        "  of those to be seen",
        "detection.leaves_seen_as_failed_share",
        "%",
        "of all pairs of a leaver and an observer",
    ),
    ("Detection", "mistake duration", "detection.mistake_duration_s", "s", "how long a wrong failed lasted"),
    (
        "Detection",
        "query accuracy",
        "detection.query_accuracy",
        "%",
        "of the time nothing was wrongly failed",
    ),
    ("Views", "one view after", "convergence.one_view_s", "s", "from the last change until all agreed"),
    ("Views", "nodes with a wrong view", "convergence.views_disagreeing", "", "at the end"),
    (
        "Views",
        "  holding one as leaving",
        "convergence.views_leaving",
        "",
        "a live one that does not leave",
    ),
    (
        "Coordinates",
        "relative error",
        "coordinates.relative_error",
        "%",
        "of estimated round trips, at the end",
    ),
    ("Coordinates", "absolute error", "coordinates.absolute_error_ms", "ms", "the same in milliseconds"),
    (
        "Coordinates",
        "converged after",
        "coordinates.converged_s",
        "s",
        "median stays within 10 % of its last value",
    ),
    ("Coordinates", "rank loss", "coordinates.rank_loss", "%", "of pairs of others put in the wrong order"),
    (
        "Coordinates",
        "nearest right",
        "coordinates.nearest_accuracy",
        "%",
        "of nodes know who is nearest to them",
    ),
    ("Coordinates", "drift", "coordinates.drift_ms_per_s", "ms/s", "how fast coordinates still move"),
    ("Coordinates", "resets", "coordinates.resets", "", "coordinates that became invalid and began anew"),
    ("Traffic", "messages", "traffic.messages_per_node_s", "/node/s", "protocol messages sent"),
    ("Traffic", "bytes", "traffic.bytes_per_node_s", "B/node/s", "whole IP packets"),
    ("Traffic", "TCP connections", "traffic.tcp_connections_per_node_s", "/node/s", "opened"),
    ("Traffic", "datagrams lost", "traffic.datagrams_lost_share", "%", "by the network, of all sent"),
    (
        "Traffic",
        "datagrams overflowed",
        "traffic.datagrams_overflowed_share",
        "%",
        "by a full receive buffer",
    ),
    ("Queues", "broadcasts, mean", "queues.broadcasts.mean", "", "memberlist's messages waiting at a member"),
    ("Queues", "broadcasts, most", "queues.broadcasts.max", "", "at any member"),
    ("Queues", "intents, most", "queues.intents.max", "", "Serf's joins and leaves waiting"),
    ("Queues", "events, most", "queues.events.max", "", "user events waiting"),
    ("Queues", "queries, most", "queues.queries.max", "", "queries waiting"),
    ("Health", "health score, mean", "health.score.mean", "", "Lifeguard's awareness, 0 is healthy"),
    ("Health", "health score, worst", "health.score.max", "", "highest of any node"),
    (
        "Dissemination",
        "change seen, p50",
        "dissemination.membership.p50_s",
        "s",
        "from change to half the views",
    ),
    ("Dissemination", "change seen, p99", "dissemination.membership.p99_s", "s", ""),
    ("Dissemination", "change seen by all", "dissemination.membership.full_s", "s", ""),
    ("Dissemination", "event delivered, p50", "dissemination.events.p50_s", "s", "user event to a node"),
    ("Dissemination", "event delivered, p99", "dissemination.events.p99_s", "s", ""),
    ("Dissemination", "events delivered", "dissemination.events.delivered_share", "%", "of nodes reached"),
    ("Dissemination", "query delivered, p50", "dissemination.queries.p50_s", "s", "query to a node"),
    ("Dissemination", "queries delivered", "dissemination.queries.delivered_share", "%", "of nodes reached"),
    ("Dissemination", "acks that came in", "dissemination.queries.acked_share", "%", "of nodes asked"),
    ("Dissemination", "answers that came in", "dissemination.queries.answered_share", "%", "of nodes asked"),
)
# Rows that say nothing where nobody left.
ONLY_WITH_LEAVES = ("detection.leaves_seen_as_failed",)
# Rows that say nothing where nobody crashed, though their counts exist.
ONLY_WITH_CRASHES = ("detection.missed",)
# Rows that say nothing where there is nothing to count.
ONLY_IF_ANY = (
    *(f"queues.{name}.max" for name in ("intents", "events", "queries")),
    "traffic.datagrams_lost_share",
    "traffic.datagrams_overflowed_share",
)


def lookup(summary: Mapping[str, Any], figure: str) -> Any:
    """The value under a dotted name; KeyError where the summary has no such name."""
    value: Any = summary
    for part in figure.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise KeyError(figure)
        value = value[part]
    return value


def number(value: float | int | None) -> str:
    """Three significant digits, whole numbers in full, thousands apart."""
    if value is None:
        return NONE
    if isinstance(value, int) or value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    digits = max(0, 2 - len(str(int(abs(value)))) + 1) if abs(value) >= 1 else 3
    if abs(value) < 0.1:
        return f"{value:.2g}"
    return f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    """A share in percent. What is nearly all of it is not rounded up to all of it."""
    if value is None:
        return NONE
    if 0.995 <= value < 1.0:
        return f"{min(100.0 * value, 99.9999):.6g}"
    return number(100.0 * value)


def told(value: Any, unit: str = "") -> str:
    """A figure as text; of a family its p50, p99 and max."""
    one = percent if unit == "%" else number
    if not isinstance(value, Mapping):
        return one(value)
    if value.get("n", 1) == 1 and value.get("p50") is not None and "n" in value:
        return one(value["p50"])
    if value.get("p50") is None:
        return NONE
    return f"p50 {one(value['p50'])}  p99 {one(value['p99'])}  max {one(value['max'])}"


def summary_rows(summary: Mapping[str, Any]) -> list[Row]:
    """The rows of one summary, in reading order, without those that have nothing to say."""
    crashed = lookup(summary, "detection.first_s.n") or lookup(summary, "detection.missed")
    rows = []
    for section, label, figure, unit, meaning in ROWS:
        try:
            value = lookup(summary, figure)
        except KeyError:
            continue
        text = told(value, unit)
        if text == NONE and not (crashed and figure.startswith("detection.f")):
            continue
        if (
            figure in ONLY_WITH_LEAVES
            and told(lookup(summary, "detection.leaves_seen_as_failed_share")) == NONE
        ):
            continue
        if (figure in ONLY_WITH_CRASHES and not crashed) or (figure in ONLY_IF_ANY and not value):
            continue
        rows.append(Row(section, label, text, unit, meaning, figure))
    return rows


def traffic_rows(summary: Mapping[str, Any], most: int = 8) -> list[Row]:
    """The heaviest message types, by bytes."""
    by_type = summary["traffic"]["by_type"]
    heaviest = sorted(by_type.items(), key=lambda item: (-(item[1]["bytes_per_node_s"] or 0.0), item[0]))
    return [
        Row(
            "Traffic by type",
            name,
            number(rates["bytes_per_node_s"]),
            "B/node/s",
            f"{number(rates['messages_per_node_s'])} messages/node/s",
            f"traffic.by_type.{name}.bytes_per_node_s",
        )
        for name, rates in heaviest[:most]
        if rates["bytes_per_node_s"]
    ]


def claim_rows(summary: Mapping[str, Any]) -> list[Row]:
    """The scenario's claims and whether they hold."""
    return [
        Row(
            "Claims",
            str(claim["claim"]),
            "holds" if claim["holds"] else "FAILS",
            "",
            f"found {told(claim.get('value'))}",
            "",
        )
        for claim in summary.get("claims", [])
    ]

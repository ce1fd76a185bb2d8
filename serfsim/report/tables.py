"""The figures of a summary as rows for a reader: label, value, unit, meaning.

The terminal, the notebook and the report page print the same rows. A figure that does not exist
in a run (a detection time without a crash) has the value "-"; groups of only such rows are
omitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from serfsim.scenario.figures import OWN, POOLS, unit_of

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
    ("Detection", "false positives", "detection.false_positives", "", "live members declared failed"),
    (
        "Detection",
        "  at healthy nodes",
        "detection.false_positives_at_healthy",
        "",
        "by observers under no fault",
    ),
    ("Detection", "suspicions", "detection.suspicions", "", "probes without any ack"),
    ("Detection", "  unjust", "detection.unjust_suspicions", "", "about live members"),
    ("Detection", "refutations", "detection.refutations", "", "by the suspected member"),
    ("Detection", "flaps", "detection.flaps", "", "failed and back within flap_timeout, per observer"),
    ("Detection", "TCP fallbacks", "detection.tcp_fallbacks", "", "probes answered only over TCP"),
    ("Detection", "first suspicion", "detection.first_suspect_s", "s", "from crash to the first suspicion"),
    (
        "Detection",
        "first detection",
        "detection.first_s",
        "s",
        "from crash to the first declaration of failure",
    ),
    ("Detection", "full detection", "detection.full_s", "s", "from crash until all live nodes declared it"),
    (
        "Detection",
        "first detection, hanging",
        "detection.anomaly.first_s",
        "s",
        "from the start of a stall, pause or freeze",
    ),
    (
        "Detection",
        "full detection, hanging",
        "detection.anomaly.full_s",
        "s",
        "until every healthy member declared it failed",
    ),
    ("Detection", "missed", "detection.missed", "", "crashes that an observer never noticed"),
    (
        "Detection",
        "leave seen",
        "detection.leave_s",
        "s",
        "from a graceful leave to an observer's EventMemberLeave",
    ),
    ("Detection", "leaves seen as failed", "detection.leaves_seen_as_failed", "", "per observer"),
    (
        "Detection",
        "  share",
        "detection.leaves_seen_as_failed_share",
        "%",
        "of all (leaver, observer) pairs",
    ),
    ("Detection", "mistake duration", "detection.mistake_duration_s", "s", "of a false failure, on average"),
    (
        "Detection",
        "query accuracy",
        "detection.query_accuracy",
        "%",
        "of the time without a false failure",
    ),
    ("Views", "one view after", "convergence.one_view_s", "s", "from the last change until all agreed"),
    ("Views", "nodes with a wrong view", "convergence.views_disagreeing", "", "at the end"),
    (
        "Views",
        "live members stuck dead",
        "convergence.members_stuck_dead",
        "",
        "that others hold to have failed at the end",
    ),
    (
        "Views",
        "  with a false leaving",
        "convergence.views_leaving",
        "",
        "show a live member as leaving",
    ),
    (
        "Views",
        "all see N after",
        "convergence.time_to_n_s",
        "s",
        "from the join until each saw as many as are up",
    ),
    (
        "Views",
        "different sizes seen",
        "convergence.unique_sizes",
        "",
        "by any live member, from its start on",
    ),
    (
        "Coordinates",
        "relative error",
        "coordinates.relative_error",
        "%",
        "of round-trip times, at the end",
    ),
    ("Coordinates", "absolute error", "coordinates.absolute_error_ms", "ms", "|estimate - true|, at the end"),
    (
        "Coordinates",
        "converged after",
        "coordinates.converged_s",
        "s",
        "median error stays within 10 % of its last value",
    ),
    (
        "Coordinates",
        "rank loss",
        "coordinates.rank_loss",
        "%",
        "of pairs of members ordered wrongly by distance",
    ),
    (
        "Coordinates",
        "nearest right",
        "coordinates.nearest_accuracy",
        "%",
        "of nodes predict their nearest member",
    ),
    ("Coordinates", "drift", "coordinates.drift_ms_per_s", "ms/s", "speed of coordinates at the end"),
    ("Coordinates", "resets", "coordinates.resets", "", "invalid coordinates reset"),
    ("Traffic", "messages", "traffic.messages_per_node_s", "/node/s", "protocol messages sent"),
    ("Traffic", "bytes", "traffic.bytes_per_node_s", "B/node/s", "whole IP packets"),
    ("Traffic", "  99 % of seconds", "traffic.sent_bytes_per_s.p99", "B/s", "at most, sent by one member"),
    (
        "Traffic",
        "between zones",
        "traffic.between_zones.bytes_share",
        "%",
        "of the bytes went to another zone",
    ),
    (
        "Traffic",
        "  bytes",
        "traffic.between_zones.bytes_per_node_s",
        "B/node/s",
        "whole IP packets to another zone",
    ),
    ("Traffic", "TCP connections", "traffic.tcp_connections_per_node_s", "/node/s", "opened"),
    ("Traffic", "datagrams lost", "traffic.datagrams_lost_share", "%", "by the network, of those sent"),
    (
        "Traffic",
        "datagrams overflowed",
        "traffic.datagrams_overflowed_share",
        "%",
        "by a full receive buffer",
    ),
    ("Queues", "broadcasts, mean", "queues.broadcasts.mean", "", "memberlist's messages queued at a member"),
    ("Queues", "broadcasts, max", "queues.broadcasts.max", "", "at any member"),
    (
        "Queues",
        "broadcasts lost",
        "traffic.lost_broadcasts",
        "",
        "replaced by another of their number before their last transmission",
    ),
    ("Queues", "intents, max", "queues.intents.max", "", "Serf's join and leave intents queued"),
    ("Queues", "events, max", "queues.events.max", "", "user events queued"),
    ("Queues", "handoff, max", "queues.handoff.max", "", "messages between listener and worker"),
    ("Queues", "handoff, dropped", "queues.handoff.dropped", "", "messages that found a handoff queue full"),
    ("Queues", "queries, max", "queues.queries.max", "", "queries queued"),
    ("Security", "undecryptable", "security.undecryptable", "", "packets and streams under an unknown key"),
    ("Security", "  last", "security.last_undecryptable_s", "s", "time of the last of these"),
    ("Security", "unencrypted", "security.unencrypted", "", "refused because they were not encrypted"),
    ("Security", "mislabelled", "security.mislabelled", "", "refused for another label, or for none"),
    ("Security", "key queries refused", "security.keys_refused", "", "answers that were errors"),
    ("Security", "key queries answered", "security.keys_answered_share", "%", "of the members that were up"),
    ("Health", "health score, mean", "health.score.mean", "", "Lifeguard's awareness, 0 is healthy"),
    ("Health", "health score, worst", "health.score.max", "", "highest of any node"),
    (
        "Dissemination",
        "change seen, p50",
        "dissemination.membership.p50_s",
        "s",
        "from change to half of the views",
    ),
    ("Dissemination", "change seen, p99", "dissemination.membership.p99_s", "s", ""),
    ("Dissemination", "change seen by all", "dissemination.membership.full_s", "s", ""),
    ("Dissemination", "event delivered, p50", "dissemination.events.p50_s", "s", "user event to a node"),
    ("Dissemination", "event delivered, p99", "dissemination.events.p99_s", "s", ""),
    ("Dissemination", "events delivered", "dissemination.events.delivered_share", "%", "of nodes reached"),
    ("Dissemination", "query delivered, p50", "dissemination.queries.p50_s", "s", "query to a node"),
    ("Dissemination", "queries delivered", "dissemination.queries.delivered_share", "%", "of nodes reached"),
    ("Dissemination", "acks received", "dissemination.queries.acked_share", "%", "of nodes targeted"),
    ("Dissemination", "responses received", "dissemination.queries.answered_share", "%", "of nodes targeted"),
)
# Rows without meaning if no member left.
ONLY_WITH_LEAVES = ("detection.leaves_seen_as_failed",)
# Rows without meaning if no member crashed, though their counts exist.
ONLY_WITH_CRASHES = ("detection.missed",)
# Rows to show only if they are not 0.
ONLY_IF_ANY = (
    *(f"queues.{name}.max" for name in ("intents", "events", "queries", "handoff")),
    "queues.handoff.dropped",
    "traffic.datagrams_lost_share",
    "traffic.datagrams_overflowed_share",
    "traffic.lost_broadcasts",
    "convergence.members_stuck_dead",
)


def lookup(summary: Mapping[str, Any], figure: str) -> Any:
    """Return the value under a dotted name. Raises KeyError if the summary has no such name."""
    value: Any = summary
    for part in figure.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise KeyError(figure)
        value = value[part]
    return value


def format_number(value: float | int | None) -> str:
    """Format to three significant digits, whole numbers in full, with thousands separators."""
    if value is None:
        return NONE
    if isinstance(value, int) or value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    digits = max(0, 2 - len(str(int(abs(value)))) + 1) if abs(value) >= 1 else 3
    if abs(value) < 0.1:
        return f"{value:.2g}"
    return f"{value:.{digits}f}"


def format_percent(value: float | None) -> str:
    """Format a share in percent, without rounding nearly all up to all."""
    if value is None:
        return NONE
    if 0.995 <= value < 1.0:
        return f"{min(100.0 * value, 99.9999):.6g}"
    return format_number(100.0 * value)


def format_figure(value: Any, unit: str = "") -> str:
    """Format a figure; for a family, its p50, p99 and max."""
    one = format_percent if unit == "%" else format_number
    if not isinstance(value, Mapping):
        return one(value)
    if value.get("n", 1) == 1 and value.get("p50") is not None and "n" in value:
        return one(value["p50"])
    if value.get("p50") is None:
        return NONE
    return f"p50 {one(value['p50'])}  p99 {one(value['p99'])}  max {one(value['max'])}"


OF_POOLS: Final = ("detection.", "convergence.")  # the figures of a pool that a table has


def summary_rows(summary: Mapping[str, Any]) -> list[Row]:
    """Return the rows of one summary in reading order, without empty ones, those of its pools last."""
    rows = _rows_of_cluster(summary)
    for name, figures in summary.get(POOLS, {}).items():
        for row in _rows_of_cluster(figures):
            if row.figure.startswith(OF_POOLS):
                rows.append(row._replace(section=f"Pool {name}", figure=f"{POOLS}.{name}.{row.figure}"))
    return rows


def _rows_of_cluster(summary: Mapping[str, Any]) -> list[Row]:
    crashed = lookup(summary, "detection.first_s.n") or lookup(summary, "detection.missed")
    rows = []
    for section, label, figure, unit, meaning in ROWS:
        try:
            value = lookup(summary, figure)
        except KeyError:
            continue
        text = format_figure(value, unit)
        if text == NONE and not (crashed and figure.startswith("detection.f")):
            continue
        if (
            figure in ONLY_WITH_LEAVES
            and format_figure(lookup(summary, "detection.leaves_seen_as_failed_share")) == NONE
        ):
            continue
        if (figure in ONLY_WITH_CRASHES and not crashed) or (figure in ONLY_IF_ANY and not value):
            continue
        rows.append(Row(section, label, text, unit, meaning, figure))
    own = summary.get("own", {})
    return rows + [Row("Own", name, format_figure(own[name]), unit_of(name), "", OWN + name) for name in own]


def traffic_rows(summary: Mapping[str, Any], most: int = 8) -> list[Row]:
    """Return the heaviest message types, by bytes."""
    by_type = summary["traffic"]["by_type"]
    heaviest = sorted(by_type.items(), key=lambda item: (-(item[1]["bytes_per_node_s"] or 0.0), item[0]))
    return [
        Row(
            "Traffic by type",
            name,
            format_number(rates["bytes_per_node_s"]),
            "B/node/s",
            f"{format_number(rates['messages_per_node_s'])} messages/node/s",
            f"traffic.by_type.{name}.bytes_per_node_s",
        )
        for name, rates in heaviest[:most]
        if rates["bytes_per_node_s"]
    ]


def claim_rows(summary: Mapping[str, Any]) -> list[Row]:
    """Return the scenario's claims with their verdicts."""
    return [
        Row(
            "Claims",
            str(claim["claim"]),
            "holds" if claim["holds"] else "FAILS",
            "",
            f"found {format_figure(claim.get('value'))}",
            "",
        )
        for claim in summary.get("claims", [])
    ]

"""Load: messages, packets and IP bytes per node and second, and queued messages.

A column is "<transport>/<type>". The types of TOTALS are the network's own totals; the types of
CARRIERS are datagrams that no message leads; every other type is a protocol message. Bytes are those
of whole IP packets: a type has the bytes of the packets that it led, so types and carriers
add up to the totals except for bytes outside any message (a TCP handshake, a retransmission).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from serfsim.network.journal import UDP_HEADERS
from serfsim.results.scoring.recording import QUEUES, PerSecond, QueueSamples
from serfsim.results.scoring.scored_run import ScoredRun, ratio

TOTALS = ("datagrams", "packets", "connections", "lost", "overflowed", "to_nobody", "between_zones")
CARRIERS = ("gossip", "user")
BETWEEN_ZONES: Final = "ip/between_zones"


def is_type(column: str) -> bool:
    """Return True if a column is a kind of traffic, False if it is a total."""
    return column.rsplit("/", maxsplit=1)[-1] not in TOTALS


def is_message(column: str) -> bool:
    """Return True if a column counts protocol messages."""
    return is_type(column) and column.rsplit("/", maxsplit=1)[-1] not in CARRIERS


def scored_sums(table: PerSecond, end: float) -> dict[str, int]:
    """Sum every column over the seconds that begin in [0, end)."""
    if len(table.values) == 0:
        return dict.fromkeys(table.columns, 0)
    begins = table.start + np.arange(len(table.values))
    # A row's time is start + i in floating point; a hair below 0 is still second 0.
    rows = (begins >= -1e-9) & (begins < end)
    sums = table.values[rows].sum(axis=0)
    return {column: int(value) for column, value in zip(table.columns, sums, strict=True)}


def total_bytes(sums: dict[str, int]) -> int:
    """Return all IP bytes: a transport's own total if recorded, else the sum of its types."""
    total = 0
    for transport in sorted({column.split("/")[0] for column in sums}):
        kept = [sums[f"{transport}/{name}"] for name in TOTALS[:2] if f"{transport}/{name}" in sums]
        typed = [
            value for column, value in sums.items() if column.split("/")[0] == transport and is_type(column)
        ]
        total += sum(kept) if kept else sum(typed)
    return total


# Messages on streams; the others of a stream's columns are inside one of these.
ON_STREAMS: Final = ("ping", "ack", "push_pull", "error", "indirect_ping", "nack", *CARRIERS)


def payload(sums: dict[str, int]) -> int:
    """Return the sum over all datagrams and messages on streams: of counts, or of bytes."""
    return sums.get("udp/datagrams", 0) + sum(sums.get(f"tcp/{name}", 0) for name in ON_STREAMS)


def tcp_connections(counts: dict[str, int]) -> int | None:
    """Return the number of connections opened, or None if the network did not count them."""
    return counts.get("tcp/connections")


def share_of_datagrams(counts: dict[str, int], column: str) -> float | None:
    """Return the share of all datagrams that a column counts, or None if it was not counted."""
    return ratio(counts[column], counts.get("udp/datagrams", 0)) if column in counts else None


def member_rates(run: ScoredRun, way: str) -> dict[str, float | None]:
    """Return `mean`, `p99` and `max` of the IP bytes of one member in one second of its up time.

    `way`: "sent" or "received". `p99` is right to 2 %. None where no bytes were recorded by member.
    """
    rates, seconds = run.recording.rates.get(way), run.node_seconds
    if rates is None or seconds <= 0.0:
        return {"mean": None, "p99": None, "max": None}
    quiet = seconds - float(rates.counts.sum())
    at = int(np.searchsorted(max(quiet, 0.0) + np.cumsum(rates.counts), 0.99 * seconds))
    p99 = 0.0 if quiet >= 0.99 * seconds else float(rates.values[min(at, len(rates.values) - 1)])
    return {"mean": rates.total / seconds, "p99": min(p99, float(rates.most)), "max": float(rates.most)}


def between_zones(run: ScoredRun, counts: dict[str, int], sizes: dict[str, int]) -> dict[str, float | None]:
    """Return what went to another zone: a share of the IP bytes, and rates per node and second."""
    if BETWEEN_ZONES not in sizes:
        return dict.fromkeys(("bytes_share", "bytes_per_node_s", "packets_per_node_s"))
    return {
        "bytes_share": ratio(sizes[BETWEEN_ZONES], total_bytes(sizes)),
        "bytes_per_node_s": ratio(sizes[BETWEEN_ZONES], run.node_seconds),
        "packets_per_node_s": ratio(counts[BETWEEN_ZONES], run.node_seconds),
    }


def traffic(run: ScoredRun) -> dict[str, Any]:
    """Return rates per node and second of up time.

    `messages_per_node_s`: protocol messages sent, counting each one inside a datagram;
    `payload_messages`: datagrams and messages on streams, as memberlist's own telemetry counts what it sends;
    `payload_bytes`: their bytes without headers, with which a fragmented datagram keeps those of its further
    fragments. `packets_per_node_s`: IP packets; `by_type.<transport>_<type>`: messages (for a carrier,
    datagrams) and bytes. `datagrams_lost_share` and `datagrams_overflowed_share`: shares of the datagrams
    sent that the network lost and that a full socket buffer dropped. `lost_broadcasts`: broadcasts that
    another of their number replaced in a queue before their last transmission. `packets_to_nobody`:
    datagrams, and segments of TCP, to an address where nobody was or that a NAT let nobody through to.
    `sent_bytes_per_s` and `received_bytes_per_s`: see `member_rates`.
    `between_zones`: what went to another zone, None in a cluster without zones.
    """
    counts = scored_sums(run.recording.traffic_counts, run.end)
    sizes = scored_sums(run.recording.traffic_bytes, run.end)
    seconds = run.node_seconds
    messages = sum(value for column, value in counts.items() if is_message(column))
    packets = [counts[name] for name in ("udp/datagrams", "tcp/packets") if name in counts]
    connections = tcp_connections(counts)
    types = [column for column in dict.fromkeys([*counts, *sizes]) if is_type(column)]
    return {
        "messages_per_node_s": ratio(messages, seconds),
        "bytes_per_node_s": ratio(total_bytes(sizes), seconds),
        "payload_messages": payload(counts),
        "payload_bytes": payload(sizes) - UDP_HEADERS * counts.get("udp/datagrams", 0),
        "packets_per_node_s": ratio(sum(packets), seconds) if packets else None,
        **{f"{way}_bytes_per_s": member_rates(run, way) for way in ("sent", "received")},
        "tcp_connections_per_node_s": None if connections is None else ratio(connections, seconds),
        "most_push_pulls_per_s": run.recording.most_push_pulls,
        "datagrams_lost_share": share_of_datagrams(counts, "udp/lost"),
        "datagrams_overflowed_share": share_of_datagrams(counts, "udp/overflowed"),
        "lost_broadcasts": run.recording.lost_broadcasts,
        "packets_to_nobody": counts.get("ip/to_nobody", 0),
        "between_zones": between_zones(run, counts, sizes),
        "by_type": {
            column.replace("/", "_"): {
                "messages_per_node_s": ratio(counts.get(column, 0), seconds),
                "bytes_per_node_s": ratio(sizes.get(column, 0), seconds),
            }
            for column in types
        },
    }


# Queued messages, in memberlist's queue and in each of Serf's three. ----------------------------

SETTLED_SHARE = 0.1  # any cluster queues a suspicion and its refutation now and then


NO_HANDOFF: Final = {"mean": None, "max": None, "dropped": None}


def queues(run: ScoredRun) -> dict[str, Any]:
    """Return `mean` and `max` of each queue over live members and scored samples; None without any.

    Of the handoff queues `max` is that of all times, and `dropped` counts what found them full.
    """
    samples = run.recording.queues
    scored = (samples.t >= 0.0) & (samples.t <= run.end)
    depths = samples.depth[scored][samples.live[scored]]
    if len(depths) == 0:
        return {name: {"mean": None, "max": None} for name in QUEUES} | {"handoff": dict(NO_HANDOFF)}
    means, most = depths.mean(axis=0), depths.max(axis=0)
    found: dict[str, dict[str, Any]] = {
        name: {"mean": float(means[place]), "max": int(most[place])} for place, name in enumerate(QUEUES)
    }
    found["handoff"]["max"] = max(found["handoff"]["max"], run.recording.most_handed_off)
    found["handoff"]["dropped"] = scored_sums(run.recording.probe_counts, run.end).get("queue_full", 0)
    return found


def is_settled(samples: QueueSamples, t: float) -> bool | None:
    """Return whether fewer than a tenth of the live members had a membership message queued at `t`.

    While a join is still being gossiped, every member has one. None if no sample was taken then.
    """
    rows = np.flatnonzero(samples.t == t)
    if len(rows) == 0 or not samples.live[rows[0]].any():
        return None
    waiting = samples.depth[rows[0], :, : QUEUES.index("events")][samples.live[rows[0]]]
    return bool((waiting > 0).any(axis=1).mean() < SETTLED_SHARE)

"""Load: messages, packets and IP bytes per node and second, and messages that wait to be gossiped.

A column is "<transport>/<type>". The types of TOTALS are what the network kept itself; the types of
CARRIERS are datagrams that no message leads; every other type is a protocol message. Bytes are those
of whole IP packets: the bytes of a type are those of the packets that it led, so types and carriers
add up to the totals but for what belongs to no message (a TCP handshake, a retransmission).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from serfsim.results.scoring.recording import QUEUES, PerSecond, QueueSamples
from serfsim.results.scoring.scored_run import ScoredRun, ratio

TOTALS = ("datagrams", "packets", "connections", "lost", "overflowed")
CARRIERS = ("gossip", "user")


def is_type(column: str) -> bool:
    """Whether a column is a kind of traffic, as opposed to a total."""
    return column.rsplit("/", maxsplit=1)[-1] not in TOTALS


def is_message(column: str) -> bool:
    """Whether a column counts protocol messages."""
    return is_type(column) and column.rsplit("/", maxsplit=1)[-1] not in CARRIERS


def scored_sums(table: PerSecond, end: float) -> dict[str, int]:
    """The sum of every column over the seconds that begin in [0, end)."""
    if len(table.values) == 0:
        return dict.fromkeys(table.columns, 0)
    begins = table.start + np.arange(len(table.values))
    # A row's time is start + i in floating point; a hair below 0 is still second 0.
    rows = (begins >= -1e-9) & (begins < end)
    sums = table.values[rows].sum(axis=0)
    return {column: int(value) for column, value in zip(table.columns, sums, strict=True)}


def total_bytes(sums: dict[str, int]) -> int:
    """IP bytes in full: a transport's own total where it was kept, else the sum of its types."""
    total = 0
    for transport in sorted({column.split("/")[0] for column in sums}):
        kept = [sums[f"{transport}/{name}"] for name in TOTALS[:2] if f"{transport}/{name}" in sums]
        typed = [
            value for column, value in sums.items() if column.split("/")[0] == transport and is_type(column)
        ]
        total += sum(kept) if kept else sum(typed)
    return total


def tcp_connections(counts: dict[str, int]) -> int | None:
    """Connections opened, or None where the network did not count them."""
    return counts.get("tcp/connections")


def share_of_datagrams(counts: dict[str, int], column: str) -> float | None:
    """What share of all datagrams a column is, or None where it was not counted."""
    return ratio(counts[column], counts.get("udp/datagrams", 0)) if column in counts else None


def traffic(run: ScoredRun) -> dict[str, Any]:
    """Rates per node and second of up time.

    `messages_per_node_s`: protocol messages sent, each one inside a datagram counted;
    `packets_per_node_s`: IP packets; `by_type.<transport>_<type>`: messages (of a carrier its
    datagrams) and bytes. `datagrams_lost_share` and `datagrams_overflowed_share`: of all datagrams
    sent, those that the network lost and those that a full socket buffer dropped.
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
        "packets_per_node_s": ratio(sum(packets), seconds) if packets else None,
        "tcp_connections_per_node_s": None if connections is None else ratio(connections, seconds),
        "datagrams_lost_share": share_of_datagrams(counts, "udp/lost"),
        "datagrams_overflowed_share": share_of_datagrams(counts, "udp/overflowed"),
        "by_type": {
            column.replace("/", "_"): {
                "messages_per_node_s": ratio(counts.get(column, 0), seconds),
                "bytes_per_node_s": ratio(sizes.get(column, 0), seconds),
            }
            for column in types
        },
    }


# Messages that wait: in memberlist's queue and in each of Serf's three. -------------------------

SETTLED_SHARE = 0.1  # suspicions and their denials wait now and then in any cluster


def queues(run: ScoredRun) -> dict[str, Any]:
    """`mean` and `max` of each queue over live members and the scored samples; None where there are none."""
    samples = run.recording.queues
    scored = (samples.t >= 0.0) & (samples.t <= run.end)
    depths = samples.depth[scored][samples.live[scored]]
    if len(depths) == 0:
        return {name: {"mean": None, "max": None} for name in QUEUES}
    means, most = depths.mean(axis=0), depths.max(axis=0)
    return {name: {"mean": float(means[place]), "max": int(most[place])} for place, name in enumerate(QUEUES)}


def is_settled(samples: QueueSamples, t: float) -> bool | None:
    """Whether fewer than a tenth of the live members had a membership message waiting at `t`.

    Where the news of a join are still being gossiped, every member has. None where no sample was taken then.
    """
    rows = np.flatnonzero(samples.t == t)
    if len(rows) == 0 or not samples.live[rows[0]].any():
        return None
    waiting = samples.depth[rows[0], :, : QUEUES.index("events")][samples.live[rows[0]]]
    return bool((waiting > 0).any(axis=1).mean() < SETTLED_SHARE)

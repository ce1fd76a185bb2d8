"""Conversion of a recording of real agents to a `scoring.recording.Recording`, the form of a simulated run.

Times move to the scenario's clock, whose zero is `warm_up` seconds after the join. Agents do not log
everything a simulation reports: of suspect messages the recording has the first copy of each broadcast that
reached an agent, and health scores were polled.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from serfsim.protocol import events
from serfsim.results.scoring.recording import (
    CoordinateSamples,
    EventTable,
    Floats,
    Integers,
    Interval,
    PerSecond,
    Recording,
    Truth,
)
from serfsim.validation.golden import Golden
from serfsim.validation.heard import delivery_table

Row = tuple[float, int, int, int, int]  # t, observer, subject, kind, detail

MEMBER_EVENTS = {
    "join": events.JOIN,
    "failed": events.FAILED,
    "left": events.LEFT,
    "left-forced": events.LEFT_FORCED,
}
LOG_LINES = {
    "failed-ping": events.FAILED_PING,
    "suspect": events.SUSPECT,
    "timeout": events.SUSPICION_TIMEOUT,
    "tcp-fallback-ok": events.TCP_FALLBACK_OK,
    "refute-suspect": events.REFUTE_SUSPECT,
    "refute-dead": events.REFUTE_DEAD,
    "pp-init": events.PUSH_PULL,
    "pp-failed": events.PUSH_PULL_FAILED,
    "reconnect": events.RECONNECT,
    "join-failed": events.JOINED,
}
HEARD = {"suspect": events.SUSPECT_HEARD, "leave-intent": events.LEAVING}
NOBODY = -1

# Traffic names of the recording and of the simulation. `+`: the same class with gossip.
MESSAGES = {
    "ping": "udp/ping",
    "indirect-ping": "udp/indirect_ping",
    "ack": "udp/ack",
    "nack": "udp/nack",
    "suspect": "udp/suspect",
    "alive": "udp/alive",
    "dead": "udp/dead",
    "join-intent": "udp/join_intent",
    "leave-intent": "udp/leave_intent",
    "user-event": "udp/user_event",
    "query": "udp/query",
    "query-response": "udp/query_response",
}
# First message of a datagram, and the simulation's name: acks of queries and responses travel alone.
LEADERS = {
    **{name: MESSAGES[name] for name in ("ping", "indirect-ping", "ack", "nack")},
    "gossip": "udp/gossip",
    "query-response": "udp/user",
}


def as_recording(golden: Golden, warm_up: float) -> Recording:
    """Return the recording on a clock that starts `warm_up` seconds after the join."""
    start = float(golden.raw["traffic"]["series_start"]) - warm_up
    counts, sizes = traffic(golden.raw["traffic"]["per_second"])
    return Recording(
        names=golden.names,
        groups=[""] * golden.n,
        warm_up=warm_up,
        duration=golden.end - warm_up,
        events=event_table(rows(golden), warm_up),
        probe_counts=PerSecond(start, [], np.zeros((0, 0), dtype=np.int64)),
        traffic_counts=per_second(start, counts),
        traffic_bytes=per_second(start, sizes),
        coordinates=coordinates(golden, warm_up),
        truth=truth(golden, warm_up),
        events_processed=0,
        wall_s=0.0,
        cpu_s=0.0,
        deliveries=delivery_table(golden, warm_up),
    )


# Events --------------------------------------------------------------------------------------------


def rows(golden: Golden) -> list[Row]:
    """Return everything logged or polled, in order of time, in seconds since the join."""
    found = [*member_rows(golden), *log_rows(golden), *heard_rows(golden), *health_rows(golden)]
    for t, what, node, *_ in golden.raw.get("rpc_events") or ():
        if what == "leave-done":
            found.append((t, node, node, events.LEAVE_DONE, 1))
    found.sort(key=lambda row: row[0])
    return found


def member_rows(golden: Golden) -> Iterable[Row]:
    for t, observer, subject, kind in golden.raw["events"]:
        if kind in MEMBER_EVENTS:
            yield t, observer, subject, MEMBER_EVENTS[kind], 0


def log_rows(golden: Golden) -> Iterable[Row]:
    for t, observer, subject, kind, *rest in golden.raw["probe_log"]:
        if kind not in LOG_LINES:
            continue
        about = subject if isinstance(subject, int) else NOBODY
        detail = int(rest[0]) if kind == "timeout" and rest else 0
        yield t, observer, about, LOG_LINES[kind], detail


def heard_rows(golden: Golden) -> Iterable[Row]:
    """Yield the first copy of each suspect and leave message at each agent, where the recording kept all."""
    index = {name: node for node, name in enumerate(golden.names)}
    for broadcast in golden.raw["traffic"].get("broadcasts") or ():
        if broadcast[0] not in HEARD:
            continue
        for delivery in broadcast[9] if len(broadcast) > 9 else ():
            if isinstance(delivery, list):
                observer, t = delivery
                subject, accuser = index.get(broadcast[1], NOBODY), index.get(broadcast[2], NOBODY)
                yield t, observer, subject, HEARD[broadcast[0]], accuser


def health_rows(golden: Golden) -> Iterable[Row]:
    """Yield changes of the polled health score; it starts at 0 at every agent."""
    scores: dict[int, int] = {}
    for row in golden.raw["stats"]:
        t, node, score = row[0], int(row[1]), int(row[2])
        if scores.get(node, 0) != score:
            yield t, node, node, events.HEALTH, score
        scores[node] = score


def event_table(found: list[Row], warm_up: float) -> EventTable:
    columns = [np.array(column) for column in zip(*found, strict=True)] if found else [np.zeros(0)] * 5
    t, observer, subject, kind, detail = columns
    return EventTable(
        t.astype(np.float64) - warm_up,
        observer.astype(np.int64),
        subject.astype(np.int64),
        kind.astype(np.int64),
        detail.astype(np.int64),
    )


# Traffic -------------------------------------------------------------------------------------------

Series = dict[str, list[int]]


def traffic(series: Series) -> tuple[Series, Series]:
    """Return counts and bytes per second by the simulation's names.

    Bytes of "udp/TYPE" are those of the IP packets starting with this type, of "message/TYPE" those of the
    messages themselves.
    """
    counts = {ours: series[f"msg.{theirs}"] for theirs, ours in MESSAGES.items() if f"msg.{theirs}" in series}
    sizes: Series = {
        ours.replace("udp/", "message/"): series[f"msgbytes.{theirs}"]
        for theirs, ours in MESSAGES.items()
        if f"msgbytes.{theirs}" in series
    }
    packets: list[list[int]] = []
    for leader, ours in LEADERS.items():
        loads = [series[name] for name in (f"bytes.{leader}", f"bytes.{leader}+") if name in series]
        sizes[ours] = add_series(loads)
        carried = [series[name] for name in (f"pkt.{leader}", f"pkt.{leader}+") if name in series]
        packets += carried
        if ours not in MESSAGES.values():
            counts[ours] = add_series(carried)
    counts["udp/datagrams"], sizes["udp/datagrams"] = add_series(packets), series.get("bytes.udp", [])
    counts["tcp/packets"], sizes["tcp/packets"] = series.get("pkt.tcp", []), series.get("bytes.tcp", [])
    counts["tcp/connections"] = series.get("tcp.syn", [])
    counts["tcp/ping"] = series.get("tcp.ping", [])
    counts["tcp/push_pull"] = series.get("tcp.push-pull", [])
    lost = [values for name, values in series.items() if name.startswith("drop.") and name != "drop.tcp"]
    counts["udp/lost"] = add_series(lost)
    return counts, sizes


def add_series(parts: list[list[int]]) -> list[int]:
    """Add series second by second; the sum ends with its last value other than 0."""
    length = max((len(part) for part in parts), default=0)
    return [sum(part[i] for part in parts if i < len(part)) for i in range(length)]


def per_second(start: float, series: Series) -> PerSecond:
    length = max((len(values) for values in series.values()), default=0)
    table: Integers = np.zeros((length, len(series)), dtype=np.int64)
    for column, values in enumerate(series.values()):
        table[: len(values), column] = values
    return PerSecond(start, list(series), table)


# Coordinates ---------------------------------------------------------------------------------------


def coordinates(golden: Golden, warm_up: float) -> CoordinateSamples:
    """Group the polls of all agents into samples, each at its median time."""
    polls = rounds(golden.raw["coords"])
    n = golden.n
    dimensions = len(golden.raw["coords"][0][2]) if polls else 8
    shape = (len(polls), n)
    samples = CoordinateSamples(
        t=np.array([float(np.median([row[0] for row in poll])) for poll in polls]) - warm_up,
        vec=np.zeros((*shape, dimensions)),
        height=np.zeros(shape),
        adjustment=np.zeros(shape),
        error=np.zeros(shape),
        live=np.zeros(shape, dtype=np.bool_),
    )
    for k, poll in enumerate(polls):
        for _, node, vec, error, adjustment, height in poll:
            samples.vec[k, node] = np.array(vec, dtype=np.float64) * 1e-6
            samples.height[k, node] = height * 1e-6
            samples.adjustment[k, node] = adjustment * 1e-6
            samples.error[k, node] = error
            samples.live[k, node] = True
    return samples


def rounds(polled: list[Any], gap: float = 2.0) -> list[list[Any]]:
    """Split the rows wherever more than `gap` seconds pass between two."""
    polls: list[list[Any]] = []
    last = -np.inf
    for row in sorted(polled, key=lambda row: row[0]):
        if row[0] - last > gap:
            polls.append([])
        polls[-1].append(row)
        last = row[0]
    return polls


# Truth ---------------------------------------------------------------------------------------------


def truth(golden: Golden, warm_up: float) -> Truth:
    """Return the live nodes and the true round-trip times; the figures handle other faults."""
    down = [[Interval(-np.inf, float(start) - warm_up)] for start in golden.starts]
    crashes = [(t - warm_up, node) for t, node in golden.actions_of("kill")]
    leaves = [(t - warm_up, node) for t, node in golden.actions_of("leave")]
    for t, node in [*crashes, *leaves]:
        down[node].append(Interval(t, np.inf))
    rtt = true_rtt(golden)
    return Truth(
        down=down,
        faulted=[list(intervals) for intervals in down],
        reachable=lambda observer, subject, t: True,
        rtt=lambda node, t=None: rtt[node],
        crashes=crashes,
        leaves=leaves,
    )


def true_rtt(golden: Golden) -> Floats:
    """Return mean round-trip times in seconds, (n, n): latencies, processing, and jitter both ways."""
    both_ways = golden.one_way_s + golden.one_way_s.T
    mean_jitter = golden.jitter_fraction * float(np.exp(0.5))
    found: Floats = both_ways * (1.0 + mean_jitter) + golden.answer_s
    np.fill_diagonal(found, 0.0)
    return found

"""The tables of a result, column by column: one row per observation, time first, units in names.

Nodes are coded by the scenario's names, so that a table of millions of rows stays small and sorts in
the scenario's order. `results.columns` turns the tables into parquet files and pandas frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serfsim.protocol.events import (
    COUNTED_ONLY,
    FAILED,
    FAILED_PING,
    JOIN,
    NAMES,
    SUSPECT,
    SUSPICION_TIMEOUT,
    TCP_FALLBACK_ERROR,
    TCP_FALLBACK_OK,
)
from serfsim.protocol.serf.application import ACKED, ANSWERED, DELIVERED, RECEIVED, SENT
from serfsim.results.columns import Coded, Columns, Masked, concatenate_tables
from serfsim.results.scoring.coordinates import ErrorSeries
from serfsim.results.scoring.intervals import Booleans
from serfsim.results.scoring.pair_errors import ERROR_FIGURES
from serfsim.results.scoring.recording import (
    QUEUES,
    CoordinateSamples,
    DeliveryTable,
    EventTable,
    Floats,
    Integers,
    PerSecond,
    QueueSamples,
)
from serfsim.results.scoring.rows import PIECE, let_go
from serfsim.results.scoring.scored_run import ScoredRun, rows_of, rows_of_kind, select
from serfsim.results.scoring.traffic import is_type

EARLY_ROWS = 2_000_000  # more rows than this before t = 0 are a mass join, whose joins are left out
REACHABLE_ROWS = 500_000  # reachability is computed pair by pair; above this many rows it is left missing
DELIVERY_KINDS = ("event", "query", "ack", "response")
PROBE_ROWS = (
    FAILED_PING,
    TCP_FALLBACK_OK,
    TCP_FALLBACK_ERROR,
    SUSPECT,
)  # counted here unless the recording has them


def code_nodes(numbers: Integers, names: list[str]) -> Coded:
    """Code node numbers by name; numbers that are no node become missing."""
    valid = (numbers >= 0) & (numbers < len(names))
    return Coded(np.where(valid, numbers, -1), names)


def code_kinds(numbers: Integers) -> Coded:
    """Code event numbers by name."""
    known = sorted(NAMES)
    codes = np.full(max(known) + 1, -1)
    codes[known] = np.arange(len(known))
    return Coded(codes[numbers], [NAMES[number] for number in known])


def leaves_out_joins(events: EventTable) -> bool:
    """Return True if `member_events` omits the joins before t = 0."""
    return int(np.searchsorted(events.t, 0.0)) > EARLY_ROWS


def kept_events(events: EventTable) -> Iterator[EventTable]:
    """Yield the rows of `member_events` in pieces; a piece never splits rows of the same time."""
    early = int(np.searchsorted(events.t, 0.0)) if leaves_out_joins(events) else 0
    before = rows_of(events, 0, early)
    yield select(before, rows_of_kind(before, [kind for kind in NAMES if kind != JOIN]))
    low = early
    while low < len(events.t):
        last = min(low + PIECE, len(events.t)) - 1
        high = int(np.searchsorted(events.t, events.t[last], "right"))
        part = rows_of(events, low, high)
        yield part
        let_go((part.t, part.observer, part.subject, part.kind, part.detail))
        low = high


def confirmations(events: EventTable, n: int) -> Masked:
    """Return the number of confirming peers for each suspicion timeout and the failed event it caused.

    A failed row does not carry the number; it takes that of the last timeout of the same observer about
    the same subject at the same time.
    """
    count = np.zeros(len(events.t), dtype=np.int32)
    timeout = events.kind == SUSPICION_TIMEOUT
    count[timeout] = events.detail[timeout]
    known = timeout.copy()
    rows = np.flatnonzero(timeout | (events.kind == FAILED))
    pair = events.observer[rows].astype(np.int64) * n + events.subject[rows]
    late = ~timeout[rows]
    order = np.lexsort((rows, late, events.t[rows], pair))
    rows, pair, late = rows[order], pair[order], late[order]
    # The nearest timeout before each row; in this order it is the row's own, if there is one.
    origin = np.maximum.accumulate(np.where(late, -1, np.arange(len(rows)))) if len(rows) else rows
    matched = late & (origin >= 0)
    matched &= (pair[origin] == pair) & (events.t[rows[origin]] == events.t[rows])
    count[rows[matched]] = events.detail[rows[origin[matched]]]
    known[rows[matched]] = True
    return Masked(count, ~known)


def reachability(run: ScoredRun, events: EventTable, about_node: Booleans) -> Masked:
    """Return whether packets could pass from observer to subject and back at each row's time.

    Missing where the subject is not a node.
    """
    reachable = np.zeros(len(events.t), dtype=np.bool_)
    ask = run.recording.truth.reachable
    rows = np.flatnonzero(about_node)
    answers: Iterable[bool] = map(
        ask, events.observer[rows].tolist(), events.subject[rows].tolist(), events.t[rows].tolist()
    )
    reachable[rows] = np.fromiter(answers, dtype=np.bool_, count=len(rows))
    return Masked(reachable, ~about_node)


def about_nodes(events: EventTable, n: int) -> Booleans:
    rows: Booleans = (events.subject >= 0) & (events.subject < n)
    return rows


def member_events(run: ScoredRun) -> Columns:
    """Return t_s, observer, subject, kind, truth_alive, truth_reachable, confirmations, detail.

    One row per row of the event table (but see `kept_events`). `truth_alive`: the subject was up
    then. `truth_reachable` is missing throughout if more than REACHABLE_ROWS rows need it.
    `detail` is the number that `protocol.events` describes for the kind.
    """
    return concatenate_tables(list(member_events_in_parts(run)))


def member_events_in_parts(run: ScoredRun) -> Iterator[Columns]:
    """Yield `member_events` in parts, since a mass join gives a row for every pair of nodes."""
    names, recorded = run.recording.names, run.recording.events
    asked = 0
    for events in kept_events(recorded):
        asked += int(about_nodes(events, run.n).sum())
    for events in kept_events(recorded):
        known = about_nodes(events, run.n)
        subject = np.where(known, events.subject, 0).astype(np.int64)
        unknown = Masked(np.zeros(len(known), dtype=np.bool_), np.ones(len(known), dtype=np.bool_))
        yield {
            "t_s": events.t,
            "observer": code_nodes(events.observer, names),
            "subject": code_nodes(events.subject, names),
            "kind": code_kinds(events.kind),
            "truth_alive": known & ~run.down.covers(subject, events.t),
            "truth_reachable": unknown if asked > REACHABLE_ROWS else reachability(run, events, known),
            "confirmations": confirmations(events, run.n),
            "detail": events.detail,
        }


def event_table(columns: Any) -> EventTable:
    """Convert columns of `member_events` back to the event table."""
    numbers = {name: number for number, name in NAMES.items()}
    by_code = np.array([numbers[name] for name in columns["kind"].names], dtype=np.int8)
    return EventTable(
        columns["t_s"],
        columns["observer"].codes,
        columns["subject"].codes,
        by_code[columns["kind"].codes],
        columns["detail"],
    )


def probes(run: ScoredRun) -> Columns:
    """Return t_s (start of the second), kind, count: a row for every second and kind, zeros included."""
    table = run.recording.probe_counts
    seconds = table.start + np.arange(len(table.values))
    columns = {name: table.values[:, place] for place, name in enumerate(table.columns)}
    events = run.recording.events
    for kind in PROBE_ROWS:
        if NAMES[kind] not in columns and len(seconds):
            place = np.floor(events.t[rows_of_kind(events, (kind,))] - table.start).astype(np.int64)
            place = place[(place >= 0) & (place < len(seconds))]
            columns[NAMES[kind]] = np.bincount(place, minlength=len(seconds))
    order = [name for number, name in sorted(NAMES.items()) if name in columns and number >= COUNTED_ONLY]
    order += [name for name in columns if name not in order]
    return {
        "t_s": np.tile(seconds, len(order)),
        "kind": Coded(np.repeat(np.arange(len(order)), len(seconds)), order),
        "count": np.concatenate([columns[name] for name in order]) if order else np.zeros(0, dtype=np.int64),
    }


def traffic(run: ScoredRun) -> Columns:
    """Return t_s, message_type, transport, count, bytes: a row for every second and type that had any.

    Bytes are whole IP packets. Bytes outside any message (handshakes, retransmissions, bare acks)
    have the type "overhead" and count 0, so that bytes add up to what the network carried.
    """
    counts, sizes = run.recording.traffic_counts, run.recording.traffic_bytes
    columns = list(dict.fromkeys([*counts.columns, *sizes.columns]))
    length, zero = len(counts.values), np.zeros(len(counts.values), dtype=np.int64)
    seconds: Floats = counts.start + np.arange(length, dtype=np.float64)
    found: list[tuple[str, str, Integers, Integers]] = []
    for transport in sorted({column.split("/")[0] for column in columns}):
        typed = [c for c in columns if c.split("/")[0] == transport and is_type(c)]
        rows = [
            (c.split("/", 1)[1], per_second(counts, c, seconds), per_second(sizes, c, seconds)) for c in typed
        ]
        found += [(transport, name, count, size) for name, count, size in rows]
        total = next(
            (name for name in ("datagrams", "packets") if f"{transport}/{name}" in sizes.columns), ""
        )
        if total:
            rest = per_second(sizes, f"{transport}/{total}", seconds) - sum((r[2] for r in rows), zero)
            found.append((transport, "overhead", zero, np.maximum(rest, 0)))
    types, transports = sorted({name for _, name, *_ in found}), sorted({name for name, *_ in found})
    some = [(count != 0) | (size != 0) for *_, count, size in found]
    t, kind, carrier, count, size = (
        np.concatenate([np.zeros(0, dtype=dtype), *parts])
        for dtype, parts in (
            (np.float64, [seconds[s] for s in some]),
            (np.int64, [np.full(s.sum(), types.index(one[1])) for one, s in zip(found, some, strict=True)]),
            (
                np.int64,
                [np.full(s.sum(), transports.index(one[0])) for one, s in zip(found, some, strict=True)],
            ),
            (np.int64, [one[2][s] for one, s in zip(found, some, strict=True)]),
            (np.int64, [one[3][s] for one, s in zip(found, some, strict=True)]),
        )
    )
    used = np.unique(kind)
    order = np.lexsort((kind, carrier, t))
    return {
        "t_s": t[order],
        "message_type": Coded(np.searchsorted(used, kind[order]), [types[code] for code in used]),
        "transport": Coded(carrier[order], transports),
        "count": count[order],
        "bytes": size[order],
    }


def per_second(table: PerSecond, column: str, seconds: Floats) -> Integers:
    """Return one column of a table at these seconds; 0 where the table has no such column or second."""
    values = np.zeros(len(seconds), dtype=np.int64)
    if column in table.columns and len(seconds) and len(table.values):
        place = np.rint(seconds - table.start).astype(np.int64)
        inside = (place >= 0) & (place < len(table.values))
        values[inside] = table.values[place[inside], table.columns.index(column)]
    return values


def coordinates(samples: CoordinateSamples, names: list[str]) -> Columns:
    """Return t_s, node, vec_0 ..., height, adjustment, error (seconds): a row per sample and live node."""
    sample, node = np.nonzero(samples.live)
    vec = samples.vec[sample, node]
    columns: Columns = {"t_s": samples.t[sample], "node": code_nodes(node.astype(np.int64), names)}
    columns.update({f"vec_{place}": vec[:, place] for place in range(samples.vec.shape[2])})
    for name in ("height", "adjustment", "error"):
        columns[name] = getattr(samples, name)[sample, node]
    return columns


def coordinate_error(series: ErrorSeries) -> Columns:
    """Return t_s, relative_error_* (1), absolute_error_*_ms, rank_loss, nearest_accuracy, pairs."""
    columns: Columns = {"t_s": series.t}
    for place, name in enumerate(ERROR_FIGURES):
        columns[f"relative_error_{name}"] = series.relative[:, place]
    for place, name in enumerate(ERROR_FIGURES):
        columns[f"absolute_error_{name}_ms"] = 1000.0 * series.absolute[:, place]
    columns["rank_loss"] = series.rank_loss
    columns["nearest_accuracy"] = series.nearest_accuracy
    columns["pairs"] = series.pairs
    return columns


def queues(samples: QueueSamples) -> Columns:
    """Return t_s, queue, mean, p90, max: messages queued at a live member, a row per sample and queue."""
    rows = []
    for depth, live in zip(samples.depth, samples.live, strict=True):
        now = depth[live].astype(np.float64) if live.any() else np.zeros((1, len(QUEUES)))
        rows.append(np.array([now.mean(axis=0), np.quantile(now, 0.9, axis=0), now.max(axis=0)]))
    # From (sample, statistic, queue) to a row per sample and queue.
    found = np.array(rows).reshape(-1, 3, len(QUEUES)).transpose(0, 2, 1).reshape(-1, 3)
    return {
        "t_s": np.repeat(samples.t, len(QUEUES)),
        "queue": Coded(np.tile(np.arange(len(QUEUES)), len(samples.t)), list(QUEUES)),
        "mean": found[:, 0].copy(),
        "p90": found[:, 1].copy(),
        "max": found[:, 2].astype(np.int64),
    }


def member_queues(samples: QueueSamples, names: list[str]) -> Columns:
    """Return t_s, node and the messages in each of QUEUES: a row per sample and live member."""
    sample, node = np.nonzero(samples.live)
    columns: Columns = {"t_s": samples.t[sample], "node": code_nodes(node.astype(np.int64), names)}
    for place, name in enumerate(QUEUES):
        columns[name] = samples.depth[sample, node, place]
    return columns


def deliveries(table: DeliveryTable, names: list[str]) -> Columns:
    """Return a row for every process that received a user event or query, and for every ack and response.

    Columns: t_sent_s (of the event or query), t_received_s, t_delivered_s (to the application; missing
    if it was not delivered), kind (event, query, ack, response), name, ltime, source (the sender), node
    (the receiver), payload_bytes (of the event or query). In order of t_received_s.
    """
    items = table.items
    sent = np.full(len(items), np.inf)
    at = np.flatnonzero(table.action == SENT)
    np.minimum.at(sent, table.item[at], table.t[at])
    key = table.item.astype(np.int64) * len(names) + table.node
    # A restarted process may receive again what its predecessor had.
    life = lives(key, table.action == RECEIVED)
    key = key * (int(life.max(initial=0)) + 1) + life
    received, delivered = (firsts(key, table.action == action) for action in (RECEIVED, DELIVERED))
    handed = dict(zip(key[delivered].tolist(), table.t[delivered].tolist(), strict=True))
    answers = [np.flatnonzero(table.action == action) for action in (ACKED, ANSWERED)]
    rows = np.concatenate((received, *answers))
    item = table.item[rows]
    kind = np.array([DELIVERY_KINDS.index(items[one].kind) for one in item[: len(received)].tolist()])
    kind = np.concatenate((kind, *(np.full(len(a), 2 + number) for number, a in enumerate(answers))))
    source = np.concatenate(
        (
            np.array([items[one].source for one in item[: len(received)].tolist()], dtype=np.int64),
            table.peer[rows[len(received) :]],
        )
    )
    passed = np.full(len(rows), np.nan)
    passed[: len(received)] = [handed.get(one, np.nan) for one in key[received].tolist()]
    order = np.argsort(table.t[rows], kind="stable")
    rows, item = rows[order], item[order]
    listed = [items[one] for one in item.tolist()]
    began = np.where(np.isfinite(sent), sent, np.nan)
    return {
        "t_sent_s": began[item] if len(items) else np.zeros(0),
        "t_received_s": table.t[rows].astype(np.float64),
        "t_delivered_s": passed[order],
        "kind": Coded(kind[order].astype(np.int64), list(DELIVERY_KINDS)),
        "name": np.array([one.name for one in listed], dtype=np.object_),
        "ltime": np.array([one.ltime for one in listed], dtype=np.int64),
        "source": code_nodes(source[order].astype(np.int64), names),
        "node": code_nodes(table.node[rows].astype(np.int64), names),
        "payload_bytes": np.array([one.size for one in listed], dtype=np.int64),
    }


def lives(key: Integers, is_received: Booleans) -> Integers:
    """Count, up to each row, the receptions with its key: of the same item by the same member."""
    order = np.argsort(key, kind="stable")
    grouped = key[order]
    count = np.cumsum(is_received[order])
    begins = np.searchsorted(grouped, grouped)
    before = np.concatenate(([0], count))[begins]
    found = np.empty(len(key), dtype=np.int64)
    found[order] = count - before
    return found


def firsts(key: Integers, wanted: Booleans) -> NDArray[np.intp]:
    """Return the wanted rows, in order, that are the first with their key."""
    rows = np.flatnonzero(wanted)
    return np.sort(rows[np.unique(key[rows], return_index=True)[1]])

"""The tables of a result, as pandas frames: one row an observation, time first, units in names.

Nodes are categories over the scenario's names, so that a table of millions of rows stays small
and sorts in the scenario's order. The same frames are what the parquet files hold.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

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
from serfsim.scoring.coordinates import ErrorSeries
from serfsim.scoring.intervals import Booleans
from serfsim.scoring.pair_errors import ERROR_FIGURES
from serfsim.scoring.recording import CoordinateSamples, DeliveryTable, EventTable, Integers, PerSecond
from serfsim.scoring.scope import Scope, rows_of, select
from serfsim.scoring.traffic import is_type

EARLY_ROWS = 2_000_000  # more rows than this before t = 0 are a mass join: its joins are left out
REACHABLE_ROWS = 500_000  # reachability is asked pair by pair; beyond so many rows it stays unknown
DELIVERY_KINDS = ("event", "query", "ack", "response")
PROBE_ROWS = (FAILED_PING, TCP_FALLBACK_OK, TCP_FALLBACK_ERROR, SUSPECT)  # counted here if not already


def nodes(numbers: Integers, names: list[str]) -> pd.Categorical:
    """Node numbers as a categorical; what is not a node becomes a missing value."""
    valid = (numbers >= 0) & (numbers < len(names))
    return pd.Categorical.from_codes(np.where(valid, numbers, -1), categories=names)


def kinds(numbers: Integers) -> pd.Categorical:
    """Event numbers as their names."""
    known = sorted(NAMES)
    codes = np.full(max(known) + 1, -1)
    codes[known] = np.arange(len(known))
    return pd.Categorical.from_codes(codes[numbers], categories=[NAMES[number] for number in known])


def leaves_out_joins(events: EventTable) -> bool:
    """Whether `member_events` does without the joins before t = 0."""
    return int(np.searchsorted(events.t, 0.0)) > EARLY_ROWS


def kept_events(events: EventTable) -> EventTable:
    """The rows that `member_events` and the log show."""
    if not leaves_out_joins(events):
        return events
    first = int(np.searchsorted(events.t, 0.0))
    early = rows_of(events, 0, first)
    early = select(early, early.kind != JOIN)
    late = rows_of(events, first, len(events.t))
    return EventTable(
        np.concatenate((early.t, late.t)),
        np.concatenate((early.observer, late.observer)),
        np.concatenate((early.subject, late.subject)),
        np.concatenate((early.kind, late.kind)),
        np.concatenate((early.detail, late.detail)),
    )


def confirmations(events: EventTable, n: int) -> pd.arrays.IntegerArray:
    """How many peers confirmed: of a suspicion that timed out, and of the failed that it caused.

    The failed row carries none itself; it is matched to the time-out of the same observer about
    the same subject at the same instant.
    """
    count = np.zeros(len(events.t), dtype=np.int32)
    missing = np.ones(len(events.t), dtype=np.bool_)
    timeout = np.flatnonzero(events.kind == SUSPICION_TIMEOUT)
    count[timeout], missing[timeout] = events.detail[timeout], False
    failed = np.flatnonzero(events.kind == FAILED)
    if len(timeout) and len(failed):
        key = ["t", "pair"]
        pair = events.observer * np.int64(n) + events.subject
        left = pd.DataFrame({"t": events.t[failed], "pair": pair[failed], "row": failed})
        right = pd.DataFrame({"t": events.t[timeout], "pair": pair[timeout], "from": timeout})
        match = left.merge(right.drop_duplicates(key, keep="last"), on=key)
        row, origin = match["row"].to_numpy(), match["from"].to_numpy()
        count[row], missing[row] = events.detail[origin], False
    return pd.arrays.IntegerArray(count, missing)


def reachability(scope: Scope, events: EventTable, about_node: Booleans) -> pd.arrays.BooleanArray:
    """Could a packet pass between observer and subject both ways, at each row's time?

    Missing where the subject is no node, and in all rows where there are more than REACHABLE_ROWS.
    """
    reachable = np.zeros(len(events.t), dtype=np.bool_)
    if int(about_node.sum()) > REACHABLE_ROWS:
        return pd.arrays.BooleanArray(reachable, ~reachable)
    ask = scope.recording.truth.reachable
    rows = np.flatnonzero(about_node)
    answers: Iterable[bool] = map(
        ask, events.observer[rows].tolist(), events.subject[rows].tolist(), events.t[rows].tolist()
    )
    reachable[rows] = np.fromiter(answers, dtype=np.bool_, count=len(rows))
    return pd.arrays.BooleanArray(reachable, ~about_node)


def member_events(scope: Scope) -> pd.DataFrame:
    """t_s, observer, subject, kind, truth_alive, truth_reachable, confirmations, detail.

    One row for every row of the event table (but see `kept_events`). `truth_alive`: was the
    subject up then. `detail` is the number that `protocol.events` describes for the kind.
    """
    names = scope.recording.names
    events = kept_events(scope.recording.events)
    about_node = (events.subject >= 0) & (events.subject < scope.n)
    subject = np.where(about_node, events.subject, 0).astype(np.int64)
    return pd.DataFrame(
        {
            "t_s": events.t,
            "observer": nodes(events.observer, names),
            "subject": nodes(events.subject, names),
            "kind": kinds(events.kind),
            "truth_alive": about_node & ~scope.down.covers(subject, events.t),
            "truth_reachable": reachability(scope, events, about_node),
            "confirmations": confirmations(events, scope.n),
            "detail": events.detail,
        }
    )


def event_table(frame: pd.DataFrame) -> EventTable:
    """The event table that `member_events` was made from."""
    numbers = {name: number for number, name in NAMES.items()}
    by_code = np.array([numbers[name] for name in frame["kind"].cat.categories], dtype=np.int64)
    return EventTable(
        frame["t_s"].to_numpy(),
        frame["observer"].cat.codes.to_numpy().astype(np.int64),
        frame["subject"].cat.codes.to_numpy().astype(np.int64),
        by_code[frame["kind"].cat.codes.to_numpy()],
        frame["detail"].to_numpy(),
    )


def probes(scope: Scope) -> pd.DataFrame:
    """t_s (the second's beginning), kind, count: a row for every second and kind, zeros too."""
    table = scope.recording.probe_counts
    seconds = table.start + np.arange(len(table.values))
    columns = {name: table.values[:, place] for place, name in enumerate(table.columns)}
    events = scope.recording.events
    for kind in PROBE_ROWS:
        if NAMES[kind] not in columns and len(seconds):
            place = np.floor(events.t[events.kind == kind] - table.start).astype(np.int64)
            place = place[(place >= 0) & (place < len(seconds))]
            columns[NAMES[kind]] = np.bincount(place, minlength=len(seconds))
    order = [name for number, name in sorted(NAMES.items()) if name in columns and number >= COUNTED_ONLY]
    order += [name for name in columns if name not in order]
    return pd.DataFrame(
        {
            "t_s": np.tile(seconds, len(order)),
            "kind": pd.Categorical(np.repeat(np.array(order, dtype=object), len(seconds)), categories=order),
            "count": np.concatenate([columns[name] for name in order])
            if order
            else np.zeros(0, dtype=np.int64),
        }
    )


def per_second(table: PerSecond) -> pd.DataFrame:
    """A column for every column of the table, the seconds' beginnings as index."""
    index = pd.Index(table.start + np.arange(len(table.values)), name="t_s")
    return pd.DataFrame(
        table.values.reshape(len(index), len(table.columns)), index=index, columns=table.columns
    )


def traffic(scope: Scope) -> pd.DataFrame:
    """t_s, message_type, transport, count, bytes: a row for every second and type that had any.

    Bytes are whole IP packets. What belongs to no message (handshakes, retransmissions, bare acks)
    is the type "overhead", so that bytes add up to what the network carried; its count is 0.
    """
    counts = per_second(scope.recording.traffic_counts)
    sizes = per_second(scope.recording.traffic_bytes).reindex(counts.index, fill_value=0)
    parts = []
    columns = list(dict.fromkeys([*counts.columns, *sizes.columns]))
    zero = pd.Series(0, index=counts.index)
    for transport in sorted({column.split("/")[0] for column in columns}):
        typed = [c for c in columns if c.split("/")[0] == transport and is_type(c)]
        rows = [(c.split("/", 1)[1], counts.get(c, zero), sizes.get(c, zero)) for c in typed]
        total = sizes.get(f"{transport}/datagrams", sizes.get(f"{transport}/packets"))
        if total is not None:
            rest = total - sum((size for _, _, size in rows), zero)
            rows.append(("overhead", zero, rest.clip(lower=0)))
        for name, count, size in rows:
            some = ((count != 0) | (size != 0)).to_numpy()
            parts.append(
                pd.DataFrame(
                    {
                        "t_s": counts.index.to_numpy()[some],
                        "message_type": name,
                        "transport": transport,
                        "count": count.to_numpy()[some],
                        "bytes": size.to_numpy()[some],
                    }
                )
            )
    empty = pd.DataFrame({"t_s": [], "message_type": [], "transport": [], "count": [], "bytes": []})
    frame = pd.concat(parts, ignore_index=True) if parts else empty
    frame = frame.astype(
        {"message_type": "category", "transport": "category", "count": "int64", "bytes": "int64"}
    )
    return frame.sort_values(["t_s", "transport", "message_type"], ignore_index=True)


def coordinates(samples: CoordinateSamples, names: list[str]) -> pd.DataFrame:
    """t_s, node, vec_0 ..., height, adjustment, error: a row for every sample of a live node, seconds."""
    sample, node = np.nonzero(samples.live)
    vec = samples.vec[sample, node]
    columns = {"t_s": samples.t[sample], "node": nodes(node.astype(np.int64), names)}
    columns.update({f"vec_{place}": vec[:, place] for place in range(samples.vec.shape[2])})
    for name in ("height", "adjustment", "error"):
        columns[name] = getattr(samples, name)[sample, node]
    return pd.DataFrame(columns)


def coordinate_error(series: ErrorSeries) -> pd.DataFrame:
    """t_s; relative_error_* (1), absolute_error_*_ms; rank_loss; nearest_accuracy; pairs."""
    columns = {"t_s": series.t}
    for place, name in enumerate(ERROR_FIGURES):
        columns[f"relative_error_{name}"] = series.relative[:, place]
    for place, name in enumerate(ERROR_FIGURES):
        columns[f"absolute_error_{name}_ms"] = 1000.0 * series.absolute[:, place]
    return pd.DataFrame(
        {
            **columns,
            "rank_loss": series.rank_loss,
            "nearest_accuracy": series.nearest_accuracy,
            "pairs": series.pairs,
        }
    )


def deliveries(table: DeliveryTable, names: list[str]) -> pd.DataFrame:
    """A row for every member that got a user event or query, and for every ack and answer that came in.

    t_sent_s (of the event or query), t_received_s, t_delivered_s (to the application; missing where it
    was not), kind (event, query, ack, response), name, ltime, source (of an ack or response: whose),
    node (who got it), payload_bytes (of the event or query). In order of t_received_s.
    """
    columns = {"t_s": table.t, "node": table.node, "item": table.item, "peer": table.peer}
    rows = pd.DataFrame(columns)
    sent = rows[table.action == SENT].groupby("item")["t_s"].min()
    got = rows[table.action == RECEIVED].drop_duplicates(["item", "node"]).copy()
    got["peer"] = [table.items[item].source for item in got["item"]]
    got["kind"] = [table.items[item].kind for item in got["item"]]
    handed = rows[table.action == DELIVERED].drop_duplicates(["item", "node"])
    handed = handed.rename(columns={"t_s": "t_delivered_s"})[["item", "node", "t_delivered_s"]]
    parts = [got.merge(handed, on=["item", "node"], how="left")]
    for action, kind in ((ACKED, "ack"), (ANSWERED, "response")):
        parts.append(rows[table.action == action].assign(kind=kind, t_delivered_s=np.nan))
    whole = pd.concat(parts, ignore_index=True).sort_values("t_s", kind="stable", ignore_index=True)
    items = [table.items[item] for item in whole["item"]]
    return pd.DataFrame(
        {
            "t_sent_s": whole["item"].map(sent).astype("float64"),
            "t_received_s": whole["t_s"].astype("float64"),
            "t_delivered_s": whole["t_delivered_s"].astype("float64"),
            "kind": pd.Categorical(whole["kind"], categories=list(DELIVERY_KINDS)),
            "name": pd.Series([item.name for item in items], dtype="str"),
            "ltime": np.array([item.ltime for item in items], dtype=np.int64),
            "source": nodes(whole["peer"].to_numpy().astype(np.int64), names),
            "node": nodes(whole["node"].to_numpy().astype(np.int64), names),
            "payload_bytes": np.array([item.size for item in items], dtype=np.int64),
        }
    )

"""The tables of a replay as columns of Arrow, small where compressed.

Times are whole microseconds, as differences from row to row: they compress to two or three bytes. Members
are numbers, -1 for none. A table's `Arrays` can be joined with those of later rows before they are packed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from serfsim.protocol.events import NAMES
from serfsim.results.agent_log import log_names, write_log
from serfsim.results.columns import Masked
from serfsim.results.folder import MEMBER_QUEUES
from serfsim.results.packets import CARRIED, KINDS, PACKET_TABLE, SEGMENTS
from serfsim.results.places import system_of
from serfsim.results.scoring.planes import fit_onto, principal_plane
from serfsim.results.scoring.recording import QUEUES, EventTable, Floats, Integers
from serfsim.results.summary import serf_version

if TYPE_CHECKING:
    from serfsim.results.run_result import RunResult
    from serfsim.results.stored_truth import TrueMap

Arrays = dict[str, Any]
"""Columns of a table by name; `t` are the times of its rows, ascending, in seconds."""

TICKS: Final = 1e6  # a second
LOST: Final = 0xFFFFFFFF  # `flight` of a packet that never arrives
LONGEST_FLIGHT: Final = LOST - 1
MOST_LINES: Final = 200_000
MOST_PLACES: Final = 1_000_000  # samples times members
LEVEL_COLUMN: Final = 13  # a line of the log is `<12 characters of time> <member> [LEVEL] ...`
SEGMENT_NAMES: Final = tuple(dict.fromkeys(SEGMENTS.values()))
KIND_NAMES: Final = tuple(dict.fromkeys(KINDS.values()))
EVENT_NAMES: Final = tuple(NAMES.get(number, "") for number in range(max(NAMES) + 1))
METADATA: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "packets": {"kinds": KIND_NAMES, "segments": SEGMENT_NAMES, "carried": CARRIED},
    "events": {"kinds": EVENT_NAMES},
}
"""Lists of names that the numbers of a table stand for."""


def pack_table(table: pa.Table) -> bytes:
    """Return a table as an Arrow IPC stream of one batch."""
    sink = pa.BufferOutputStream()
    whole = table.combine_chunks()
    with pa.ipc.new_stream(sink, whole.schema) as writer:
        for batch in whole.to_batches():
            writer.write_batch(batch)
    return bytes(sink.getvalue())


def steps_of(t: Floats) -> Integers:
    """Return ascending times as differences in microseconds; the first from the first whole second before."""
    if len(t) == 0:
        return np.zeros(0, dtype=np.uint32)
    ticks = np.rint((t - np.floor(t[0])) * TICKS).astype(np.int64)
    steps: Integers = np.diff(ticks, prepend=0).astype(np.uint32)
    return steps


def as_table(name: str, arrays: Arrays) -> pa.Table:
    """Return a table whose column `dt` has the times, and whose metadata their beginning and its names."""
    t = arrays["t"]
    columns = {key: pa.array(values) for key, values in arrays.items() if key not in {"t", "text"}}
    table = pa.table({"dt": pa.array(steps_of(t)), **columns})
    if "text" in arrays:
        table = table.append_column("text", pa.array(arrays["text"], pa.string()).dictionary_encode())
    begins = float(np.floor(t[0])) if len(t) else 0.0
    names = {key: "\n".join(values) for key, values in METADATA.get(name, {}).items()}
    return table.replace_schema_metadata({"begins": repr(begins), **names})


def as_tables(arrays: Mapping[str, Arrays]) -> dict[str, pa.Table]:
    return {name: as_table(name, columns) for name, columns in arrays.items()}


def members_type(members: int) -> Any:
    """Return the type of members' numbers."""
    return np.int16 if members < 1 << 15 else np.int32


def result_arrays(result: RunResult) -> dict[str, Arrays]:
    """Return all tables of a result."""
    n = len(result.truth.names)
    return {
        "packets": packet_arrays(result.columns(PACKET_TABLE), n),
        "events": event_arrays(result.events, n),
        "coordinates": coordinate_arrays(
            result.columns("coordinates"), system_of(result.summary).positions, result.truth.map, n
        ),
        "queues": queue_arrays(result.columns(MEMBER_QUEUES), n),
        "log": _log_arrays(result),
    }


def packet_arrays(columns: Any, members: int) -> Arrays:
    """Return packets; `columns` as `results.packets.packet_columns` has them."""
    small = members_type(members)
    order = np.argsort(columns["t_s"], kind="stable")
    t, arrives = columns["t_s"][order], columns["arrives_s"][order]
    known = np.isfinite(arrives)
    flight = np.rint(np.clip((np.where(known, arrives, t) - t) * TICKS, 0, LONGEST_FLIGHT))

    def number(name: str) -> Integers:
        column = columns[name]
        found: Integers = np.where(column.missing, 0, column.values) if isinstance(column, Masked) else column
        return found[order]

    return {
        "t": t,
        "flight": np.where(known, flight, LOST).astype(np.uint32),
        "kind": _recode(columns["kind"], KIND_NAMES)[order],
        "segment": _recode(columns["segment"], SEGMENT_NAMES)[order],
        "source": columns["source"].codes[order].astype(small),
        "target": columns["target"].codes[order].astype(small),
        "about": columns["about"].codes[order].astype(small),
        "carries": _bits(columns["carries"].names)[columns["carries"].codes[order]],
        "probe": number("probe").astype(np.int32),
        "bytes": np.minimum(number("bytes"), 65535).astype(np.uint16),
    }


def _bits(names: Sequence[str]) -> Integers:
    """Return the bits of each name of `carries`; the last, for a missing one, is 0."""
    masks = [sum(1 << CARRIED.index(part) for part in name.split("+")) for name in names]
    return np.array([*masks, 0], dtype=np.uint8)


def _recode(column: Any, names: Sequence[str]) -> Integers:
    """Return codes into `names`, -1 where missing."""
    codes = np.array([*(names.index(name) for name in column.names), -1], dtype=np.int8)
    found: Integers = codes[column.codes]
    return found


def event_arrays(rows: EventTable, members: int) -> Arrays:
    """Return events of some members; `detail` as `protocol.events` has it, cut to 32 bits."""
    small = members_type(members)
    t = np.asarray(rows.t)
    order = np.argsort(t, kind="stable")
    return {
        "t": t[order],
        "observer": rows.observer[order].astype(small),
        "subject": np.where(rows.subject < members, rows.subject, -1)[order].astype(small),
        "kind": rows.kind[order].astype(np.int8),
        "detail": np.clip(np.asarray(rows.detail)[order], -(2**31), 2**31 - 1).astype(np.int32),
    }


def no_arrays(members: int) -> dict[str, Arrays]:
    """Return tables without rows of what only a simulation knows."""
    none, small = np.zeros(0), members_type(members)
    numbers = {"source": small, "target": small, "about": small, "probe": np.int32, "bytes": np.uint16}
    columns = {
        "packets": {"flight": np.uint32, "kind": np.int8, "segment": np.int8, "carries": np.uint8} | numbers,
        "coordinates": {"node": small} | dict.fromkeys(("x", "y", "height", "error"), np.float32),
        "queues": {"node": small} | dict.fromkeys(QUEUES, np.uint16),
    }
    return {
        name: {"t": none, **{key: none.astype(kind) for key, kind in types.items()}}
        for name, types in columns.items()
    }


def places_of(known: TrueMap | None, members: int) -> dict[str, Any] | None:
    """Return the true places in seconds by member, None without a map of all members."""
    if known is None or len(known.nodes) < members:
        return None
    return {"xy": np.round(known.xy_s, 7).tolist(), "scaled": bool(known.scaled)}


def coordinate_arrays(
    columns: Any, positions: Callable[[Floats], Floats], known: TrueMap | None, members: int
) -> Arrays:
    """Return each sample of the coordinates: its place on the true map (seconds), height, error.

    `positions` are those of the coordinate system for its vectors. The places are those of the report's map:
    the principal plane of these, fitted onto the true places.
    """
    t, node = columns["t_s"], columns["node"].codes
    found = np.array([columns[one] for one in columns if one.startswith("vec_")]).reshape(-1, len(t)).T
    vectors = np.column_stack([np.zeros(len(t)), positions(found)])
    xy = np.zeros((len(t), 2))
    starts = np.flatnonzero(np.diff(t, prepend=-np.inf))
    every = 1 + len(t) // MOST_PLACES
    kept = np.zeros(len(t), dtype=np.bool_)
    for first, end in list(zip(starts, [*starts[1:], len(t)], strict=True))[::every]:
        rows = slice(first, end)
        kept[rows] = True
        if known is not None and len(known.nodes) == members and end - first > 1:
            xy[rows] = fit_onto(principal_plane(vectors[rows]), known.xy_s[node[rows]])
    return {
        "t": t[kept],
        "node": node[kept].astype(members_type(members)),
        "x": xy[kept, 0].astype(np.float32),
        "y": xy[kept, 1].astype(np.float32),
        "height": columns["height"][kept].astype(np.float32),
        "error": columns["error"][kept].astype(np.float32),
    }


def queue_arrays(columns: Any, members: int) -> Arrays:
    """Return the samples of each member's queues in which something waits."""
    depth = np.column_stack([columns[name] for name in QUEUES])
    some = depth.any(axis=1)
    # Every sample's time has a row, so that an empty queue is seen to be empty.
    some |= np.diff(columns["t_s"], prepend=-np.inf) > 0
    queues = {name: np.minimum(columns[name][some], 65535).astype(np.uint16) for name in QUEUES}
    node = columns["node"].codes[some].astype(members_type(members))
    return {"t": columns["t_s"][some], "node": node, **queues}


def _log_arrays(result: RunResult) -> Arrays:
    return log_arrays(_log_lines(result), {name: number for number, name in enumerate(result.truth.names)})


def log_arrays(lines: Iterable[str], numbers: Mapping[str, int]) -> Arrays:
    """Return the lines of the members' logs; `numbers` are those of the members by name."""
    t: list[float] = []
    node: list[int] = []
    texts: list[str] = []
    for line in lines:
        name, _, text = line[LEVEL_COLUMN:].partition(" ")
        number = numbers.get(name, -1)
        if number >= 0:
            t.append(float(line[: LEVEL_COLUMN - 1]))
            node.append(number)
            texts.append(text)
    return line_arrays(np.array(t, dtype=np.float64), np.array(node), texts, len(numbers))


def line_arrays(t: Floats, node: Integers, texts: Sequence[str], members: int) -> Arrays:
    """Return lines of logs: of more than MOST_LINES, those above DEBUG first."""
    rows = np.arange(len(t))
    if len(t) > MOST_LINES:
        is_detail = np.array([text.startswith("[DEBUG]") for text in texts])
        rows = np.sort(np.argsort(is_detail, kind="stable")[:MOST_LINES])
    kept = np.array([texts[row] for row in rows.tolist()], dtype=object)
    return {"t": t[rows], "node": node[rows].astype(members_type(members)), "text": kept}


def _log_lines(result: RunResult) -> Iterator[str]:
    """Yield the lines of the log, without comments."""
    if result.log is not None:
        text = result.log.read_text(encoding="utf-8", errors="replace")
    elif result.recording is not None:
        kept, stream = result.recording, io.StringIO()
        write_log(
            stream, kept.events, log_names(kept), serf_version(result.scenario), kept.releases, kept.log
        )
        text = stream.getvalue()
    else:
        return
    for line in text.split("\n"):
        if line and not line.startswith("#"):
            yield line

"""Gather what the page needs of a result: a heading as JSON, and tables."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from serfsim._version import __version__
from serfsim.base.errors import ResultError
from serfsim.replays.tables import as_tables, pack_table, places_of, result_arrays
from serfsim.results.folder import PACKETS
from serfsim.results.frames import leaves_out_joins
from serfsim.results.run_result import scenario_of
from serfsim.results.scoring.recording import Interval

if TYPE_CHECKING:
    from pyarrow import Table

    from serfsim.results.run_result import RunResult
    from serfsim.scenario.faults import Fault

MOST_BANDS: Final = 400  # occurrences of faults that have a band of their own
ALIGNED: Final = 64  # bytes that each table begins at a multiple of, so that the page reads it in place


@dataclass(frozen=True)
class Caption:
    """A text that the page shows from `t` on, in seconds.

    `speed`, and the names of the members to select and to see the cluster through, apply from then on; None
    leaves them as they are.
    """

    t: float
    title: str
    text: str
    speed: float | None = None
    select: str | None = None
    seen_by: str | None = None


def require_recording(result: RunResult, place: str) -> None:
    """Raise ResultError, naming the option, if a result lacks what a replay needs."""
    if result.packets is None:
        raise ResultError(
            f"{place}: found no {PACKETS}, which a replay needs; run the scenario with"
            " record: {replay: true} (serfsim run FILE --set record.replay=true)"
        )


def document_bytes(result: RunResult, captions: Sequence[Caption] = ()) -> bytes:
    """Return the data of one result: the heading's length, the heading, and the tables it lists.

    Raises ResultError if the result lacks what a replay needs, or cannot be read.
    """
    require_recording(result, result.summary["name"])
    tables = as_tables(result_arrays(result))
    return pack(heading_of(result, captions), tables)


def pack(heading: Mapping[str, Any], tables: Mapping[str, Table]) -> bytes:
    """Return the heading's length, the heading with the extents of the tables, and the tables."""
    parts: list[bytes] = []
    extents: dict[str, list[int]] = {}
    at = 0
    for name, table in tables.items():
        data = pack_table(table)
        extents[name] = [at, len(data)]
        padded = data + bytes(-len(data) % ALIGNED)
        parts.append(padded)
        at += len(padded)
    whole = {**heading, "tables": extents}
    head = json.dumps(whole, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    head += b" " * (-(len(head) + 4) % ALIGNED)
    return b"".join([len(head).to_bytes(4, "little"), head, *parts])


def heading_of(result: RunResult, captions: Sequence[Caption]) -> dict[str, Any]:
    """Return what the page knows of a result besides its tables; times in seconds."""
    summary, truth = result.summary, result.truth
    converged = truth.converged_start or leaves_out_joins(result.events)
    return {
        "version": __version__,
        "name": summary["name"],
        "question": summary["question"],
        "seed": summary["seed"],
        "digest": summary["digest"],
        "start_s": 0.0 if converged else -truth.warm_up,
        "end_s": truth.end_s,
        "members": truth.names,
        "groups": truth.groups,
        "converged": bool(converged),
        "observers": None,
        "down": pairs_of(truth.down, truth.end_s),
        "faulted": pairs_of(truth.faulted, truth.end_s),
        "crashes": [[float(t), int(node)] for t, node in truth.crashes],
        "leaves": [[float(t), int(node)] for t, node in truth.leaves],
        "map": places_of(truth.map, len(truth.names)),
        "faults": fault_bands(result),
        "captions": [asdict(caption) for caption in captions],
    }


def pairs_of(spans: Sequence[Sequence[Interval]], end: float) -> list[list[list[float | None]]]:
    """Return the intervals of each member as pairs; an open end is None."""

    def bound(value: float) -> float | None:
        return value if math.isfinite(value) and value <= end else None

    return [[[bound(span.start), bound(span.end)] for span in own] for own in spans]


def fault_bands(result: RunResult) -> list[dict[str, Any]]:
    """Return the faults of the run with start and end: of the scenario, or else of the stored truth."""
    scenario, truth = scenario_of(result), result.truth
    if scenario is not None:
        return bands_of(scenario.faults, scenario.duration, truth.end_s)
    bands: list[dict[str, Any]] = []
    for window in truth.fault_windows(most=MOST_BANDS):
        what = "a member is down or under a fault"
        bands.append({"row": 0, "what": what, "verb": "fault", "start": window.start, "end": window.end})
    return bands


def bands_of(faults: Sequence[Fault], duration: float, now: float) -> list[dict[str, Any]]:
    """Return the faults that have begun by `now`, with start and end."""
    bands: list[dict[str, Any]] = []
    for row, entry in enumerate(faults):
        for start, end in entry.occurrences(duration)[:MOST_BANDS]:
            if start <= now:
                until = now if end is None else min(end, now)
                what = entry.describe_with_pool()
                bands.append({"row": row, "what": what, "verb": entry.verb, "start": start, "end": until})
    return bands

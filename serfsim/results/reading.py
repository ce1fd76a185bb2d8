"""Checks of a stored result: types of values, and references that point to something.

The manifest detects altered files; these checks also hold without a manifest, or with one that was
renewed after the change. Each raises ResultError with the file and the place in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from serfsim.base.errors import ResultError
from serfsim.protocol.events import NAMES
from serfsim.results.columns import Coded, Column, Columns, Masked
from serfsim.results.stored_truth import StoredTruth
from serfsim.scenario.figures import OWN_FAILED, POOLS, is_pool_name

# Raised by reading a file that is not JSON or holds something else.
UNREADABLE: Final = (
    *(ValueError, KeyError, TypeError, AttributeError, IndexError),
    *(OverflowError, RecursionError, OSError),
)
_NUMBER: Final = (int, float)
_REQUIRED: Final[Mapping[str, tuple[type, ...]]] = {
    "name": (str,),
    "question": (str,),
    "seed": (int,),
    "digest": (str,),
    "versions": (dict,),
    "nodes": (int,),
    "duration_s": _NUMBER,
    "warm_up_s": _NUMBER,
    "wall_s": _NUMBER,
    "events_processed": _NUMBER,
    "complete": (bool,),
    "detection": (dict,),
}
_ABOUT: Final = {
    *_REQUIRED,
    "claims",
    "schema_version",
    "cpu_s",
    "events_per_s",
    "interrupted_at_s",
    "serf_releases",
    "layers",
    OWN_FAILED,
    POOLS,
    "pool",
}
_NAMES: Final = (
    "observer",
    "subject",
    "node",
    "source",
    "target",
    "about",
)  # columns that hold names of members
_TEXTS: Final = (*_NAMES, "kind", "queue", "message_type", "transport", "name", "segment", "carries")
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "member_events": ("t_s", "observer", "subject", "kind", "truth_alive", "detail"),
    "probes": ("t_s", "kind", "count"),
    "coordinates": ("t_s", "node", "height", "adjustment", "error"),
    "coordinate_error": ("t_s",),
    "traffic": ("t_s", "message_type", "transport", "count", "bytes"),
    "queues": ("t_s", "queue", "mean", "p90", "max"),
    "deliveries": ("t_sent_s", "t_received_s", "t_delivered_s", "kind", "name", "source", "node"),
    "member_queues": ("t_s", "node", "broadcasts", "intents", "queries", "events", "handoff"),
    "packets": (
        *("t_s", "arrives_s", "kind", "segment", "source", "target", "about", "carries", "probe", "bytes"),
    ),
}


def check_summary(file: Path, summary: Mapping[str, Any]) -> None:
    """Check the type of each value in the heading, and that every figure is a number or null."""
    for name, kinds in _REQUIRED.items():
        value = summary.get(name)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise _invalid(file, name, value, "the type that serfsim writes")
    for name in ("cpu_s", "events_per_s", "interrupted_at_s"):
        _check_number(file, name, summary.get(name))
    claims = summary.get("claims", [])
    if not isinstance(claims, list):
        raise _invalid(file, "claims", claims, "a list")
    for place, claim in enumerate(claims):
        if not isinstance(claim, dict) or not isinstance(claim.get("claim"), str):
            raise _invalid(file, f"claims[{place}]", claim, "a claim")
        if not isinstance(claim.get("holds"), bool):
            raise _invalid(file, f"claims[{place}].holds", claim.get("holds"), "true or false")
        _check_number(file, f"claims[{place}].value", claim.get("value"))
    if not isinstance(summary["versions"].get("node_class", ""), str):
        raise _invalid(file, "versions.node_class", summary["versions"]["node_class"], "text")
    parts = summary["versions"].get("parts", {})
    if not isinstance(parts, dict) or not all(isinstance(path, str) for path in parts.values()):
        raise _invalid(file, "versions.parts", parts, "a mapping of part to class")
    failed = summary.get(OWN_FAILED, {})
    if not isinstance(failed, dict) or not all(isinstance(why, str) for why in failed.values()):
        raise _invalid(file, OWN_FAILED, failed, "a mapping of figure to reason")
    if not isinstance(summary.get("own", {}), dict):
        raise _invalid(file, "own", summary["own"], "a mapping of figure to value")
    _check_releases(file, summary.get("serf_releases", {}))
    pools = summary.get(POOLS, {})
    if not isinstance(pools, dict) or not all(isinstance(one, dict) for one in pools.values()):
        raise _invalid(file, POOLS, pools, "a mapping of pool to figures")
    for pool, figures in pools.items():
        if not is_pool_name(pool) or not isinstance(figures.get("digest"), str):
            raise _invalid(file, f"{POOLS}.{pool}", figures, "a pool with its digest")
        _check_figures(file, f"{POOLS}.{pool}", {key: figures[key] for key in figures if key != "digest"})
    _check_layers(file, summary.get("layers", {}))
    for name, value in summary.items():
        if name not in _ABOUT:
            _check_figures(file, name, value)


def _check_releases(file: Path, releases: Any) -> None:
    if not isinstance(releases, dict) or not all(isinstance(counts, dict) for counts in releases.values()):
        raise _invalid(file, "serf_releases", releases, "node counts by release")
    for when, counts in releases.items():
        _check_figures(file, f"serf_releases.{when}", counts)


def _check_layers(file: Path, layers: Any) -> None:
    whole = isinstance(layers, dict) and all(isinstance(those, dict) for those in layers.values())
    if not whole or not all(isinstance(name, str) for those in layers.values() for name in those.values()):
        raise _invalid(file, "layers", layers, "releases of serf and memberlist by name")


def _check_figures(file: Path, name: str, value: Any) -> None:
    if isinstance(value, dict):
        for inner, below in value.items():
            _check_figures(file, f"{name}.{inner}", below)
    elif isinstance(value, list):
        for place, below in enumerate(value):
            _check_figures(file, f"{name}[{place}]", below)
    elif not isinstance(value, bool):
        _check_number(file, name, value)


def _check_number(file: Path, name: str, value: Any) -> None:
    if value is not None and (not isinstance(value, _NUMBER) or isinstance(value, bool)):
        raise _invalid(file, name, value, "a number")
    if isinstance(value, int) and abs(value) >= 2**63:
        raise _invalid(file, name, f"a number of {value.bit_length()} bits", "a number")


def _invalid(file: Path, name: str, value: Any, expected: str) -> ResultError:
    found = "nothing" if value is None else repr(value)[:60]
    return ResultError(f"{file}: {name}: found {found}; expected {expected}")


def _is_time(value: Any) -> bool:
    """Return True for seconds; ends of intervals may be infinite."""
    return isinstance(value, float) or (type(value) is int and abs(value) < 2**53)


def check_stored_truth(file: Path, truth: StoredTruth) -> None:
    """Check that names are unique texts, times are numbers, and node numbers are in range."""
    names, count = truth.names, len(truth.names) if isinstance(truth.names, list) else 0
    if not count or not all(isinstance(name, str) for name in names) or len(set(names)) < count:
        raise _invalid(file, "names", names, "the names of the nodes")
    groups = truth.groups
    if (
        not isinstance(groups, list)
        or len(groups) != count
        or not all(isinstance(one, str) for one in groups)
    ):
        raise _invalid(file, "groups", groups, f"the groups of the {count} nodes")
    for name, value in (
        ("warm_up_s", truth.warm_up),
        ("duration_s", truth.duration),
        ("end_s", truth.end_s),
    ):
        if not _is_time(value):
            raise _invalid(file, name, value, "seconds")
    for name, spans in (("down_s", truth.down), ("faulted_s", truth.faulted)):
        if len(spans) != count:
            raise _invalid(file, name, len(spans), f"one list for each of the {count} nodes")
        for interval in (interval for one in spans for interval in one):
            if not _is_time(interval.start) or not _is_time(interval.end):
                raise _invalid(file, name, interval, "seconds")
    for name, happened in (("crashes", truth.crashes), ("leaves", truth.leaves)):
        for t, node in happened:
            if not _is_time(t) or type(node) is not int or not 0 <= node < count:
                raise _invalid(file, name, [t, node], "a time and a node number")
    known = truth.map
    if known is not None:
        inside = ((known.nodes >= 0) & (known.nodes < count)).all()
        if known.xy_s.shape != (len(known.nodes), 2) or known.xy_s.dtype.kind not in "fi" or not inside:
            raise _invalid(file, "map", None, "a position for each of its nodes")


def check_table(file: Path, name: str, table: Columns, names: list[str]) -> None:
    """Check that the columns exist with the right types and name only members."""
    for column in COLUMNS[name]:
        if column not in table:
            raise ResultError(f"{file}: found no column {column}; expected the columns that serfsim writes")
    known = set(names)
    for column, values in table.items():
        if column in _NAMES:
            _check_members(file, column, values, known)
        elif column not in _TEXTS and (isinstance(values, Coded) or _array(values).dtype.kind not in "fiub"):
            raise ResultError(f"{file}: {column}: found text; expected numbers")
    if name == "member_events":
        _check_events(file, table)


def _array(column: Column) -> Any:
    return column.values if isinstance(column, Masked) else column


def _check_members(file: Path, column: str, values: Column, known: set[str]) -> None:
    found = values.names if isinstance(values, Coded) else list(_array(values).tolist())
    stranger = next((one for one in found if one is not None and one not in known), None)
    if stranger is not None:
        raise ResultError(f"{file}: {column}: found {str(stranger)[:60]!r}; expected a node's name")


def _check_events(file: Path, table: Columns) -> None:
    """Check names, event kinds and times, on which the figures rely."""
    for column in ("observer", "subject", "kind"):
        if not isinstance(table[column], Coded):
            raise ResultError(f"{file}: {column}: found no names; expected coded names")
    kind, t = table["kind"], table["t_s"]
    assert isinstance(kind, Coded)
    strangers = [one for one in kind.names if one not in set(NAMES.values())]
    if strangers or (kind.codes < 0).any():
        raise ResultError(f"{file}: kind: found {str(strangers[:1])[:60]}; expected event kinds")
    if isinstance(t, (Coded, Masked)) or not np.isfinite(t).all():
        raise ResultError(f"{file}: t_s: found NaN; expected seconds")

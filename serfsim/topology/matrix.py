"""Topologies from measured latencies between all pairs.

The file gives a latency for each ordered pair, source in the row and target in the column, in a
stated unit. `kind: rtt` means round trips: each direction takes half of its own cell, so a
round trip in the simulation is the mean of the two cells. `kind: one_way` is taken as it is. Both may
be asymmetric. The diagonal is ignored.

Measurements are never complete. A missing one (an empty cell, NaN, or 0 between different places)
is refused if both its places have nodes, unless `missing` says how to fill it: `mirror` takes
the opposite direction and refuses if that is missing too; `median` takes the median of all
measurements of the same slice; `mirror_or_median` takes the first of these that exists.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from serfsim.base.english import format_count
from serfsim.base.errors import ScenarioError
from serfsim.native import Random, vec
from serfsim.network.latency import SliceLatency
from serfsim.topology.matrix_array import read_array
from serfsim.topology.matrix_json import read_json
from serfsim.topology.matrix_pairs import read_pairs
from serfsim.topology.matrix_text import read_csv, read_markdown, read_whitespace
from serfsim.topology.places import Place, check_sharing, draw_accesses, place_nodes, topology_at_places
from serfsim.topology.text_cells import RawMatrix, ending
from serfsim.topology.topology import Floats, Topology
from serfsim.topology.units import PER_SECOND, UNITS

FORMATS = ("csv", "npz", "json", "text", "markdown", "p2psim", "meridian")
ENDINGS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".npz": "npz",
    ".npy": "npz",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".md": "markdown",
}
KINDS = ("rtt", "one_way")
MISSING = ("refuse", "mirror", "median", "mirror_or_median")
LONGEST_MEDIAN_S = 10.0


@dataclass(frozen=True, eq=False)
class MeasuredMatrix:
    """Measured one-way latencies: one_way (k, m, m) seconds for k slices, row = source, diagonal 0.

    `labels`: the m places. NaN where unknown. `where(slice, row, column)` names the place in the file for
    messages.
    """

    one_way: Floats
    labels: tuple[str, ...]
    source: str
    where: Callable[[int, int, int], str]
    missing: str = "refuse"
    filled: int = 0  # number of missing measurements filled in


def load_matrix(
    path: Path,
    unit: str = "ms",
    kind: str = "rtt",
    missing: str = "refuse",
    format: str | None = None,
    key: str | None = None,
) -> MeasuredMatrix:
    """Read a file. Without `format` its suffix decides (`ENDINGS`, optionally with .gz), else it is text.

    `key` names the array in an .npz, or the column of latencies in a list of measurements with several. An
    unchanged file is read only once for the runs of a sweep. Raises ScenarioError, with file, row and column,
    for every error in it.
    """
    for name, value, allowed in (
        ("unit", unit, tuple(PER_SECOND)),
        ("kind", kind, KINDS),
        ("missing", missing, MISSING),
    ):
        if value not in allowed:
            names = UNITS if name == "unit" else allowed
            raise ScenarioError(f"topology.{name}: found '{value}'; expected {', '.join(names)}")
    try:
        about = path.stat()
        written = (about.st_ino, about.st_size, about.st_mtime_ns)
    except OSError:
        written = None  # reading it reports the error
    return _load_cached(path, unit, kind, missing, format, key, written)


@lru_cache(maxsize=2)
def _load_cached(
    path: Path,
    unit: str,
    kind: str,
    missing: str,
    format: str | None,
    key: str | None,
    written: tuple[int, int, int] | None,
) -> MeasuredMatrix:
    """Return the matrix of a file as it was `written`."""
    raw = _read(path, format, key)
    values, filled = _fill_gaps(raw, path, missing)
    unit = _unit(path, raw, unit)
    one_way = values / (PER_SECOND[unit] * (2.0 if kind == "rtt" else 1.0))
    m = one_way.shape[1]
    one_way[:, np.arange(m), np.arange(m)] = 0.0
    _check_unit(path, one_way, unit)
    one_way.flags.writeable = False
    return MeasuredMatrix(one_way, raw.labels, path.name, raw.where, missing, filled)


def _unit(path: Path, raw: RawMatrix, unit: str) -> str:
    """Return the unit of the file's numbers: its own if stated, which must not contradict the given one."""
    if raw.unit is None:
        return unit
    if unit not in ("ms", raw.unit):  # ms is the default
        found = f"found '{unit}', and a column in {raw.unit} in {path}"
        raise ScenarioError(f"topology.unit: {found}; expected {raw.unit}, or nothing")
    return raw.unit


def _read(path: Path, format: str | None, key: str | None) -> RawMatrix:
    if format is None:
        format = ENDINGS.get(ending(path), "text")
    if format == "csv":
        return read_csv(path, key)
    if format == "npz":
        return read_array(path, key)
    if format == "json":
        return read_json(path, key)
    if format == "markdown":
        return read_markdown(path)
    if format in ("p2psim", "meridian"):
        return read_pairs(path, several=format == "meridian")
    if format == "text":
        return read_whitespace(path)
    raise ScenarioError(f"topology.format: found '{format}'; expected {', '.join(FORMATS)}")


def _fill_gaps(raw: RawMatrix, path: Path, missing: str) -> tuple[Floats, int]:
    """Return the values with gaps filled as `missing` says, and the number of filled gaps."""
    values = raw.values.copy()
    apart = ~np.eye(values.shape[1], dtype=bool)
    gaps = np.isnan(values) & apart
    count = int(gaps.sum())
    if missing in ("mirror", "mirror_or_median"):
        values = np.where(gaps, values.transpose(0, 2, 1), values)
    if missing in ("median", "mirror_or_median"):
        left = np.isnan(values) & apart
        for k in range(len(values)):
            known = raw.values[k][apart & ~gaps[k]]
            if known.size == 0:
                raise ScenarioError(
                    f"{path}: found no latency at all in slice {k}; expected some to take a median of"
                )
            values[k][left[k]] = np.median(known)
    return values, count - int((np.isnan(values) & apart).sum())


def _check_unit(path: Path, one_way: Floats, unit: str) -> None:
    """Check the median, which a wrong unit changes by a factor of 1000."""
    m = one_way.shape[1]
    if m < 2:
        return
    known = one_way[:, ~np.eye(m, dtype=bool)]
    known = known[~np.isnan(known)]
    if known.size == 0:
        raise ScenarioError(f"{path}: found no latency at all; expected some between different places")
    median = 2.0 * float(np.median(known))
    if median > LONGEST_MEDIAN_S:
        found = f"found a median round trip of {median:.4g} s"
        raise ScenarioError(
            f"{path}: {found}; expected less than {LONGEST_MEDIAN_S:g} s: is the unit really {unit}?"
        )


def matrix_topology(
    measured: MeasuredMatrix,
    names: Sequence[str],
    rng: Random,
    place: Place = "auto",
    access: tuple[float, float] = (0.0, 0.0),
    slice: int | None = None,
    slice_every: float | None = None,
) -> Topology:
    """Place nodes at the places of a matrix.

    Of several slices, `slice` selects one (counted from 0), or all are played, a new one every
    `slice_every` seconds of the simulation's clock. For `place` and `access`: see `places`.
    """
    at = place_nodes(names, measured.labels, place, rng)
    place = {name: measured.labels[i] for name, i in zip(names, at, strict=True)}
    _check_known(measured, sorted(set(at)))
    slices = len(measured.one_way)
    if slice is not None and not 0 <= slice < slices:
        raise ScenarioError(f"topology.slice: found {slice}; expected 0 to {slices - 1} in {measured.source}")
    if slices > 1 and slice is None:
        if slice_every is None or not slice_every > 0.0:
            choice = f"slice: 0 to {slices - 1}, or slice_every: with a duration to play them all"
            raise ScenarioError(f"{measured.source}: found {slices} slices; expected {choice}")
        return _play_slices(measured, names, rng, place, access, slice_every)
    one_way = measured.one_way[slice or 0]
    return topology_at_places(names, measured.labels, one_way, place, access, rng, measured.source)


def _check_known(measured: MeasuredMatrix, used: list[int]) -> None:
    """Raise ScenarioError if a latency is unknown between two places with nodes."""
    left = np.argwhere(np.isnan(measured.one_way[:, used][:, :, used]))
    if len(left) == 0:
        return
    k, i, j = int(left[0][0]), used[int(left[0][1])], used[int(left[0][2])]
    pair = f"'{measured.labels[i]}' to '{measured.labels[j]}'"
    more = f" and {len(left) - 1} more" if len(left) > 1 else ""
    advice = "" if measured.missing == "mirror" else "missing: mirror or "
    raise ScenarioError(
        f"{measured.where(k, i, j)}: found no latency from {pair}{more} (empty, NaN or 0); "
        f"expected all, or {advice}missing: median to fill in"
    )


def _play_slices(
    measured: MeasuredMatrix,
    names: Sequence[str],
    rng: Random,
    place: Place,
    access: tuple[float, float],
    slice_every: float,
) -> Topology:
    where = place_nodes(names, measured.labels, place, rng)
    accesses = draw_accesses(len(names), access, rng)
    check_sharing(names, measured.labels, where, accesses, measured.one_way[0], measured.source)
    ends = np.array(accesses)
    chosen = measured.one_way[:, where][:, :, where] + (ends[:, None] + ends[None, :])
    starts = [k * slice_every for k in range(len(chosen))]
    latency = SliceLatency(len(names), vec[float](starts), vec[float](chosen.ravel().tolist()))
    size = f"{format_count(len(names), 'node')}, {len(chosen)} slices, one every {slice_every:g} s"
    description = f"{measured.source}: {size}"
    return Topology(len(names), latency, description, places=tuple(measured.labels[i] for i in where))

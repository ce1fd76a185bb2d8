"""The grid of a sweep: values of scenario settings, and all their combinations.

A grid is {path: [values]}, with paths and values as in a scenario file. Its points are in order, the first
path changing slowest.
"""

from __future__ import annotations

import json
import math
import operator
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import product
from pathlib import Path as FilePath
from typing import Any, Final

from serfsim.base.errors import ScenarioError, SerfsimError, SerfsimWarning, SweepError
from serfsim.scenario.loading import refuse_code, with_files_in
from serfsim.scenario.model import Scenario
from serfsim.scenario.overrides import read_path, with_value
from serfsim.scenario.problems import Path, ScenarioProblems, found_expected, quoted, report
from serfsim.scenario.sections import LARGEST_SEED
from serfsim.scenario.source import Source, read_yaml
from serfsim.scenario.unused import why_unused

Point = dict[str, Any]
MOST_POINTS = 1_000_000


def read_grid(texts: Sequence[str], *, allow_code: bool = False) -> dict[str, list[Any]]:
    """Read a grid from texts 'PATH=V1,V2,...'.

    Values are YAML, so `[a,b]` and `{...}` are one value each. Raises SweepError for invalid texts,
    ScenarioError for values of `code` unless `allow_code`.
    """
    grid: dict[str, list[Any]] = {}
    for text in texts:
        path, equals, values = text.partition("=")
        path = path.strip()
        if not equals or not values.strip():
            raise SweepError(f"--grid {text}: {found_expected(quoted(text), 'PATH=V1,V2,...')}")
        if path in grid:
            raise SweepError(f"--grid {text}: {found_expected(f'{path} twice', 'each path once')}")
        try:
            grid[path] = read_yaml(f"[{values}]", Source(f"--grid {text}", has_lines=False))
        except ScenarioError as error:
            raise SweepError(str(error)) from None
    checked = check_grid(grid)
    for name, tried in checked.items():
        if read_path(name)[0] == "code" and not allow_code:
            _refuse_code_among(name, tried)
    return checked


def _refuse_code_among(path: str, values: Iterable[Any]) -> None:
    for value in values:
        refuse_code(with_value({}, path, value)["code"], lambda _: f"--grid {path}")


def check_grid(grid: Mapping[str, Iterable[Any]] | None) -> dict[str, list[Any]]:
    """Return the grid with plain values.

    Raises SweepError for an invalid path or list of values.
    """
    if grid is not None and not isinstance(grid, Mapping):
        raise SweepError(f"grid: {found_expected(quoted(grid), 'a mapping of paths to lists of values')}")
    checked = {path: _check_values(path, values) for path, values in (grid or {}).items()}
    for path, values in checked.items():
        why = why_unused(read_path(path), *values)
        if why:
            warnings.warn(f"grid {path}: {why}", SerfsimWarning, stacklevel=3)
    return checked


def _check_values(path: str, values: Iterable[Any]) -> list[Any]:
    where = f"grid {path}"
    if not isinstance(path, str):
        raise SweepError(
            f"grid: {found_expected(quoted(path), 'a path such as cluster.config.suspicion_mult')}"
        )
    try:
        parts = read_path(path)
    except ScenarioError as error:
        raise SweepError(f"{where}: {error}") from None
    if parts == ("seed",):
        raise SweepError(f"{where}: found the seed; expected it among the seeds (--seeds 1-20)")
    if hasattr(values, "tolist"):  # an array or a Series
        values = values.tolist()
    # A set has no order, and rows follow that of the values.
    if isinstance(values, (str, bytes, Mapping, Set)) or not isinstance(values, Iterable):
        raise SweepError(f"{where}: {found_expected(quoted(values), 'a list of values')}")
    plain = [_plain(value, where) for value in values]
    if not plain:
        raise SweepError(f"{where}: {found_expected('no values', 'at least one')}")
    known: set[str] = set()
    for value in plain:
        text = json.dumps(value)
        if text in known:
            raise SweepError(f"{where}: {found_expected(f'{quoted(value)} twice', 'each value once')}")
        known.add(text)
    return plain


def _plain(value: Any, where: str) -> Any:
    """Convert a value to a type of scenario files; numpy numbers become Python's."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, where) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner, where) for inner in value]
    expected = "a number, a text, a list or a mapping, as in a scenario file"
    raise SweepError(f"{where}: {found_expected(quoted(value), expected)}")


def grid_of(scenario: Scenario, grid: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the grid, or without one that of the scenario's own study."""
    study = scenario.situation.study if scenario.situation else None
    return study.grid if study and not grid else grid


def points(grid: Mapping[str, Sequence[Any]]) -> list[Point]:
    """Return every combination of values, {path: value} each; a grid without paths has one point.

    Raises SweepError for more than MOST_POINTS combinations.
    """
    count = math.prod(len(values) for values in grid.values())
    if count > MOST_POINTS:
        raise SweepError(f"grid: {found_expected(f'{count:,} combinations', f'at most {MOST_POINTS:,}')}")
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def scenarios(
    scenario: Scenario, grid: Mapping[str, Sequence[Any]], folder: FilePath = FilePath()
) -> list[tuple[Point, Scenario]]:
    """Return the scenario of every point; topology files are relative to `folder`.

    Raises SweepError with the errors of the first invalid point.
    """
    return [(point, _at(scenario, point, folder)) for point in points(grid)]


def _at(scenario: Scenario, point: Point, folder: FilePath) -> Scenario:
    sections: Any = scenario.given()
    try:
        for path, value in point.items():
            sections = with_value(sections, path, value)
        return scenario.again(with_files_in(sections, folder))
    except ScenarioProblems as error:
        message = report(error.problems, lambda path: _where(point, path))
        raise SweepError(message) from None
    except ScenarioError as error:
        raise SweepError(f"{point_text(point)}: {error}") from None


def check_topologies(points: Iterable[tuple[Point, Scenario]], seed: int) -> None:
    """Build every topology once, so that errors in their files show before anything runs.

    A random topology may fail with some seeds only; its run then reports that. Raises SweepError.
    """
    # start-up: it imports numpy and simpy
    from serfsim.simulation.build import topology_of

    known: set[str] = set()
    for point, scenario in points:
        topology = scenario.network.topology
        roster = scenario.roster()
        text = f"{topology!r} {[(member.name, member.group) for member in roster.members]}"
        if text in known or getattr(topology, "generator", None) is not None:
            continue
        known.add(text)
        try:
            topology_of(scenario, roster, seed)
        except SerfsimError as error:
            raise SweepError(f"{point_text(point)}: {error}" if point else str(error)) from None


def _where(point: Point, path: Path) -> str:
    """Return the setting of the point closest to the path of an error."""
    touching = [given for given in point if _touches(read_path(given), path)]
    if not touching:
        return point_text(point)
    nearest = max(touching, key=lambda given: len(read_path(given)))
    return point_text({nearest: point[nearest]})


def _touches(given: Path, path: Path) -> bool:
    shared = min(len(given), len(path))
    return [str(part) for part in given[:shared]] == [str(part) for part in path[:shared]]


def point_text(point: Point) -> str:
    return "grid " + ", ".join(f"{path}={as_text(value)}" for path, value in point.items())


def as_text(value: Any) -> str:
    """Format a value as written on the command line."""
    return value if isinstance(value, str) else json.dumps(value)


MOST: Final = 1_000_000
_PART: Final = re.compile(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?")
_EXPECTED: Final = "seeds such as 1-20 or 1,2,5-9"


def read_seeds(text: str) -> list[int]:
    """Read '1,2,5-7' as [1, 2, 5, 6, 7].

    Raises SweepError for anything else and for repeated seeds.
    """
    seeds: list[int] = []
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if not match:
            raise SweepError(f"seeds: {found_expected(quoted(text), _EXPECTED)}")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise SweepError(f"seeds: {found_expected(f'{first}-{last}', 'the smaller seed first')}")
        if last - first >= MOST:
            raise SweepError(f"seeds: {found_expected(f'{first}-{last}', f'at most {MOST:,} seeds')}")
        seeds += range(first, last + 1)
    return check_seeds(seeds)


def check_seeds(seeds: Iterable[int] | str) -> list[int]:
    """Return the seeds as a list of distinct whole numbers.

    Raises SweepError.
    """
    if isinstance(seeds, str):
        return read_seeds(seeds)
    try:
        numbers = [operator.index(seed) for seed in seeds]
    except TypeError:
        raise SweepError(
            f"seeds: {found_expected(quoted(seeds), 'whole numbers, such as range(1, 21)')}"
        ) from None
    if not numbers:
        raise SweepError(f"seeds: {found_expected('no seed', 'at least one')}")
    outside = next((seed for seed in numbers if not 0 <= seed <= LARGEST_SEED), None)
    if outside is not None:
        raise SweepError(f"seeds: {found_expected(str(outside), f'a number from 0 to {LARGEST_SEED}')}")
    known: set[int] = set()
    for seed in numbers:
        if seed in known:
            raise SweepError(f"seeds: {found_expected(f'{seed} twice', 'each seed once')}")
        known.add(seed)
    return numbers

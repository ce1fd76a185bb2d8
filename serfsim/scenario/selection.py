"""Selectors of members: names, groups, patterns, everybody, a number or a share picked at random.

A selector is kept as it was written: a tuple of names of nodes and groups and of patterns (`patterns`), the
word "all", an integer n (n random nodes) or a share like "20%". `select` makes node numbers of it. Random
picks are made once for an entry of the scenario: an entry that repeats hits the same nodes each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from serfsim.native import Random
from serfsim.scenario.names import ANY_NAME_SCHEMA, NAMES_SCHEMA, read_name_or_pattern
from serfsim.scenario.other_words import is_place
from serfsim.scenario.patterns import is_pattern, matching
from serfsim.scenario.problems import Path, Problem, found_expected, invalid, listed, unknown_name
from serfsim.scenario.roster import Roster
from serfsim.scenario.units import SHARE_TEXT, Kind, read_share, write_share

Selector = int | str | tuple[str, ...]
_EXPECTED = (
    "names of nodes or groups, patterns such as node-[03..17], 'all', how many, or a share such as '20%'"
)


def read_selector(value: Any) -> Selector:
    """Read a selector in its only form."""
    if isinstance(value, bool):
        raise invalid(_EXPECTED, value)
    if isinstance(value, int):
        if value < 1:
            raise invalid("at least 1 node", value)
        return value
    if isinstance(value, str):
        if value == "all":
            return value
        if value.strip().endswith("%"):
            return write_share(read_share(value))
        return (read_name_or_pattern(value),)
    if isinstance(value, (list, tuple)) and value:
        if list(value) == ["all"]:
            return "all"
        return tuple(read_name_or_pattern(name) for name in value)
    raise invalid(_EXPECTED, value)


def _read_sides(value: Any) -> Any:
    expected = "at least two sides such as [[group-a], [group-b]]; 'rest' is everybody else"
    if not isinstance(value, (list, tuple)) or len(value) < 2:
        raise invalid(expected, value)
    if sum(1 for side in value if side == "rest") > 1:
        raise invalid("'rest' once", found="'rest' twice")
    sides: list[Selector] = []
    for position, side in enumerate(value):
        if side == "all":
            raise invalid("some of the nodes on each side", side, inside=(position,))
        sides.append("rest" if side == "rest" else read_selector(side))
    return tuple(sides)


_SELECTOR_SCHEMA: Final = {
    "anyOf": [
        {"const": "all"},
        {"type": "integer", "minimum": 1},
        {"type": "string", "pattern": rf"^\s*{SHARE_TEXT}\s*$"},
        *ANY_NAME_SCHEMA,
        NAMES_SCHEMA,
        {"const": ["all"]},
    ]
}
_SIDES_SCHEMA: Final = {
    "type": "array",
    "items": {"anyOf": [{"const": "rest"}, *_SELECTOR_SCHEMA["anyOf"][1:6]]},
    "minItems": 2,
}

Nodes = Annotated[Any, BeforeValidator(read_selector), Kind(_EXPECTED, _SELECTOR_SCHEMA)]
"""A `Selector`."""
Sides = Annotated[
    Any,
    BeforeValidator(_read_sides),
    Field(min_length=2),
    Kind("sides such as [[a, b], rest] or [50%, rest]", _SIDES_SCHEMA),
]
"""tuple[Selector, ...] with at most one "rest"."""


def select(selector: Selector, roster: Roster, random: Random) -> list[int]:
    """Return the indices of the selected nodes, ascending, each once.

    Draws only for an integer or a share.
    """
    everybody = range(len(roster.members))
    if isinstance(selector, int):
        return pick(selector, everybody, random)
    if isinstance(selector, tuple):
        return roster.named(selector)
    if selector == "all":
        return list(everybody)
    return pick(share_of(selector, len(roster.members)), everybody, random)


def sides(partition: Sequence[Selector], roster: Roster, random: Random) -> list[list[int]]:
    """Return the sides of a partition as node indices: first the named, then random picks of the rest."""
    found: list[list[int]] = [roster.named(side) if isinstance(side, tuple) else [] for side in partition]
    taken = {node for side in found for node in side}
    for position, side in enumerate(partition):
        if isinstance(side, tuple) or side == "rest":
            continue
        count = side if isinstance(side, int) else share_of(side, len(roster.members))
        free = [node for node in range(len(roster.members)) if node not in taken]
        found[position] = pick(count, free, random)
        taken.update(found[position])
    if "rest" in partition:
        rest = [node for node in range(len(roster.members)) if node not in taken]
        found[list(partition).index("rest")] = rest
    return found


def share_of(share: str, count: int) -> int:
    """Return the number that a share of `count` is: rounded, and at least one unless it is 0 %."""
    exact = read_share(share) * count
    return max(int(exact + 0.5), 1 if exact > 0.0 else 0)


def pick(count: int, among: Iterable[int], random: Random) -> list[int]:
    """`count` different ones at random, ascending; all where there are not more."""
    pool = list(among)
    count = min(count, len(pool))
    for i in range(count):
        j = i + random.randrange(len(pool) - i)
        pool[i], pool[j] = pool[j], pool[i]
    return sorted(pool[:count])


# Checks --------------------------------------------------------------------------------------------


def selector_problems(selector: Selector, roster: Roster, path: Path) -> Iterator[Problem]:
    """More nodes than there are, and unknown names."""
    if isinstance(selector, int) and selector > len(roster.members):
        expected = f"at most the {len(roster.members)} nodes of the cluster"
        yield Problem(path, found_expected(str(selector), expected))
    if isinstance(selector, tuple):
        for position, name in enumerate(selector):
            yield from name_problems(name, roster, (*path, position))


def pair_problems(pairs: Iterable[tuple[str, str]], roster: Roster, path: Path) -> Iterator[Problem]:
    """Unknown names in pairs."""
    for position, pair in enumerate(pairs):
        for end, name in enumerate(pair):
            if name != "rest":
                yield from name_problems(name, roster, (*path, position, end))


def name_problems(name: str, roster: Roster, path: Path) -> Iterator[Problem]:
    """Yield names that no node and no group has, and patterns that match none."""
    if is_pattern(name):
        if not (matching(name, roster.own_names) or matching(name, roster.several)):
            names = roster.own_names
            nodes = (
                f"the nodes are {names[0]} to {names[-1]}" if len(names) > 1 else f"the node is {names[0]}"
            )
            groups = f", the groups {listed(roster.groups)}" if roster.groups else ""
            found = f"'{name}', which matches nobody"
            expected = f"a pattern that some node or group matches ({nodes}{groups})"
            yield Problem(path, found_expected(found, expected))
    elif name not in roster.index and name not in roster.several:
        if is_place(name) and not roster.groups:
            meant = f"a group of cluster, such as groups: {{{name}: {{nodes: 10}}}}"
            yield Problem(path, found_expected(f"'{name}'", "a node or a group", meant))
        else:
            yield Problem(path, unknown_name(name, "a node or a group", [*roster.several, *roster.index]))

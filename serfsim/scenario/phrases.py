"""Quantities, names, selectors and clusters in English, for pages and notebooks.

The file's own notation is `units`; nothing reads these texts back.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from serfsim.base import english
from serfsim.scenario.cluster import Cluster
from serfsim.scenario.patterns import is_pattern
from serfsim.scenario.roster import build_roster
from serfsim.scenario.selection import Selector
from serfsim.scenario.units import write_duration, write_share, write_size

MOST_NAMED = 6  # of more nodes only the first are named
UNITS = ((3600, "h"), (60, "min"), (1, "s"))


def format_duration(seconds: float) -> str:
    """'1 min 30 s', '250 ms': the units of speech, the value exact."""
    exact = Decimal(repr(float(seconds)))
    if abs(exact) < 1:
        text = write_duration(seconds)
        number = text.rstrip("nums")
        return f"{number} {text[len(number) :]}"
    parts, rest = [], abs(exact)
    for size, unit in UNITS[:-1]:
        if rest >= size:
            parts.append(f"{int(rest // size)} {unit}")
            rest %= size
    if rest or not parts:
        parts.append(f"{rest.normalize():f} s")
    return ("-" if exact < 0 else "") + " ".join(parts)


def format_span(ends: tuple[float, float]) -> str:
    """'2 to 10 ms' where both ends have the same unit."""
    low, high = format_duration(ends[0]), format_duration(ends[1])
    if low == high:
        return low
    if low.count(" ") == high.count(" ") == 1 and low.split()[1] == high.split()[1]:
        low = low.split()[0]
    return f"{low} to {high}"


def format_share(value: float) -> str:
    """'20 %'."""
    return write_share(value).replace("%", " %")


def format_size(count: int) -> str:
    """'100 B', '1 KiB'."""
    text = write_size(count)
    number = text.rstrip("BKiM")
    return f"{number} {text[len(number) :]}"


def format_names(names: Sequence[str], count: int | None = None) -> str:
    """Format names as 'a, b and c'; of many, the first few and the number of others.

    `count`: the number of all names, where these are only the first MOST_NAMED.
    """
    count = len(names) if count is None else count
    if count > MOST_NAMED:
        names = [*names[: MOST_NAMED - 1], f"{count - MOST_NAMED + 1} others"]
    return english.join_names(names)


def describe_selector(selector: Selector) -> str:
    """Describe the members that a selector means: '4 random nodes', 'node-03'."""
    if isinstance(selector, int):
        return "a random node" if selector == 1 else f"{selector} random nodes"
    if isinstance(selector, tuple):
        return format_names(selector)
    if selector == "all":
        return "all nodes"
    return "all the others" if selector == "rest" else f"a random {selector.replace('%', ' %')} of the nodes"


def with_verb(selector: Selector, one: str, several: str) -> str:
    """'node-03 crashes', 'all nodes crash': the members with the verb's form for one or for several."""
    # A group's name counts as one.
    is_one = selector == 1 or (
        isinstance(selector, tuple) and len(selector) == 1 and not is_pattern(selector[0])
    )
    return f"{describe_selector(selector)} {one if is_one else several}"


def describe_length(duration_s: float, warm_up: float | str) -> str:
    """'7 min after a warm-up of 30 s'; `warm_up` in seconds, or 'settled'."""
    if isinstance(warm_up, str):
        return f"{format_duration(duration_s)} after a warm-up until the cluster has settled"
    return format_duration(duration_s) + (
        f" after a warm-up of {format_duration(warm_up)}" if warm_up else ""
    )


def describe_cluster(cluster: Cluster) -> str:
    """'30 nodes of Serf 0.9 (lan): left 15, right 15', '(lan, wan)' where members differ."""
    roster = build_roster(cluster)
    profiles = ", ".join(dict.fromkeys(member.profile for member in roster.members))
    text = f"{english.format_count(len(roster.members), 'node')} of Serf {cluster.release} ({profiles})"
    groups = [f"{name} {len(members)}" for name, members in roster.groups.items() if members]
    return f"{text}: {format_names(groups)}" if groups else text

"""Differences in effect between two scenarios: defaults filled in, settings of each member, order of nodes.

Names and questions have no effect, and neither has the way in which members are written: a number, a list,
a group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from filecmp import cmp
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final, NamedTuple

from serfsim.base.english import join_names
from serfsim.scenario.addresses import text_of
from serfsim.scenario.cluster import Group
from serfsim.scenario.entry import Entry
from serfsim.scenario.faults import FAULTS
from serfsim.scenario.model import Scenario
from serfsim.scenario.part import Part
from serfsim.scenario.places import NOT_BEHIND
from serfsim.scenario.roster import Member
from serfsim.scenario.settings import SETTINGS, Settings, chosen
from serfsim.scenario.units import write_bandwidth, write_duration
from serfsim.scenario.workload import WORKLOAD

NO_EFFECT: Final = ("name", "question", "situation")
_OF_MEMBERS: Final = {"nodes", "groups", "profile", *Group.model_fields}
"""Keys of `cluster` that are compared member by member."""
_NO_EFFECT_OF_MEMBER: Final = ("index", "name", "config", "given", "profile")
"""Attributes of a member that are compared otherwise, or that only its settings follow from."""
MOST_NAMED: Final = 3  # members of one difference; of more the number is told
VERBS: Final[Mapping[str, Mapping[str, type[Entry]]]] = {"faults": FAULTS, "workload": WORKLOAD}
NOTHING: Final = "nothing"


class Difference(NamedTuple):
    """One value that differs, as a scenario file has it."""

    path: str
    first: str
    second: str


def differences(first: Scenario, second: Scenario) -> list[Difference]:
    """Return every difference in effect, in the order of a scenario file; [] where both run alike."""
    found = list(_below(_outside_cluster(first), _outside_cluster(second), ""))
    before = [one for one in found if one.path.split(".")[0] in ("seed", "duration", "warm_up")]
    return [*before, *_of_members(first, second), *(one for one in found if one not in before)]


def _outside_cluster(scenario: Scenario) -> dict[str, Any]:
    """Return all sections but the members, with what of the cluster is of no single member."""
    data = {key: value for key, value in scenario.complete().items() if key not in NO_EFFECT}
    data["cluster"] = {key: value for key, value in data["cluster"].items() if key not in _OF_MEMBERS}
    data["cluster"]["start"].pop("join", None)  # members have it
    data["claims"] = sorted(data["claims"])
    return data


def _below(first: Any, second: Any, path: str) -> Iterator[Difference]:
    """Yield where two values differ, as deep as they can be compared."""
    if isinstance(first, dict) and isinstance(second, dict) and _kind_of(first) == _kind_of(second):
        for key in dict.fromkeys([*first, *second]):
            yield from _below(first.get(key), second.get(key), f"{path}.{key}" if path else key)
    elif path == "claims":
        yield from (Difference(path, one, NOTHING) for one in first if one not in second)
        yield from (Difference(path, NOTHING, one) for one in second if one not in first)
    elif path in VERBS and isinstance(first, list) and isinstance(second, list):
        for number, (one, other) in enumerate(zip_longest(first, second)):
            yield from _below(one, other, f"{path}[{number}]")
    elif path == "network.topology.file" and first and second and _same_content(Path(first), Path(second)):
        return
    elif first != second:
        yield Difference(path, _written(first), _written(second))


def _kind_of(value: dict[str, Any]) -> str:
    """Return the model or the verb of a mapping: two of different ones have no keys to compare."""
    verbs = (key for key in value if any(key in known for known in VERBS.values()))
    return str(value.get("model") or next(verbs, ""))


def _same_content(first: Path, second: Path) -> bool:
    try:
        return cmp(first, second, shallow=False)
    except OSError:
        return False


def _of_members(first: Scenario, second: Scenario) -> Iterator[Difference]:
    """Yield the differences of the members; those that several share are one."""
    rosters = first.roster().members, second.roster().members
    names = [[member.name for member in members] for members in rosters]
    if names[0] != names[1]:
        yield _of_names(names[0], names[1])
    others = {member.name: member for member in rosters[1]}
    shared: dict[tuple[str, str, str], list[str]] = {}
    for member in rosters[0]:
        if member.name in others:
            for path, one, other in _of_member(member, others[member.name]):
                shared.setdefault((path, one, other), []).append(member.name)
    together = set(names[0]) & set(names[1])
    for (path, one, other), concerned in shared.items():
        whom = f" ({_some(concerned)})" if len(concerned) < len(together) else ""
        yield Difference(f"cluster.{path}{whom}", one, other)


def _of_names(first: list[str], second: list[str]) -> Difference:
    if sorted(first) == sorted(second):
        place = next(at for at, pair in enumerate(zip(first, second, strict=True)) if pair[0] != pair[1])
        return Difference(f"cluster.nodes[{place}]", first[place], second[place])
    gone = [name for name in first if name not in set(second)]
    new = [name for name in second if name not in set(first)]
    before, after = (
        f"{len(names)} ({_some(own)})" if own else str(len(names))
        for names, own in ((first, gone), (second, new))
    )
    return Difference("cluster.nodes", before, after)


def _of_member(first: Member, second: Member) -> Iterator[tuple[str, str, str]]:
    for one in fields(Member):
        pair = _value(first, one.name), _value(second, one.name)
        if one.name not in _NO_EFFECT_OF_MEMBER and pair[0] != pair[1]:
            place = "start.join" if one.name == "join" else one.name
            yield place, _of_attribute(one.name, pair[0]), _of_attribute(one.name, pair[1])
    for name in SETTINGS:
        pair = getattr(first.config, name), getattr(second.config, name)
        if pair[0] != pair[1]:
            yield f"config.{name}", _setting(name, pair[0]), _setting(name, pair[1])


def _value(member: Member, name: str) -> Any:
    """Return what a member has; an address only where it is not the one that everybody has by default."""
    value = getattr(member, name)
    default = {"address": member.index, "advertised": member.address, "outside": NOT_BEHIND}
    if name in default:
        return None if value == default[name] else text_of(value)
    return value


def _of_attribute(name: str, value: Any) -> str:
    if isinstance(value, Part):
        return _written(value.model_dump(mode="json", by_alias=True, exclude_unset=True))
    if name == "bandwidth" and value is not None:
        return write_bandwidth(value)
    return write_duration(value) if isinstance(value, float) else _written(value or None)


def _setting(name: str, value: Any) -> str:
    settings = Settings.model_construct(_fields_set={name}, **{name: value})
    assert chosen(settings)
    return _written(settings.model_dump(mode="json", include={name})[name])


def _some(names: list[str]) -> str:
    if len(names) <= MOST_NAMED:
        return join_names(names)
    return f"{len(names)} nodes: {', '.join(names[:MOST_NAMED])} ..."


def _written(value: Any) -> str:
    """Return a value on one line, as YAML has it."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_written(item) for item in value) + "]"
    return str(value)

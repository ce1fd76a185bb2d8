"""A scenario of a real cluster, from the list of its members: `serfsim new NAME --members FILE`.

A list says who the members are and which protocol versions they know. It does not say how far apart they
are, nor how their agents are set: the file names these as the lines to edit.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from serfsim.base.english import format_count, join_names, printable
from serfsim.base.errors import ScenarioError
from serfsim.protocol.versions import BASELINE, RELEASES, ReleaseFeatures, features_of
from serfsim.scenario.member_lists import ALIVE, FAILED, ListedMember
from serfsim.scenario.names import RESERVED
from serfsim.scenario.problems import found_expected

ROLE_TAGS: Final = ("role", "type")
NEWEST_PROTOCOL: Final = 5  # of Serf, spoken unless an agent is told otherwise
RACKS: Final = 4
LAN: Final = ("lan", "5m", "1m")  # profile, duration, when a member crashes
WAN: Final = ("wan", "10m", "1m")


@dataclass(frozen=True)
class Described:
    """One member as the scenario will have it. `group` is '' for none, `listed` as the list has it."""

    name: str
    group: str
    version: str
    tags: Mapping[str, str]
    listed: ListedMember


def describe_cluster(members: Sequence[ListedMember], name: str, label: str) -> str:
    """Return the text of a scenario with these members. `label`: where the list is from.

    Members that left are left out; those that failed are members that may come back.

    Raises:
        ScenarioError: nobody is alive or failed.
    """
    kept = [member for member in members if member.status in (ALIVE, FAILED)]
    if not kept:
        found = join_names(
            [format_count(n, f"member {status}", f"members {status}") for status, n in _statuses(members)]
        )
        raise ScenarioError(f"{label}: {found_expected(found, 'a member that is alive or failed')}")
    names = _node_names(kept)
    key, groups = _grouping(kept, set(names.values()))
    several = key is _datacenter
    described = [
        Described(names[one.name], groups.get(key(one), ""), release_of(one), one.tags, one) for one in kept
    ]
    profile, duration, crash_at = WAN if several else LAN
    parts = [
        f"# {len(kept)} members of {printable(label)}: {_counts(members)}.",
        f"# Check it with: serfsim validate {name}.yaml; run it with: serfsim run {name}.yaml",
        "# A list of members does not say how far apart they are, nor how their agents are set:",
        "# edit the lines marked EDIT.",
        "",
        f"name: {_scalar(name)}",
        "question: Is a crashed member noticed by everybody, and does nobody else get declared failed?",
        f"duration: {duration}",
        "warm_up: 30s",
        "",
        *_cluster(described, profile, several),
        "",
        *_network(described, list(groups.values()) if several else []),
        "",
        *_fault(described, crash_at),
        "claims:",
        "  - detection.false_positives == 0",
        "  - detection.missed == 0",
    ]
    return "\n".join(parts) + "\n"


def release_of(member: ListedMember) -> str:
    """Return the newest release of Serf that knows just the protocol versions that the member announces.

    Where they leave a choice that includes the baseline, or nothing is announced, the baseline.
    """
    if member.serf_max is None and member.memberlist_max is None:
        return BASELINE
    fitting = [release for release in RELEASES if _fits(member, features_of(release))]
    return BASELINE if BASELINE in fitting or not fitting else fitting[-1]


def _fits(member: ListedMember, features: ReleaseFeatures) -> bool:
    return (member.serf_max in (None, features.delegate_max)) and (
        member.memberlist_max in (None, features.protocol_max)
    )


def _statuses(members: Iterable[ListedMember]) -> list[tuple[str, int]]:
    return Counter(printable(member.status) for member in members).most_common()


def _counts(members: Iterable[ListedMember]) -> str:
    return ", ".join(
        f"{count} {status}" + ("" if status in (ALIVE, FAILED) else " (left out)")
        for status, count in _statuses(members)
    )


def _node_names(members: Iterable[ListedMember]) -> dict[str, str]:
    """Return the node's name for each listed one; both are the same where Serf 0.9 allows the name."""
    listed = [member.name for member in members]
    used = {name for name in listed if _fitting(name) == name}
    return {name: name if name in used else _unused(name, used) for name in listed}


def _unused(name: str, used: set[str]) -> str:
    """Return a valid name that is not in `used`, and add it there."""
    made, number = _fitting(name), 2
    while made in used:
        made = f"{_fitting(name)[:120]}-{number}"
        number += 1
    used.add(made)
    return made


def _fitting(name: str) -> str:
    made = re.sub(r"[^A-Za-z0-9._-]", "-", name)[:128] or "member"
    return f"{made}-node" if made in RESERVED else made


def _grouping(
    members: Sequence[ListedMember], names: set[str]
) -> tuple[Callable[[ListedMember], str], dict[str, str]]:
    """Return the grouping of members, {its value: name of the group}: by data centre, by role, or none."""
    for key, prefix in ((_datacenter, "dc"), (_role, "role")):
        values = list(dict.fromkeys(key(one) for one in members if key(one)))
        if len(values) > 1 and (key is _datacenter or len(values) < len(members)):
            used = set(names)
            return key, {
                value: _unused(f"{prefix}-{value}" if _fitting(value) in names else value, used)
                for value in values
            }
    return _nothing, {}


def _nothing(member: ListedMember) -> str:
    return ""


def _datacenter(member: ListedMember) -> str:
    return member.datacenter


def _role(member: ListedMember) -> str:
    return next((member.tags[key] for key in ROLE_TAGS if member.tags.get(key)), "")


def _cluster(members: Sequence[Described], profile: str, several: bool) -> list[str]:
    version = Counter(member.version for member in members).most_common(1)[0][0]
    spoken = Counter(member.listed.spoken or NEWEST_PROTOCOL for member in members).most_common(1)[0][0]
    why = "the members are in several data centres" if several else "wan for members far apart"
    lines = [
        "cluster:",
        f"  profile: {profile}    # EDIT: memberlist's defaults; {why}",
        f'  version: "{version}"    # EDIT: {_why_version(members, version)}',
        f"  config: {_flow(_protocol(spoken))}    # EDIT: your agents' settings, e.g. suspicion_mult: 6",
        "  start: {converged: true}    # the cluster runs already: everybody knows everybody",
    ]
    common = _common(members)
    if common:
        lines.append(f"  tags: {_flow(common)}")
    groups = list(dict.fromkeys(member.group for member in members if member.group))
    tags = {name: _common([one for one in members if one.group == name], common) for name in groups}
    if groups:
        lines.append("  groups:")
        lines += [
            f"    {_scalar(name)}: {_flow({'tags': tags[name]} if tags[name] else {})}" for name in groups
        ]
    lines.append("  nodes:")
    for member in members:
        inherited = {**common, **tags.get(member.group, {})}
        entry: dict[str, Any] = {"name": member.name}
        if member.group:
            entry["group"] = member.group
        if member.version != version:
            entry["version"] = member.version
        own = {key: value for key, value in member.tags.items() if inherited.get(key) != value}
        if own:
            entry["tags"] = own
        protocol = member.listed.spoken or NEWEST_PROTOCOL
        if protocol != spoken:
            entry["config"] = {"protocol_version": protocol}
        text = _scalar(member.name) if len(entry) == 1 else _flow(entry)
        lines.append(f"    - {text}{_remark(member)}")
    return lines


def _protocol(spoken: int) -> dict[str, int]:
    return {} if spoken == NEWEST_PROTOCOL else {"protocol_version": spoken}


def _why_version(members: Sequence[Described], version: str) -> str:
    if all(one.listed.serf_max is None and one.listed.memberlist_max is None for one in members):
        return "the list does not say which release your agents run"
    if version == BASELINE:
        return "the protocol versions fit Serf 0.8.1 and all newer releases; latest is the newest"
    return "the newest release with these protocol versions"


def _remark(member: Described) -> str:
    remarks = []
    if member.listed.name != member.name:
        remarks.append(f"called '{printable(member.listed.name)}' in the list")
    if member.listed.status == FAILED:
        remarks.append("failed when it was listed")
    return f"    # {', '.join(remarks)}" if remarks else ""


def _common(members: Sequence[Described], known: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the tags that all members share, without those known already."""
    first = members[0].tags
    return {
        key: value
        for key, value in first.items()
        if (known or {}).get(key) != value and all(one.tags.get(key) == value for one in members)
    }


def _network(members: Sequence[Described], groups: Sequence[str]) -> list[str]:
    """Return the network: data centres apart, or one with three zones."""
    if not groups:
        return [
            "network:",
            "  # EDIT: where the members are, in order here; see also plane, cloud and matrix.",
            "  topology: {model: datacenter, zones: 3, racks: 4}",
        ]
    # start-up: it imports numpy
    from serfsim.topology.datacenter import known_places

    regions = [label for label in known_places(len(groups), 1, RACKS) if "/" not in label]
    place = dict(zip(groups, regions, strict=True))
    if not all(member.group for member in members):
        place["rest"] = regions[0]  # a data centre that the list does not say
    return [
        "network:",
        "  # EDIT: how far apart the data centres are; see also cloud and matrix.",
        "  topology:",
        "    model: datacenter",
        f"    regions: {len(groups)}",
        "    zones: 1",
        f"    racks: {RACKS}",
        "    between_regions: 30ms",
        f"    place: {_flow(place)}",
    ]


def _fault(members: Sequence[Described], at: str) -> list[str]:
    if len(members) < 2:
        return ["# One member has nobody who could notice its crash: no faults.", "faults: []", ""]
    alive = [member for member in members if member.listed.status == ALIVE] or list(members)
    return [
        "# EDIT: what goes wrong. serfsim new NAME writes an example of every fault.",
        "faults:",
        f"  - {{crash: [{_scalar(alive[-1].name)}], at: {at}}}",
        "",
    ]


_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_WORDS = ("true", "false", "null", "yes", "no", "on", "off", "nan", "inf")


def _flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    return _scalar(value)


def _scalar(value: Any) -> str:
    """Return a scalar as YAML, quoted where it would read as another type."""
    if not isinstance(value, str):
        return str(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in quoted)

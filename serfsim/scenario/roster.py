"""The members one by one: name, group and effective settings of each.

A group that lists names has these. Groups that give a number or a share are laid one behind the
other, in the order of the file, over the nodes that no group has yet, so that they end at the last
node: where the groups do not cover everybody, it is the first nodes that belong to none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from serfsim.protocol.serf.merge import LONGEST_NAME, invalid_name
from serfsim.protocol.versions import DELEGATE_MIN, features_of, value_in
from serfsim.scenario.cluster import Cluster, Group, Node, ReadCost
from serfsim.scenario.jitter import JitterModel
from serfsim.scenario.keys import keys_of, label_of
from serfsim.scenario.merge import Merge
from serfsim.scenario.patterns import is_pattern, matching, read_pattern
from serfsim.scenario.places import NOT_BEHIND, node_names, places_of, shared_names
from serfsim.scenario.problems import Path, Problem, found_expected, unknown_name
from serfsim.scenario.rejoin import Rejoin
from serfsim.scenario.releases import pair_problem, release_of
from serfsim.scenario.settings import Settings, complete, overridden, release_settings
from serfsim.scenario.units import read_share
from serfsim.scenario.zones import groups_of_zones, zones_of


@dataclass(frozen=True, slots=True)
class Member:
    """One node. `group` is "" for none; `processing_delay` in seconds, `clock_rate` in seconds a second.

    `name` is unique; its agent's name is `agent`, which several may have. `given`: the settings that somebody
    chose, so that they are the same in every release. `join`: as in `cluster.Start`. `bandwidth` (bits a
    second) and `jitter` are of its own link, None for the network's. `keyring`: keys in base64; None where
    the settings' `encrypt_key` says whether it has one. `address`, `advertised` and `outside` as in
    `places.Place`. `start`: seconds from the join, where the node says so itself. `zone`: "" for none.
    """

    index: int
    name: str
    group: str
    version: str
    tags: dict[str, str]
    config: Settings
    processing_delay: float
    clock_rate: float
    given: frozenset[str] = frozenset()
    profile: str = "lan"
    join: str | tuple[str, ...] = "first"
    rejoin: Rejoin | None = None
    merge: Merge | None = None
    read_cost: ReadCost = field(default_factory=ReadCost)
    bandwidth: float | None = None
    jitter: JitterModel | None = None
    keyring: tuple[str, ...] | None = None
    label: str = ""
    address: int = 0
    advertised: int = 0
    outside: int = NOT_BEHIND
    start: float | None = None
    zone: str = ""

    @property
    def is_at_home(self) -> bool:
        """True for a member that is bound to, and tells, the address that its number gives it."""
        return (self.address, self.advertised, self.outside) == (self.index, self.index, NOT_BEHIND)

    @property
    def agent(self) -> str:
        """The name that its agent bears."""
        return self.name.partition("@")[0]

    def configured(
        self, config: Mapping[str, Any], keyring: tuple[str, ...] | None, label: str | None
    ) -> Member:
        """Return the same member with other settings; None leaves keyring and label as they are."""
        if keyring is None and "encrypt_key" not in config:
            keyring = self.keyring
        return replace(
            self,
            config=overridden(self.config, config),
            given=self.given.union(config),
            keyring=keyring,
            label=self.label if label is None else label,
        )

    def at_release(self, version: str) -> Member:
        """Return the same member under another release: unset settings take that release's defaults."""
        return replace(self, version=version, config=self._settings_of(version))

    def _settings_of(self, version: str) -> Settings:
        own = dict(release_settings(self.profile, version))
        own["zone_aware_routing"] = routes_by_zone(self.zone, version)
        differing = {
            name: value
            for name, value in own.items()
            if name not in self.given and getattr(self.config, name) != value
        }
        return overridden(self.config, differing)


@dataclass(frozen=True)
class Roster:
    """All members in order, `index` by name (see `node_index`), and the numbers of each group's members.

    `shared` has the numbers of those that bear one name.
    """

    members: list[Member]
    index: dict[str, int]
    groups: dict[str, list[int]]
    absent: frozenset[int] = frozenset()  # those without an agent, whose hosts are there for pools
    shared: dict[str, list[int]] = field(default_factory=dict)

    @cached_property
    def present(self) -> list[int]:
        """Numbers of the members that have an agent."""
        return [member.index for member in self.members if member.index not in self.absent]

    @property
    def several(self) -> dict[str, list[int]]:
        """The numbers of all members that a name may stand for: a group's, or one that several bear."""
        return {**self.groups, **self.shared}

    def named(self, names: Iterable[str]) -> list[int]:
        """Numbers of these nodes and of these groups' nodes, ascending, each once.

        Patterns stand for all nodes and groups that they match. KeyError for a name that nobody has.
        """
        found: set[int] = set()
        several = self.several
        for name in names:
            if is_pattern(name):
                matches = read_pattern(name).matches
                found.update(member.index for member in self.members if matches(member.name))
                found.update(*(self.groups[group] for group in matching(name, self.groups)))
            elif name in several:
                found.update(several[name])
            else:
                found.add(self.index[name])
        return sorted(found)

    def in_order(self, names: Iterable[str]) -> list[int]:
        """Numbers of these nodes and of these groups' nodes as `names` has them, each once."""
        return list(dict.fromkeys(number for name in names for number in self.named([name])))

    def pair(self, pair: tuple[str, str]) -> tuple[list[int], list[int]]:
        """Return the numbers at both ends of a pair of names, where `rest` is everybody but the other end."""
        ends = [None if name == "rest" else self.named([name]) for name in pair]
        first, second = (
            end if end is not None else self._others(ends[1 - place] or []) for place, end in enumerate(ends)
        )
        return first, second

    def _others(self, nodes: list[int]) -> list[int]:
        left = set(nodes)
        return [member.index for member in self.members if member.index not in left]

    @property
    def own_names(self) -> list[str]:
        """Names of all members, without the shorter ones that it answers to."""
        return [member.name for member in self.members]

    def known(self, names: Iterable[str]) -> list[str]:
        """Return those of `names` that somebody has, and all patterns."""
        several = self.several
        return [name for name in names if is_pattern(name) or name in self.index or name in several]


def node_index(nodes: int | Sequence[Node]) -> dict[str, int]:
    """Return the index of each node by name.

    Numbered nodes answer to the shorter names of a smaller cluster too, so that a scenario that names
    node-03 can be run with a thousand nodes, where it is node-003.
    """
    index = {name: number for number, name in enumerate(node_names(nodes))}
    if isinstance(nodes, int):
        for digits in range(2, len(str(nodes - 1))):
            index.update({f"node-{number:0{digits}d}": number for number in range(10**digits)})
    return index


def group_size(membership: int | str, count: int) -> int:
    """Return the size of a group given by number or share."""
    if isinstance(membership, int):
        return membership
    return int(read_share(membership) * count + 0.5)


def group_of_each(cluster: Cluster) -> list[str]:
    """Return the group of each node, "" for none. Assumes that `membership_problems` found none."""
    index = node_index(cluster.nodes)
    found = [""] * (cluster.nodes if isinstance(cluster.nodes, int) else len(cluster.nodes))
    if not isinstance(cluster.nodes, int):
        for number, node in enumerate(cluster.nodes):
            found[number] = node.group or ""
    counted: list[str] = []
    for name, group in cluster.groups.items():
        if isinstance(group.nodes, tuple):
            for member in group.nodes:
                found[index[member]] = name
        elif group.nodes is not None:
            counted += [name] * group_size(group.nodes, len(found))
    free = [number for number, group in enumerate(found) if not group]
    for number, name in zip(free[len(free) - len(counted) :], counted, strict=True):
        found[number] = name
    return found


def releases_of(cluster: Cluster) -> set[str]:
    """Return the releases that members start with, without computing their settings."""
    return {_release(cluster, group, node) for group, node in words_of_each(cluster)}


def profiles_of(cluster: Cluster) -> set[str]:
    """Return the profiles from which members' settings start."""
    return {_profile(cluster, group, node) for group, node in words_of_each(cluster)}


def words_of_each(cluster: Cluster) -> list[tuple[Group, Group | Node]]:
    """Return the words of each node's group and of the node itself, empty ones where there are none."""
    none = Group()
    groups = [cluster.groups.get(name, none) for name in group_of_each(cluster)]
    nodes: Sequence[Group | Node] = (
        cluster.nodes if isinstance(cluster.nodes, tuple) else [none] * len(groups)
    )
    return list(zip(groups, nodes, strict=True))


def _release(cluster: Cluster, group: Group, node: Group | Node) -> str:
    return release_of(cluster, group, node)


def _profile(cluster: Cluster, group: Group, node: Group | Node) -> str:
    return node.profile or group.profile or cluster.profile


def _of_profile(cluster: Cluster, profile: str) -> Settings:
    """Return the cluster's settings as they are with a profile."""
    if profile == cluster.profile:
        return cluster.config
    return complete(profile, cluster.config, cluster.release)


def build_roster(cluster: Cluster) -> Roster:
    """Everybody, with what node, group and cluster say, in this order of precedence."""
    names = node_names(cluster.nodes)
    placed = group_of_each(cluster)
    places = places_of(cluster, placed)
    groups: dict[str, list[int]] = {name: [] for name in cluster.groups}
    for number, name in enumerate(placed):
        if name:
            groups.setdefault(name, []).append(number)
    zones = zones_of(cluster, words_of_each(cluster))
    groups.update(groups_of_zones(cluster, zones))
    none = Group()
    retries = cluster.start.settings
    config: dict[tuple[str, str, bool], Settings] = {}  # by group, profile, and whether it has a zone
    members = []
    usual = cluster.release
    # Members that are set alike share their settings, in each release.
    shared: dict[tuple[int, str], tuple[Settings, Settings]] = {}
    for number, name in enumerate(names):
        group = cluster.groups.get(placed[number], none)
        node = none if isinstance(cluster.nodes, int) else cluster.nodes[number]
        profile = _profile(cluster, group, node)
        zone = zones[number]
        key = (placed[number], profile, bool(zone.zone))
        if key not in config:
            everybody = overridden(_of_profile(cluster, profile), retries)
            if "zone_aware_routing" not in cluster.config.model_fields_set and routes_by_zone(
                zone.zone, usual
            ):
                everybody = overridden(everybody, {"zone_aware_routing": True})
            config[key] = overridden(everybody, group.config)
        member = Member(
            index=number,
            name=name,
            group=placed[number] or zone.zone,
            version=usual,
            tags={**cluster.tags, **group.tags, **node.tags, **zone.tags},
            config=overridden(config[key], node.config),
            processing_delay=_first(node.processing_delay, group.processing_delay, cluster.processing_delay),
            clock_rate=_first(node.clock_rate, group.clock_rate, cluster.clock_rate),
            given=frozenset(cluster.config.model_fields_set).union(retries, group.config, node.config),
            profile=profile,
            merge=node.merge or group.merge or cluster.merge,
            join=node.join or group.join or cluster.start.join,
            rejoin=_rejoin(node.rejoin, group.rejoin, cluster.rejoin),
            read_cost=node.read_cost or group.read_cost or cluster.read_cost,
            bandwidth=group.bandwidth if node.bandwidth is None else node.bandwidth,
            jitter=group.jitter if node.jitter is None else node.jitter,
            keyring=keys_of(node, group, cluster),
            label=label_of(node, group, cluster),
            address=places[number].address,
            advertised=places[number].advertised,
            outside=places[number].outside,
            start=node.start if isinstance(node, Node) else None,
            zone=zone.zone,
        )
        version = _release(cluster, group, node)
        if version != usual:
            alike = (id(member.config), version)
            if alike not in shared:
                shared[alike] = (member.config, member.at_release(version).config)
            member = replace(member, version=version, config=shared[alike][1])
        members.append(member)
    bearers: dict[str, list[int]] = {name: [] for name in shared_names(cluster.nodes)}
    for member in members if bearers else ():
        if member.agent in bearers:
            bearers[member.agent].append(member.index)
    roster = Roster(members, node_index(cluster.nodes), groups, shared=bearers)
    if cluster.members == "all":
        return roster
    own = set(roster.named(roster.known(cluster.members)))
    return replace(roster, absent=frozenset(range(len(members))) - own)


def routes_by_zone(zone: str, version: str) -> bool:
    """Return whether a member of a zone, "" for none, routes by zones unless its settings say otherwise."""
    return zone != "" and bool(value_in("selects_nodes", version))


def _rejoin(*words: Rejoin | None) -> Rejoin | None:
    """Return the first that was given, None where it says never."""
    given = next((one for one in words if one is not None), None)
    return given if given is not None and given.every > 0.0 else None


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)


def membership_problems(cluster: Cluster) -> Iterator[Problem]:
    """Nodes with the name of another, unknown groups, and nodes in two groups."""
    names = node_names(cluster.nodes)
    yield from _twice(names)
    yield from _unknown_groups(cluster)
    owner: dict[int, str] = {}
    if not isinstance(cluster.nodes, int):
        owner = {number: node.group for number, node in enumerate(cluster.nodes) if node.group}
    known = node_index(cluster.nodes)
    counted = 0
    for group_name, group in cluster.groups.items():
        path: Path = ("cluster", "groups", group_name, "nodes")
        if group_name in known or group_name in shared_names(cluster.nodes):
            message = found_expected(f"a group '{group_name}'", "a name that no node has")
            yield Problem(("cluster", "groups", group_name), message)
        if isinstance(group.nodes, tuple):
            for position, name in enumerate(group.nodes):
                if name not in known:
                    yield Problem((*path, position), unknown_name(name, "a node", names))
                elif owner.setdefault(known[name], group_name) != group_name:
                    found = f"'{name}', which is in group '{owner[known[name]]}' already"
                    yield Problem((*path, position), found_expected(found, "a node of no other group"))
        elif group.nodes is not None:
            counted += group_size(group.nodes, len(names))
    if counted > len(names) - len(owner):
        expected = f"at most the {len(names)} nodes of the cluster"
        found = f"{counted + len(owner)} nodes in groups"
        yield Problem(("cluster", "groups"), found_expected(found, expected))


def protocol_problems(members: Iterable[Member], path: Path) -> Iterator[Problem]:
    """Yield agents set to a protocol version that their release does not know, and so would not start."""
    for member in members:
        highest = features_of(member.version).delegate_max
        spoken = member.config.protocol_version
        if not DELEGATE_MIN <= spoken <= highest:
            found = f"protocol_version {spoken} for {member.name}, which runs {member.version}"
            yield Problem(path, found_expected(found, f"{DELEGATE_MIN} to {highest}"))
            return


def name_problems_of(members: Iterable[Member], nodes_are_listed: bool) -> Iterator[Problem]:
    """Yield the first member that would refuse to start under its own name."""
    for member in members:
        validates = member.config.validate_node_names and features_of(member.version).name_validation
        if validates and invalid_name(member.agent):
            path: Path = ("cluster", "config", "validate_node_names")
            if nodes_are_listed:
                path = ("cluster", "nodes", member.index, "name")
            expected = f"letters, digits, '-' and '.', at most {LONGEST_NAME}, because of validate_node_names"
            yield Problem(path, found_expected(f"'{member.agent}'", expected))


def layer_problems(cluster: Cluster) -> Iterator[Problem]:
    """Yield releases of Serf and memberlist that never run together; without Serf any memberlist does."""
    if cluster.protocol == "memberlist":
        return
    none = Group()
    places: list[tuple[Path, Group, Group | Node]] = [(("cluster",), none, none)]
    places += [(("cluster", "groups", name), group, none) for name, group in cluster.groups.items()]
    if not isinstance(cluster.nodes, int):
        placed = group_of_each(cluster)
        places += [
            (("cluster", "nodes", number), cluster.groups.get(placed[number], none), node)
            for number, node in enumerate(cluster.nodes)
            if node.names_serf or node.memberlist
        ]
    for path, group, node in places:
        message = pair_problem(_release(cluster, group, node))
        if message:
            given = (group, node) if path != ("cluster",) else (cluster,)
            key = next((key for key in ("memberlist", "serf") if any(getattr(one, key) for one in given)), "")
            yield Problem((*path, key) if key else path, message)
            return


def _twice(names: Sequence[str]) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for number, name in enumerate(names):
        if seen.setdefault(name, number) != number:
            own, _, address = name.partition("@")
            found = f"'{own}' at {address}, which is nodes[{seen[name]}] too"
            expected = "a name or an `address` of its own"
            yield Problem(("cluster", "nodes", number, "name"), found_expected(found, expected))


def _unknown_groups(cluster: Cluster) -> Iterator[Problem]:
    """Yield groups of nodes that are not declared although others are."""
    if isinstance(cluster.nodes, int):
        return
    names = set(node_names(cluster.nodes))
    for number, node in enumerate(cluster.nodes):
        path = ("cluster", "nodes", number, "group")
        if node.group and cluster.groups and node.group not in cluster.groups:
            yield Problem(path, unknown_name(node.group, "a group", list(cluster.groups)))
        elif node.group in names:
            yield Problem(path, found_expected(f"'{node.group}'", "a name that no node has"))

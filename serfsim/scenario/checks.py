"""Checks of the whole scenario together: names, numbers of nodes, files.

`cross_problems` finds what cannot run; `warnings` finds what can, but is probably not meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from serfsim.protocol.serf.key_queries import NO_KEYRING
from serfsim.protocol.settings import LARGEST_DATAGRAM
from serfsim.scenario.cluster import DEFAULT_POOL, Cluster
from serfsim.scenario.coordinate_checks import coordinate_problems
from serfsim.scenario.entry import MOST_OCCURRENCES, CheckContext, Entry
from serfsim.scenario.figures import pool_of
from serfsim.scenario.keys import has_key, security_problems
from serfsim.scenario.lifetimes import double_use_problems
from serfsim.scenario.needs import need_problems
from serfsim.scenario.patterns import is_pattern
from serfsim.scenario.places import address_problems, node_names
from serfsim.scenario.pools import (
    moves_beside_pools,
    pool_problems,
    pool_rosters,
    rejoin_problems,
    roster_of,
    unknown_pool,
)
from serfsim.scenario.problems import Path, Problem, found_expected, path_text, unknown_name
from serfsim.scenario.rivals import protocol_entry_problems, rival_problems
from serfsim.scenario.roster import (
    Member,
    Roster,
    build_roster,
    group_of_each,
    layer_problems,
    membership_problems,
    name_problems_of,
    protocol_problems,
    words_of_each,
)
from serfsim.scenario.sections import Sections
from serfsim.scenario.selection import name_problems, pair_problems
from serfsim.scenario.settings import SETTINGS, Settings, chosen, overridden
from serfsim.scenario.shared_cores import core_problems
from serfsim.scenario.start import JOIN_WORDS
from serfsim.scenario.topologies import Graph, Grid, Matrix, Measured
from serfsim.scenario.transports import transport_warnings
from serfsim.scenario.units import LARGEST_COUNT, write_duration, write_size
from serfsim.scenario.unused import unused
from serfsim.scenario.workload.keys import Keys
from serfsim.scenario.workload.tags import tags_too_long
from serfsim.scenario.zones import routing_problems, zone_problems, zone_warnings


def cross_problems(scenario: Sections) -> Iterator[Problem]:
    """Every mistake that shows only when the parts are seen together."""
    membership = list(membership_problems(scenario.cluster))
    yield from membership
    yield from _topology_problems(scenario)
    if membership:
        return  # whoever is misnamed there would be misnamed everywhere
    yield from layer_problems(scenario.cluster)
    places = list(address_problems(scenario.cluster, group_of_each(scenario.cluster)))
    yield from places
    names, words = node_names(scenario.cluster.nodes), words_of_each(scenario.cluster)
    zones = list(zone_problems(scenario.cluster, names, words))
    yield from zones
    if places or zones:
        return
    roster = build_roster(scenario.cluster)
    yield from _cluster_problems(scenario.cluster, roster)
    yield from _place_problems(scenario, roster)
    for position, pair in enumerate(scenario.network.loss.pairs):
        yield from pair_problems(pair.between, roster, ("network", "loss", "pairs", position, "between"))
    for position, one in enumerate(scenario.network.jitter.pairs):
        yield from pair_problems(one.between, roster, ("network", "jitter", "pairs", position, "between"))
    pools = pool_rosters(scenario.cluster, roster)
    yield from pool_problems(scenario.cluster, roster)
    yield from moves_beside_pools(scenario.cluster, scenario.faults)
    if pools and scenario.record.packets.startswith("pcap"):
        found = f"{scenario.record.packets} beside cluster.pools"
        expected = (
            "counts; agents of pools have no ports of their own, by which a capture would tell them apart"
        )
        yield Problem(("record", "packets"), found_expected(found, expected))
    if pools and scenario.record.replay:
        expected = "false; a replay shows one cluster, and the agents of pools form several"
        yield Problem(("record", "replay"), found_expected("true beside cluster.pools", expected))
    yield from rejoin_problems(roster.members, roster, partial(_rejoin_path, scenario.cluster))
    for path, entry in _entries(scenario):
        own = roster_of(entry.pool, roster, pools)
        if own is None:
            yield unknown_pool(str(entry.pool), scenario.cluster, (*path, "pool"))
            return
        yield from entry.problems(own, path)
    yield from protocol_entry_problems(scenario.cluster, _entries(scenario))
    yield from rival_problems(scenario.cluster)
    yield from coordinate_problems(scenario.cluster)
    yield from need_problems(scenario.cluster, roster, pools, _entries(scenario))
    yield from _claim_problems(scenario)
    crowded = list(_occurrence_problems(scenario))
    yield from crowded
    if crowded:
        return  # to judge what is sent takes all its times
    yield from double_use_problems(scenario, roster)
    yield from _start_tag_problems(scenario.cluster, roster)
    ends = any(fault.ends_processes for fault in scenario.faults)
    for pool in dict.fromkeys(_pool(entry) for _, entry in _entries(scenario)):
        together = [(path, entry) for path, entry in _entries(scenario) if _pool(entry) == pool]
        members = roster_of(pool, roster, pools) or roster
        yield from _joint_problems(together, CheckContext(members, scenario.duration, ends))


def _cluster_problems(cluster: Cluster, roster: Roster) -> Iterator[Problem]:
    """Yield members that would not start, or not as the cluster says."""
    yield from _start_problems(cluster, roster)
    yield from protocol_problems(roster.members, ("cluster", "config", "protocol_version"))
    yield from security_problems(cluster, roster.members)
    yield from routing_problems(roster.members)
    yield from _packet_problems(roster.members)
    yield from name_problems_of(roster.members, isinstance(cluster.nodes, tuple))
    yield from core_problems(cluster, roster)


def _packet_problems(members: Iterable[Member]) -> Iterator[Problem]:
    """Yield the first member whose datagrams would be larger than datagrams can be."""
    for member in members:
        size = member.config.udp_buffer_size
        if member.config.packet_transport == "udp" and size > LARGEST_DATAGRAM:
            found = f"{write_size(size)} for {member.name}, whose packets are datagrams"
            expected = f"at most {write_size(LARGEST_DATAGRAM)}, or packet_transport: tcp"
            yield Problem(("cluster", "config", "udp_buffer_size"), found_expected(found, expected))
            return


def _rejoin_path(cluster: Cluster, member: Member) -> Path:
    """Return the path of the words whose `rejoin` a member has."""
    if not isinstance(cluster.nodes, int) and cluster.nodes[member.index].rejoin is not None:
        return ("cluster", "nodes", member.index)
    if member.group in cluster.groups and cluster.groups[member.group].rejoin is not None:
        return ("cluster", "groups", member.group)
    return ("cluster",)


def _pool(entry: Entry) -> str:
    return entry.pool or DEFAULT_POOL


def _claim_problems(scenario: Sections) -> Iterator[Problem]:
    """Claims about pools that the cluster does not have."""
    for position, claim in enumerate(scenario.claims):
        pool = pool_of(claim.figure)
        if pool and pool not in scenario.cluster.pools:
            yield unknown_pool(pool, scenario.cluster, ("claims", position))


def _entries(scenario: Sections) -> list[tuple[Path, Entry]]:
    """Faults and workload with their paths."""
    return [
        *((("faults", position), fault) for position, fault in enumerate(scenario.faults)),
        *((("workload", position), work) for position, work in enumerate(scenario.workload)),
    ]


def _topology_problems(scenario: Sections) -> Iterator[Problem]:
    topology = scenario.network.topology
    path: Path = ("network", "topology")
    nodes = scenario.cluster.nodes
    count = nodes if isinstance(nodes, int) else len(nodes)
    if isinstance(topology, (Matrix, Graph)) and topology.file is not None and not topology.file.is_file():
        found = f"'{topology.file}', which is " + ("a folder" if topology.file.is_dir() else "not there")
        yield Problem((*path, "file"), found_expected(found, "a file"))
    if isinstance(topology, Grid) and topology.side is not None and topology.side**2 < count:
        found = f"{topology.side}, room for {topology.side**2} nodes"
        yield Problem((*path, "side"), found_expected(found, f"room for the {count} nodes of the cluster"))


def _place_problems(scenario: Sections, roster: Roster) -> Iterator[Problem]:
    """Unknown names among those with a place, and members without one."""
    topology = scenario.network.topology
    if not isinstance(topology, Measured) or not isinstance(topology.place, Mapping):
        return
    path: Path = ("network", "topology", "place")
    known = [*roster.index, *(group for group in roster.several if group), "rest"]
    for name in topology.place:
        if name not in known:
            yield Problem((*path, name), unknown_name(name, "the name of a node or a group", known))
    left = [m.name for m in roster.members if m.name not in topology.place and m.group not in topology.place]
    if left and "rest" not in topology.place:
        more = f" and {len(left) - 1} others" if len(left) > 1 else ""
        yield Problem(
            path,
            found_expected(
                f"no place for '{left[0]}'{more}",
                "one for every node, for its group, or for rest: everybody else",
            ),
        )


def _occurrence_problems(scenario: Sections) -> Iterator[Problem]:
    """Entries that repeat so often that to list their times alone would fill a machine."""
    left, span = MOST_OCCURRENCES, write_duration(scenario.duration)
    for path, entry in _entries(scenario):
        count = entry.count_occurrences(scenario.duration)
        left -= count
        if left < 0:
            number = str(count) if count < LARGEST_COUNT else f"more than {count}"
            found = f"{number} occurrences in {span}"
            expected = f"at most {MOST_OCCURRENCES} of all entries together"
            yield Problem((*path, "every"), found_expected(found, expected))
            return


def _start_problems(cluster: Cluster, roster: Roster) -> Iterator[Problem]:
    start = cluster.start
    yield from _join_problems(cluster, roster)
    for name in sorted(set(start.settings) & set(chosen(cluster.config))):
        expected = f"the retries of a join either here or in cluster.config.{name}"
        yield Problem(("cluster", "start"), found_expected("both", expected))
    for member in roster.members:
        if start.at is not None and member.start is not None:
            path: Path = ("cluster", "nodes", member.index, "start")
            yield Problem(path, found_expected("`start` beside cluster.start.at", "only one of them"))
    shared = next(iter(roster.shared), None)
    if start.converged and shared is not None:
        found = f"converged with several nodes called '{shared}'"
        expected = "names of their own, or a join: a view has one member of a name"
        yield Problem(("cluster", "start", "converged"), found_expected(found, expected))
    if start.at is not None and len(start.at) != len(roster.members):
        found = f"{len(start.at)} start times"
        yield Problem(
            ("cluster", "start", "at"),
            found_expected(found, f"one for each of the {len(roster.members)} nodes"),
        )


def _join_problems(cluster: Cluster, roster: Roster) -> Iterator[Problem]:
    """Unknown names among those that members join, wherever these are written."""
    given: list[tuple[Path, Any]] = [(("cluster", "start", "join"), cluster.start.join)]
    given += [(("cluster", "groups", name, "join"), group.join) for name, group in cluster.groups.items()]
    if not isinstance(cluster.nodes, int):
        given += [(("cluster", "nodes", k, "join"), node.join) for k, node in enumerate(cluster.nodes)]
    for path, join in given:
        if isinstance(join, tuple):
            for position, name in enumerate(join):
                yield from name_problems(name, roster, (*path, position))
        elif join is not None and is_pattern(join):
            yield from name_problems(join, roster, path)
        elif join is not None and join not in (*JOIN_WORDS, *roster.index, *roster.several):
            words = f"{', '.join(JOIN_WORDS)}, a node or a group"
            yield Problem(path, unknown_name(join, words, [*JOIN_WORDS, *roster.several, *roster.index]))


def _start_tag_problems(cluster: Cluster, roster: Roster) -> Iterator[Problem]:
    """Members whose agents would refuse to start: one for each place where tags are written."""
    seen: set[Path] = set()
    for member in roster.members:
        found = tags_too_long(member, member.tags)
        path = _tags_path(cluster, member)
        if found and path not in seen:
            seen.add(path)
            yield Problem(path, found)


def _tags_path(cluster: Cluster, member: Member) -> Path:
    """Return the path of the tags written nearest to a member."""
    if not isinstance(cluster.nodes, int) and cluster.nodes[member.index].tags:
        return ("cluster", "nodes", member.index, "tags")
    if member.group and member.group in cluster.groups and cluster.groups[member.group].tags:
        return ("cluster", "groups", member.group, "tags")
    return ("cluster", "tags")


def _joint_problems(entries: Sequence[tuple[Path, Entry]], context: CheckContext) -> list[Problem]:
    """Mistakes of entries of one verb together, in the order of the file."""
    found = [
        problem
        for kind in dict.fromkeys(type(entry) for _, entry in entries)
        for problem in kind.joint_problems(
            [(path, entry) for path, entry in entries if type(entry) is kind], context
        )
    ]
    order = {path: number for number, (path, _) in enumerate(entries)}
    return sorted(found, key=lambda problem: order[problem.path[:2]])


def warnings(scenario: Sections) -> list[str]:
    """Sentences about values that are allowed but odd."""
    found = [
        *_config_warnings(scenario.cluster.config, "cluster.config"),
        *(
            warning
            for name, group in scenario.cluster.groups.items()
            if group.config
            for warning in _config_warnings(
                overridden(scenario.cluster.config, group.config), f"cluster.groups.{name}.config"
            )
        ),
    ]
    for path, entry in _entries(scenario):
        if entry.at >= scenario.duration:
            at, end = write_duration(entry.at), write_duration(scenario.duration)
            found.append(f"{path_text(path)}.at: {at} never comes: the run ends at {end}")
        if isinstance(entry, Keys) and not any(has_key(one) for one in scenario.roster().members):
            found.append(f"{path_text(path)}.keys: no member has a key: each answers '{NO_KEYRING}'")
    found += _spread_warnings(scenario.cluster)
    config = scenario.cluster.config
    if config.packet_transport == "udp" and config.udp_buffer_size + 28 > scenario.network.mtu:
        found.append(
            f"cluster.config.udp_buffer_size: datagrams of {config.udp_buffer_size} bytes"
            f" are cut into fragments by network.mtu: {scenario.network.mtu}"
        )
    return [
        *found,
        *transport_warnings(scenario),
        *zone_warnings(scenario.cluster, scenario.roster().members),
        *unused(scenario),
    ]


def _spread_warnings(cluster: Cluster) -> Iterator[str]:
    """Warn where members with complete views probe others before these have started."""
    start, interval = cluster.start, cluster.config.probe_interval
    span = start.spread if start.at is None else max(start.at) - min(start.at)
    if start.converged and 0.0 < interval < span:
        key = "spread" if start.at is None else "at"
        yield (
            f"cluster.start.{key}: members start within {write_duration(span)}, longer than probe_interval"
            f" ({write_duration(interval)}), with complete views: the first suspect those yet to start"
        )


def _config_warnings(config: Settings, path: str) -> Iterator[str]:
    if 0.0 < config.probe_interval <= config.probe_timeout:
        yield (
            f"{path}: probe_timeout ({write_duration(config.probe_timeout)}) is not below probe_interval"
            f" ({write_duration(config.probe_interval)}): rounds end before anybody else is asked"
        )
    for name, setting in SETTINGS.items():
        given = getattr(config, name)
        if setting.floor and 0.0 < given < setting.floor:
            raised = write_duration(setting.floor)
            yield f"{path}.{name}: {write_duration(given)} is too low: the agent raises it to {raised}"

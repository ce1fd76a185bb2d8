"""What can only be judged with the whole scenario in view: names, numbers of nodes, files.

`cross_problems` finds what cannot run; `warnings` finds what can, but is probably not meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from serfsim.base.errors import ScenarioError
from serfsim.protocol.versions import DELEGATE_MIN, Mechanisms
from serfsim.scenario.cluster import Cluster
from serfsim.scenario.faults import Crash, Leave, OnPackets, Partition, Pause, Slow, Upgrade
from serfsim.scenario.problems import Path, Problem, found_expected, path_text, unknown_name
from serfsim.scenario.roster import Member, Roster, build_roster, membership_problems
from serfsim.scenario.settings import AGENT_FLOOR, Settings, chosen, overridden
from serfsim.scenario.timeline import MOST_OCCURRENCES, count_occurrences
from serfsim.scenario.topologies import Graph, Grid, Matrix, Measured
from serfsim.scenario.units import LARGEST_COUNT, write_duration
from serfsim.scenario.workload import ByOne, ForceLeave, Query, SetTags
from serfsim.scenario.workload_checks import size_problems, start_tag_problems, tag_change_problems

if TYPE_CHECKING:
    from serfsim.scenario.model import Scenario


def cross_problems(scenario: Scenario) -> Iterator[Problem]:
    """Every mistake that shows only when the parts are seen together."""
    membership = list(membership_problems(scenario.cluster))
    yield from membership
    yield from _topology_problems(scenario)
    if membership:
        return  # whoever is misnamed there would be misnamed everywhere
    roster = build_roster(scenario.cluster)
    yield from _start_problems(scenario.cluster, roster)
    yield from _protocol_problems(roster.members, ("cluster", "config", "protocol_version"))
    yield from _place_problems(scenario, roster)
    for position, pair in enumerate(scenario.network.loss.pairs):
        yield from _pair_problems(pair.between, roster, ("network", "loss", "pairs", position, "between"))
    for position, fault in enumerate(scenario.faults):
        yield from _fault_problems(fault, roster, ("faults", position))
    for position, work in enumerate(scenario.workload):
        yield from _work_problems(work, roster, ("workload", position))
    crowded = list(_occurrence_problems(scenario))
    yield from crowded
    if crowded:
        return  # to judge what is sent takes all its times
    yield from size_problems(scenario.workload, roster, scenario.duration)
    yield from start_tag_problems(scenario.cluster, roster)
    ends = any(isinstance(fault, (Crash, Leave, Upgrade)) for fault in scenario.faults)
    yield from tag_change_problems(scenario.workload, roster, scenario.duration, ends)


def _topology_problems(scenario: Scenario) -> Iterator[Problem]:
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


def _place_problems(scenario: Scenario, roster: Roster) -> Iterator[Problem]:
    """Who is put somewhere by name must exist, and whoever exists must be put somewhere."""
    topology = scenario.network.topology
    if not isinstance(topology, Measured) or not isinstance(topology.place, Mapping):
        return
    path: Path = ("network", "topology", "place")
    known = [*roster.index, *(group for group in roster.groups if group), "rest"]
    for name in topology.place:
        if name not in known:
            yield Problem((*path, name), unknown_name(name, "the name of a node or a group", known))
    left = [m.name for m in roster.members if m.name not in topology.place and m.group not in topology.place]
    if left and "rest" not in topology.place:
        more = f" and {len(left) - 1} others" if len(left) > 1 else ""
        yield Problem(
            path, found_expected(f"no place for '{left[0]}'{more}", "one for every node, or for its group")
        )


def _occurrence_problems(scenario: Scenario) -> Iterator[Problem]:
    """Entries that repeat so often that to list their times alone would fill a machine."""
    left, span = MOST_OCCURRENCES, write_duration(scenario.duration)
    for section, entries in (("faults", scenario.faults), ("workload", scenario.workload)):
        for position, entry in enumerate(entries):
            count = count_occurrences(entry, scenario.duration)
            left -= count
            if left < 0:
                told = str(count) if count < LARGEST_COUNT else f"more than {count}"
                found = f"{told} occurrences in {span}"
                expected = f"at most {MOST_OCCURRENCES} of all entries together"
                yield Problem((section, position, "every"), found_expected(found, expected))
                return


def _start_problems(cluster: Cluster, roster: Roster) -> Iterator[Problem]:
    start = cluster.start
    if start.join not in ("first", "all", "random") and start.join not in roster.index:
        names = ["first", "all", "random", *roster.index]
        message = unknown_name(start.join, "first, all, random or a node", names)
        yield Problem(("cluster", "start", "join"), message)
    if start.at is not None and len(start.at) != len(roster.members):
        found = f"{len(start.at)} start times"
        yield Problem(
            ("cluster", "start", "at"),
            found_expected(found, f"one for each of the {len(roster.members)} nodes"),
        )


def _protocol_problems(members: Iterable[Member], path: Path) -> Iterator[Problem]:
    """An agent that is to speak a protocol version that its release does not know does not start."""
    for member in members:
        highest = Mechanisms(member.version).delegate_max
        spoken = member.config.protocol_version
        if not DELEGATE_MIN <= spoken <= highest:
            found = f"protocol_version {spoken} for {member.name}, which runs {member.version}"
            yield Problem(path, found_expected(found, f"{DELEGATE_MIN} to {highest}"))
            return


def _fault_problems(fault: Any, roster: Roster, path: Path) -> Iterator[Problem]:
    if isinstance(fault, OnPackets):
        if fault.nodes is not None:
            yield from _selector_problems(fault.nodes, roster, (*path, "nodes"))
        yield from _pair_problems(fault.between or (), roster, (*path, "between"))
    elif isinstance(fault, Partition):
        yield from _partition_problems(fault, roster, (*path, "partition"))
    elif isinstance(fault, Crash):
        yield from _selector_problems(fault.crash, roster, (*path, "crash"))
    elif isinstance(fault, Leave):
        yield from _selector_problems(fault.leave, roster, (*path, "leave"))
    elif isinstance(fault, Pause):
        yield from _selector_problems(fault.pause, roster, (*path, "pause"))
    elif isinstance(fault, Slow):
        yield from _selector_problems(fault.slow.nodes, roster, (*path, "slow", "nodes"))
    elif isinstance(fault, Upgrade):
        yield from _selector_problems(fault.upgrade, roster, (*path, "upgrade"))
        newer = [member.at_release(fault.to) for member in roster.members]
        yield from _protocol_problems(newer, (*path, "to"))


def _work_problems(work: Any, roster: Roster, path: Path) -> Iterator[Problem]:
    if isinstance(work, ByOne) and work.from_ is not None and work.from_ not in roster.index:
        yield Problem((*path, "from"), unknown_name(work.from_, "a node", list(roster.index)))
    if isinstance(work, (Query, SetTags)) and work.nodes is not None:
        yield from _selector_problems(work.nodes, roster, (*path, "nodes"))
    if isinstance(work, ForceLeave):
        yield from _selector_problems(work.force_leave, roster, (*path, "force_leave"))


def _selector_problems(selector: Any, roster: Roster, path: Path) -> Iterator[Problem]:
    if isinstance(selector, int) and selector > len(roster.members):
        expected = f"at most the {len(roster.members)} nodes of the cluster"
        yield Problem(path, found_expected(str(selector), expected))
    if isinstance(selector, tuple):
        for position, name in enumerate(selector):
            yield from _name_problems(name, roster, (*path, position))


def _pair_problems(pairs: tuple[tuple[str, str], ...], roster: Roster, path: Path) -> Iterator[Problem]:
    for position, pair in enumerate(pairs):
        for end, name in enumerate(pair):
            yield from _name_problems(name, roster, (*path, position, end))


def _name_problems(name: str, roster: Roster, path: Path) -> Iterator[Problem]:
    if name not in roster.index and name not in roster.groups:
        yield Problem(path, unknown_name(name, "a node or a group", [*roster.groups, *roster.index]))


def _partition_problems(fault: Partition, roster: Roster, path: Path) -> Iterator[Problem]:
    """Unknown names, and nodes that would be on two sides or twice on one."""
    counted = 0
    seen: dict[int, str] = {}
    for position, side in enumerate(fault.partition):
        if isinstance(side, int):
            counted += side
        if not isinstance(side, tuple):
            continue
        for place, name in enumerate(side):
            unknown = list(_name_problems(name, roster, (*path, position, place)))
            yield from unknown
            for number in () if unknown else roster.named([name]):
                if number in seen:
                    found = f"'{roster.members[number].name}' twice (in {seen[number]} already)"
                    yield Problem((*path, position, place), found_expected(found, "each node at most once"))
                    break
                seen[number] = path_text((*path, position, place))
    if counted + len(seen) > len(roster.members):
        expected = f"at most the {len(roster.members)} nodes of the cluster"
        yield Problem(path, found_expected(f"{counted + len(seen)} nodes on its sides", expected))


def warnings(scenario: Scenario) -> list[str]:
    """What is allowed but odd, a sentence each."""
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
    for section, entries in (("faults", scenario.faults), ("workload", scenario.workload)):
        for position, entry in enumerate(entries):
            if entry.at >= scenario.duration:
                at, end = write_duration(entry.at), write_duration(scenario.duration)
                found.append(f"{section}[{position}].at: {at} never comes: the run ends at {end}")
    config = scenario.cluster.config
    if config.udp_buffer_size + 28 > scenario.network.mtu:
        found.append(
            f"cluster.config.udp_buffer_size: datagrams of {config.udp_buffer_size} bytes"
            f" are cut into fragments by network.mtu: {scenario.network.mtu}"
        )
    found += _unread_settings(scenario.cluster)
    found += _graph_warnings(scenario.network.topology)
    return found


def _unread_settings(cluster: Cluster) -> Iterator[str]:
    """Settings that were changed although nothing reads them."""
    places: dict[str, Mapping[str, Any]] = {"cluster.config": chosen(cluster.config)}
    places.update({f"cluster.groups.{name}.config": group.config for name, group in cluster.groups.items()})
    if isinstance(cluster.nodes, tuple):
        places.update({f"cluster.nodes.{node.name}.config": node.config for node in cluster.nodes})
    for path, config in places.items():
        for name, instead in NOT_MODELLED.items():
            if name in config and config[name] != Settings.model_fields[name].default:
                yield f"{path}.{name}: no simulated member reads this setting; {instead}"


def _graph_warnings(topology: Any) -> Iterator[str]:
    """What a file of links says that no packet will notice."""
    if not isinstance(topology, Graph) or topology.file is None:
        return
    from serfsim.topology.graph import load_graph, unread_attributes

    try:
        graph = load_graph(topology.file, topology.format, topology.weight, topology.directed)
    except ScenarioError:
        return  # whoever builds the topology says so
    unread = unread_attributes(graph, topology.weight, topology.loss)
    if unread:
        yield (
            f"network.topology.file: {topology.file.name} has {', '.join(unread)}, which nothing reads; "
            "network.jitter and network.bandwidth are for all links"
        )


# Settings that no simulated member reads, and what does their work here.
NOT_MODELLED = {
    "bind_port": "members are told apart by address",
    "advertise_port": "members are told apart by address",
    "memberlist_queue_check_interval": "memberlist's queues are looked at with queue_check_interval",
    "validate_node_names": "names are checked by the scenario's own rules",
    "leave_on_terminate": "the fault `leave` leaves, `crash` does not",
    "skip_leave_on_interrupt": "the fault `leave` leaves, `crash` does not",
    "rpc_addr": "`serfsim serve --rpc-addr` has an address",
    "gossip_verify_incoming": "simulated members have no keys",
    "gossip_verify_outgoing": "simulated members have no keys",
}


def _config_warnings(config: Settings, path: str) -> Iterator[str]:
    if 0.0 < config.probe_interval <= config.probe_timeout:
        yield (
            f"{path}: probe_timeout ({write_duration(config.probe_timeout)}) is not below probe_interval"
            f" ({write_duration(config.probe_interval)}): rounds end before anybody else is asked"
        )
    for name in ("broadcast_timeout", "retry_interval"):
        given = getattr(config, name)
        if 0.0 < given < AGENT_FLOOR:
            yield f"{path}.{name}: {write_duration(given)} is too low: the agent raises it to 1s"

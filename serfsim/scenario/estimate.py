"""Cost of a run before it begins: events and memory, to within a factor of a few.

The rates were counted on runs of 30 to 400 nodes, the memory of joins on up to 10,000 nodes and of converged
starts on up to 100,000, including the page that `serfsim run` writes. A run estimated beyond the budget of
events or the available memory is refused, since a typing error in a unit would otherwise fill the machine;
`--allow-large` permits it.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from serfsim.base.errors import ScenarioError
from serfsim.base.memory import allowance
from serfsim.protocol.large import LARGE
from serfsim.rivals.coordinate_table import coordinate_system
from serfsim.scenario.cluster import Cluster
from serfsim.scenario.coordinate_rivals import client_settings
from serfsim.scenario.measured import Measured
from serfsim.scenario.network import GilbertElliott
from serfsim.scenario.patterns import is_pattern, matching
from serfsim.scenario.places import node_names
from serfsim.scenario.pools import PoolRoster, pool_rosters
from serfsim.scenario.problems import found_expected
from serfsim.scenario.roster import build_roster, group_of_each
from serfsim.scenario.sections import Sections
from serfsim.scenario.selection import Selector, share_of
from serfsim.scenario.topologies import RandomRtt
from serfsim.scenario.workload import Query

MOST_EVENTS: Final = 2_000_000_000  # of the queue: an hour or more, compiled

PROBE: Final = 4.5  # events of a probe that is answered
TICK: Final = 0.1  # a gossip tick with nothing to send is a tenth of the work of an event
EXCHANGE: Final = 40.0  # events of a push/pull
JOIN: Final = 300.0  # events of a member until everybody knows it
FAULT: Final = 12.0  # events a node of one occurrence
EVENT: Final = 3.0  # events a node of one user event
QUERY: Final = 6.0  # events a node of one query
JOINING: Final = 150_000.0  # bytes of one member that joins, its share of the messages of all among them
JOINED_VIEW: Final = 45.0  # bytes of what such a member knows of another
VIEW: Final = 350.0  # bytes of what a member knows of another where few have views of their own
MEMBER: Final = 20_000.0  # bytes of one member of a converged start, without what it knows of others
CONVERGED_VIEW: Final = 4.0  # bytes of what such a member knows of another, in a cluster that is not LARGE
FAULTED: Final = (
    120_000.0  # bytes of one member, its share of the messages among them, where there are faults
)
GOSSIPING: Final = 6000.0  # bytes of one member that has something to tell, in a LARGE one
ACCUSATION: Final = 4.0  # bytes a pair and second of faults that make one of them accuse the other
CHANGE: Final = (
    500.0  # bytes of what it knows of one that changes, in a LARGE one; its share of tables with it
)
SECOND: Final = 1500.0  # bytes of the counts of one second
PROCESS: Final = 2000.0  # bytes of an occurrence that waits for its time
ROW: Final = 200.0  # bytes of a row of a table, while it is made
SAMPLE: Final = 30.0  # bytes of one number of a coordinate, while its table is made
INTERPRETER: Final = 185e6  # bytes of the program and its libraries
# What to change, by what takes the most.
MEMBERS: Final = "have fewer nodes, or have fewer of them fail"
JOINED: Final = "have fewer nodes, or write `start: {converged: true}`"
TIME: Final = "simulate less time or fewer nodes"
ACCUSED: Final = "have fewer nodes, or shorten the faults"
HAPPENING: Final = "repeat faults and workload more seldom"
SAMPLES: Final = "record coordinates more seldom, or not at all"
SETTLES_S: Final = 240.0  # `warm_up: settled`, which is simulated twice


class Estimate(NamedTuple):
    """Of one run. `events` of the queue, `memory` in bytes; `remedy`: what to change to need less."""

    events: float
    memory: float
    remedy: str

    def is_within(self, memory: float) -> bool:
        return self.events <= MOST_EVENTS and self.memory <= memory

    def __str__(self) -> str:
        return _amount(self.events, self.memory)


def _sample_width(cluster: Cluster, configs: list[dict[str, Any]], n: int) -> int:
    """Return how many numbers a sample of one member's coordinates has, of the vector alone."""
    own = {"dimensionality": max(config["dimensionality"] for config in configs), **client_settings(cluster)}
    return coordinate_system(cluster.coordinates).width(own, n)


def estimate(scenario: Sections) -> Estimate:
    """Estimate the cost of one run of a scenario."""
    cluster, nodes = scenario.cluster, scenario.cluster.nodes
    n = nodes if isinstance(nodes, int) else len(nodes)
    start = cluster.start
    before = max((-at for at in start.at), default=0.0) if start.at is not None else start.spread
    warm_up = SETTLES_S if isinstance(scenario.warm_up, str) else scenario.warm_up
    seconds = max(before, 0.0) + warm_up + scenario.duration
    configs = [dict(vars(cluster.config)), *_overridden(cluster)]
    rate = max(_rate(config) for config in configs)
    events = n * (seconds * rate + JOIN)
    memory = {MEMBERS: INTERPRETER + _views(scenario, n) + _pairs(scenario, n), TIME: SECOND * seconds}
    memory[ACCUSED] = ACCUSATION * n * _accused_seconds(scenario, n)
    buffers = max(8.0 * (config["event_buffer"] + config["query_buffer"]) for config in configs)
    memory[MEMBERS] += n * buffers
    happening = 0.0
    for fault in scenario.faults:
        happens = fault.count_occurrences(scenario.duration)
        events += happens * FAULT * n * fault.cost(n)
        happening += happens * (PROCESS + ROW * n)
    for work in scenario.workload:
        happens = work.count_occurrences(scenario.duration)
        events += happens * (QUERY if isinstance(work, Query) else EVENT) * n
        happening += happens * ROW * n
    memory[HAPPENING] = happening
    if scenario.record.coordinates is not None:
        samples = n * seconds / scenario.record.coordinates
        events += TICK * samples
        memory[SAMPLES] = samples * (_sample_width(cluster, configs, n) + 4) * SAMPLE
    remedy = TIME if events > MOST_EVENTS else max(memory, key=lambda part: memory[part])
    if remedy == MEMBERS and not start.converged:
        remedy = JOINED
    events += _pool_events(scenario, seconds)
    memory[MEMBERS] += JOINING * sum(len(pool.members) for pool in _pools(scenario).values())
    return Estimate(events, sum(memory.values()), remedy)


def _pools(scenario: Sections) -> dict[str, PoolRoster]:
    return pool_rosters(scenario.cluster, build_roster(scenario.cluster)) if scenario.cluster.pools else {}


def _pool_events(scenario: Sections, seconds: float) -> float:
    """Events of the agents of all pools."""
    return sum(
        seconds * _rate(dict(vars(member.config))) + JOIN + FAULT * len(scenario.faults)
        for pool in _pools(scenario).values()
        for member in pool.members
    )


def _views(scenario: Sections, n: int) -> float:
    """Bytes of what all members know of each other."""
    if not scenario.cluster.start.converged:
        return JOINING * n + JOINED_VIEW * n * n
    group_of = group_of_each(scenario.cluster)
    anew, changed = 0.0, float(len(scenario.workload))
    for fault in scenario.faults:
        # The others may come to hold all of these for dead.
        count = _size(fault.selector, scenario, group_of) * fault.count_occurrences(scenario.duration)
        changed += count
        if fault.restarts():
            anew += count  # it starts again with a view of its own
    if n > LARGE:
        views = CHANGE * n * min(changed, n) + (GOSSIPING * n if changed else 0.0)
    else:
        views = CONVERGED_VIEW * n * n + (FAULTED * n if scenario.faults else 0.0)
    return MEMBER * n + views + VIEW * n * min(anew, n)


def _accused_seconds(scenario: Sections, n: int) -> float:
    """Seconds of members that are accused again and again while they are up; 0 in a LARGE cluster."""
    if n > LARGE:
        return 0.0
    udp = scenario.network.loss.udp
    found = scenario.duration * n * udp if isinstance(udp, float) else 0.0
    group_of = group_of_each(scenario.cluster)
    for fault in scenario.faults:
        if not fault.ends_processes:  # a member that is down is suspected once
            left = max(0.0, scenario.duration - fault.at)
            end = fault.end_of(fault.at)
            each = left if end is None else min(left, end - fault.at)
            spent = min(left, each * fault.count_occurrences(scenario.duration))
            found += _size(fault.selector, scenario, group_of) * spent
    return min(found, n * scenario.duration)


def _size(selector: Selector, scenario: Sections, group_of: list[str]) -> int:
    """Return the number of members that a selector picks, or more where its names overlap."""
    if isinstance(selector, int):
        return selector
    if isinstance(selector, tuple):
        names = [name for name in selector if not is_pattern(name)]
        found = sum(group_of.count(name) or 1 for name in names)
        for pattern in set(selector).difference(names):
            found += len(matching(pattern, [*node_names(scenario.cluster.nodes), *group_of]))
        return min(found, len(group_of))
    return len(group_of) if selector == "all" else share_of(selector, len(group_of))


def _overridden(cluster: Any) -> list[dict[str, Any]]:
    """Return the settings of groups and nodes that override the cluster's."""
    base = dict(vars(cluster.config))
    own = [group.config for group in cluster.groups.values() if group.config]
    if not isinstance(cluster.nodes, int):
        own += [node.config for node in cluster.nodes if node.config]
    return [{**base, **config} for config in own]


def _rate(config: dict[str, Any]) -> float:
    """Events a second of one node."""

    def each(interval: float) -> float:
        return 1.0 / interval if interval > 0.0 else 0.0

    ticks = each(config["gossip_interval"]) + sum(
        each(config[name]) for name in ("reap_interval", "reconnect_interval", "queue_check_interval")
    )
    probes = PROBE * each(config["probe_interval"])
    return probes + TICK * ticks + EXCHANGE * each(config["push_pull_interval"])


def _pairs(scenario: Sections, n: int) -> float:
    """Bytes of what is kept for every pair of nodes beside their views."""
    topology, loss = scenario.network.topology, scenario.network.loss
    bytes_each = 24.0 if isinstance(topology, (Measured, RandomRtt)) else 0.0
    losses = [loss, *loss.pairs, *(added for fault in scenario.faults for added in fault.losses)]
    chains = [one for each in losses for one in (each.udp, each.tcp)]
    bytes_each += sum(isinstance(one, GilbertElliott) for one in chains) + (4.0 if loss.pairs else 0.0)
    return bytes_each * n * n


def _amount(events: float, memory: float) -> str:
    return f"{_count(events)} events and {memory / 2**30:.3g} GiB"


def _count(events: float) -> str:
    for size, word in ((1e9, "billion"), (1e6, "million")):
        if events >= size:
            return f"{events / size:.3g} {word}"
    return f"{events:.0f}"


def refuse_large(scenario: Sections, label: str, *, allowed: bool = False, at_once: int = 1) -> None:
    """Raise ScenarioError where a run is estimated beyond the budget, unless that is `allowed`.

    `at_once`: so many such runs share this machine's memory.
    """
    if allowed:
        return
    found = estimate(scenario)
    memory, whose = allowance()
    if found.is_within(memory / at_once):
        return
    remedy = found.remedy
    if found.is_within(memory):
        remedy = "run fewer at once (--workers)"
    each = f" each, {at_once} of them at once" if at_once > 1 else ""
    expected = f"at most {_amount(MOST_EVENTS, memory / at_once)} ({whose}{each}): {remedy}"
    lifted = "--allow-large of run, sweep, tune, serve and validate lifts this"
    raise ScenarioError(f"{label}: {found_expected(f'a run of some {found}', expected)}; {lifted}")

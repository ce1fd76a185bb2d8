"""Construction of jitter, loss, network and hosts from a scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from serfsim.engine.queue import EventQueue
from serfsim.engine.streams import stream
from serfsim.engine.trace import Trace
from serfsim.network import loss as losses
from serfsim.network.core import Core
from serfsim.network.host import Host
from serfsim.network.jitter import Jitter, JitterByPair, SumOfJitters
from serfsim.network.link import BY_TARGET, Link
from serfsim.network.network import Network
from serfsim.network.rules import ALL, Effect, Rule
from serfsim.network.scheduler import Scheduler
from serfsim.protocol.serf.zones import NO_ZONE
from serfsim.scenario.jitter import JitterModel
from serfsim.scenario.model import Scenario
from serfsim.scenario.network import NetworkLoss, loss_sampler
from serfsim.scenario.pools import PoolRoster
from serfsim.scenario.roster import Roster
from serfsim.scenario.shared_cores import shared_cores
from serfsim.simulation.truth import TrueRtt
from serfsim.topology import build_topology
from serfsim.topology.topology import Topology


def topology_of(scenario: Scenario, roster: Roster, seed: int) -> Topology:
    """Return the topology of a run with this seed. Raises SerfsimError if it cannot be built."""
    names = [member.name for member in roster.members]
    groups = [member.group for member in roster.members]
    rng = stream(seed, "topology")
    return build_topology(scenario.network.topology, len(names), rng, names, Path(), groups)


def network_loss(loss: NetworkLoss, transport: str, roster: Roster) -> losses.Loss:
    """Return the loss of `transport` ("udp" or "tcp") everywhere, with the exceptions for pairs."""
    hosts = len(roster.members)
    everywhere = loss_sampler(getattr(loss, transport), hosts)
    if not loss.pairs:
        return everywhere
    by_pair = losses.LossByPair(everywhere, hosts)
    for pair in loss.pairs:
        model = loss_sampler(getattr(pair, transport), hosts)
        for a, b in map(roster.pair, pair.between):
            by_pair.set(a, b, model)
            if not pair.one_way:
                by_pair.set(b, a, model)
    return by_pair


def jitter_by_pair(scenario: Scenario, roster: Roster) -> JitterByPair | None:
    """Return the network's jitter with the exceptions for members and pairs; None where there are none."""
    words = scenario.network.jitter
    own: dict[Jitter, list[int]] = {}  # of members' links, one sampler for those who are set alike
    samplers: list[tuple[JitterModel, Jitter]] = []
    for member in roster.members:
        if member.jitter is not None:
            known = next((made for model, made in samplers if model == member.jitter), None)
            if known is None:
                known = member.jitter.sampler()
                samplers.append((member.jitter, known))
            own.setdefault(known, []).append(member.index)
    if not words.pairs and not own:
        return None
    by_pair = JitterByPair(words.sampler(), len(roster.members))
    _set_links(by_pair, own, len(roster.members))
    for pair in words.pairs:
        model = pair.jitter.sampler()
        for a, b in map(roster.pair, pair.between):
            by_pair.set(a, b, model)
            if not pair.one_way:
                by_pair.set(b, a, model)
    return by_pair


def _set_links(by_pair: JitterByPair, own: Mapping[Jitter, Sequence[int]], hosts: int) -> None:
    """Give packets the jitter of their members' own links, and of both where both have one."""
    with_own = {member for members in own.values() for member in members}
    others = [host for host in range(hosts) if host not in with_own]
    for jitter, members in own.items():
        by_pair.set(list(members), others, jitter)
        by_pair.set(others, list(members), jitter)
        for another, ends in own.items():
            by_pair.set(list(members), list(ends), SumOfJitters(jitter, another))


def true_rtt(scenario: Scenario, topology: Topology, roster: Roster) -> TrueRtt:
    """Return what a perfect probe would measure in a scenario, without running it."""
    jitter = scenario.network.jitter.sampler()
    return TrueRtt(topology, jitter, roster, scenario.duration, jitter_by_pair(scenario, roster))


def limit_links(roster: Roster, network: Network) -> None:
    """Limit the links of the members that are given a bandwidth."""
    hosts = len(roster.members)
    everybody = list(range(hosts))
    alike: dict[float, list[int]] = {}
    for member in roster.members:
        if member.bandwidth is not None:
            alike.setdefault(member.bandwidth, []).append(member.index)
            network.limit_uplink(member.index, member.bandwidth)
    for bandwidth, members in alike.items():
        downlinks = Effect(link=Link(bandwidth, hosts, BY_TARGET))
        network.rules.add([Rule(downlinks, ALL, hosts, everybody, members)])


def share_cores(scenario: Scenario, roster: Roster, network: Network) -> None:
    """Put members on the cores that they share."""
    for shared in shared_cores(scenario.cluster, roster):
        core = Core(shared.send)
        for number in shared.members:
            network.hosts[number].core = core


def all_losses(words: NetworkLoss, transport: str, roster: Roster, topology: Topology) -> losses.Loss:
    """Return the loss of `transport` by the scenario and by the links of its topology."""
    loss = network_loss(words, transport, roster)
    if topology.loss is None:
        return loss
    return topology.loss if isinstance(loss, losses.NoLoss) else losses.EitherLoss(topology.loss, loss)


def build_network(
    scenario: Scenario, roster: Roster, topology: Topology, queue: EventQueue, trace: Trace, seed: int
) -> Network:
    """Build the network with all its hosts, still without processes."""
    words = scenario.network
    network = Network(
        queue,
        trace,
        topology.latency,
        len(roster.members),
        words.jitter.sampler(),
        all_losses(words.loss, "udp", roster, topology),
        all_losses(words.loss, "tcp", roster, topology),
        words.bandwidth or 0.0,
        words.mtu,
    )
    _set_up(network, scenario, roster, seed, "")
    limit_links(roster, network)
    share_cores(scenario, roster, network)
    zones = zone_numbers(roster)
    if max(zones, default=NO_ZONE) > NO_ZONE:
        network.set_zones(zones)
    by_pair = jitter_by_pair(scenario, roster)
    if by_pair is not None:
        network.set_jitter_by_pair(by_pair)
    return network


def zone_numbers(roster: Roster) -> list[int]:
    """Return the number of each member's zone in the order of their first members, NO_ZONE for none."""
    numbers: dict[str, int] = {}
    return [
        numbers.setdefault(member.zone, len(numbers)) if member.zone else NO_ZONE for member in roster.members
    ]


def build_pool_network(
    scenario: Scenario,
    roster: PoolRoster,
    cluster: Network,
    scheduler: Scheduler,
    trace: Trace,
    seed: int,
    name: str,
    turn: int,
) -> Network:
    """Build the network of a pool upon that of the cluster, with all its hosts, still without processes.

    `turn`: the pool's number in the rules.
    """
    network = Network(
        scheduler,
        trace,
        cluster.latency,
        len(roster.members),
        cluster.jitter,
        cluster.udp_loss,
        cluster.tcp_loss,
        cluster.bandwidth,
        cluster.mtu,
    )
    _set_up(network, scenario, roster, seed, f"{name}/")
    network.stand_on(cluster, roster.places, turn)
    return network


def _set_up(network: Network, scenario: Scenario, roster: Roster, seed: int, prefix: str) -> None:
    """Set TCP as the scenario says, and bring in the hosts. `prefix`: of their random streams' names."""
    words = scenario.network
    network.tcp.mss = words.tcp.mss
    network.tcp.rto_min = words.tcp.rto_min
    network.tcp.linear_syn_retries = words.tcp.syn_retries == "linear"
    for member in roster.members:
        host = Host(
            network,
            member.index,
            stream(seed, f"{prefix}{member.name}/loss"),
            stream(seed, f"{prefix}{member.name}/jitter"),
            stream(seed, f"{prefix}{member.name}/tcp"),
            member.processing_delay,
            words.socket_buffer,
        )
        host.listener.push_pull_time = scenario.cluster.push_pull_time
        host.listener.push_pull_time_per_byte = scenario.cluster.push_pull_time_per_kb / 1000
        network.add_host(host)

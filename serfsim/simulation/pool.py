"""One pool of a run: the agents of some hosts that form a cluster beside the cluster's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from serfsim.checks import Observed, observe
from serfsim.engine.trace import Trace
from serfsim.network.pools import PoolScheduler
from serfsim.network.rules import RulesOfPool
from serfsim.results.scoring.recording import Floats, Recording
from serfsim.results.scoring.recording import TrueRtt as Rtt
from serfsim.scenario.pools import PoolRoster
from serfsim.simulation import recorder
from serfsim.simulation.agents import Agents
from serfsim.simulation.build import build_pool_network
from serfsim.simulation.placement import Placement
from serfsim.simulation.sampling import CoordinateSampler, QueueSampler
from serfsim.simulation.truth import TruthKeeper

if TYPE_CHECKING:
    from serfsim.engine.queue import EventQueue
    from serfsim.scenario.model import Scenario
    from serfsim.simulation.controls import SimulationControls
    from serfsim.simulation.simulation import Simulation


class PoolRun:
    """The agents of a pool and what is recorded of them; members go by their numbers in the pool.

    `turn` is the pool's number in the network's rules, `first` that of its first host in the event queue.
    """

    controls: SimulationControls

    def __init__(self, sim: Simulation, name: str, roster: PoolRoster, turn: int, first: int) -> None:
        self.name = name
        self.roster = roster
        self.turn = turn
        self.trace = Trace(sim.origin, len(roster.members), sim.queue)
        self.truth = TruthKeeper(len(roster.members))
        scheduler = PoolScheduler(sim.queue, first)
        self.network = build_pool_network(
            sim.scenario, roster, sim.network, scheduler, self.trace, sim.seed, name, turn
        )
        self.trace.has_zones = len(self.network.zones) > 0
        self.agents = Agents(
            roster,
            self.network,
            Placement(roster, self.network, sim.origin),
            self.trace,
            self.truth,
            sim.seed,
            sim.origin,
            sim.code.node_class,
            sim.agents.parts,
            f"{name}/",
            sim.agents.kind,
        )
        self.events = recorder.EventRows(self.trace)
        self.rules = RulesOfPool(sim.network.rules, turn)

    def observed(self, scenario: Scenario, queue: EventQueue) -> Observed:
        """Return the pool as the checkers of invariants see it."""
        return observe(scenario, self.agents, self.network, self.trace, queue, self.name)

    def sample(self, sim: Simulation, coordinates: float | None, queues: float) -> None:
        """Sample coordinates and queues during the run, at intervals in seconds."""
        self.sampler = CoordinateSampler(sim.env, self.agents, coordinates)
        self.queue_sampler = QueueSampler(sim.env, self.agents, queues)
        sim.process(self.sampler.process())
        sim.process(self.queue_sampler.process())

    def start(self, place: int, now: float, *, converged: bool) -> None:
        """Start the agent on a host of the cluster, if that has one."""
        number = self.roster.numbers.get(place)
        if number is not None:
            self.agents.start(number, now, converged=converged)

    def join(self, place: int, now: float) -> None:
        """Have the agent on a host join, if that has one."""
        number = self.roster.numbers.get(place)
        if number is not None:
            self.agents.join(number, now)

    def recording(self, whole: Recording, origin: float, events_processed: int) -> Recording:
        """End the run; return what was recorded of the pool. `whole`: of the cluster's own agents."""
        end = whole.duration if whole.interrupted_at is None else whole.interrupted_at
        self.trace.close(end + origin)
        self.truth.close(end, self.agents.placement.reach)
        places, positions = self.roster.places, whole.truth.positions
        return replace(
            whole,
            truth=self.truth.truth(
                RttInPool(whole.truth.rtt, places),
                None if positions is None else positions[places],
                whole.truth.rtt_changes,
            ),
            events_processed=events_processed,
            **recorder.recorded(
                self.agents,
                self.events,
                self.sampler.samples(),
                self.queue_sampler.samples(),
                self.queue_sampler.lost_broadcasts(),
            ),
        )


class RttInPool:
    """The true round-trip times between the members of a pool, from those between all hosts."""

    def __init__(self, rtt: Rtt, places: list[int]) -> None:
        self.rtt = rtt
        self.places = places

    def __call__(self, node: int, t: float | None = None) -> Floats:
        return self.rtt(self.places[node], t)[self.places]

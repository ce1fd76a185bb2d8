"""The run of one scenario with one seed.

    sim = Simulation(scenario, seed=1)
    sim.process(my_experiment(sim))      # a SimPy process of your own
    result = sim.run()

Time is the scenario's clock, in seconds: 0 is the end of the warm-up, the join is at -warm_up, and the
earliest node starts a little before that.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import simpy

from serfsim.base.errors import SerfsimError
from serfsim.checks import RunChecks, observe
from serfsim.engine.environment import ClusterEnvironment, no_garbage_collection
from serfsim.engine.queue import EventQueue
from serfsim.engine.streams import stream
from serfsim.engine.trace import Trace, Watch
from serfsim.network.network import Network
from serfsim.network.pools import PoolDispatcher
from serfsim.network.scheduler import Dispatcher
from serfsim.protocol import events
from serfsim.protocol.serf.node import SerfNode
from serfsim.results.run_result import RunResult
from serfsim.results.scoring.recording import Recording
from serfsim.scenario.model import Scenario
from serfsim.scenario.pools import pool_rosters
from serfsim.scenario.problems import listed
from serfsim.scenario.protocol_parts import PartClasses, protocol_parts
from serfsim.simulation import recorder
from serfsim.simulation.agents import Agents
from serfsim.simulation.build import build_network, topology_of
from serfsim.simulation.controls import SimulationControls
from serfsim.simulation.kinds import kind_of
from serfsim.simulation.own_code import Figures, OwnCode
from serfsim.simulation.packets import record_packets
from serfsim.simulation.placement import Placement
from serfsim.simulation.pool import PoolRun
from serfsim.simulation.rejoining import rejoin_again_and_again
from serfsim.simulation.sampling import CoordinateSampler, QueueSampler
from serfsim.simulation.settling import warm_up_of
from serfsim.simulation.timeline import FaultRunner, RunningFault, WorkloadRunner
from serfsim.simulation.truth import TrueRtt, TruthKeeper

if TYPE_CHECKING:
    from serfsim.capture import CaptureFile

Progress = Callable[[float], None]
CHECK = "SERFSIM_CHECK"  # 1: every simulation that does not say otherwise is checked
QUEUES_EVERY_S = 5.0  # if coordinates are not sampled


class Simulation:
    """A simulation of one scenario with one seed.

    `env` is the SimPy environment; `nodes[i]` is the machine of member i, None while it is down.

    `seed` replaces the scenario's own. If the scenario records packets, `capture` is the file that they
    are written to during the run, and a table of them is written beside it; the result keeps both.
    `node_class`, a subclass of SerfNode, makes the machines of a variant of the protocol; `parts` replaces
    single parts of it, by name, by classes or import paths `"module:Class"` (see `scenario.protocol_parts`);
    `figures` are functions of a result, each a figure `own.NAME`. All three add to what the scenario's `code`
    names. The summary names them under `versions`. With `check` the rules of `serfsim.checks` hold, or the
    result lists their `violations`; None stands for the environment variable SERFSIM_CHECK. Raises
    SerfsimError for a topology that cannot be built, and for parts that replace nothing.
    """

    result_class: ClassVar[type[RunResult]] = RunResult
    checks_class: ClassVar[type[RunChecks]] = RunChecks

    def __init__(
        self,
        scenario: Scenario,
        seed: int | None = None,
        capture: Path | None = None,
        *,
        node_class: type[SerfNode] = SerfNode,
        parts: PartClasses | None = None,
        figures: Figures = (),
        check: bool | None = None,
    ) -> None:
        if seed is not None and seed != scenario.seed:
            # The scenario stored with the result must reproduce the same digest.
            scenario = scenario.with_settings({"seed": seed})
        self.scenario = scenario
        self.code = OwnCode(scenario, node_class, parts, figures)
        self.parts = self.code.parts
        self.seed = scenario.seed
        self.roster = scenario.roster()
        names = [member.name for member in self.roster.members]
        self.topology = topology_of(scenario, self.roster, self.seed)
        starts = self._starts()
        self.join_at = max(0.0, -min(starts))  # the first node starts at engine time 0
        self.warm_up = warm_up_of(
            scenario, lambda alone: Simulation(alone, node_class=self.code.node_class, parts=self.parts)
        )
        self.origin: float = self.join_at + self.warm_up
        self.queue: EventQueue = EventQueue()
        self.truth = TruthKeeper(len(names))
        self.trace = Trace(self.origin, len(names), self.queue)
        self.network: Network = build_network(
            scenario, self.roster, self.topology, self.queue, self.trace, self.seed
        )
        self.trace.has_zones = len(self.network.zones) > 0
        kind = kind_of(scenario.cluster)
        self.agents: Agents = Agents(
            self.roster,
            self.network,
            Placement(self.roster, self.network, self.origin, scenario.cluster.groups),
            self.trace,
            self.truth,
            self.seed,
            self.origin,
            self.code.node_class,
            protocol_parts({**kind.parts(), **self.parts}),
            kind=kind,
        )
        self.capture = self._begin_capture(capture)
        self.packets = record_packets(scenario, self.network, names, self.origin, capture)
        self.pools: dict[str, PoolRun] = {}
        self._dispatcher: PoolDispatcher | None = None
        self.env: ClusterEnvironment = ClusterEnvironment(
            self.queue, self._with_pools(), self.origin, self._on_slice, self._on_stop
        )
        self.sampler = CoordinateSampler(self.env, self.agents, scenario.record.coordinates)
        self.queue_sampler = QueueSampler(
            self.env, self.agents, scenario.record.coordinates or QUEUES_EVERY_S
        )
        self._waits: list[tuple[Trace, Watch, simpy.Event]] = []
        self._progress: Progress = lambda fraction: None
        self.event_rows = recorder.EventRows(self.trace)
        self._take_events: Callable[[], None] = lambda: None  # a caller that drives `env` reads the trace
        self._result: RunResult | None = None
        self.process(self._start_everybody(starts))
        self.process(self.sampler.process())
        self.process(self.queue_sampler.process())
        self.process(self._follow_latency())
        controls = SimulationControls(self.env, self.network, self.agents, self.truth, self.until)
        for pool in self.pools.values():
            pool.sample(self, scenario.record.coordinates, self.queue_sampler.interval)
            until = partial(self._until, pool.trace)
            pool.controls = SimulationControls(self.env, pool.network, pool.agents, pool.truth, until)
            self._rejoin_periodically(pool.agents, pool.controls)
        self._rejoin_periodically(self.agents, controls)
        self.faults = FaultRunner(scenario, controls, self.pools)
        self.faults.schedule()
        self.workload = WorkloadRunner(scenario, controls, self.pools)
        self.workload.schedule()
        self.checks = self._begin_checks(check)

    def __repr__(self) -> str:
        scenario, seed = self.scenario.name, self.seed
        state = "has run" if self._result is not None else f"at {self.now:g} s of {self.scenario.duration:g}"
        return f"<Simulation of {scenario}, seed {seed}: {len(self.roster.members)} nodes, {state}>"

    # For experiments -----------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """Seconds since the end of the warm-up."""
        return float(self.env.now)

    @property
    def nodes(self) -> list[Any]:
        """The machines by node index; None for one that is down."""
        return list(self.agents.nodes)

    def process(self, generator: Iterator[Any]) -> simpy.Process:
        """Run a generator as a SimPy process, from now on.

        It yields events to wait for: `sim.timeout(5.0)`, `sim.until_failed("node-03")`, another process. Time
        begins before the warm-up; to begin at its end, yield `sim.env.timeout_at(0.0)` first.
        """
        return self.env.process(generator)  # type: ignore[arg-type]

    def timeout(self, seconds: float) -> simpy.Event:
        """Return a SimPy event that fires in this many seconds."""
        return self.env.timeout(seconds)

    def until(self, event: int, *, observer: int = -1, subject: int = -1) -> simpy.Event:
        """Return a SimPy event for the next event of a kind (`protocol.events`).

        `observer` and `subject` are node indices; -1 stands for any.
        """
        return self._until(self.trace, event, observer=observer, subject=subject)

    def _until(self, trace: Trace, event: int, *, observer: int = -1, subject: int = -1) -> simpy.Event:
        """Return a SimPy event for the next event of a kind in a pool."""
        watch = Watch(event, observer, subject)
        happened = self.env.event()
        trace.watches.append(watch)
        self._waits.append((trace, watch, happened))
        return happened

    def until_failed(self, name: str, *, observer: str | None = None) -> simpy.Event:
        """Return a SimPy event for the next failed event about a member, at one observer or at any."""
        return self._until_about(events.FAILED, name, observer)

    def until_joined(self, name: str, *, observer: str | None = None) -> simpy.Event:
        """Return a SimPy event for the next join event about a member, at one observer or at any."""
        return self._until_about(events.JOIN, name, observer)

    def _until_about(self, event: int, name: str, observer: str | None) -> simpy.Event:
        who = -1 if observer is None else self.node_index(observer)
        return self.until(event, observer=who, subject=self.node_index(name))

    def node_index(self, name: str) -> int:
        """Return the index of a member. Raises SerfsimError for an unknown name, or one that several have."""
        if name in self.roster.index:
            return self.roster.index[name]
        several = [self.roster.members[number].name for number in self.roster.shared.get(name, ())]
        if several:
            raise SerfsimError(
                f"found '{name}', which {len(several)} nodes are called; expected {listed(several)}"
            )
        raise SerfsimError(f"found '{name}'; expected the name of a node")

    def begin(self, fault: Mapping[str, Any]) -> RunningFault:
        """Begin a fault now; `.end()` undoes it.

        `fault` is written as in a scenario file, without `at`: `{"block": "udp", "nodes": ["node-03"]}`;
        with `for`, `until` or `restart` it ends by itself. Like any fault it is part of the truth. Raises
        ScenarioProblems, a SerfsimError, as a scenario file would.
        """
        return self.faults.begin(fault)

    def _begin_checks(self, check: bool | None) -> RunChecks | None:
        """Have the run observed if it is to be checked; None: as the environment variable says."""
        if not (os.environ.get(CHECK) == "1" if check is None else check):
            return None
        own = observe(self.scenario, self.agents, self.network, self.trace, self.queue)
        pools = [pool.observed(self.scenario, self.queue) for pool in self.pools.values()]
        return self.checks_class([own, *pools], self.env)

    # The run -------------------------------------------------------------------------------------

    def run_until(self, at: float) -> None:
        """Run to a time, in seconds since the end of the warm-up; `run` goes on from there."""
        self._take_events = self.event_rows.take
        with no_garbage_collection(), self.code.in_force():
            try:
                self.env.run(until=at)
            except Exception as error:
                raise self.code.blamed(error) from error

    def run(self, progress: Progress | None = None) -> RunResult:
        """Run to the end and score. On KeyboardInterrupt, the result covers the time before.

        `progress` is called repeatedly with the fraction done, 0 to 1.
        """
        if self._result is not None:
            raise SerfsimError("this simulation has already run; create another one")
        if progress is not None:
            self._progress = progress
        with no_garbage_collection(), self.code.in_force():
            recording = self._record_run()
            pools = {
                name: self.result_class.from_recording(
                    self.scenario,
                    pool.recording(recording, self.origin, self._events_of_pool(pool.turn)),
                    seed=self.seed,
                    pool=name,
                )
                for name, pool in self.pools.items()
            }
            self._result = self.result_class.from_recording(
                self.scenario,
                recording,
                seed=self.seed,
                claims=self.scenario.check_claims,
                pools=pools,
                own=self.code.measured if self.code.figures else None,
            )
        self._result.capture = self.capture
        self._result.packets = None if self.packets is None else self.packets.file
        if self.checks is not None:
            of_pools = [pool.recording for pool in pools.values() if pool.recording is not None]
            self._result.keep_violations(self.checks.finish([recording, *of_pools]))
        # The scenario alone does not reproduce this digest.
        self._result.summary["versions"] |= {**self.agents.kind.versions(), **self.code.versions()}
        return self._result

    def run_whole(self, progress: Progress | None = None) -> RunResult:
        """Run to the end and score, or not at all: KeyboardInterrupt passes through."""
        result = self.run(progress)
        if not result.summary["complete"]:
            raise KeyboardInterrupt
        return result

    def _record_run(self) -> Recording:
        wall, cpu = time.perf_counter(), time.process_time()
        interrupted_at = None
        self._take_events = self.event_rows.take
        try:
            self.env.run_from_start(self.scenario.duration)
            self._progress(1.0)
        except KeyboardInterrupt:
            interrupted_at = self.env.catch_up()
        except Exception as error:
            raise self.code.blamed(error) from error
        if self.capture is not None:
            self.network.capture = None
            self.capture.close()
        if self.packets is not None:
            self.packets.close()
        for sampler in (self.sampler, *(pool.sampler for pool in self.pools.values())):
            sampler.take()
        return self._recording(time.perf_counter() - wall, time.process_time() - cpu, interrupted_at)

    def _recording(self, wall_s: float, cpu_s: float, interrupted_at: float | None) -> Recording:
        end = self.scenario.duration if interrupted_at is None else interrupted_at
        self.trace.close(end + self.origin)
        self.truth.close(end, self.agents.placement.reach)
        rtt = TrueRtt(self.topology, self.network.jitter, self.roster, end, self.network.jitter_by_pair)
        return Recording(
            warm_up=self.warm_up,
            duration=self.scenario.duration,
            truth=self.truth.truth(rtt, self.topology.positions, self.truth.rtt_changes),
            events_processed=self._events_of_pool(0),
            wall_s=wall_s,
            cpu_s=cpu_s,
            interrupted_at=interrupted_at,
            converged_start=self.scenario.cluster.start.converged,
            **recorder.recorded(
                self.agents,
                self.event_rows,
                self.sampler.samples(),
                self.queue_sampler.samples(),
                self.queue_sampler.lost_broadcasts(),
            ),
        )

    def _events_of_pool(self, turn: int) -> int:
        """Return the number of events handled in a pool, 0 for the cluster's own agents."""
        return (
            int(self.queue.events_processed) if self._dispatcher is None else self._dispatcher.handled[turn]
        )

    def _rejoin_periodically(self, agents: Agents, controls: SimulationControls) -> None:
        """Have the members that do so join again and again, from the start of each process on."""
        if any(member.rejoin is not None for member in agents.roster.members):
            agents.started = lambda number: self._begin_rejoins(agents, controls, number)

    def _begin_rejoins(self, agents: Agents, controls: SimulationControls, number: int) -> None:
        if agents.roster.members[number].rejoin is not None:
            self.process(rejoin_again_and_again(agents, controls, number))

    def _with_pools(self) -> Dispatcher:
        """Build the pools; return what hands events to the hosts of all."""
        rosters = pool_rosters(self.scenario.cluster, self.roster)
        if not rosters:
            return self.network
        self._dispatcher = dispatcher = PoolDispatcher(self.network)
        self.queue.dispatch_cancelled_too()
        first = len(self.roster.members)
        for turn, (name, roster) in enumerate(rosters.items(), 1):
            self.pools[name] = pool = PoolRun(self, name, roster, turn, first)
            dispatcher.add(pool.network, first)
            first += len(roster.members)
        return dispatcher

    def _begin_capture(self, path: Path | None) -> CaptureFile | None:
        if not self.scenario.record.packets.startswith("pcap"):
            return None
        # start-up: it imports cryptography
        from serfsim.capture import FORMATS, PacketCapture

        file = FORMATS[self.scenario.record.packets](path)
        names = [member.name for member in self.roster.members]
        self.network.capture = PacketCapture(file, self.agents.directory, self.network, names, self.origin)
        return file

    # Internal processes --------------------------------------------------------------------------

    def _starts(self) -> list[float]:
        """Return the start time of each node, in seconds from the join."""
        start = self.scenario.cluster.start
        if start.at is not None:
            return list(start.at)
        rng = stream(self.seed, "starts/spread")
        spread = [-start.spread * rng.random() for _ in self.roster.members]
        return [
            at if member.start is None else member.start
            for at, member in zip(spread, self.roster.members, strict=True)
        ]

    def _start_everybody(self, starts: list[float]) -> Iterator[Any]:
        converged = self.scenario.cluster.start.converged
        order = sorted(range(len(starts)), key=lambda number: (starts[number], number))
        early = [number for number in order if starts[number] <= 0.0]
        for number in early:
            yield from self._start(number, starts[number], converged)
        if not converged:
            yield self.env.timeout_at(-self.warm_up)
            for number in sorted(early):
                self._join(number)
        for number in order[len(early) :]:
            yield from self._start(number, starts[number], converged)
            if not converged:
                self._join(number)

    def _join(self, number: int) -> None:
        """Have the agents on a host join."""
        self.agents.join(number, self.env.engine_now)
        for pool in self.pools.values():
            pool.join(number, self.env.engine_now)

    def _start(self, number: int, start: float, converged: bool) -> Iterator[Any]:
        at = start - self.warm_up
        if at > self.now:
            yield self.env.timeout_at(at)
        self.agents.start(number, self.env.engine_now, converged=converged)
        for pool in self.pools.values():
            pool.start(number, self.env.engine_now, converged=converged)

    def _follow_latency(self) -> Iterator[Any]:
        """Apply time-dependent latencies as their times come."""
        latency = self.topology.latency
        upcoming = latency.advance(self.now)
        while upcoming < self.scenario.duration:
            yield self.env.timeout_at(upcoming)
            self.truth.rtt_changes.append(upcoming)
            upcoming = latency.advance(upcoming)

    def _on_slice(self) -> None:
        self._take_events()
        if self.packets is not None:
            self.packets.take()
        for pool in self.pools.values():
            pool.events.take()
        self._progress(min(1.0, self.queue.now / (self.origin + self.scenario.duration)))

    def _on_stop(self) -> None:
        """Trigger the SimPy events of the watches that fired."""
        seen = [wait for wait in self._waits if wait[1].seen_at >= 0.0]
        self._waits = [wait for wait in self._waits if wait[1].seen_at < 0.0]
        for trace in (self.trace, *(pool.trace for pool in self.pools.values())):
            trace.watches = [watch for own, watch, _ in self._waits if own is trace]
        for _, watch, happened in seen:
            happened.succeed(watch.seen_at - self.origin)

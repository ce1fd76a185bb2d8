"""Execution of a scenario's faults and workload: each entry is a SimPy process.

A fault may begin and end repeatedly; simultaneous faults each undo only their own changes. Random
members of an entry are drawn once for all its occurrences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any

from serfsim.base.errors import SerfsimError
from serfsim.engine.streams import stream
from serfsim.native import Random
from serfsim.network.rules import RuleSet, RulesOfPool
from serfsim.scenario.faults import Fault, Undo, nothing
from serfsim.scenario.model import Scenario
from serfsim.scenario.workload import Work
from serfsim.simulation.controls import SimulationControls

if TYPE_CHECKING:
    from serfsim.simulation.pool import PoolRun


class RunningFault:
    """A fault in force since `began`. It ends once: by `end`, after its duration, or with the run."""

    def __init__(self, undo: Undo, began: float) -> None:
        self._undo = undo
        self.began = began
        self.is_over = False

    def end(self) -> None:
        """Undo the fault; do nothing if that has happened."""
        undo, self._undo = self._undo, nothing
        self.is_over = True
        undo()


class FaultRunner:
    """The faults of one simulation.

    `latest` is the latest occurrence of each fault that has begun, by its place in the scenario's list.
    """

    def __init__(
        self, scenario: Scenario, controls: SimulationControls, pools: Mapping[str, PoolRun] | None = None
    ) -> None:
        self.scenario = scenario
        self.controls = controls
        self.pools = pools or {}
        self.latest: dict[int, RunningFault] = {}
        self._begun = 0

    def schedule(self) -> None:
        """Start a process for every occurrence of every fault."""
        for position, fault in enumerate(self.scenario.faults):
            begin = self._prepare(fault, f"faults/{position}")
            for start, end in fault.occurrences(self.scenario.duration):
                self.controls.process(self._occurrence(position, begin, start, end))

    def strike(self, position: int, fault: Fault) -> None:
        """Begin a fault now as if the scenario had scheduled it, at this place of its list."""
        self._go(position, self._prepare(fault, f"faults/{position}"), fault.end_of(self.controls.now))

    def begin(self, given: Mapping[str, Any]) -> RunningFault:
        """Begin an unscheduled fault now; each draws its members from its own stream."""
        # Validated as part of a scenario, like any other: verbs, units, names of nodes.
        (fault,) = self.scenario.again({**self.scenario.given(), "faults": [given]}).faults
        for word in ("at", "every", "times"):
            if word in fault.model_fields_set:
                raise SerfsimError(f"found a fault with `{word}`; expected none, since it begins now")
        self._begun += 1
        begin = self._prepare(fault, f"faults/begun/{self._begun}")
        return self._go(-self._begun, begin, fault.end_of(self.controls.now))

    def _go(self, position: int, begin: Callable[[], Undo], end: float | None) -> RunningFault:
        running = self.latest[position] = RunningFault(begin(), self.controls.now)
        if end is not None:
            self.controls.process(self._end(running, end))
        return running

    def _end(self, running: RunningFault, at: float) -> Iterator[Any]:
        yield self.controls.timeout_at(at)
        running.end()

    def _occurrence(
        self, position: int, begin: Callable[[], Undo], start: float, end: float | None
    ) -> Iterator[Any]:
        yield self.controls.timeout_at(start)
        running = self.latest[position] = RunningFault(begin(), start)
        if end is not None:
            yield from self._end(running, end)

    def _prepare(self, fault: Fault, name: str) -> Callable[[], Undo]:
        """Draw the members of a fault; return the function that begins an occurrence."""
        strikes = self._strikes(fault, stream(self.scenario.seed, name))

        def begin() -> Undo:
            undos = [strike() for strike in strikes]

            def end() -> None:
                for undo in undos:
                    undo()

            return end

        return begin

    def _strikes(self, fault: Fault, random: Random) -> list[Callable[[], Undo]]:
        """Return what begins a fault in the cluster and in each pool that it concerns."""
        pool = self.pools.get(fault.pool or "")
        if pool is not None:
            prepared = fault.prepare(pool.roster, random)
            if not fault.on_packets:
                return [_strike(fault, prepared, pool.controls)]
            places = dict(enumerate(pool.roster.places))
            network = self._confined(pool.rules)
            on_network = partial(fault.begin, network, fault.renumbered(prepared, places))
            return [_strike(fault, prepared, pool.controls, on_network)]
        prepared = fault.prepare(self.controls.roster, random)
        if fault.pool is not None:
            act: Callable[[], Undo] | None = None
            if fault.on_packets and self.pools:
                own = RulesOfPool(self.controls.rules, 0)
                act = partial(fault.begin, self._confined(own), prepared)
            return [_strike(fault, prepared, self.controls, act)]
        strikes = [_strike(fault, prepared, self.controls)]
        for pool in self.pools.values():
            own_members = fault.renumbered(prepared, pool.roster.numbers)
            if own_members is not None:
                # A rule of the cluster's network holds for every pool.
                act = _no_act if fault.on_packets else None
                strikes.append(_strike(fault, own_members, pool.controls, act))
        return strikes

    def _confined(self, rules: RuleSet) -> SimulationControls:
        """Return the cluster's controls, with rules that concern one pool."""
        controls = copy(self.controls)
        controls.rules = rules
        return controls


def _no_act() -> Undo:
    return nothing


def _strike(
    fault: Fault, prepared: Any, controls: SimulationControls, act: Callable[[], Undo] | None = None
) -> Callable[[], Undo]:
    """Return what begins a fault, by `act` or by its own, and marks the members of one pool meanwhile."""
    unhealthy, cuts = fault.unhealthy(prepared), fault.cuts(prepared)

    def begin() -> Undo:
        cut = controls.fault_began(unhealthy, cuts)
        undo = fault.begin(controls, prepared) if act is None else act()

        def end() -> None:
            undo()
            controls.fault_ended(unhealthy, cut)

        return end

    return begin


class WorkloadRunner:
    """The workload of one simulation."""

    def __init__(
        self, scenario: Scenario, controls: SimulationControls, pools: Mapping[str, PoolRun] | None = None
    ) -> None:
        self.scenario = scenario
        self.controls = controls
        self.pools = pools or {}

    def schedule(self) -> None:
        """Start a process for every entry."""
        for position, work in enumerate(self.scenario.workload):
            self.controls.process(self._entry(work, self._prepare(position, work)))

    def act(self, position: int, work: Work) -> None:
        """Have members do this now as if the scenario had scheduled it, at this place of its list."""
        self._prepare(position, work)()

    def _prepare(self, position: int, work: Work) -> Callable[[], None]:
        """Draw the members that do it; return the function that has them do it."""
        pool = self.pools.get(work.pool or "")
        controls = self.controls if pool is None else pool.controls
        work.register(controls)
        random = stream(self.scenario.seed, f"workload/{position}")
        doers = work.doers(controls.roster, random)
        prepared = work.prepare(controls.roster, random)

        def act() -> None:
            for node in doers:
                if controls.hosts[node].paused:
                    controls.process(self._later(controls, work, node, prepared))
                else:
                    self._do(controls, work, node, prepared)

        return act

    def _entry(self, work: Work, act: Callable[[], None]) -> Iterator[Any]:
        for start, _ in work.occurrences(self.scenario.duration):
            yield self.controls.timeout_at(start)
            act()

    def _later(self, controls: SimulationControls, work: Work, node: int, prepared: Any) -> Iterator[Any]:
        life = controls.lives[node]
        yield controls.until_resumed(node)
        if controls.lives[node] == life:
            self._do(controls, work, node, prepared)

    def _do(self, controls: SimulationControls, work: Work, node: int, prepared: Any) -> None:
        machine = controls.machines[node]
        if machine is not None:
            work.act(controls, machine, prepared)

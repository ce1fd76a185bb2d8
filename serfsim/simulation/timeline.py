"""Execution of a scenario's faults and workload: each entry is a SimPy process.

A fault may begin and end repeatedly; simultaneous faults each undo only their own changes. Random
members of an entry are drawn once for all its occurrences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from serfsim.base.errors import SerfsimError
from serfsim.engine.streams import stream
from serfsim.scenario.faults import Fault, Undo, nothing
from serfsim.scenario.model import Scenario
from serfsim.scenario.workload import Work
from serfsim.simulation.controls import SimulationControls


class RunningFault:
    """A fault begun by an experiment. It ends once: by `end`, after its duration, or with the run."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo

    def end(self) -> None:
        """Undo the fault; do nothing if that has happened."""
        undo, self._undo = self._undo, nothing
        undo()


class FaultRunner:
    """The faults of one simulation."""

    def __init__(self, scenario: Scenario, controls: SimulationControls) -> None:
        self.scenario = scenario
        self.controls = controls
        self._begun = 0

    def schedule(self) -> None:
        """Start a process for every occurrence of every fault."""
        for position, fault in enumerate(self.scenario.faults):
            begin = self._prepare(fault, f"faults/{position}")
            for start, end in fault.occurrences(self.scenario.duration):
                self.controls.process(self._occurrence(begin, start, end))

    def begin(self, given: Mapping[str, Any]) -> RunningFault:
        """Begin an unscheduled fault now; each draws its members from its own stream."""
        # Validated as part of a scenario, like any other: verbs, units, names of nodes.
        (fault,) = self.scenario.again({**self.scenario.given(), "faults": [given]}).faults
        for word in ("at", "every", "times"):
            if word in fault.model_fields_set:
                raise SerfsimError(f"found a fault with `{word}`; expected none, since it begins now")
        self._begun += 1
        running = RunningFault(self._prepare(fault, f"faults/begun/{self._begun}")())
        end = fault.end_of(self.controls.now)
        if end is not None:
            self.controls.process(self._end(running, end))
        return running

    def _end(self, running: RunningFault, at: float) -> Iterator[Any]:
        yield self.controls.timeout_at(at)
        running.end()

    def _occurrence(self, begin: Callable[[], Undo], start: float, end: float | None) -> Iterator[Any]:
        yield self.controls.timeout_at(start)
        undo = begin()
        if end is not None:
            yield self.controls.timeout_at(end)
            undo()

    def _prepare(self, fault: Fault, name: str) -> Callable[[], Undo]:
        """Draw the members of a fault; return the function that begins an occurrence."""
        controls = self.controls
        prepared = fault.prepare(controls.roster, stream(self.scenario.seed, name))
        unhealthy, cuts = fault.unhealthy(prepared), fault.cuts(prepared)

        def begin() -> Undo:
            cut = controls.fault_began(unhealthy, cuts)
            undo = fault.begin(controls, prepared)

            def end() -> None:
                undo()
                controls.fault_ended(unhealthy, cut)

            return end

        return begin


class WorkloadRunner:
    """The workload of one simulation."""

    def __init__(self, scenario: Scenario, controls: SimulationControls) -> None:
        self.scenario = scenario
        self.controls = controls

    def schedule(self) -> None:
        """Start a process for every entry."""
        for position, work in enumerate(self.scenario.workload):
            work.register(self.controls)
            random = stream(self.scenario.seed, f"workload/{position}")
            doers = work.doers(self.controls.roster, random)
            prepared = work.prepare(self.controls.roster, random)
            self.controls.process(self._entry(work, doers, prepared))

    def _entry(self, work: Work, doers: list[int], prepared: Any) -> Iterator[Any]:
        for start, _ in work.occurrences(self.scenario.duration):
            yield self.controls.timeout_at(start)
            for node in doers:
                if self.controls.hosts[node].paused:
                    self.controls.process(self._later(work, node, prepared))
                else:
                    self._do(work, node, prepared)

    def _later(self, work: Work, node: int, prepared: Any) -> Iterator[Any]:
        life = self.controls.lives[node]
        yield self.controls.until_resumed(node)
        if self.controls.lives[node] == life:
            self._do(work, node, prepared)

    def _do(self, work: Work, node: int, prepared: Any) -> None:
        machine = self.controls.machines[node]
        if machine is not None:
            work.act(self.controls, machine, prepared)

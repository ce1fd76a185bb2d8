"""Carrying out the faults of a scenario: each is a SimPy process that begins and ends it, again and again.

    fault                     begins                                   ends
    block, partition          rules that drop                          the rules are removed
    loss, latency             rules that lose, or add latency          the rules are removed
    pause                     the host stands still                    it goes on
    slow                      another processing delay                 the one before
    crash                     the process dies                         a new one starts and joins
    leave                     the member leaves, then its process ends a new one starts and joins
    upgrade                   each node's process dies, in turn        never: each starts anew by itself

Every fault undoes only its own: a host under two pauses goes on when both are over, and of several
processing delays the one given last holds. Whom a fault hits is drawn once for all its occurrences.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import simpy

from serfsim.base.errors import SerfsimError
from serfsim.engine.streams import stream
from serfsim.network import rules
from serfsim.network.rules import Effect
from serfsim.protocol import events, log_lines
from serfsim.scenario import faults as words
from serfsim.scenario.selection import select, sides
from serfsim.scenario.timeline import occurrences
from serfsim.simulation.build import loss_of

if TYPE_CHECKING:
    from serfsim.simulation.simulation import Simulation

TRANSPORTS = {"udp": rules.UDP, "tcp": rules.TCP, "all": rules.ALL}

Undo = Callable[[], None]
Sides = list[tuple[list[int], list[int]]]


def nothing() -> None:
    """What undoes a fault that ends by itself."""


class Absence:
    """Who has gone by one occurrence of a leave, and whether the time to come back is over."""

    def __init__(self) -> None:
        self.gone: list[int] = []
        self.is_over = False


class RunningFault:
    """A fault that an experiment began. It ends once: by `end`, when its time is over, or with the run."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo

    def end(self) -> None:
        """Undo it; nothing where that is done already."""
        undo, self._undo = self._undo, nothing
        undo()


class FaultRunner:
    """Begins and ends the faults of one simulation."""

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim
        self.network = sim.network
        self.truth = sim.truth
        self.hosts = range(len(sim.network.hosts))
        # How many pauses stop each process: (host, epoch).
        self._pauses: Counter[tuple[int, int]] = Counter()
        self._resumptions: dict[int, simpy.Event] = {}
        # The processing delays of each host that hold beside each other, the last given last.
        self._delays = [{0: host.processing_delay} for host in sim.network.hosts]
        self._slowings = 0
        self._begun = 0

    def schedule(self) -> None:
        """Make a process of every occurrence of every fault."""
        for position, fault in enumerate(self.sim.scenario.faults):
            begin = self._prepared(fault, stream(self.sim.seed, f"faults/{position}"))
            for start, end in occurrences(fault, self.sim.scenario.duration):
                self.sim.process(self._occurrence(begin, start, end))

    def begin(self, words: Mapping[str, Any]) -> RunningFault:
        """Begin a fault now that no timeline has; each draws whom it hits from a stream of its own."""
        scenario = self.sim.scenario
        # As part of a scenario it is checked like any other: verbs, units, names of nodes.
        (fault,) = type(scenario)(**{**scenario.given(), "faults": [words]}).faults
        for word in ("at", "every", "times"):
            if word in fault.model_fields_set:
                raise SerfsimError(f"found a fault with `{word}`; expected one without: it begins now")
        self._begun += 1
        running = RunningFault(self._prepared(fault, stream(self.sim.seed, f"faults/begun/{self._begun}"))())
        end = fault.end_of(self.sim.now)
        if end is not None:
            self.sim.process(self._end(running, end))
        return running

    def _end(self, running: RunningFault, at: float) -> Iterator[Any]:
        yield self.sim.env.timeout_at(at)
        running.end()

    def _occurrence(self, begin: Callable[[], Undo], start: float, end: float | None) -> Iterator[Any]:
        yield self.sim.env.timeout_at(start)
        undo = begin()
        if end is not None:
            yield self.sim.env.timeout_at(end)
            undo()

    def _prepared(self, fault: Any, rng: Any) -> Callable[[], Undo]:
        """What begins an occurrence and returns what ends it; whom it hits is settled now."""
        roster = self.sim.roster
        if isinstance(fault, words.Partition):
            return self._partition(fault, sides(fault.partition, roster, rng))
        if isinstance(fault, words.OnPackets):
            return self._on_packets(fault, rng)
        if isinstance(fault, words.Pause):
            return self._pausing(select(fault.pause, roster, rng))
        if isinstance(fault, words.Slow):
            return self._slowing(select(fault.slow.nodes, roster, rng), fault.slow.processing_delay)
        if isinstance(fault, words.Crash):
            return self._crashing(select(fault.crash, roster, rng))
        if isinstance(fault, words.Upgrade):
            return self._upgrading(fault, select(fault.upgrade, roster, rng))
        return self._leaving(select(fault.leave, roster, rng))

    # Packets -------------------------------------------------------------------------------------

    def _on_packets(self, fault: words.OnPackets, rng: Any) -> Callable[[], Undo]:
        ways: Sides
        if fault.between is None:
            touched = select(fault.selector, self.sim.roster, rng)
            both = fault.direction == "both"
            everybody = list(self.hosts)
            ways = [(touched, everybody)] if fault.direction == "out" else [(everybody, touched)]
        else:
            both = not fault.one_way
            ways = [(self.sim.roster.named([a]), self.sim.roster.named([b])) for a, b in fault.between]
            touched = sorted({node for pair in ways for side in pair for node in side})
        # One rule for both ways, one effect for all rules: however a packet is covered, it is lost or
        # delayed once.
        pairs = ways + [(b, a) for a, b in ways] if both else ways

        def begin() -> Undo:
            made = [
                self.network.rules.add(
                    [rules.Rule(effect, transport, len(self.hosts), a, b, both) for a, b in ways]
                )
                for effect, transport in self._effects(fault)
            ]
            cuts = []
            if isinstance(fault, words.Block):
                cuts.append(self.truth.cut(self.sim.now, pairs, fault.block))
            return self._undoing_rules(made, cuts, touched)

        return begin

    def _effects(self, fault: words.OnPackets) -> list[tuple[Effect, int]]:
        """What the fault does, by transport; a chain of losses begins anew with every occurrence."""
        if isinstance(fault, words.Block):
            return [(Effect(), TRANSPORTS[fault.block])]
        if isinstance(fault, words.AddedLatency):
            return [(Effect(None, fault.latency.add), rules.ALL)]
        assert isinstance(fault, words.AddedLoss)
        udp, tcp = fault.loss.udp, fault.loss.tcp
        models = [(loss_of(udp, len(self.hosts)), rules.UDP), (loss_of(tcp, len(self.hosts)), rules.TCP)]
        return [
            (Effect(model), transport)
            for (model, transport), given in zip(models, (udp, tcp), strict=True)
            if given != 0.0
        ]

    def _partition(self, fault: words.Partition, parts: list[list[int]]) -> Callable[[], Undo]:
        if fault.one_way:
            pairs = [(parts[0], parts[1])]
        else:
            pairs = [(a, b) for a in parts for b in parts if a is not b]
        touched = sorted(node for part in parts for node in part)

        def begin() -> Undo:
            handle = self.network.rules.partition(parts, fault.one_way)
            return self._undoing_rules([handle], [self.truth.cut(self.sim.now, pairs, "all")], touched)

        return begin

    def _undoing_rules(self, handles: list[int], cuts: list[Any], touched: list[int]) -> Undo:
        """The rules are in force, so the nodes are under a fault; what ends that."""
        self.truth.fault_began(self.sim.now, touched)

        def undo() -> None:
            for handle in handles:
                self.network.rules.remove(handle)
            for cut in cuts:
                cut.end = self.sim.now
            self.truth.fault_ended(self.sim.now, touched)

        return undo

    # Processes -----------------------------------------------------------------------------------

    def _pausing(self, nodes: list[int]) -> Callable[[], Undo]:
        hosts = self.network.hosts

        def begin() -> Undo:
            self.truth.fault_began(self.sim.now, nodes)
            stopped = [(node, int(hosts[node].epoch)) for node in nodes if hosts[node].running]
            for node, epoch in stopped:
                self._pauses[node, epoch] += 1
                hosts[node].pause()
            return lambda: end(stopped)

        def end(stopped: list[tuple[int, int]]) -> None:
            for node, epoch in stopped:
                self._pauses[node, epoch] -= 1
                # A process that died meanwhile takes its pauses with it.
                if hosts[node].epoch == epoch and self._pauses[node, epoch] == 0:
                    self._resume(node)
            self.truth.fault_ended(self.sim.now, nodes)

        return begin

    def _resume(self, node: int) -> None:
        self.network.hosts[node].resume(self.sim.env.engine_now)
        waiting = self._resumptions.pop(node, None)
        if waiting is not None:
            waiting.succeed()

    def _slowing(self, nodes: list[int], delay: float) -> Callable[[], Undo]:
        def begin() -> Undo:
            self.truth.fault_began(self.sim.now, nodes)
            self._slowings += 1
            turn = self._slowings
            for node in nodes:
                self._delays[node][turn] = delay
                self.network.hosts[node].set_processing_delay(delay)
            return lambda: end(turn)

        def end(turn: int) -> None:
            for node in nodes:
                del self._delays[node][turn]
                self.network.hosts[node].set_processing_delay(list(self._delays[node].values())[-1])
            self.truth.fault_ended(self.sim.now, nodes)

        return begin

    def _crashing(self, nodes: list[int]) -> Callable[[], Undo]:
        def begin() -> Undo:
            died = [node for node in nodes if self._die(node)]
            for node in died:
                self.truth.crashes.append((self.sim.now, node))
            return lambda: self._restart(died)

        return begin

    def _die(self, node: int) -> bool:
        if not self.sim.agents.end(node, self.sim.env.engine_now):
            return False
        self.truth.fault_began(self.sim.now, [node])
        return True

    def _restart(self, nodes: list[int]) -> None:
        now = self.sim.env.engine_now
        for node in nodes:
            if self.sim.agents.nodes[node] is None:
                self.sim.agents.start(node, now)
                self.sim.agents.join(node, now)
                self.truth.fault_ended(self.sim.now, [node])

    def _upgrading(self, fault: words.Upgrade, nodes: list[int]) -> Callable[[], Undo]:
        def begin() -> Undo:
            for turn, node in enumerate(nodes):
                self.sim.process(self._upgrade(node, fault, turn * fault.apart))
            return nothing

        return begin

    def _upgrade(self, node: int, fault: words.Upgrade, delay: float) -> Iterator[Any]:
        """One that is down already only finds the new release when it comes back."""
        yield self.sim.timeout(delay)
        died = self._die(node)
        self.sim.agents.install(node, fault.to, self.sim.env.engine_now)
        if died:
            yield self.sim.timeout(fault.restart)
            self._restart([node])

    def _leaving(self, nodes: list[int]) -> Callable[[], Undo]:
        def begin() -> Undo:
            absence = Absence()
            for node in nodes:
                if self.sim.agents.nodes[node] is not None:
                    self.sim.process(self._leave(node, absence))
            return lambda: self._come_back(absence)

        return begin

    def _come_back(self, absence: Absence) -> None:
        absence.is_over = True
        self._restart(absence.gone)

    def until_resumed(self, node: int) -> simpy.Event:
        """A SimPy event for the moment when a paused process goes on."""
        return self._resumptions.setdefault(node, self.sim.env.event())

    def _leave(self, node: int, absence: Absence) -> Iterator[Any]:
        """The agent leaves, once it runs, and ends its process when its leave is told."""
        life = self.sim.agents.lives[node]
        if self.network.hosts[node].paused:
            yield self.until_resumed(node)
        machine = self.sim.agents.nodes[node]
        if machine is None or self.sim.agents.lives[node] != life:
            return
        told = self.sim.until(events.LEAVE_DONE, observer=node)
        self.truth.leaves.append((self.sim.now, node))
        machine.core.log(self.sim.env.engine_now, log_lines.LEAVING, -1)
        machine.leave(self.sim.env.engine_now)
        yield told
        if self.sim.agents.lives[node] != life or self.sim.agents.nodes[node] is not machine:
            return
        machine.core.log(self.sim.env.engine_now, log_lines.SHUTTING_DOWN, -1)
        machine.shut_down(self.sim.env.engine_now)
        machine.core.log(self.sim.env.engine_now, log_lines.SHUT_DOWN, -1)
        self._die(node)
        absence.gone.append(node)
        if absence.is_over:
            self._restart([node])

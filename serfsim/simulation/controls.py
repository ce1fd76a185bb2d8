"""The controls (`scenario.controls`) by which faults and workload act on one simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import simpy

from serfsim.engine.environment import ClusterEnvironment
from serfsim.network.network import Network
from serfsim.protocol.serf.node import SerfNode
from serfsim.scenario.controls import Controls, NewAddress
from serfsim.simulation.agents import Agents
from serfsim.simulation.truth import Cut, TruthKeeper

Shared = TypeVar("Shared")


class SimulationControls(Controls):
    """The controls of one simulation, which report every change relevant to scoring to the truth keeper."""

    def __init__(
        self,
        env: ClusterEnvironment,
        network: Network,
        agents: Agents,
        truth: TruthKeeper,
        until: Callable[..., simpy.Event],
    ) -> None:
        self.env = env
        self.agents = agents
        self.truth = truth
        self.roster = agents.roster
        self.hosts = network.hosts
        self.rules = network.rules
        self.answers = agents.answers
        self._until = until
        self._resumptions: dict[int, simpy.Event] = {}
        self._withdrawn: set[int] = set()  # have left, and their process went on
        self._shared: dict[object, object] = {}

    # Time ----------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        return float(self.env.now)

    @property
    def engine_now(self) -> float:
        return self.env.engine_now

    def now_at(self, node: int) -> float:
        return float(self.hosts[node].read_clock(self.engine_now))

    def process(self, generator: Iterator[Any]) -> simpy.Process:
        return self.env.process(generator)  # type: ignore[arg-type]

    def timeout(self, seconds: float) -> simpy.Event:
        return self.env.timeout(seconds)

    def timeout_at(self, t: float) -> simpy.Event:
        """Return a SimPy event that fires at a time on the scenario's clock."""
        return self.env.timeout_at(t)

    def until(self, event: int, *, observer: int = -1, subject: int = -1) -> simpy.Event:
        return self._until(event, observer=observer, subject=subject)

    # Members -------------------------------------------------------------------------------------

    @property
    def machines(self) -> Sequence[SerfNode | None]:
        return self.agents.nodes

    @property
    def lives(self) -> Sequence[int]:
        return self.agents.lives

    def kill(self, node: int, *, host: bool = False) -> bool:
        if not self.agents.end(node, self.engine_now, host=host):
            return False
        if node not in self._withdrawn:
            self.truth.fault_began(self.now, [node])
        return True

    def withdraw(self, node: int) -> None:
        if node not in self._withdrawn:
            self._withdrawn.add(node)
            self.truth.went_down(self.now, node)
            self.truth.fault_began(self.now, [node])

    def number_of(self, machine: SerfNode) -> int:
        return self.agents.number_of(machine)

    def contacts(self, node: int, members: Sequence[int]) -> list[int]:
        return self.agents.placement.contacts(node, members)

    def restart(
        self,
        nodes: Sequence[int],
        tags: dict[str, str] | None = None,
        snapshot: bytes | None = None,
        addresses: Mapping[int, NewAddress] | None = None,
    ) -> None:
        for node in nodes:
            if self.agents.nodes[node] is None and node not in self.roster.absent:
                self._withdrawn.discard(node)
                if addresses and node in addresses:
                    self.agents.place(node, addresses[node])
                self.agents.configure(node, tags, snapshot)
                self.agents.start(node, self.engine_now)
                self.agents.join(node, self.engine_now)
                self.truth.fault_ended(self.now, [node])

    def release(self, node: int) -> str:
        return self.agents.members[node].version

    def install(self, node: int, release: str) -> None:
        self.agents.install(node, release, self.engine_now)

    def reconfigure(
        self, node: int, config: dict[str, Any], keyring: tuple[str, ...] | None, label: str | None
    ) -> None:
        self.agents.reconfigure(node, config, keyring, label)

    def resume(self, node: int) -> None:
        self.hosts[node].resume(self.engine_now)
        self._gone_on(node)

    def thaw(self, node: int) -> None:
        self.hosts[node].thaw(self.engine_now)
        self._gone_on(node)

    def _gone_on(self, node: int) -> None:
        waiting = None if self.hosts[node].paused else self._resumptions.pop(node, None)
        if waiting is not None:
            waiting.succeed()

    def until_resumed(self, node: int) -> simpy.Event:
        return self._resumptions.setdefault(node, self.env.event())

    def set_tags(self, node: int, tags: dict[str, str], delete: Sequence[str]) -> str:
        return self.agents.set_tags(node, tags, tuple(delete), self.engine_now)

    # Truth ---------------------------------------------------------------------------------------

    def record_crash(self, node: int) -> None:
        if node not in self._withdrawn:
            self.truth.crashes.append((self.now, node))

    def record_leave(self, node: int) -> None:
        self.truth.leaves.append((self.now, node))

    def record_anomaly(self, node: int) -> None:
        self.truth.anomalies.append((self.now, node))

    def fault_began(
        self, nodes: list[int], cuts: tuple[list[tuple[list[int], list[int]]], str] | None
    ) -> Cut | None:
        """Record members as under a fault from now on, and the packets it blocks."""
        self.truth.fault_began(self.now, nodes)
        return None if cuts is None else self.truth.cut(self.now, *cuts)

    def fault_ended(self, nodes: list[int], cut: Cut | None) -> None:
        """Record the end of that fault."""
        self.truth.fault_ended(self.now, nodes)
        if cut is not None:
            cut.end = self.now

    # State ---------------------------------------------------------------------------------------

    def shared(self, kind: Callable[[], Shared]) -> Shared:
        if kind not in self._shared:
            self._shared[kind] = kind()
        return self._shared[kind]  # type: ignore[return-value]

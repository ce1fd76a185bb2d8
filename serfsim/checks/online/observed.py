"""The run that checkers observe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from serfsim.engine.queue import EventQueue
from serfsim.engine.trace import Trace
from serfsim.native import i64
from serfsim.network.host import Host
from serfsim.network.network import Network
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.core import Core
from serfsim.protocol.serf.node import SerfNode


class Observed:
    """The agents of a run under observation: the cluster's own, or those of a pool.

    Members go by number. Times are seconds on the scenario's clock. `scenario` and `agents` are those of the
    simulation, `violation` makes what `Checker.report` keeps, and `pool` is "" for the cluster's own agents.
    Members are machines of Serf where `is_serf`; `nodes` are those that run.
    """

    def __init__(
        self,
        scenario: Any,
        agents: Any,
        network: Network,
        trace: Trace,
        queue: EventQueue,
        violation: Callable[..., Any],
        pool: str,
        is_serf: bool,
    ) -> None:
        self.scenario = scenario
        self.agents = agents
        self.network = network
        self.trace = trace
        self.queue = queue
        self.violation = violation
        self.pool = pool
        self.is_serf = is_serf
        self.n = len(agents.roster.members)
        self.origin = trace.origin
        self.directory: Directory = agents.directory
        self.hosts: list[Host] = network.hosts
        self.nodes: list[SerfNode | None] = agents.nodes
        self.lives: list[int] = agents.lives
        self._shared: dict[Any, Any] = {}
        self._running: list[tuple[int, SerfNode]] = []
        self._running_at = -1.0

    def shared(self, kind: Callable[[Observed], Any]) -> Any:
        """Return what several checkers use together, made by `kind` for the first of them."""
        found = self._shared.get(kind)
        if found is None:
            found = self._shared[kind] = kind(self)
        return found

    @property
    def now(self) -> float:
        """The time of the event in hand."""
        return self.queue.now - self.origin

    def name(self, member: i64) -> str:
        """Return a member's name, "" for none, and "#N" for a number that nobody has."""
        if member < 0:
            return ""
        return str(self.agents.roster.members[member].name) if member < self.n else f"#{member}"

    def life(self, member: i64) -> int:
        """Return the number of processes that the member has started."""
        return self.lives[member]

    def running(self) -> list[tuple[int, SerfNode]]:
        """Return the number and the machine of each member whose process runs and is not stopped."""
        if self._running_at != self.queue.now:
            self._running_at = self.queue.now
            self._running = [
                (number, node)
                for number, node in enumerate(self.nodes)
                if node is not None and not self.hosts[number].paused
            ]
        return self._running

    def core(self, member: i64) -> Core | None:
        """Return the memberlist core of a member's process, if that runs."""
        if not self.is_serf:
            return None
        node = self.nodes[member]
        return None if node is None else node.memberlist.core

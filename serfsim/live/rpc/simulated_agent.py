"""The agent behind the RPC server: one node of a simulation, advanced by `advance`.

Between two calls of `advance`, coroutines read `node` and act on it at `now`. A paused process answers when
it resumes; one that is down has no agent, and waiting callers get AgentDown.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import numpy as np

from serfsim.engine.trace import LogRows, Trace
from serfsim.live.base_agent import AgentEvent, BaseAgent, ReportingApplication
from serfsim.live.views import MemberView, member_view
from serfsim.live.wall_clock import WallClock
from serfsim.logs.lines import AgentLog
from serfsim.logs.names import SimulatedNames
from serfsim.native import i32, i64, u8, vec
from serfsim.protocol import events
from serfsim.protocol.serf.node import SerfNode
from serfsim.protocol.versions import ReleaseFeatures, features_of
from serfsim.results.agent_log import log_lines
from serfsim.results.scoring.recording import EventTable, LogTable
from serfsim.results.scoring.scored_run import select
from serfsim.simulation import recorder
from serfsim.simulation.agents import Agents
from serfsim.simulation.application import RecordingApplication
from serfsim.simulation.simulation import Simulation

if TYPE_CHECKING:
    from serfsim.scenario.model import Scenario


class AgentDown(Exception):
    """The node's process has ended."""


class EventReader(Protocol):
    """A client's stream of events."""

    def take_event(self, event: AgentEvent) -> None:
        """Take an event, wanted or not."""


class Follower(Protocol):
    """Takes all that members report and log."""

    def take_rows(self, events: EventTable, log: LogTable) -> None: ...


class SimulatedAgent(BaseAgent):
    """Serves member `number` of a simulation that has not started.

    `epoch`: the Unix time of its 0. With a `follower` the record of the run is kept, so that the run can be
    scored; without, it is forgotten, so that the run can go on indefinitely.
    """

    def __init__(self, sim: Simulation, number: int, epoch: float | None = None) -> None:
        super().__init__(sim.agents.directory, AgentLog(time.time() if epoch is None else epoch))
        self.sim = sim
        self.number = number
        self.name = sim.roster.members[number].agent
        self.busy = 0  # number of waiting requests
        self.events: list[EventReader] = []
        self.guessing = asyncio.Lock()  # held while the response to a wrong key is delayed
        self.on_down: Callable[[], None] = lambda: None
        self.has_left = False  # the process was ended by a request, for good
        self.follower: Follower | None = None
        self.commands: Counter[str] = Counter()  # carried out for clients
        self.asking_keys = asyncio.Lock()  # Serf's key manager runs one query at a time
        self._views: dict[int, MemberView] = {}  # views at their last join or update
        self._life = 0
        self.clock = WallClock(sim.scenario, number)
        self._known = SimulatedNames([])
        sim.agents.application = self._application

    def _application(self, agents: Agents, number: int) -> RecordingApplication:
        if number == self.number:
            return ServedApplication(agents, number, self)
        return RecordingApplication(agents, number)

    # The node ------------------------------------------------------------------------------------

    @property
    def node(self) -> SerfNode:
        """The protocol node. Raises AgentDown if its process does not run."""
        node: SerfNode | None = self.sim.agents.nodes[self.number]
        if node is None:
            raise AgentDown
        return node

    @property
    def features(self) -> ReleaseFeatures:
        """The rules of the release that the agent runs, or starts with next."""
        return features_of(self.sim.agents.members[self.number].version)

    @property
    def is_up(self) -> bool:
        return self.sim.agents.nodes[self.number] is not None

    @property
    def is_paused(self) -> bool:
        return bool(self.sim.network.hosts[self.number].paused)

    @property
    def now(self) -> float:
        """The current time by the member's own clock."""
        return float(self.sim.network.hosts[self.number].read_clock(self.sim.env.engine_now))

    def view_of(self, member: int, status: str | None = None) -> MemberView:
        """Return a member as of its last join or update, with its present status."""
        present = super().view_of(member, status)
        kept = self._views.get(member)
        return present if kept is None else kept._replace(status=present.status)

    def end_process(self) -> None:
        """Shut the node down, as an agent does after its leave."""
        node = self.node
        node.shut_down(self.now)
        self.sim.agents.end(self.number, self.sim.env.engine_now)

    def pass_on(self, event: AgentEvent) -> None:
        for reader in list(self.events):
            reader.take_event(event)

    def say(self, text: str) -> None:
        self.log.write(self.sim.now + self.clock.ahead(self.sim.now), text)

    def follow_clock(self, scenario: Scenario) -> None:
        """Date the lines of the log by the wall clock of a scenario that has changed."""
        self.clock = WallClock(scenario, self.number)

    # Waiting -------------------------------------------------------------------------------------

    @property
    def is_busy(self) -> bool:
        """True if a request waits."""
        return self.busy > 0 or len(self.queries) > 0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Keep a stepped simulation advancing during the block."""
        self.busy += 1
        try:
            yield
        finally:
            self.busy -= 1

    async def running(self) -> None:
        """Wait while the process is paused.

        Raises AgentDown if it ends.
        """
        while self.is_up and self.is_paused:
            with self.waiting():
                await asyncio.sleep(0.01)
        if not self.is_up:
            raise AgentDown

    # The simulation ------------------------------------------------------------------------------

    def advance(self, until: float) -> None:
        """Let simulated time pass, to exactly this time, then report its events."""
        self.sim.env.run_to(until)
        self._take_trace()
        life = self.sim.agents.lives[self.number] if self.is_up else 0
        if life != self._life:
            if self._life:
                self._end_life()
            self._life = life
            if self.is_up:
                # Nodes of a large cluster do not keep others' coordinates; clients may request this node's.
                self.node.caches_coordinates = True

    def _end_life(self) -> None:
        """End all waits: the process has ended and completes nothing more."""
        self.end_waits(AgentDown())
        self._last_status.clear()
        self._views.clear()
        self.on_down()

    def _take_trace(self) -> None:
        """Log this node's part of the trace, and empty it unless somebody follows the run."""
        trace, follower = self.sim.trace, self.follower
        if trace.events.count or trace.lines.count:
            whole_log = recorder.log_table(trace)
            table = recorder.event_table(trace) if follower is None else self.sim.event_rows.move()
            rows = np.flatnonzero(table.observer == self.number)
            own = select(table, table.observer == self.number)
            log = whole_log.of_node(self.number, rows)
            prefix = 14 + len(self.sim.roster.members[self.number].name)
            version = self.sim.agents.members[self.number].version
            for line in log_lines(own, self.names(), version, log=log):
                if not line.startswith("#"):
                    t = float(line[:12])
                    self.log.write(t + self.clock.ahead(t), line[prefix:])
            for kind, subject in zip(own.kind.tolist(), own.subject.tolist(), strict=True):
                if kind in (events.JOIN, events.UPDATE) and self.is_up:
                    self._views[subject] = member_view(self.node, subject)
            if follower is not None:
                follower.take_rows(table, whole_log)
        if follower is None:
            forget(trace)
        else:
            trace.taken = 0
            trace.lines = LogRows()

    def names(self) -> SimulatedNames:
        """Return the members by the addresses at which the node has seen them."""
        known, names = self._known, self.sim.agents.directory.names
        if len(known.names) < len(names):
            addresses = [record.address for record in self.sim.agents.directory.first]
            for member in self.sim.roster.members:
                addresses[member.index] = member.advertised
            labels = [member.name for member in self.sim.roster.members]
            self._known = SimulatedNames([*labels, *names[len(labels) :]], addresses)
            self._known.moved = known.moved
        return self._known

    # The node's reports --------------------------------------------------------------------------

    def on_name_lost(self) -> None:
        """Do nothing: `advance` notices the end of the process."""


class ServedApplication(ReportingApplication, RecordingApplication):
    """The application of the served node: records as usual, and reports to `agent`."""

    agent: SimulatedAgent

    def __init__(self, agents: Agents, number: int, agent: SimulatedAgent) -> None:
        super().__init__(agents, number)
        self.agent = agent


def forget(trace: Trace) -> None:
    """Empty the arrays of a trace, so that a simulation can run indefinitely."""
    trace.forget_events()
    trace.taken = 0
    trace.lines = LogRows()
    trace.receipts = 0
    trace.announced = []
    trace.delivery_t = vec[float]()
    trace.delivery_node = vec[i32]()
    trace.delivery_kind = vec[u8]()
    trace.delivery_item = vec[i32]()
    trace.delivery_peer = vec[i32]()
    trace.event_counts = vec[i64]()
    trace.counts = vec[i64]()
    trace.sizes = vec[i64]()

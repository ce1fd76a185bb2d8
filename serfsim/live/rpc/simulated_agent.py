"""The agent that clients ask: one node of a simulation, what it reports, and who waits for it.

The simulation advances by `advance`; in between, coroutines look at `node` and act on it at `now`, and
wait for what `waited` gives. A process that is paused answers once it goes on; one that is down has no
agent: whoever waits then gets AgentDown.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, Protocol

import numpy as np

from serfsim.engine.trace import Trace
from serfsim.live.rpc.application import ServedApplication, listen_below
from serfsim.live.views import MemberView, member_view
from serfsim.logs.lines import AgentLog
from serfsim.logs.words import MEMBER_EVENTS
from serfsim.native import i32, i64, u8, vec
from serfsim.protocol import events
from serfsim.protocol.serf.messages import UserEvent
from serfsim.protocol.serf.node import SerfNode
from serfsim.protocol.serf.queries import ReceivedQuery
from serfsim.protocol.serf.query_messages import Query
from serfsim.results.agent_log import log_lines
from serfsim.results.scoring.scope import select
from serfsim.simulation import recorder
from serfsim.simulation.agents import Agents
from serfsim.simulation.application import AgentApplication
from serfsim.simulation.simulation import Simulation

# What a member's status is after an event, where the event says so.
STATUS_AFTER: Final = {events.JOIN: "alive", events.LEFT: "left", events.FAILED: "failed"}


class AgentDown(Exception):
    """The node's process has ended."""


class Event(NamedTuple):
    """What an agent's event streams are told. `kind`: member-join ..., user or query."""

    kind: str
    name: str = ""
    members: tuple[MemberView, ...] = ()
    user: UserEvent | None = None
    query: ReceivedQuery | None = None


class EventReader(Protocol):
    def take_event(self, event: Event) -> None:
        """An event, whether wanted or not."""


class QueryReader(Protocol):
    """Who asked a query of this node's."""

    def take_ack(self, source: str) -> None: ...

    def take_answer(self, source: str, payload: bytes) -> None: ...

    def end(self) -> None: ...


class SimulatedAgent:
    """Serves member `number` of a simulation that has not begun. `epoch`: the Unix time of its 0."""

    def __init__(self, sim: Simulation, number: int, epoch: float | None = None) -> None:
        self.sim = sim
        self.number = number
        self.name = sim.roster.members[number].name
        self.log = AgentLog(time.time() if epoch is None else epoch)
        self.busy = 0  # requests that wait for something to happen
        self.events: list[EventReader] = []
        self.guessing = asyncio.Lock()  # held while a wrong key waits for its answer
        self.on_down: Callable[[], None] = lambda: None
        self.has_left = False  # by request: its process has ended and stays so
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.queries: dict[tuple[int, int], QueryReader] = {}
        self._waits: dict[str, list[asyncio.Future[Any]]] = defaultdict(list)
        self._told: dict[int, str] = {}  # the last status that events said of a member
        self._views: dict[int, MemberView] = {}  # as they were at their last join or update
        self._life = 0
        sim.agents.application = self._application

    def _application(self, agents: Agents, number: int) -> AgentApplication:
        if number == self.number:
            return ServedApplication(agents, number, self)
        return AgentApplication(agents, number)

    # The node ------------------------------------------------------------------------------------

    @property
    def node(self) -> SerfNode:
        """The node's machine. AgentDown if its process does not run."""
        node: SerfNode | None = self.sim.agents.nodes[self.number]
        if node is None:
            raise AgentDown
        return node

    @property
    def is_up(self) -> bool:
        return self.sim.agents.nodes[self.number] is not None

    @property
    def is_paused(self) -> bool:
        return bool(self.sim.network.hosts[self.number].paused)

    @property
    def now(self) -> float:
        """The engine's present."""
        return self.sim.env.engine_now

    def node_with_reports(self) -> SerfNode:
        """The node, once the ends of its joins and tag changes are reported too."""
        node = self.node
        listen_below(node, self)
        return node

    def view_of(self, member: int, status: str | None = None) -> MemberView:
        """A member as Serf knows it: as it was when it last joined or was updated, and its present status."""
        node = self.node
        present = member_view(node, member, status)
        kept = self._views.get(member)
        return present if kept is None else kept._replace(status=present.status)

    def views(self) -> list[MemberView]:
        return [self.view_of(int(member)) for member in self.node.members.known()]

    def end_process(self) -> None:
        """Shut the node down, as an agent does after its leave."""
        node, now = self.node, self.now
        node.shut_down(now)
        self.sim.agents.end(self.number, now)

    # Waiting -------------------------------------------------------------------------------------

    @property
    def is_busy(self) -> bool:
        """Does anybody wait for something to happen?"""
        return self.busy > 0 or len(self.queries) > 0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While this lasts a stepped simulation goes on."""
        self.busy += 1
        try:
            yield
        finally:
            self.busy -= 1

    def turn(self, what: str) -> asyncio.Lock:
        """One at a time: requests whose ends could not be told apart."""
        return self._turns[what]

    async def or_down(self, future: asyncio.Future[Any]) -> Any:
        """The result of another's future, or AgentDown when the process ends first."""
        self._waits["down"].append(future)
        return await future

    def waited(self, what: str) -> asyncio.Future[Any]:
        """A future for the next end of `what`: joined, tags, removal or leave."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waits[what].append(future)
        return future

    def resolve(self, what: str, value: Any) -> None:
        """Tell whoever has waited longest."""
        waits = self._waits[what]
        while waits:
            future = waits.pop(0)
            if not future.done():
                future.set_result(value)
                return

    async def running(self) -> None:
        """Wait while the process is paused. AgentDown if it ends."""
        while self.is_up and self.is_paused:
            with self.waiting():
                await asyncio.sleep(0.01)
        if not self.is_up:
            raise AgentDown

    # The simulation ------------------------------------------------------------------------------

    def advance(self, until: float) -> None:
        """Let simulated time pass, then tell what happened meanwhile."""
        self.sim.env.run(until=until)
        self._tell_log()
        life = self.sim.agents.lives[self.number] if self.is_up else 0
        if life != self._life:
            if self._life:
                self._end_life()
            self._life = life
            if self.is_up:
                # In a large cluster no node keeps what it hears of others' coordinates; this one is asked.
                self.node.caches_coordinates = True

    def _end_life(self) -> None:
        """The process has ended: nothing that it was asked comes to an end any more."""
        for waits in self._waits.values():
            for future in waits:
                if not future.done():
                    future.set_exception(AgentDown())
        self._waits.clear()
        self.queries.clear()
        self._told.clear()
        self._views.clear()
        self.on_down()

    def _tell_log(self) -> None:
        """Write down what the trace has of this node, then empty it: nobody will score what is served."""
        trace = self.sim.trace
        if len(trace.t) or len(trace.log_t):
            table = recorder.event_table(trace)
            rows = np.flatnonzero(table.observer == self.number)
            own = select(table, table.observer == self.number)
            log = recorder.log_table(trace).of_node(self.number, rows)
            names = list(self.sim.agents.directory.names)
            prefix = 14 + len(self.name)
            version = self.sim.agents.members[self.number].version
            for line in log_lines(own, names, version, log=log):
                if not line.startswith("#"):
                    self.log.write(float(line[:12]), line[prefix:])
            told = zip(own.kind.tolist(), own.subject.tolist(), own.detail.tolist(), strict=True)
            for kind, subject, detail in told:
                if kind == events.LEAVE_DONE:
                    self.resolve("leave", detail)
                elif kind in (events.JOIN, events.UPDATE) and self.is_up:
                    self._views[subject] = member_view(self.node, subject)
        forget(trace)

    def say(self, text: str) -> None:
        """A line of the agent's own, now."""
        self.log.write(self.sim.now, text)

    # What the node reports -----------------------------------------------------------------------

    def on_user_event(self, event: UserEvent, now: float) -> None:
        self._tell(Event("user", event.name, user=event))

    def on_query(self, received: ReceivedQuery, now: float) -> None:
        self._tell(Event("query", received.query.name, query=received))

    def on_member_event(self, kind: int, members: list[int], now: float) -> None:
        name, status = MEMBER_EVENTS[kind], STATUS_AFTER.get(kind)
        told = []
        for member in members:
            if status is not None:
                self._told[member] = status
            told.append(self.view_of(member, self._told.get(member)))
        self._tell(Event(name, members=tuple(told)))

    def _tell(self, event: Event) -> None:
        for reader in list(self.events):
            reader.take_event(event)

    def on_ack(self, query: Query, source: int) -> None:
        reader = self.queries.get((query.ltime, query.id))
        if reader is not None:
            reader.take_ack(self.sim.agents.directory.names[source])

    def on_answer(self, query: Query, source: int, payload: bytes) -> None:
        reader = self.queries.get((query.ltime, query.id))
        if reader is not None:
            reader.take_answer(self.sim.agents.directory.names[source], payload)

    def on_query_end(self, query: Query) -> None:
        reader = self.queries.pop((query.ltime, query.id), None)
        if reader is not None:
            reader.end()

    def on_removal_told(self, in_time: bool) -> None:
        self.resolve("removal", in_time)

    def on_tags_told(self, in_time: bool) -> None:
        self.resolve("tags", in_time)

    def on_joined(self, contacted: int) -> None:
        self.resolve("joined", contacted)


def forget(trace: Trace) -> None:
    """Empty the arrays of a trace, so that a simulation may go on for ever."""
    trace.forget_events()
    trace.taken = 0
    trace.log_t = vec[float]()
    trace.log_node = vec[i32]()
    trace.log_line = vec[u8]()
    trace.log_subject = vec[i32]()
    trace.log_a = vec[i64]()
    trace.log_b = vec[i64]()
    trace.log_text = vec[i32]()
    trace.log_mark = vec[i32]()
    trace.log_texts = []
    trace.text_numbers = {}
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

"""Carrying out the workload of a scenario: each entry is a SimPy process that does it again and again.

    entry          what is done, by whom
    event          a user event is sent, by one member
    query          a query is asked, by one member; those whom it is for answer
    tags           some members' tags are changed, each by itself
    force_leave    one member says of others that they have left

A member that is down does nothing; one that is paused does it once it goes on, as a command would that
has been given to a real agent. Whom an entry is about is drawn once for all its occurrences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from serfsim.base.errors import SerfsimError
from serfsim.engine.streams import stream
from serfsim.protocol import log_lines
from serfsim.protocol.serf.asking import QueryParams
from serfsim.protocol.serf.filters import Filter, NodeFilter, TagFilter
from serfsim.scenario import workload as words
from serfsim.scenario.selection import select
from serfsim.scenario.timeline import occurrences

if TYPE_CHECKING:
    from serfsim.simulation.simulation import Simulation

Action = Callable[[Any, float], None]
"""What a member's machine does at a time of the engine."""


class WorkloadRunner:
    """Has the members of one simulation do what its workload says."""

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim
        self.agents = sim.agents

    def schedule(self) -> None:
        """Make a process of every entry."""
        for position, work in enumerate(self.sim.scenario.workload):
            if isinstance(work, words.Query):
                self.agents.answers[work.query] = work.response
            rng = stream(self.sim.seed, f"workload/{position}")
            doers, action = self._prepared(work, rng)
            self.sim.process(self._entry(work, doers, action))

    def _entry(self, work: words.Work, doers: list[int], action: Action) -> Iterator[Any]:
        for start, _ in occurrences(work, self.sim.scenario.duration):
            yield self.sim.env.timeout_at(start)
            for node in doers:
                if self.sim.network.hosts[node].paused:
                    self.sim.process(self._later(node, action))
                else:
                    self._do(node, action)

    def _later(self, node: int, action: Action) -> Iterator[Any]:
        life = self.agents.lives[node]
        yield self.sim.faults.until_resumed(node)
        if self.agents.lives[node] == life:
            self._do(node, action)

    def _do(self, node: int, action: Action) -> None:
        machine = self.agents.nodes[node]
        if machine is not None:
            action(machine, self.sim.env.engine_now)

    def _prepared(self, work: words.Work, rng: Any) -> tuple[list[int], Action]:
        """Who does it, and what."""
        if isinstance(work, words.SetTags):
            return select(work.nodes, self.sim.roster, rng), self._tagging(work)
        doer = [self._sender(work)]
        if isinstance(work, words.ForceLeave):
            return doer, self._removing(work, select(work.force_leave, self.sim.roster, rng))
        if isinstance(work, words.Event):
            return doer, self._announcing(work)
        assert isinstance(work, words.Query)
        return doer, self._asking(work, rng)

    def _sender(self, work: Any) -> int:
        return 0 if work.from_ is None else self.sim.number(work.from_)

    def _announcing(self, work: words.Event) -> Action:
        payload = work.content()

        def act(machine: Any, now: float) -> None:
            machine.core.log(now, log_lines.SENDING_EVENT, -1, int(work.coalesce), work.payload, work.event)
            machine.user_event(work.event, payload, work.coalesce, now)
            self._complain(machine.trouble, f"'{work.event}'")

        return act

    def _asking(self, work: words.Query, rng: Any) -> Action:
        payload = work.content()
        filters: list[Filter] = []
        if work.nodes is not None:
            members = self.sim.roster.members
            filters.append(NodeFilter([members[n].name for n in select(work.nodes, self.sim.roster, rng)]))
        filters += [TagFilter(tag, expression) for tag, expression in work.filter_tags.items()]

        def act(machine: Any, now: float) -> None:
            params = QueryParams(filters, work.request_ack, work.relay_factor, work.timeout or 0.0)
            machine.core.log(now, log_lines.SENDING_QUERY, -1, 0, work.payload, work.query)
            machine.query(work.query, payload, params, now)
            self._complain(machine.trouble, f"'{work.query}'")

        return act

    def _complain(self, trouble: str, what: str) -> None:
        """Validation lets little pass that is refused here: what an experiment or a lot adds to it."""
        if trouble:
            raise SerfsimError(f"workload: {what} at {self.sim.now:g} s: {trouble}")

    def _tagging(self, work: words.SetTags) -> Action:
        def act(machine: Any, now: float) -> None:
            trouble = self.agents.set_tags(machine.me, work.tags, work.delete, now)
            self._complain(trouble, f"tags of {self.sim.roster.members[machine.me].name}")

        return act

    def _removing(self, work: words.ForceLeave, nodes: list[int]) -> Action:
        def act(machine: Any, now: float) -> None:
            for node in nodes:
                line = log_lines.PRUNING if work.prune else log_lines.REMOVING
                machine.core.log(now, line, node)
                machine.force_leave(node, work.prune, now)

        return act

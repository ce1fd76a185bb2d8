"""The observation of one run: taps in its network, samples at fixed times, and a verdict at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

from serfsim.checks.online.checker import Checker, subscribers
from serfsim.checks.online.observed import Observed
from serfsim.checks.online.taps import CaptureTap, JournalTap, MachineTap, Tables
from serfsim.checks.rules import CHECKERS
from serfsim.results.violations import Violation
from serfsim.scenario.rivals import is_rival

if TYPE_CHECKING:
    from serfsim.engine.environment import ClusterEnvironment
    from serfsim.engine.queue import EventQueue
    from serfsim.engine.trace import Trace
    from serfsim.network.network import Network
    from serfsim.protocol.directory import Directory
    from serfsim.protocol.serf.messages import GossipedItem
    from serfsim.results.scoring.recording import Recording
    from serfsim.scenario.model import Scenario
    from serfsim.scenario.roster import Member, Roster

SAMPLES_EVERY_S: Final = 2.0
MEMBERS_PER_SECOND: Final = 100  # a larger cluster is sampled more rarely


class Agents(Protocol):
    """The agents of a simulation, as far as checkers read them; see `simulation.agents`."""

    roster: Roster
    members: list[Member]
    directory: Directory
    network: Network
    nodes: list[Any]
    lives: list[int]
    started: Callable[[int], None]
    deliver: Callable[[float, int, int, GossipedItem, int], None]


def observe(
    scenario: Scenario, agents: Agents, network: Network, trace: Trace, queue: EventQueue, pool: str = ""
) -> Observed:
    """Return the agents of a cluster, or of one of its pools, as checkers see them."""
    is_serf = not is_rival(scenario.cluster)
    return Observed(scenario, agents, network, trace, queue, Violation, pool, is_serf)


class Monitor:
    """The checkers of one run's agents: the cluster's own, or those of a pool, of which none has started."""

    def __init__(self, run: Observed, kinds: Sequence[type[Checker]]) -> None:
        self.run = run
        self.checkers = [kind(run) for kind in kinds if run.is_serf or not kind.of_serf]
        self._tables = Tables(self.checkers)
        run.network.capture = CaptureTap(run.network.capture, self._tables)
        for host in run.hosts:
            host.journal = JournalTap(host.journal, self._tables)
        self._started = subscribers(self.checkers, "started")
        before = run.agents.started

        def started(number: int) -> None:
            self._observe(run.agents, number)
            before(number)

        run.agents.started = started
        self._observe_deliveries(run.agents)

    def _observe(self, agents: Agents, number: int) -> None:
        host = agents.network.hosts[number]
        if host.machine is not None:
            host.machine = MachineTap(number, host.machine, self._tables)
        for checker in self._started:
            checker.started(number)

    def _observe_deliveries(self, agents: Agents) -> None:
        own = agents.deliver
        checkers = subscribers(self.checkers, "delivered")

        def deliver(now: float, member: int, kind: int, item: GossipedItem, peer: int) -> None:
            own(now, member, kind, item, peer)
            for checker in checkers:
                checker.delivered(member, kind, item)

        agents.deliver = deliver

    def samples(self, env: ClusterEnvironment) -> Iterator[Any]:
        """Sample at fixed times, as a SimPy process."""
        interval = max(SAMPLES_EVERY_S, self.run.n / MEMBERS_PER_SECOND)
        sampling = subscribers(self.checkers, "sampled")
        while True:
            yield env.timeout(interval)
            for checker in sampling:
                checker.sampled()

    def finish(self, recording: Recording) -> list[Violation]:
        """Return all violations of the run, in order of time."""
        for checker in self.checkers:
            checker.sampled()
            checker.finished(recording)
        found = [violation for checker in self.checkers for violation in checker.violations]
        return sorted(found, key=lambda violation: (violation.at, violation.rule, violation.member))


class RunChecks:
    """The monitors of one run: of the cluster's own agents, and of each pool.

    `kinds` are the classes of the checkers; a subclass may add observers of its own.
    """

    kinds: ClassVar[Sequence[type[Checker]]] = tuple(CHECKERS.values())

    def __init__(self, runs: Sequence[Observed], env: ClusterEnvironment) -> None:
        """Begin to observe the agents of the cluster and of the pools; none has started yet."""
        self._monitors = [Monitor(run, self.kinds) for run in runs]
        for monitor in self._monitors:
            env.process(monitor.samples(env))  # type: ignore[arg-type]

    @property
    def checkers(self) -> list[Checker]:
        """The checkers of all agents, the cluster's own first."""
        return [checker for monitor in self._monitors for checker in monitor.checkers]

    def finish(self, recordings: Sequence[Recording]) -> list[Violation]:
        """Return all violations; `recordings` are in the order of the runs."""
        return [
            violation
            for monitor, recording in zip(self._monitors, recordings, strict=True)
            for violation in monitor.finish(recording)
        ]

"""The observation of one run: taps in its network, samples at fixed times, and a verdict at its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from serfsim.checks.checker import Checker, Observed
from serfsim.checks.rules import CHECKERS
from serfsim.checks.taps import CaptureTap, JournalTap, MachineTap
from serfsim.results.violations import Violation

if TYPE_CHECKING:
    from serfsim.checks.checker import Agents
    from serfsim.engine.environment import ClusterEnvironment
    from serfsim.engine.trace import Trace
    from serfsim.protocol.serf.messages import GossipedItem
    from serfsim.results.scoring.recording import Recording

SAMPLES_EVERY_S: Final = 1.0
MEMBERS_PER_SECOND: Final = 500  # a larger cluster is sampled more rarely


class Monitor:
    """The checkers of one run's agents: the cluster's own, or those of a pool.

    `journal` takes the place of the trace as the journal of the agents' network.
    """

    def __init__(self, journal: JournalTap, kinds: Sequence[type[Checker]]) -> None:
        self.journal = journal
        self._kinds = kinds
        self.checkers: Sequence[Checker] = ()

    def begin(self, run: Observed) -> None:
        """Begin to observe agents of which none has started yet."""
        self.run = run
        self.checkers = [kind(run) for kind in self._kinds if run.is_serf or not kind.of_serf]
        self.journal.show(self.checkers)
        run.network.capture = CaptureTap(self.checkers, run.network.capture)
        self._started = [checker for checker in self.checkers if type(checker).started is not Checker.started]
        before = run.agents.started

        def started(number: int) -> None:
            self._observe(run.agents, number)
            before(number)

        run.agents.started = started
        self._observe_deliveries(run.agents)

    def _observe(self, agents: Agents, number: int) -> None:
        host = agents.network.hosts[number]
        host.machine = MachineTap(number, host.machine, self.checkers)
        for checker in self._started:
            checker.started(number)

    def _observe_deliveries(self, agents: Agents) -> None:
        own = agents.deliver
        checkers = [checker for checker in self.checkers if type(checker).delivered is not Checker.delivered]

        def deliver(now: float, member: int, kind: int, item: GossipedItem, peer: int) -> None:
            own(now, member, kind, item, peer)
            for checker in checkers:
                checker.delivered(member, kind, item)

        agents.deliver = deliver

    def samples(self, env: ClusterEnvironment) -> Iterator[Any]:
        """Sample at fixed times, as a SimPy process."""
        interval = max(SAMPLES_EVERY_S, self.run.n / MEMBERS_PER_SECOND)
        sampling = [checker for checker in self.checkers if type(checker).sampled is not Checker.sampled]
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

    `kinds` are the classes of the checkers; those of all rules unless given.
    """

    def __init__(self, kinds: Iterable[type[Checker]] = ()) -> None:
        self._kinds = tuple(kinds) or tuple(CHECKERS.values())
        self._monitors: list[Monitor] = []

    def tap(self, trace: Trace) -> JournalTap:
        """Return the journal for the next network: the cluster's own first, then the pools'."""
        monitor = Monitor(JournalTap(trace), self._kinds)
        self._monitors.append(monitor)
        return monitor.journal

    @property
    def checkers(self) -> list[Checker]:
        """The checkers of all agents, the cluster's own first."""
        return [checker for monitor in self._monitors for checker in monitor.checkers]

    def begin(self, runs: Sequence[Observed], env: ClusterEnvironment) -> None:
        """Begin to observe the agents of the cluster and of the pools; none has started yet."""
        for monitor, run in zip(self._monitors, runs, strict=True):
            monitor.begin(run)
            env.process(monitor.samples(env))  # type: ignore[arg-type]

    def finish(self, recordings: Sequence[Recording]) -> list[Violation]:
        """Return all violations; `recordings` are in the order of `begin`."""
        return [
            violation
            for monitor, recording in zip(self._monitors, recordings, strict=True)
            for violation in monitor.finish(recording)
        ]

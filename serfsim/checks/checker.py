"""The base class of all checkers, and the run that they observe."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, TypeVar

from serfsim.results.violations import Violation
from serfsim.scenario.rivals import is_rival

if TYPE_CHECKING:
    from serfsim.engine.queue import EventQueue
    from serfsim.engine.trace import Trace
    from serfsim.network.host import Host
    from serfsim.network.network import Network
    from serfsim.protocol.directory import Directory
    from serfsim.protocol.memberlist.core import Core
    from serfsim.protocol.memberlist.messages import Packet
    from serfsim.protocol.serf.messages import GossipedItem
    from serfsim.results.scoring.recording import Recording
    from serfsim.scenario.model import Scenario
    from serfsim.scenario.roster import Member, Roster

MOST_KEPT: Final = 100  # violations of one rule
Shared = TypeVar("Shared")


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


class Observed:
    """The agents of a run under observation: the cluster's own, or those of a pool.

    Members go by number. Times are seconds on the scenario's clock.
    """

    def __init__(
        self,
        scenario: Scenario,
        agents: Agents,
        network: Network,
        trace: Trace,
        queue: EventQueue,
        pool: str = "",
    ) -> None:
        self.scenario = scenario
        self.agents = agents
        self.network = network
        self.trace = trace
        self.queue = queue
        self.pool = pool
        self.n = len(agents.roster.members)
        self.is_serf = not is_rival(scenario.cluster)
        self._shared: dict[Any, Any] = {}
        self._running: tuple[float, list[tuple[int, Any]]] = (-1.0, [])

    def shared(self, kind: Callable[[Observed], Shared]) -> Shared:
        """Return what several checkers use together, made by `kind` for the first of them."""
        found: Shared = self._shared.setdefault(kind, None) or kind(self)
        self._shared[kind] = found
        return found

    @property
    def now(self) -> float:
        """The time of the event in hand."""
        return float(self.queue.now) - float(self.trace.origin)

    @property
    def hosts(self) -> list[Host]:
        return self.network.hosts

    def name(self, member: int) -> str:
        """Return a member's name, "" for none, and "#N" for a number that nobody has."""
        if member < 0:
            return ""
        return self.agents.roster.members[member].name if member < self.n else f"#{member}"

    def life(self, member: int) -> int:
        """Return the number of processes that the member has started."""
        return self.agents.lives[member]

    def running(self) -> list[tuple[int, Any]]:
        """Return the number and the machine of each member whose process runs and is not stopped."""
        now = float(self.queue.now)
        if self._running[0] != now:
            hosts = self.network.hosts
            found = [
                (number, node)
                for number, node in enumerate(self.agents.nodes)
                if node is not None and not hosts[number].paused
            ]
            self._running = now, found
        return self._running[1]

    def core(self, member: int) -> Core | None:
        """Return the memberlist core of a member's process, if that runs."""
        node = self.agents.nodes[member]
        return None if node is None or not self.is_serf else node.memberlist.core


class Checker:
    """One rule. A subclass overrides the methods that it needs; the others cost nothing.

    `name` is the rule's name in reports and `rule` a sentence that states it. Each method is called before
    the member sees what it reports, and changes nothing in the run. `events`, `sends` and `handles` are the
    kinds of events and datagrams that `recorded`, `sent` and `handled` are called for; None for all.
    """

    name: ClassVar[str]
    rule: ClassVar[str]
    of_serf: ClassVar[bool] = True  # False for a rule that holds for members of any protocol
    events: ClassVar[Collection[int] | None] = None
    sends: ClassVar[Collection[int] | None] = None
    handles: ClassVar[Collection[int] | None] = None

    def __init__(self, run: Observed) -> None:
        self.run = run
        self.violations: list[Violation] = []
        self.found = 0  # violations, including those beyond MOST_KEPT

    def report(
        self, member: int, text: str, *, at: float | None = None, packet: str = "", known: str | None = None
    ) -> None:
        """Report a violation by a member, -1 for the network, `at` a time (now unless given)."""
        self.found += 1
        if len(self.violations) < MOST_KEPT:
            when = self.run.now if at is None else at
            who = self.run.name(member)
            self.violations.append(Violation(self.name, who, float(when), packet, text, known, self.run.pool))

    # Observations ----------------------------------------------------------------------------------

    def started(self, member: int) -> None:
        """Observe that a process of the member has started."""

    def recorded(self, observer: int, event: int, subject: int, detail: int) -> None:
        """Observe an event that a machine reported (a number of `protocol.events`)."""

    def delivered(self, member: int, kind: int, item: GossipedItem) -> None:
        """Observe a user event or query at an application (`kind`: SENT ... of `serf.application`)."""

    def sent(self, now: float, at: float, source: int, address: int, packet: Packet) -> None:
        """Observe a datagram that leaves and arrives at `at`, on the engine's clock; below 0: never."""

    def came_from_outside(self, at: float, address: int, target: int, packet: Packet) -> None:
        """Observe a datagram to a host from a sender that is no member; as `sent`."""

    def overflowed(self, target: int, packet: Packet) -> None:
        """Observe a datagram that arrived at a full socket buffer."""

    def handled(self, member: int, packet: Packet, source: int) -> None:
        """Observe a datagram from the address `source` that a process is about to handle."""

    def stream_ended(self, member: int, token: int, outcome: int) -> None:
        """Observe the end of a stream that a process opened (`outcome`: of `protocol.runtime`)."""

    def sampled(self) -> None:
        """Read the state of the machines, at fixed times and at the end."""

    def finished(self, recording: Recording) -> None:
        """Judge the whole run; `recording` has its events, deliveries and truth."""


Subscribers = tuple[Callable[..., None], ...]


def subscribers(checkers: Sequence[Checker], name: str) -> Subscribers:
    """Return the bound methods of the checkers that override this observation."""
    base = getattr(Checker, name)
    return tuple(getattr(checker, name) for checker in checkers if getattr(type(checker), name) is not base)


def by_kind(checkers: Sequence[Checker], name: str, wanted: str, kinds: int) -> list[Subscribers]:
    """Return `subscribers` for each kind; the attribute `wanted` of a checker lists those that it wants."""
    return [
        subscribers(
            [one for one in checkers if getattr(one, wanted) is None or kind in getattr(one, wanted)], name
        )
        for kind in range(kinds)
    ]

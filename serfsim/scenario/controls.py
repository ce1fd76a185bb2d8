"""The interface of a running simulation for faults and workload.

`serfsim.simulation.controls` carries them out. A verb needs nothing else of a simulation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from serfsim.network.host import Host
    from serfsim.network.rules import RuleSet
    from serfsim.protocol.serf.node import SerfNode
    from serfsim.scenario.roster import Roster

Shared = TypeVar("Shared")


class NewAddress(NamedTuple):
    """Numbers of the addresses that a process is bound to and tells; None leaves one as it was."""

    bound: int | None
    told: int | None


class Controls(Protocol):
    """Members go by their numbers; each list has one item a member.

    `hosts` are their machines, with the process's life, its delays and its sockets; `rules` say which packets
    of the network are dropped, lost or late; `answers` is how many bytes members answer to queries of a name.
    """

    roster: Roster
    hosts: Sequence[Host]
    rules: RuleSet
    answers: dict[str, int]

    # Time ----------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """Seconds since the end of the warm-up."""

    @property
    def engine_now(self) -> float:
        """The same moment as the machines count it, from the start of the run."""

    def now_at(self, node: int) -> float:
        """Return the same moment by a member's own clock, as its machine takes it."""

    def process(self, generator: Iterator[Any]) -> object:
        """Run a generator as a SimPy process, from now on; it yields what it waits for."""

    def timeout(self, seconds: float) -> object:
        """Return a SimPy event due so many seconds from now."""

    def until(self, event: int, *, observer: int = -1, subject: int = -1) -> object:
        """Return a SimPy event for the next event of a kind (`protocol.events`), by or about a member."""

    # Members -------------------------------------------------------------------------------------

    @property
    def machines(self) -> Sequence[SerfNode | None]:
        """The Serf agent of each member, None while its process does not run."""

    @property
    def lives(self) -> Sequence[int]:
        """The number of processes that each member has had."""

    def kill(self, node: int, *, host: bool = False) -> bool:
        """End a member's process, which puts it under a fault until it starts again; False if it has none.

        With `host` its machine goes silent too, until then.
        """

    def restart(
        self,
        nodes: Sequence[int],
        tags: dict[str, str] | None = None,
        snapshot: bytes | None = None,
        addresses: Mapping[int, NewAddress] | None = None,
    ) -> None:
        """Start a new process of each member that has none, and have it join.

        `tags` replace those of its configuration, `snapshot` what its file has, `addresses` those of members.
        """

    def number_of(self, machine: SerfNode) -> int:
        """Return the number of the member whose agent this is; several may bear one name."""

    def contacts(self, node: int, members: Sequence[int]) -> list[int]:
        """Return the addresses at which a member can reach others now, as numbers of the directory."""

    def withdraw(self, node: int) -> None:
        """Count a member that has left, but whose process goes on, as gone and under a fault."""

    def release(self, node: int) -> str:
        """Return the name of the release that a member's next process runs."""

    def install(self, node: int, release: str) -> None:
        """Have a member's processes run another release, from its next start on."""

    def reconfigure(
        self, node: int, config: dict[str, Any], keyring: tuple[str, ...] | None, label: str | None
    ) -> None:
        """Have a member's next processes start with other settings, keys or label; None keeps these."""

    def resume(self, node: int) -> None:
        """Let a paused process go on."""

    def thaw(self, node: int) -> None:
        """Let a frozen machine go on."""

    def until_resumed(self, node: int) -> object:
        """Return a SimPy event for the moment when a paused process resumes, or a frozen one."""

    def set_tags(self, node: int, tags: dict[str, str], delete: Sequence[str]) -> str:
        """Have a member announce its tags with `tags` and without `delete`; the library's refusal, or ""."""

    # Truth ---------------------------------------------------------------------------------------

    def record_crash(self, node: int) -> None:
        """Score how the others notice that this member has crashed now."""

    def record_leave(self, node: int) -> None:
        """Score how the others notice that this member leaves now."""

    def record_anomaly(self, node: int) -> None:
        """Score how the others notice that this member begins to hang now."""

    # State ---------------------------------------------------------------------------------------

    def shared(self, kind: Callable[[], Shared]) -> Shared:
        """Return the run's only object of a class, made at first use: state that faults of a verb share."""

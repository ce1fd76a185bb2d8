"""The bases of the verbs: any fault, one of single members, one of packets, one after which members restart.

Faults may overlap; each undoes only its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import BeforeValidator, Field, model_validator

from serfsim.base.errors import SerfsimError
from serfsim.native import Random
from serfsim.network.rules import Effect, Rule
from serfsim.scenario.addresses import OUTSIDE, Addresses, Advertised, read_block
from serfsim.scenario.cluster import Tags
from serfsim.scenario.controls import Controls, NewAddress
from serfsim.scenario.entry import Entry
from serfsim.scenario.measured import can_be_a_file
from serfsim.scenario.names import Pairs
from serfsim.scenario.network import Loss
from serfsim.scenario.phrases import describe_selector, format_duration, format_names
from serfsim.scenario.problems import Path, Problem, found_expected, invalid
from serfsim.scenario.roster import Member, Roster
from serfsim.scenario.selection import (
    Nodes,
    Selector,
    pair_problems,
    select,
    selector_problems,
    share_of,
)
from serfsim.scenario.units import Kind, PositiveDuration, Switch
from serfsim.scenario.workload.tags import tags_too_long


def _read_snapshot(value: object) -> object:
    if not isinstance(value, str) or not value.strip() or not can_be_a_file(value):
        raise invalid("keep, empty or the name of a file", value)
    return value


SnapshotChoice = Annotated[
    str,
    BeforeValidator(_read_snapshot),
    Kind("keep, empty or the name of a file", {"type": "string", "pattern": r"\S"}),
]
Undo = Callable[[], None]
"""Ends one occurrence of a fault."""
Direction = Literal["in", "out", "both"]
Transport = Literal["udp", "tcp", "all"]
Ways = list[tuple[list[int], list[int]]]
"""Senders and receivers, as the numbers of members."""


def other_numbers(members: Sequence[int], numbers: Mapping[int, int]) -> list[int]:
    """Return the other numbers of those members that have one."""
    return [numbers[member] for member in members if member in numbers]


def nothing() -> None:
    """Undo a fault that ends by itself."""


class Fault(Entry):
    """A fault that is there while it lasts.

    The runner marks the members of `unhealthy` as under a fault, and the packets of `cuts` as blocked, from
    `begin` to its undo: false positives at healthy members and reachability are scored by that.
    """

    on_packets: ClassVar[bool] = False
    """It acts on the network, which all pools share, and not on the agents of one pool."""
    ends_processes: ClassVar[bool] = False
    """Members end, and start again with the tags of their configuration."""

    for_: PositiveDuration | None = Field(
        default=None,
        alias="for",
        description="time that each occurrence lasts; if absent, until the run ends",
    )

    @model_validator(mode="after")
    def _sensible_end(self) -> Fault:
        if self.for_ is not None and self.until is not None and self.every is None:
            raise invalid("only one of `for` and `until`", found="both", inside=("until",))
        return self

    @model_validator(mode="after")
    def _repeats_with_an_end(self) -> Fault:
        if self.every is not None and self.end_of(self.at) is None and self.needs_an_end():
            raise invalid(
                "`for` beside `every`: how long each lasts", found="`every` alone", inside=("every",)
            )
        return self

    def needs_an_end(self) -> bool:
        """Require `for` of a repeated fault of this kind."""
        return True

    def end_of(self, start: float) -> float | None:
        if self.for_ is not None:
            return start + self.for_
        return self.until if self.every is None else None

    def _describe_extent(self) -> list[str]:
        if self.for_ is None:
            return []
        return [f"for {format_duration(self.for_)}{' each' if self.every is not None else ''}"]

    # For the page and the estimate -----------------------------------------------------------------

    @property
    def selector(self) -> Selector:
        """The members that the fault is about; 'all' where it is about links."""
        return "all"

    @property
    def strikes_at_once(self) -> bool:
        """True if all its members come under the fault when it begins."""
        return True

    @property
    def losses(self) -> Sequence[Loss]:
        """Packet loss that it adds to the network's."""
        return ()

    def restarts(self) -> bool:
        """Return whether its members start again."""
        return False

    def cost(self, nodes: int) -> float:
        """Return the events of one occurrence, as a multiple of those of an ordinary fault."""
        return 1.0

    # Action ----------------------------------------------------------------------------------------

    def begin(self, controls: Controls, prepared: Any) -> Undo:
        """Begin an occurrence now; what `prepare` made is the same for all. Returns what ends it."""
        raise NotImplementedError

    def renumbered(self, prepared: Any, numbers: Mapping[int, int]) -> Any:
        """Return what `prepare` made with other numbers for the members, without those that have none.

        None where the fault cannot be carried over to the agents of another pool on the same hosts.
        """
        return None

    def unhealthy(self, prepared: Any) -> list[int]:
        """Return the members under a fault while it lasts, besides those whose process it ends."""
        return []

    def cuts(self, prepared: Any) -> tuple[Ways, Transport] | None:
        """Return the senders and receivers between which it blocks every packet of a transport."""
        return None


class OnNodes(Fault):
    """A fault of single members. `place`: where in the entry these are written, the verb's key by default."""

    place: ClassVar[tuple[str, ...]] = ()

    @property
    def selector(self) -> Selector:
        found: Any = self
        for key in self.place or (self.verb,):
            found = getattr(found, key)
        selector: Selector = found
        return selector

    def problems(self, roster: Roster, path: Path) -> Iterator[Problem]:
        yield from selector_problems(self.selector, roster, (*path, *(self.place or (self.verb,))))

    def prepare(self, roster: Roster, random: Random) -> list[int]:
        return select(self.selector, roster, random)

    def renumbered(self, prepared: list[int], numbers: Mapping[int, int]) -> list[int]:
        return other_numbers(prepared, numbers)


class Departure(OnNodes):
    """A fault that ends a member's process. After `restart` (or `for`, or at `until`) a new one joins."""

    ends_processes: ClassVar[bool] = True

    restart: PositiveDuration | None = Field(
        default=None, description="time after which it starts again and joins; never where no end is given"
    )
    tags: Tags | None = Field(
        default=None, description="its tags from its restart on, in the place of all that it had"
    )
    snapshot: SnapshotChoice = Field(
        default="keep",
        description="the snapshot that it restarts with: `keep` its own, `empty`, or the name of a file whose"
        " content it finds",
    )
    address: Addresses | None = Field(
        default=None,
        description="address that it is bound to from its restart on; a network or a range for several"
        " members, one each in order",
    )
    advertise: Advertised | None = Field(
        default=None,
        description="address that it tells the others from its restart on; without, the new `address` unless"
        " it advertised another than its own",
    )

    def problems(self, roster: Roster, path: Path) -> Iterator[Problem]:
        yield from super().problems(roster, path)
        touched = self.selector if isinstance(self.selector, tuple) else ()
        found = roster.named(roster.known(touched)) if touched else range(len(roster.members))
        members = [roster.members[number] for number in found]
        if self.tags is not None:
            long = next(filter(None, (tags_too_long(member, self.tags) for member in members)), "")
            if long:
                yield Problem((*path, "tags"), long)
        yield from self._address_problems(members, path)
        if self.snapshot == "keep":
            return
        without = [member.name for member in members if not member.config.snapshot]
        if without:
            message = found_expected(
                f"'{without[0]}', which keeps none", "members with `config: {snapshot: true}`"
            )
            yield Problem((*path, "snapshot"), message)
        if self.snapshot != "empty" and not FilePath(self.snapshot).is_file():
            message = found_expected(
                f"'{self.snapshot}', which is no file", "keep, empty or the name of a file"
            )
            yield Problem((*path, "snapshot"), message)

    def _address_problems(self, members: Sequence[Member], path: Path) -> Iterator[Problem]:
        """Yield addresses that do not suffice for the members, and `outside` without a NAT."""
        count = len(members)
        if not isinstance(self.selector, tuple) and self.selector != "all":
            count = self.selector if isinstance(self.selector, int) else share_of(self.selector, count)
        for key, text in (("address", self.address), ("advertise", self.advertise)):
            if text is not None and text != OUTSIDE and read_block(text).size < count:
                expected = f"one for each of the {count} members, such as 10.0.9.0/24"
                yield Problem((*path, key), found_expected(f"'{text}'", expected))
        if self.advertise == OUTSIDE:
            for member in members:
                if member.outside < 0:
                    found = f"'outside' for {member.name}, which is behind no NAT"
                    yield Problem((*path, "advertise"), found_expected(found, "an address"))
                    return

    def new_addresses(self, roster: Roster, prepared: Sequence[int]) -> dict[int, NewAddress]:
        """Return the addresses with which each of its members starts again."""
        if self.address is None and self.advertise is None:
            return {}
        found = {}
        for place, node in enumerate(prepared):
            bound = None if self.address is None else read_block(self.address).number(place)
            told = None
            if self.advertise == OUTSIDE:
                told = roster.members[node].outside
            elif self.advertise is not None:
                told = read_block(self.advertise).number(place)
            found[node] = NewAddress(bound, told)
        return found

    def come_back(self, controls: Controls, nodes: Sequence[int], prepared: Sequence[int]) -> None:
        """Start those of its members that it ended again, as it changes them."""
        content = None
        if self.snapshot == "empty":
            content = b""
        elif self.snapshot != "keep":
            try:
                content = FilePath(self.snapshot).read_bytes()
            except OSError as error:
                raise SerfsimError(f"snapshot {self.snapshot}: {error.strerror}") from None
        controls.restart(nodes, self.tags, content, self.new_addresses(controls.roster, prepared))

    def end_of(self, start: float) -> float | None:
        return super().end_of(start) if self.restart is None else start + self.restart

    def needs_an_end(self) -> bool:
        return False

    @model_validator(mode="after")
    def _one_end(self) -> Departure:
        ends = self.for_ is not None or (self.until is not None and self.every is None)
        if self.restart is not None and ends:
            raise invalid("only one of `restart`, `for` and `until`", found="two", inside=("restart",))
        if self.end_of(self.at) is None:
            given = {
                "tags": self.tags is not None,
                "snapshot": self.snapshot != "keep",
                "address": self.address is not None,
                "advertise": self.advertise is not None,
            }
            for key, is_given in given.items():
                if is_given:
                    expected = f"`restart` beside `{key}`, which is of the new process"
                    raise invalid(expected, found=f"`{key}` alone", inside=(key,))
        return self

    def restarts(self) -> bool:
        return self.end_of(self.at) is not None

    def _describe_restart(self) -> str:
        """', back after 2 s with the tags role=web and an empty snapshot'."""
        other = []
        if self.tags is not None:
            given = ", ".join(f"{tag}={value}" for tag, value in self.tags.items())
            other.append(f"the tags {given}" if given else "no tags")
        if self.snapshot != "keep":
            other.append("an empty snapshot" if self.snapshot == "empty" else "another snapshot")
        changed = f" with {' and '.join(other)}" if other else ""
        if self.address is not None:
            changed = f" at {self.address}{changed}"
        if self.advertise is not None:
            changed += f", advertising {self.advertise}"
        if self.restart is None:
            return f", back{changed}" if changed else ""
        return f", back after {format_duration(self.restart)}{changed}"


class Links(NamedTuple):
    """Links under a fault: `ways`, and also back where `both`; `touched` are all members on them."""

    ways: Ways
    both: bool
    touched: list[int]

    @property
    def directed(self) -> Ways:
        """Every way with its direction."""
        return self.ways + [(b, a) for a, b in self.ways] if self.both else self.ways


class OnPackets(Fault):
    """A fault of the network around some nodes or between some.

    A verb gives `effects`. One rule covers both ways and one effect all rules, so that a packet is lost or
    delayed once however it is covered.
    """

    on_packets: ClassVar[bool] = True

    nodes: Nodes | None = Field(default=None, description="members around whom it is; all unless given")
    between: Pairs | None = Field(
        default=None,
        description="pairs of nodes, groups or patterns, not `nodes`; `rest` is everybody else",
    )
    direction: Direction = Field(
        default="both", description="packets that `nodes` receive (in), send (out), or both"
    )
    one_way: Switch = Field(
        default=False, description="only from the first to the second of each pair of `between`"
    )

    @model_validator(mode="after")
    def _around_or_between(self) -> OnPackets:
        if self.nodes is not None and self.between is not None:
            raise invalid("only one of `nodes` and `between`", found="both", inside=("between",))
        if self.between is None and self.one_way:
            raise invalid("`between` with `one_way` (with `nodes`: `direction`)", True, inside=("one_way",))
        if self.between is not None and self.direction != type(self).model_fields["direction"].default:
            expected = "`one_way: true` with `between` (`direction` is for `nodes`)"
            raise invalid(expected, self.direction, inside=("direction",))
        return self

    @property
    def selector(self) -> Selector:
        return "all" if self.nodes is None else self.nodes

    def problems(self, roster: Roster, path: Path) -> Iterator[Problem]:
        if self.nodes is not None:
            yield from selector_problems(self.nodes, roster, (*path, "nodes"))
        yield from pair_problems(self.between or (), roster, (*path, "between"))

    def _describe_links(self) -> str:
        """'to and from node-03', 'from a to b', 'everywhere'."""
        if self.between is not None:
            link = "from {} to {}" if self.one_way else "between {} and {}"
            ends = [["all the others" if name == "rest" else name for name in pair] for pair in self.between]
            return format_names([link.format(*pair) for pair in ends])
        if self.selector == "all":
            return "everywhere"
        side = {"both": "to and from", "in": "to", "out": "from"}[self.direction]
        return f"{side} {describe_selector(self.selector)}"

    def prepare(self, roster: Roster, random: Random) -> Links:
        if self.between is not None:
            ways = [roster.pair(pair) for pair in self.between]
            return Links(
                ways, not self.one_way, sorted({node for way in ways for side in way for node in side})
            )
        touched = select(self.selector, roster, random)
        everybody = list(range(len(roster.members)))
        ways = [(touched, everybody)] if self.direction == "out" else [(everybody, touched)]
        return Links(ways, self.direction == "both", touched)

    def renumbered(self, prepared: Links, numbers: Mapping[int, int]) -> Links:
        ways = [(other_numbers(a, numbers), other_numbers(b, numbers)) for a, b in prepared.ways]
        return Links(ways, prepared.both, other_numbers(prepared.touched, numbers))

    def effects(self, hosts: int) -> list[tuple[Effect, int]]:
        """Return the effect on each transport (`network.rules`), made anew for each occurrence."""
        raise NotImplementedError

    def begin(self, controls: Controls, prepared: Links) -> Undo:
        hosts = len(controls.hosts)
        outside = self.between is None and self.direction != "out"
        handles = [
            controls.rules.add(
                [Rule(effect, transport, hosts, a, b, prepared.both, outside) for a, b in prepared.ways]
            )
            for effect, transport in self.effects(hosts)
        ]

        def undo() -> None:
            for handle in handles:
                controls.rules.remove(handle)

        return undo

    def unhealthy(self, prepared: Links) -> list[int]:
        return prepared.touched

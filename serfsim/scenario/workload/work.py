"""The bases of the workload's verbs: anything members do, what one of them does, what one sends to all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from serfsim.base.errors import SerfsimError
from serfsim.native import Random
from serfsim.protocol.settings import LARGEST_DATAGRAM
from serfsim.protocol.wire.msgpack import filler
from serfsim.scenario.controls import Controls
from serfsim.scenario.entry import Entry
from serfsim.scenario.problems import Path, Problem, invalid, unknown_name
from serfsim.scenario.roster import Member, Roster
from serfsim.scenario.units import Kind, Size

if TYPE_CHECKING:
    from serfsim.protocol.serf.node import SerfNode


def _read_title(value: Any) -> Any:
    if not isinstance(value, str) or not value:
        raise invalid("a name (put it in quotes)", value)
    return value


Title = Annotated[
    str, BeforeValidator(_read_title), Kind("a name of any letters", {"type": "string", "minLength": 1})
]
"""The name of a user event or query: any text."""


class Work(Entry):
    """Something that members do at a moment, or again and again.

    A member that is down does nothing; one that is paused does it once it goes on, as a command would that
    has been given to a real agent.
    """

    @model_validator(mode="after")
    def _until_repeats(self) -> Work:
        if self.until is not None and self.every is None:
            raise invalid("`every` beside `until`", found="`until` alone", inside=("until",))
        return self

    def doers(self, roster: Roster, random: Random) -> list[int]:
        """Return the members that do it, the same at each occurrence."""
        raise NotImplementedError

    def register(self, controls: Controls) -> None:
        """Tell the simulation before the run what members must know."""

    def act(self, controls: Controls, machine: SerfNode, prepared: Any) -> None:
        """Have one of the doers do it now; what `prepare` made is the same for all.

        SerfsimError where its agent refuses: validation lets little pass that is refused here, only what an
        experiment or a lot adds to it.
        """
        raise NotImplementedError


def check_accepted(refused: str, what: str, controls: Controls) -> None:
    """SerfsimError where an agent refused, with its message."""
    if refused:
        raise SerfsimError(f"workload: {what} at {controls.now:g} s: {refused}")


class ByOne(Work):
    """Done by one member."""

    from_: str | None = Field(
        default=None, alias="from", description="name of the member that does it; without, the first node"
    )

    def problems(self, roster: Roster, path: Path) -> Iterator[Problem]:
        if self.from_ is not None and self.from_ not in roster.index:
            yield Problem((*path, "from"), unknown_name(self.from_, "a node", list(roster.index)))

    def sender(self, roster: Roster) -> Member:
        """Return the member that does it."""
        return roster.members[roster.index.get(self.from_ or "", 0)]

    def doers(self, roster: Roster, random: Random) -> list[int]:
        return [self.sender(roster).index]

    def _describe_sender(self) -> str:
        return self.from_ or "the first node"


class Sent(ByOne):
    """A message from one member to all."""

    payload: Annotated[Size, Field(le=LARGEST_DATAGRAM)] = Field(default=0, description="size of its content")
    fill: Literal["random", "zeros"] = Field(
        default="random",
        description="random bytes, which do not compress, or zeros, which compress as repetitive text does",
    )

    def content(self) -> bytes:
        """Return the payload."""
        return filler(self.payload, 0) if self.fill == "random" else bytes(self.payload)

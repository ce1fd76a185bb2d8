"""What the members are asked to do: user events, queries, changes of tags, removals of others."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from serfsim.base.expressions import compiled
from serfsim.protocol.wire.msgpack import filler
from serfsim.scenario.cluster import Tags
from serfsim.scenario.faults import by_verb
from serfsim.scenario.part import Part
from serfsim.scenario.problems import invalid
from serfsim.scenario.selection import Nodes
from serfsim.scenario.settings import LARGEST_DATAGRAM
from serfsim.scenario.timed import Timed
from serfsim.scenario.units import Count, PositiveDuration, Size, Switch


def _read_title(value: Any) -> Any:
    if not isinstance(value, str) or not value:
        raise invalid("a name (put it in quotes)", value)
    return value


Title = Annotated[str, BeforeValidator(_read_title)]
"""The name of a user event or query: any text."""


def _read_expressions(value: Any) -> Any:
    """Regular expressions by tag."""
    for tag, expression in value.items() if isinstance(value, dict) else ():
        if not isinstance(expression, str) or compiled(expression) is None:
            raise invalid("a regular expression as RE2 reads it", expression, inside=(tag,))
    return value


Expressions = Annotated[Tags, BeforeValidator(_read_expressions)]


class Work(Timed):
    """Something done at a moment, or again and again."""

    @model_validator(mode="after")
    def _until_repeats(self) -> Work:
        if self.until is not None and self.every is None:
            raise invalid("`every` beside `until`", found="`until` alone", inside=("until",))
        return self


class ByOne(Work):
    """Done by one member. `from` is its name; without, the first node."""

    from_: str | None = Field(default=None, alias="from")


class Sent(ByOne):
    """What one member sends to all. `payload` is its bytes.

    `fill`: random bytes, which do not compress, or zeros, which compress as repetitive text does.
    """

    payload: Annotated[Size, Field(le=LARGEST_DATAGRAM)] = 0
    fill: Literal["random", "zeros"] = "random"

    def content(self) -> bytes:
        return filler(self.payload, 0) if self.fill == "random" else bytes(self.payload)


class Event(Sent):
    """A user event of this name. `coalesce`: agents hold it back a little and pass on only the newest."""

    event: Title
    coalesce: Switch = True


class Query(Sent):
    """A query of this name, for all, for `nodes`, or for those whose tags match `filter_tags`.

    `timeout`: Serf's own default unless given. `response`: how many bytes each of those answers.
    """

    query: Title
    response: Annotated[Size, Field(le=LARGEST_DATAGRAM)] = 16
    relay_factor: Annotated[Count, Field(le=255)] = 0
    timeout: PositiveDuration | None = None
    request_ack: Switch = False
    nodes: Nodes | None = None
    filter_tags: Expressions = Field(default_factory=dict)


class SetTags(Work):
    """Some members take on these tags beside those that they have; `delete` takes tags away first."""

    tags: Tags
    nodes: Nodes
    delete: tuple[str, ...] = ()


class ForceLeave(ByOne):
    """One member says of others that they have left. `prune`: they are to be forgotten at once."""

    force_leave: Nodes
    prune: Switch = False


WORKLOAD: dict[str, type[Part]] = {
    "event": Event,
    "query": Query,
    "tags": SetTags,
    "force_leave": ForceLeave,
}


def _read_work(value: Any) -> Any:
    return by_verb(WORKLOAD, "a workload entry", value)


AnyWork = Annotated[Event | Query | SetTags | ForceLeave, BeforeValidator(_read_work)]

"""What the members are asked to do: user events, queries, changes of tags."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from serfsim.scenario.cluster import Tags
from serfsim.scenario.faults import by_verb
from serfsim.scenario.part import Part
from serfsim.scenario.problems import refusal
from serfsim.scenario.selection import Nodes
from serfsim.scenario.timed import Timed
from serfsim.scenario.units import Count, PositiveDuration, Size, Switch


class Work(Timed):
    """Something done at a moment, or again and again."""

    @model_validator(mode="after")
    def _until_repeats(self) -> Work:
        if self.until is not None and self.every is None:
            raise refusal("`every` beside `until`", found="`until` alone", inside=("until",))
        return self


class Sent(Work):
    """What one member sends to all. `from` is its name; without, the first node."""

    payload: Size = 0
    from_: str | None = Field(default=None, alias="from")


class Event(Sent):
    """A user event of this name; `payload` is its bytes."""

    event: str
    coalesce: Switch = True


class Query(Sent):
    """A query of this name. `timeout`: Serf's own default unless given."""

    query: str
    relay_factor: Annotated[Count, Field(le=255)] = 0
    timeout: PositiveDuration | None = None
    request_ack: Switch = False
    nodes: Nodes | None = None
    filter_tags: Tags = Field(default_factory=dict)


class SetTags(Work):
    """Some members' tags become these; `delete` takes tags away."""

    tags: Tags
    nodes: Nodes
    delete: tuple[str, ...] = ()


WORKLOAD: dict[str, type[Part]] = {"event": Event, "query": Query, "tags": SetTags}


def _read_work(value: Any) -> Any:
    return by_verb(WORKLOAD, "a workload entry", value)


AnyWork = Annotated[Event | Query | SetTags, BeforeValidator(_read_work)]

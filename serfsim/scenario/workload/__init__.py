"""The workload of a scenario: user events, queries, tags, joins, removals, keys; one module a verb.

To add one, write a module beside these with a class of `Work`, `ByOne` or `Sent`, and list it in WORKLOAD.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, SerializeAsAny

from serfsim.scenario.entry import read_by_verb
from serfsim.scenario.workload.event import Event
from serfsim.scenario.workload.force_leave import ForceLeave
from serfsim.scenario.workload.join import Join
from serfsim.scenario.workload.keys import Keys
from serfsim.scenario.workload.query import Query
from serfsim.scenario.workload.tags import SetTags
from serfsim.scenario.workload.work import ByOne, Sent, Work

WORKLOAD: dict[str, type[Work]] = {
    work.verb: work for work in (Event, Query, SetTags, ForceLeave, Join, Keys)
}


def _read_work(value: Any) -> Any:
    return read_by_verb(WORKLOAD, "a workload entry", value)


AnyWork = Annotated[SerializeAsAny[Work], BeforeValidator(_read_work)]

__all__ = [
    "WORKLOAD",
    "AnyWork",
    "ByOne",
    "Event",
    "ForceLeave",
    "Join",
    "Keys",
    "Query",
    "Sent",
    "SetTags",
    "Work",
]

"""Whether what the workload sends is short enough for Serf to send it.

A real agent would refuse a user event or query that is too long and go on; a scenario that has one is
a mistake. Lamport times are counted as long as they can become in the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from serfsim.protocol.directory import Record
from serfsim.protocol.serf.asking import QUERY_PROTOCOL
from serfsim.protocol.serf.events import encoded_too_long, too_long
from serfsim.protocol.serf.filters import Filter, NodeFilter, TagFilter
from serfsim.protocol.serf.messages import UserEvent
from serfsim.protocol.serf.query_messages import Query as QueryMessage
from serfsim.protocol.serf.query_messages import QueryResponse, Relayed
from serfsim.protocol.serf.tags import encode_tags
from serfsim.scenario.problems import Path, Problem, sentence
from serfsim.scenario.roster import Member, Roster
from serfsim.scenario.selection import Selector, share_of
from serfsim.scenario.timeline import occurrences
from serfsim.scenario.workload import Event, Query, SetTags

LONGEST_META = 512  # bytes of encoded tags
LARGEST_ID = 0x7FFFFFFF


def size_problems(workload: Sequence[Any], roster: Roster, duration: float) -> Iterator[Problem]:
    """Every entry that Serf would refuse."""
    times = {
        kind: 1 + sum(len(occurrences(work, duration)) for work in workload if isinstance(work, kind))
        for kind in (Event, Query)
    }
    responses: dict[str, int] = {}
    for position, work in enumerate(workload):
        path: Path = ("workload", position)
        if isinstance(work, SetTags):
            yield from _tag_problems(work, roster, path)
            continue
        sender = roster.members[roster.index.get(work.from_, 0)]
        if isinstance(work, Event):
            trouble = _event_trouble(work, sender, times[Event])
            if trouble:
                yield Problem((*path, "payload"), f"found {work.payload} bytes for '{work.event}': {trouble}")
        elif isinstance(work, Query):
            yield from _query_problems(work, sender, roster, times[Query], path)
            if responses.setdefault(work.query, work.response) != work.response:
                expected = f"the {responses[work.query]} bytes that other queries '{work.query}' have"
                yield Problem((*path, "response"), sentence(f"{work.response} bytes", expected))


def _event_trouble(work: Event, sender: Member, ltime: int) -> str:
    """The library's message about the event, or ""."""
    payload = bytes(work.payload)
    limit = sender.config.user_event_size_limit
    event = UserEvent(sender.index, ltime, work.event, payload, work.coalesce)
    return too_long(work.event, payload, limit) or encoded_too_long(event, limit)


def _query_problems(work: Query, sender: Member, roster: Roster, ltime: int, path: Path) -> Iterator[Problem]:
    if sender.config.protocol_version < QUERY_PROTOCOL:
        found = f"{sender.name} with protocol_version {sender.config.protocol_version}"
        yield Problem((*path, "from"), sentence(found, f"a member that speaks {QUERY_PROTOCOL} or more"))
    source = _record(sender)
    filters: list[Filter] = []
    if work.nodes is not None:
        filters.append(NodeFilter(_longest_names(work.nodes, roster)))
    filters += [TagFilter(tag, expression) for tag, expression in work.filter_tags.items()]
    flags = 1 if work.request_ack else 0
    timeout = work.timeout if work.timeout is not None else 60.0
    query = QueryMessage(
        source, ltime, LARGEST_ID, work.query, bytes(work.payload), filters, flags, work.relay_factor, timeout
    )
    limit = sender.config.query_size_limit
    if query.size - 1 > limit:
        found = f"{work.payload} bytes for '{work.query}', a query of {query.size - 1} bytes in all"
        yield Problem((*path, "payload"), sentence(found, f"at most the {limit} of query_size_limit in all"))
    yield from _response_problems(work, source, roster, ltime, path)


def _response_problems(
    work: Query, source: Record, roster: Roster, ltime: int, path: Path
) -> Iterator[Problem]:
    """Whether everybody's answer fits, and fits where it is relayed."""
    for member in roster.members:
        response = QueryResponse(_record(member), ltime, LARGEST_ID, 0, bytes(work.response))
        size = response.size if work.relay_factor == 0 else Relayed(response, source).size
        limit = member.config.query_response_size_limit
        if size - 1 > limit:
            found = f"{work.response} bytes, {size - 1} in all from {member.name}"
            expected = f"at most the {limit} of query_response_size_limit in all"
            yield Problem((*path, "response"), sentence(found, expected))
            return


def _tag_problems(work: SetTags, roster: Roster, path: Path) -> Iterator[Problem]:
    """The tags of any member with these beside; what is deleted was perhaps there before."""
    for member in roster.members:
        kept = {key: value for key, value in member.tags.items() if key not in work.delete}
        size = len(encode_tags({**kept, **work.tags}))
        if size > LONGEST_META:
            found = f"tags of {size} bytes for {member.name}"
            yield Problem((*path, "tags"), sentence(found, f"at most {LONGEST_META} bytes, names included"))
            return


def _longest_names(selector: Selector, roster: Roster) -> list[str]:
    """The longest list of names that a selector may come to."""
    names = [member.name for member in roster.members]
    if isinstance(selector, tuple):
        known = [name for name in selector if name in roster.index or name in roster.groups]
        return [names[number] for number in roster.named(known)]
    count = len(names)
    if isinstance(selector, int):
        count = selector
    elif selector != "all":
        count = share_of(selector, len(names))
    return sorted(names, key=len, reverse=True)[:count]


def _record(member: Member) -> Record:
    return Record(member.index, member.index, len(member.name.encode()))

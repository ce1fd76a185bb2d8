"""Whether tags, and what the workload sends, are short enough for Serf.

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
from serfsim.protocol.serf.tags import LONGEST_META, encode_meta
from serfsim.scenario.cluster import Cluster
from serfsim.scenario.problems import Path, Problem, found_expected
from serfsim.scenario.roster import Member, Roster
from serfsim.scenario.selection import Selector, share_of
from serfsim.scenario.timeline import count_occurrences, occurrences
from serfsim.scenario.workload import Event, Query, SetTags

LARGEST_ID = 0x7FFFFFFF
MOST_CHECKED = 20  # changes of tags of one entry: the later ones find what the earlier ones left


def size_problems(workload: Sequence[Any], roster: Roster, duration: float) -> Iterator[Problem]:
    """Every entry that Serf would refuse."""
    times = {
        kind: 1 + sum(count_occurrences(work, duration) for work in workload if isinstance(work, kind))
        for kind in (Event, Query)
    }
    responses: dict[str, int] = {}
    for position, work in enumerate(workload):
        path: Path = ("workload", position)
        if not isinstance(work, (Event, Query)):
            continue
        sender = roster.members[roster.index.get(work.from_ or "", 0)]
        if isinstance(work, Event):
            trouble = _event_trouble(work, sender, times[Event])
            if trouble:
                yield Problem((*path, "payload"), f"found {work.payload} bytes for '{work.event}': {trouble}")
        else:
            yield from _query_problems(work, sender, roster, times[Query], path)
            if responses.setdefault(work.query, work.response) != work.response:
                expected = f"the {responses[work.query]} bytes that other queries '{work.query}' have"
                yield Problem((*path, "response"), found_expected(f"{work.response} bytes", expected))


def _event_trouble(work: Event, sender: Member, ltime: int) -> str:
    """The library's message about the event, or ""."""
    payload = bytes(work.payload)
    limit = sender.config.user_event_size_limit
    event = UserEvent(sender.index, ltime, work.event, payload, work.coalesce)
    return too_long(work.event, payload, limit) or encoded_too_long(event, limit)


def _query_problems(work: Query, sender: Member, roster: Roster, ltime: int, path: Path) -> Iterator[Problem]:
    if sender.config.protocol_version < QUERY_PROTOCOL:
        found = f"{sender.name} with protocol_version {sender.config.protocol_version}"
        yield Problem(
            (*path, "from"), found_expected(found, f"a member that speaks {QUERY_PROTOCOL} or more")
        )
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
        yield Problem(
            (*path, "payload"), found_expected(found, f"at most the {limit} of query_size_limit in all")
        )
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
            yield Problem((*path, "response"), found_expected(found, expected))
            return


def start_tag_problems(cluster: Cluster, roster: Roster) -> Iterator[Problem]:
    """Members whose agents would refuse to start: one for each place where tags are written."""
    seen: set[Path] = set()
    for member in roster.members:
        trouble = _tags_trouble(member, member.tags)
        path = _tags_path(cluster, member)
        if trouble and path not in seen:
            seen.add(path)
            yield Problem(path, trouble)


def _tags_path(cluster: Cluster, member: Member) -> Path:
    """Where the tags of a member that are nearest to it are written."""
    if not isinstance(cluster.nodes, int) and cluster.nodes[member.index].tags:
        return ("cluster", "nodes", member.index, "tags")
    if member.group and member.group in cluster.groups and cluster.groups[member.group].tags:
        return ("cluster", "groups", member.group, "tags")
    return ("cluster", "tags")


def tag_change_problems(
    workload: Sequence[Any], roster: Roster, duration: float, processes_end: bool
) -> Iterator[Problem]:
    """Changes of tags that an agent would refuse, each entry once.

    A change counts with the tags from the start, and with what earlier entries changed at the same
    members where that is certain: they are named, and no process ends (`processes_end`) and starts anew.
    """
    changes = [
        (start, position, work)
        for position, work in enumerate(workload)
        if isinstance(work, SetTags)
        for start, _ in occurrences(work, duration)[:MOST_CHECKED]
    ]
    known = {member.index: member.tags for member in roster.members}
    refused: set[int] = set()
    for _, position, work in sorted(changes, key=lambda change: change[:2]):
        named = _named_members(work.nodes, roster)
        for member in roster.members if named is None else [roster.members[number] for number in named]:
            kept = {key: value for key, value in known[member.index].items() if key not in work.delete}
            tags = {**kept, **work.tags}
            trouble = _tags_trouble(member, tags)
            if trouble and position not in refused:
                refused.add(position)
                yield Problem(("workload", position, "tags"), trouble)
            if not trouble and named is not None and not processes_end:
                known[member.index] = tags


def _tags_trouble(member: Member, tags: dict[str, str]) -> str:
    """The mistake in a member's tags as an agent sees it, or ""."""
    size = len(encode_meta(tags, member.config.protocol_version))
    found = f"tags of {size} bytes for {member.name}"
    return (
        found_expected(found, f"at most {LONGEST_META} bytes, names included") if size > LONGEST_META else ""
    )


def _named_members(selector: Selector, roster: Roster) -> list[int] | None:
    """Whom a selector surely means; None where that is drawn by lot."""
    if selector == "all":
        return list(range(len(roster.members)))
    if isinstance(selector, tuple):
        return roster.named([name for name in selector if name in roster.index or name in roster.groups])
    return None


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

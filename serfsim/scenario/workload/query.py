"""`query`: a member asks all or some, who answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from serfsim.base.expressions import compile_expression
from serfsim.native import Random
from serfsim.protocol import log_lines
from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.serf.outgoing_queries import QUERY_PROTOCOL, QueryParams
from serfsim.protocol.serf.query_messages import Filter, NodeFilter, QueryResponse, Relayed, TagFilter
from serfsim.protocol.serf.query_messages import Query as QueryMessage
from serfsim.protocol.settings import LARGEST_DATAGRAM
from serfsim.scenario.cluster import Tags
from serfsim.scenario.controls import Controls
from serfsim.scenario.entry import CheckContext
from serfsim.scenario.phrases import describe_selector
from serfsim.scenario.problems import Path, Problem, found_expected, invalid
from serfsim.scenario.roster import Member, Roster
from serfsim.scenario.selection import Nodes, Selector, select, selector_problems, share_of
from serfsim.scenario.units import Count, PositiveDuration, Size, Switch
from serfsim.scenario.workload.work import Sent, Title, check_accepted

if TYPE_CHECKING:
    from serfsim.protocol.serf.node import SerfNode

LARGEST_ID = 0x7FFFFFFF
LONGEST_TIMEOUT_S = 60.0  # that Serf's own default is taken for where a size depends on it


def _read_expressions(value: Any) -> Any:
    """Regular expressions by tag."""
    for tag, expression in value.items() if isinstance(value, dict) else ():
        if not isinstance(expression, str) or compile_expression(expression) is None:
            raise invalid("a regular expression as RE2 reads it", expression, inside=(tag,))
    return value


Expressions = Annotated[Tags, BeforeValidator(_read_expressions)]


class Query(Sent):
    """Ask all members, `nodes`, or those whose tags match `filter_tags`, as `serf query` does."""

    verb: ClassVar = "query"
    example: ClassVar = "{query: uptime, from: node-00, at: 20s, request_ack: true, relay_factor: 1}"

    query: Title = Field(description="its name")
    response: Annotated[Size, Field(le=LARGEST_DATAGRAM)] = Field(
        default=16, description="bytes of each answer"
    )
    relay_factor: Annotated[Count, Field(le=255)] = Field(
        default=0, description="members through which each ack and answer also goes"
    )
    timeout: PositiveDuration | None = Field(
        default=None, description="time that it stays open; Serf's own default unless given"
    )
    request_ack: Switch = Field(default=False, description="have members acknowledge it before they answer")
    nodes: Nodes | None = Field(default=None, description="members that it is for; all unless given")
    filter_tags: Expressions = Field(
        default_factory=dict, description="regular expressions that the tags of those asked must match"
    )

    def problems(self, roster: Roster, path: Path) -> Iterator[Problem]:
        yield from super().problems(roster, path)
        if self.nodes is not None:
            yield from selector_problems(self.nodes, roster, (*path, "nodes"))

    @classmethod
    def joint_problems(cls, entries: Sequence[tuple[Path, Any]], context: CheckContext) -> Iterator[Problem]:
        """Yield queries and answers that are too long, and answers of one name that differ in length."""
        ltime = 1 + sum(work.count_occurrences(context.duration) for _, work in entries)
        responses: dict[str, int] = {}
        for path, work in entries:
            yield from work.size_problems(context.roster, ltime, path)
            if responses.setdefault(work.query, work.response) != work.response:
                expected = f"the {responses[work.query]} bytes that other queries '{work.query}' have"
                yield Problem((*path, "response"), found_expected(f"{work.response} bytes", expected))

    def size_problems(self, roster: Roster, ltime: int, path: Path) -> Iterator[Problem]:
        """Sizes that Serf would refuse at this Lamport time."""
        sender = self.sender(roster)
        if sender.config.protocol_version < QUERY_PROTOCOL:
            found = f"{sender.name} with protocol_version {sender.config.protocol_version}"
            yield Problem(
                (*path, "from"), found_expected(found, f"a member that speaks {QUERY_PROTOCOL} or more")
            )
        source = _record(sender)
        names = [] if self.nodes is None else [NodeFilter(_longest_names(self.nodes, roster))]
        query = QueryMessage(
            source,
            ltime,
            LARGEST_ID,
            self.query,
            bytes(self.payload),
            [*names, *self._tag_filters()],
            1 if self.request_ack else 0,
            self.relay_factor,
            self.timeout if self.timeout is not None else LONGEST_TIMEOUT_S,
        )
        limit = sender.config.query_size_limit
        if query.size - 1 > limit:
            found = f"{self.payload} bytes for '{self.query}', a query of {query.size - 1} bytes in all"
            expected = f"at most the {limit} of query_size_limit in all"
            yield Problem((*path, "payload"), found_expected(found, expected))
        yield from self._response_problems(source, roster, ltime, path)

    def _response_problems(
        self, source: NodeIdentity, roster: Roster, ltime: int, path: Path
    ) -> Iterator[Problem]:
        """Yield the first member's answer that does not fit, as it is or relayed."""
        for member in roster.members:
            response = QueryResponse(_record(member), ltime, LARGEST_ID, 0, bytes(self.response))
            size = response.size if self.relay_factor == 0 else Relayed(response, source).size
            limit = member.config.query_response_size_limit
            if size - 1 > limit:
                found = f"{self.response} bytes, {size - 1} in all from {member.name}"
                expected = f"at most the {limit} of query_response_size_limit in all"
                yield Problem((*path, "response"), found_expected(found, expected))
                return

    def describe(self) -> str:
        asked = "" if self.nodes is None else f" of {describe_selector(self.nodes)}"
        tagged = ", ".join(f"{tag} ~ {expression}" for tag, expression in self.filter_tags.items())
        where = f" where {tagged}" if tagged else ""
        return f"{self._describe_sender()} asks the query {self.query}{asked}{where}"

    def register(self, controls: Controls) -> None:
        controls.answers[self.query] = self.response

    def prepare(self, roster: Roster, random: Random) -> tuple[bytes, list[Filter]]:
        filters: list[Filter] = self._tag_filters()
        if self.nodes is not None:
            names = [roster.members[node].agent for node in select(self.nodes, roster, random)]
            filters.insert(0, NodeFilter(names))
        return self.content(), filters

    def _tag_filters(self) -> list[Filter]:
        return [TagFilter(tag, expression) for tag, expression in self.filter_tags.items()]

    def act(self, controls: Controls, machine: SerfNode, prepared: tuple[bytes, list[Filter]]) -> None:
        now, (payload, filters) = controls.now_at(controls.number_of(machine)), prepared
        params = QueryParams(filters, self.request_ack, self.relay_factor, self.timeout or 0.0)
        machine.log(now, log_lines.SENDING_QUERY, -1, 0, self.payload, self.query)
        machine.query(self.query, payload, params, now)
        check_accepted(machine.last_error, f"'{self.query}'", controls)


def _longest_names(selector: Selector, roster: Roster) -> list[str]:
    """Return the longest list of names that a selector may pick."""
    names = [member.agent for member in roster.members]
    if isinstance(selector, tuple):
        return [names[number] for number in roster.named(roster.known(selector))]
    count = len(names)
    if isinstance(selector, int):
        count = selector
    elif selector != "all":
        count = share_of(selector, len(names))
    return sorted(names, key=len, reverse=True)[:count]


def _record(member: Member) -> NodeIdentity:
    return NodeIdentity(member.index, member.index, len(member.agent.encode()))

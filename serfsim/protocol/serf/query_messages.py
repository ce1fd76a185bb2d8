"""Queries, their filters, the responses to them, and responses on a detour (spec serf.md section 7).

A filter names the members that a query is for, or has a regular expression on a tag. Sizes are the closed
forms of spec wire.md section 5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist.messages import UserMessage
from serfsim.protocol.serf.messages import GossipedItem, bytes_size
from serfsim.protocol.versions import RELAY_VERSION
from serfsim.protocol.wire import serf_fields as wire
from serfsim.protocol.wire.msgpack import (
    array_header,
    header_size,
    integer_size,
    string_size,
    text,
    unsigned_size,
)

# Fields that not all releases have.
RELAY_FACTOR_SIZE: Final[i64] = wire.QUERY_FIELDS.extra("relay")
SOURCE_NODE_SIZE: Final[i64] = wire.QUERY_FIELDS.extra("names_in_queries")
DEST_NAME_SIZE: Final[i64] = wire.RELAY_FIELDS.extra("names_in_queries")
# A relay's header with an empty zone.
RELAY_SIZE: Final[i64] = wire.RELAY_FIELDS.size + wire.ADDRESS_FIELDS.size + string_size(0)


@mypyc_attr(acyclic=True, allow_interpreted_subclasses=True)
class Filter:
    """A filter of a kind that this release does not know: it lets nobody through."""

    def __init__(self, kind: i64) -> None:
        self.kind: i64 = kind

    def lets_through(self, name: str, tags: dict[str, str], matches: Callable[[str, str], bool]) -> bool:
        """Return whether the query is for a node of this name and these tags.

        `matches` is `Application.matches`.
        """
        return False

    def size(self) -> i64:
        return 1

    def encode(self, directory: Directory) -> bytes:
        """Type byte and content."""
        return int(self.kind).to_bytes(1, "big")


@mypyc_attr(acyclic=True)
class NodeFilter(Filter):
    """Only these members."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(wire.NODE_FILTER)
        self.names = names

    def lets_through(self, name: str, tags: dict[str, str], matches: Callable[[str, str], bool]) -> bool:
        return name in self.names

    def size(self) -> i64:
        size = 1 + header_size(len(self.names))
        for name in self.names:
            size += string_size(len(name.encode()))
        return size

    def encode(self, directory: Directory) -> bytes:
        parts = b"\x00" + array_header(len(self.names))
        for name in self.names:
            parts += text(name)
        return parts


@mypyc_attr(acyclic=True)
class TagFilter(Filter):
    """Only members whose tag has a match of the expression; a missing tag is an empty one."""

    def __init__(self, tag: str, expression: str) -> None:
        super().__init__(wire.TAG_FILTER)
        self.tag = tag
        self.expression = expression

    def lets_through(self, name: str, tags: dict[str, str], matches: Callable[[str, str], bool]) -> bool:
        return matches(self.expression, tags.get(self.tag, ""))

    def size(self) -> i64:
        size = wire.TAG_FILTER_FIELDS.size + string_size(len(self.expression.encode()))
        return size + string_size(len(self.tag.encode()))

    def encode(self, directory: Directory) -> bytes:
        return wire.TAG_FILTER_FIELDS.encode([self.expression, self.tag])


# Flags of a query; in a response the first says that it is an ack.
ACK_FLAG: Final = 1
NO_BROADCAST_FLAG: Final = 2


@mypyc_attr(acyclic=True)
class Query(GossipedItem):
    """A question to all members that its filters let through. `timeout` is in seconds."""

    def __init__(
        self,
        source: NodeIdentity,
        ltime: i64,
        number: i64,
        name: str,
        payload: bytes,
        filters: list[Filter],
        flags: i64,
        relay_factor: i64,
        timeout: float,
        names_source: bool = True,
        is_signed: bool = False,
    ) -> None:
        self.source = source
        # Fields that came in with Serf 0.8.1 and 0.9; who does not know them passes them on all the same.
        self.has_relay_factor = source.protocol_max >= RELAY_VERSION
        self.names_source = names_source
        self.is_signed = is_signed  # how the timeout is written
        self.id: i64 = number
        self.filters = filters
        self.flags: i64 = flags
        self.relay_factor: i64 = relay_factor
        self.timeout = timeout
        self.timeout_ns: i64 = i64(timeout * 1e9 + 0.5)
        size = wire.QUERY_FIELDS.size + source.address_size + source.port_size
        if names_source:
            size += SOURCE_NODE_SIZE + source.name_size
        if len(filters) == 0:
            size += 1
        else:
            size += header_size(len(filters))
            for one in filters:
                size += string_size(one.size())
        size += unsigned_size(flags) + unsigned_size(number) + unsigned_size(ltime)
        size += string_size(len(name.encode())) + bytes_size(payload)
        size += integer_size(self.timeout_ns, is_signed)
        if self.has_relay_factor:
            size += RELAY_FACTOR_SIZE + unsigned_size(relay_factor)
        super().__init__(wire.QUERY, source.node, size, ltime, name, payload)

    def wants_ack(self) -> bool:
        return self.flags & ACK_FLAG != 0

    def may_be_passed_on(self) -> bool:
        return self.flags & NO_BROADCAST_FLAG == 0

    def encode(self, directory: Directory) -> bytes:
        source = self.source
        values: list[object] = [directory.address_of(source), [one.encode(directory) for one in self.filters]]
        values += [self.flags, self.id, self.ltime, self.name, self.payload, source.port]
        values.append(self.relay_factor if self.has_relay_factor else None)
        values.append(directory.names[source.node] if self.names_source else None)
        values.append(self.timeout_ns)
        return wire.QUERY_FIELDS.encode(values, self.is_signed)


@mypyc_attr(acyclic=True)
class QueryResponse(UserMessage):
    """An ack of a query or an answer to it; `node` is its From field.

    `member` is what the payload of an answer to a conflict query says, where it names a member.
    """

    def __init__(self, source: NodeIdentity, ltime: i64, number: i64, flags: i64, payload: bytes) -> None:
        size = (
            wire.RESPONSE_FIELDS.size
            + unsigned_size(flags)
            + source.name_size
            + unsigned_size(number)
            + unsigned_size(ltime)
        )
        super().__init__(wire.QUERY_RESPONSE, source.node, size + bytes_size(payload))
        self.ltime: i64 = ltime
        self.id: i64 = number
        self.flags: i64 = flags
        self.payload = payload
        self.member: NodeIdentity | None = None

    def is_ack(self) -> bool:
        return self.flags & ACK_FLAG != 0

    def encode(self, directory: Directory) -> bytes:
        name = directory.written_names[self.node]
        return wire.RESPONSE_FIELDS.encode([self.flags, name, self.id, self.ltime, self.payload])


@mypyc_attr(acyclic=True)
class Relayed(UserMessage):
    """A response on a detour: who receives this sends `inner` on to `target`."""

    def __init__(
        self,
        inner: QueryResponse,
        target: NodeIdentity,
        names_target: bool = True,
        is_signed: bool = False,
    ) -> None:
        self.names_target = names_target
        self.is_signed = is_signed  # how the port is written
        size = RELAY_SIZE + target.address_size + integer_size(target.port, is_signed) + inner.size - 1
        if names_target:
            size += DEST_NAME_SIZE + target.name_size
        super().__init__(wire.RELAY, target.node, size)
        self.inner = inner
        self.target = target

    def encode(self, directory: Directory) -> bytes:
        target = self.target
        address = wire.ADDRESS_FIELDS.encode([directory.address_of(target), target.port, ""], self.is_signed)
        name = directory.written_names[target.node] if self.names_target else None
        return wire.RELAY_FIELDS.encode([address, name]) + self.inner.encode(directory)[1:]

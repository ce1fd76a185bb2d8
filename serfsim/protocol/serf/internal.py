"""Serf's own queries, by the names that begin with _serf_ (spec serf.md section 7.2).

ping                                   nothing: its ack says it all
conflict                               the member of the name in the payload, or nil; not from its bearer
install-key, use-key, remove-key       no: there is no keyring
list-keys                              none: there is no keyring
"""

from __future__ import annotations

from typing import Final

from serfsim.native import mypyc_attr
from serfsim.protocol import events, log_lines
from serfsim.protocol.directory import Directory, Record
from serfsim.protocol.serf.core import SerfCore
from serfsim.protocol.serf.members import STATUS_NONE
from serfsim.protocol.serf.queries import Queries, ReceivedQuery
from serfsim.protocol.serf.tags import decode_tags
from serfsim.protocol.wire.msgpack import array_header, boolean, map_header, raw, text, unsigned

PREFIX: Final = "_serf_"
PING: Final = "_serf_ping"
CONFLICT: Final = "_serf_conflict"
KEY_CHANGES: Final = ("_serf_install-key", "_serf_use-key", "_serf_remove-key")
LIST_KEYS: Final = "_serf_list-keys"

NO_KEYRING: Final = "No keyring to modify (encryption not enabled)"
EMPTY_KEYRING: Final = "Keyring is empty (encryption not enabled)"


def is_internal(name: str) -> bool:
    return name.startswith(PREFIX)


def encode_key_request(key: bytes) -> bytes:
    """The payload of a query that changes keys."""
    return b"\x07" + map_header(1) + text("Key") + raw(key)


def encode_key_response(result: bool, message: str, keys: list[str], primary: str) -> bytes:
    """The payload of an answer to a query about keys; no keys are nil."""
    parts = b"\x08" + map_header(4) + text("Keys")
    if len(keys) == 0:
        parts += b"\xc0"
    else:
        parts += array_header(len(keys))
        for key in keys:
            parts += text(key)
    return (
        parts
        + text("Message")
        + text(message)
        + text("PrimaryKey")
        + text(primary)
        + (text("Result") + boolean(result))
    )


def encode_conflict_response(
    record: Record | None, status: int, tags: dict[str, str], directory: Directory
) -> bytes:
    """The payload of an answer to a conflict query: a member as Serf writes it, or nil."""
    if record is None:
        return b"\x06\xc0"
    parts = b"\x06" + map_header(11)
    parts += text("Addr") + raw(directory.address_bytes(record.address, record.address_length))
    parts += text("DelegateCur") + unsigned(record.delegate_current)
    parts += text("DelegateMax") + unsigned(record.delegate_max)
    parts += text("DelegateMin") + unsigned(record.delegate_min)
    parts += text("Name") + text(directory.names[record.node]) + text("Port") + unsigned(record.port)
    parts += text("ProtocolCur") + unsigned(record.protocol_current)
    parts += text("ProtocolMax") + unsigned(record.protocol_max)
    parts += text("ProtocolMin") + unsigned(record.protocol_min)
    parts += text("Status") + unsigned(status) + text("Tags") + map_header(len(tags))
    for key, value in tags.items():
        parts += text(key) + text(value)
    return parts


@mypyc_attr(allow_interpreted_subclasses=True)
class InternalQueries:
    """Answers them; the application never sees them."""

    def __init__(self, core: SerfCore, queries: Queries) -> None:
        self.core = core
        self.queries = queries

    def handle(self, received: ReceivedQuery, now: float) -> None:
        name = received.query.name
        if name == PING:
            return
        if name == CONFLICT:
            self._conflict(received, now)
        elif name in KEY_CHANGES:
            self._answer(received, encode_key_response(False, NO_KEYRING, [], ""), now)
        elif name == LIST_KEYS:
            self._answer(received, encode_key_response(False, EMPTY_KEYRING, [], ""), now)
        else:
            core = self.core
            core.runtime.notify(now, events.UNKNOWN_QUERY, core.me, received.query.ltime)
            core.log(now, log_lines.UNKNOWN_QUERY, -1, 0, 0, name.removeprefix(PREFIX))

    def _answer(self, received: ReceivedQuery, payload: bytes, now: float) -> None:
        self.queries.respond(received, self.queries.response(received, payload), now)

    def _conflict(self, received: ReceivedQuery, now: float) -> None:
        """Say whom we know by the name in question, unless it is our own."""
        core = self.core
        # What is no text names nobody.
        asked = received.query.payload.decode("utf-8", "replace")
        node = core.directory.find(asked)
        if node == core.me:
            return
        core.log(now, log_lines.CONFLICT_ASKED, node, 0, 0, asked)
        record: Record | None = None
        status = 0
        tags: dict[str, str] = {}
        if node >= 0 and core.members.status(node) != STATUS_NONE:
            record = core.memberlist.members.record(node)
            status = core.members.status(node)
            tags = decode_tags(record.meta)
        payload = encode_conflict_response(record, status, tags, core.directory)
        response = self.queries.response(received, payload)
        response.member = record
        self.queries.respond(received, response, now)

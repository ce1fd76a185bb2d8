"""Conversion of names and addresses in messages to indices and records of a directory.

A node that is only named (in a suspicion, an intent ...) gets an index too, with a first record that has no
address. A record equal to the directory's is the directory's own object, which keeps views small and makes
old alive messages cheap to recognize.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64
from serfsim.protocol.directory import DEFAULT_PORT, Directory, NodeIdentity
from serfsim.protocol.memberlist.messages import Alive
from serfsim.protocol.wire.reader import WireError
from serfsim.protocol.wire.schema import Values

# Real nodes forget names; a directory does not. Far more than any cluster has.
MOST_NAMES: Final = 1 << 20
NOWHERE: Final = -1
NO_VERSIONS: Final = (0, 0, 0)
VERSION_BYTES: Final = 6


def _intern(directory: Directory, name: str, record: NodeIdentity) -> NodeIdentity:
    if len(directory) >= MOST_NAMES:
        raise WireError(f"found more than {MOST_NAMES} names")
    directory.add_record(name, record)
    return record


def node_of(directory: Directory, name: str) -> i64:
    """Return the index of a name."""
    return mentioned(directory, name).node


def mentioned(directory: Directory, name: str) -> NodeIdentity:
    """Return the first record of a name of which nothing else is known."""
    node = directory.find(name)
    if node >= 0:
        return directory.first[node]
    length: i64 = len(name.encode())
    record = NodeIdentity(
        len(directory), NOWHERE, length, b"", NO_VERSIONS, NO_VERSIONS, 0, has_versions=False
    )
    return _intern(directory, name, record)


def located(directory: Directory, name: str, address: bytes, port: i64) -> NodeIdentity:
    """Return a record of a name at an address; its other fields are those already known."""
    number = directory.address_number(address, port)
    size: i64 = len(address)
    node = directory.find(name)
    if node < 0:
        length: i64 = len(name.encode())
        versions = NO_VERSIONS
        record = NodeIdentity(
            len(directory), number, length, b"", versions, versions, size, port, has_versions=False
        )
        return _intern(directory, name, record)
    known = directory.first[node]
    if known.address == number and known.port == port and known.address_length == size:
        return known
    return NodeIdentity(
        node,
        number,
        known.name_length,
        known.meta,
        (known.protocol_min, known.protocol_max, known.protocol_current),
        (known.delegate_min, known.delegate_max, known.delegate_current),
        size,
        port,
        known.has_versions,
    )


class Announcement:
    """Content of an alive message or a push/pull entry about the node `name`."""

    def __init__(self, found: Values, name: str) -> None:
        self.name = name
        self.address = found.raw("Addr")
        self.port = found.number("Port")
        self.meta = found.raw("Meta")
        self.versions = found.raw("Vsn")

    def record(self, directory: Directory) -> NodeIdentity:
        """Return the announced record. A missing port is memberlist's own, as before its protocol 2."""
        port = self.port if self.port > 0 else DEFAULT_PORT
        number = directory.address_number(self.address, port)
        node = directory.find(self.name)
        if node < 0:
            return _intern(directory, self.name, self._made(len(directory), number, port))
        first = directory.first[node]
        if self._is_said_by(first, number, port):
            return first
        last = directory.last_alive[node]
        if isinstance(last, Alive) and self._is_said_by(last.record, number, port):
            return last.record
        return self._made(node, number, port)

    def _made(self, node: i64, number: i64, port: i64) -> NodeIdentity:
        vsn = self.versions
        known = len(vsn) >= VERSION_BYTES
        protocol: tuple[i64, i64, i64] = NO_VERSIONS
        delegate: tuple[i64, i64, i64] = NO_VERSIONS
        if known:
            protocol = (i64(vsn[0]), i64(vsn[1]), i64(vsn[2]))
            delegate = (i64(vsn[3]), i64(vsn[4]), i64(vsn[5]))
        length: i64 = len(self.name.encode())
        return NodeIdentity(
            node, number, length, self.meta, protocol, delegate, len(self.address), port, known
        )

    def _is_said_by(self, record: NodeIdentity, number: i64, port: i64) -> bool:
        return (
            record.address == number
            and record.port == port
            and record.address_length == len(self.address)
            and record.meta == self.meta
            and record.versions() == self.versions[:VERSION_BYTES]
            and (len(self.versions) == 0 or len(self.versions) >= VERSION_BYTES)
        )

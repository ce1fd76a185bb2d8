"""Names, addresses and identities of nodes, each interned to a small integer.

The wire carries names and addresses as text and bytes. Inside a machine a member is an index, so that a
view of 5000 members is a packed array. Only the directory knows both forms; all machines of a simulation
share one, and a machine on sockets has its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.native import append, i64, vec
from serfsim.protocol.large import LARGE
from serfsim.protocol.wire.memberlist_fields import ALIVE_FIELDS, ENTRY_FIELDS
from serfsim.protocol.wire.msgpack import string_size, text, unsigned_size
from serfsim.protocol.wire.schema import HOLE
from serfsim.protocol.wire.sizes import WireSizes

if TYPE_CHECKING:
    from serfsim.protocol.converged import ConvergedStatuses, ConvergedView
    from serfsim.protocol.memberlist.ledger import Ledger

# Socket addresses are numbers here; as bytes they are 10.0.0.1 and those that follow, at DEFAULT_PORT.
# Another port is in the bits above the 32 of an IPv4 address; above those begin numbers for all others.
FIRST_ADDRESS: Final = 0x0A000001
DEFAULT_PORT: Final = 7946
PORT_SHIFT: Final = 32
FIRST_OTHER: Final = 1 << 48
MAPPED: Final = b"\x00" * 10 + b"\xff\xff"  # before an IPv4 address in 16 bytes


class NodeIdentity:
    """Content of an alive message besides its incarnation; never changed once made.

    `address` is the number of a socket address (in a simulation: of a host). The six version
    bytes are those of spec memberlist.md section 11; where a peer sent none, `has_versions` is
    False and they are 0.
    """

    def __init__(
        self,
        node: i64,
        address: i64,
        name_length: i64,
        meta: bytes = b"\xff\x80",
        protocol: tuple[i64, i64, i64] = (1, 5, 2),
        delegate: tuple[i64, i64, i64] = (2, 5, 5),
        address_length: i64 = 4,
        port: i64 = DEFAULT_PORT,
        has_versions: bool = True,
    ) -> None:
        self.node: i64 = node
        self.address: i64 = address
        self.meta = meta
        if not has_versions:
            protocol = (0, 0, 0)
            delegate = (0, 0, 0)
        self.protocol_min: i64 = protocol[0]
        self.protocol_max: i64 = protocol[1]
        self.protocol_current: i64 = protocol[2]
        self.delegate_min: i64 = delegate[0]
        self.delegate_max: i64 = delegate[1]
        self.delegate_current: i64 = delegate[2]
        self.port: i64 = port
        self.has_versions = has_versions
        self.is_first = False  # the directory's first record of its node
        self.name_length: i64 = name_length
        self.address_length: i64 = address_length
        self.name_size: i64 = string_size(name_length)
        self.address_size: i64 = string_size(address_length)
        self.port_size: i64 = unsigned_size(port)
        body = self.address_size + string_size(len(meta)) + self.name_size + self.port_size
        body += 7 if has_versions else 1
        self.alive_size: i64 = ALIVE_FIELDS.size + body  # plus U(incarnation)
        self.entry_size: i64 = ENTRY_FIELDS.size + body  # a push/pull entry, plus U(incarnation)
        self.written: WrittenEntry | None = None  # once it has been

    def is_consistent(self) -> bool:
        """Each version spoken lies between the record's own bounds."""
        return (
            self.protocol_min <= self.protocol_current <= self.protocol_max
            and self.delegate_min <= self.delegate_current <= self.delegate_max
        )

    def versions(self) -> bytes:
        """Return the six version bytes, or none."""
        if not self.has_versions:
            return b""
        protocol = bytes([self.protocol_min, self.protocol_max, self.protocol_current])
        return protocol + bytes([self.delegate_min, self.delegate_max, self.delegate_current])

    def with_meta(self, meta: bytes) -> NodeIdentity:
        """Return the record with other metadata, such as changed tags."""
        return self._combined(meta, self)

    def with_versions_of(self, known: NodeIdentity) -> NodeIdentity:
        """Return the record with the versions known before."""
        return self._combined(self.meta, known)

    def _combined(self, meta: bytes, known: NodeIdentity) -> NodeIdentity:
        return NodeIdentity(
            self.node,
            self.address,
            self.name_length,
            meta,
            (known.protocol_min, known.protocol_max, known.protocol_current),
            (known.delegate_min, known.delegate_max, known.delegate_current),
            self.address_length,
            self.port,
        )

    def same_versions(self, other: NodeIdentity) -> bool:
        return (
            self.protocol_min == other.protocol_min
            and self.protocol_max == other.protocol_max
            and self.protocol_current == other.protocol_current
            and self.delegate_min == other.delegate_min
            and self.delegate_max == other.delegate_max
            and self.delegate_current == other.delegate_current
        )


def ipv4_number(host: i64, port: i64) -> i64:
    """Return the number of an IPv4 socket address, whose `host` is 32 bits."""
    return ((port - DEFAULT_PORT) & 0xFFFF) << PORT_SHIFT | ((host - FIRST_ADDRESS) & 0xFFFFFFFF)


def ipv4_bytes(address: i64) -> bytes:
    """Return the four bytes of an IPv4 socket address."""
    return int((FIRST_ADDRESS + address) & 0xFFFFFFFF).to_bytes(4, "big")


def ipv4_port(address: i64) -> i64:
    """Return the port of an IPv4 socket address."""
    return (DEFAULT_PORT + (address >> PORT_SHIFT)) & 0xFFFF


def ipv4_endpoint(address: i64, port: i64) -> str:
    """Return an IPv4 socket address as Go writes it."""
    number = int((FIRST_ADDRESS + address) & 0xFFFFFFFF)
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}:{port}"


def _ipv6_text(data: bytes) -> str:
    """Sixteen bytes as Go writes them: the longest row of zero groups is left out."""
    groups: list[str] = []
    for at in range(0, len(data) - 1, 2):
        groups.append(hex(data[at] << 8 | data[at + 1])[2:])
    best = 0
    begin = -1
    for at in range(len(groups)):
        end = at
        while end < len(groups) and groups[end] == "0":
            end += 1
        if end - at > best and end - at > 1:
            best = end - at
            begin = at
    if begin < 0:
        return ":".join(groups)
    return ":".join(groups[:begin]) + "::" + ":".join(groups[begin + best :])


class WrittenEntry:
    """A record's bytes in a push/pull entry: around the incarnation and the state."""

    def __init__(self, record: NodeIdentity, address: bytes, name: bytes) -> None:
        values: list[object] = [address, HOLE, record.meta, name, record.port, HOLE, record.versions()]
        pieces = ENTRY_FIELDS.pieces(values)
        self.opening = pieces[0]
        self.middle = pieces[1]
        self.end = pieces[2]


class Directory:
    """All names known, in order of first mention: number -> name, first record.

    `first[n]` is the record under which a node was first announced. A view stores a record only
    where it differs from that one, which keeps a view of n members small.
    """

    def __init__(self) -> None:
        self.ledger: Ledger | None = None  # of the broadcasts of all machines that share the directory
        self.is_private = False  # one machine alone uses it, and writes out at once what it sends
        self.names: list[str] = []
        self.written_names: list[bytes] = []
        self.first: list[NodeIdentity] = []
        self.last_alive: list[object | None] = []  # the last alive message made of each node
        self.uniform = True  # all first records carry the same versions, and usable ones
        self.seals: dict[tuple[bytes, int, bytes, bool], object] = {}  # by key, version, label, transport
        self.is_protected = False  # some machine has keys or a label
        self.sizes = WireSizes()  # of this cluster's messages, once compressed
        self.status_ltimes: vec[i64] = vec[i64]()  # Serf's status time of each, as most views have it
        self.large_above: i64 = LARGE  # how many members may begin converged without views as differences
        self.converged_view: ConvergedView | None = None
        self.converged_statuses: ConvergedStatuses | None = None
        self._numbers: dict[str, int] = {}
        self._others: list[bytes] = []  # addresses that are not IPv4, each with its port behind it
        self._other_numbers: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self.names)

    def add(self, name: str, address: i64, meta: bytes = b"\xff\x80") -> NodeIdentity:
        """Intern `name`, announced from `address`; the record with default versions."""
        record = NodeIdentity(len(self.names), address, len(name.encode()), meta)
        self.add_record(name, record)
        return record

    def add_record(self, name: str, record: NodeIdentity) -> None:
        """Intern `name` with a record made by the caller; its number must be the next one."""
        assert record.node == len(self.names)
        assert name not in self._numbers
        record.is_first = True
        self._numbers[name] = len(self.names)
        self.names.append(name)
        self.written_names.append(text(name))
        self.first.append(record)
        self.last_alive.append(None)
        self.status_ltimes = append(self.status_ltimes, 0)
        if not (record.is_consistent() and record.same_versions(self.first[0])):
            self.uniform = False

    def shared_ltime(self, node: i64, ltime: i64) -> i64:
        """Return the status time that views need not keep themselves: a member's first."""
        if self.status_ltimes[node] == 0:
            self.status_ltimes[node] = ltime
        return self.status_ltimes[node]

    def address_bytes(self, address: i64, length: i64) -> bytes:
        """Return the bytes of an address in messages: 4, or 16 with IPv4 mapped into IPv6."""
        if address >= FIRST_OTHER:
            return self._others[address - FIRST_OTHER][:-2]
        if length == 0:
            return b""
        short = ipv4_bytes(address)
        return short if length == 4 else MAPPED + short

    def address_port(self, address: i64) -> i64:
        if address >= FIRST_OTHER:
            other = self._others[address - FIRST_OTHER]
            return i64(other[len(other) - 2]) << 8 | i64(other[len(other) - 1])
        return ipv4_port(address)

    def endpoint(self, address: i64) -> str:
        """Return an address with its port, as Go writes it."""
        port = self.address_port(address)
        if address < FIRST_OTHER:
            return ipv4_endpoint(address, port)
        return f"[{_ipv6_text(self.address_bytes(address, 16))}]:{port}"

    def address_number(self, data: bytes, port: i64) -> i64:
        """Return the number of a socket address, whose `data` may be of any length."""
        short = data[12:] if len(data) == 16 and data.startswith(MAPPED) else data
        if len(short) == 4:
            host: i64 = 0
            for byte in short:
                host = host << 8 | i64(byte)
            return ipv4_number(host, port)
        key = data + int(port).to_bytes(2, "big")
        number = self._other_numbers.get(key, -1)
        if number < 0:
            number = FIRST_OTHER + len(self._others)
            self._other_numbers[key] = number
            self._others.append(key)
        return number

    def written_entry(self, record: NodeIdentity) -> WrittenEntry:
        """Return a record's bytes in a push/pull entry."""
        written = record.written
        if written is None:
            written = WrittenEntry(record, self.address_of(record), self.written_names[record.node])
            record.written = written
        return written

    def address_of(self, record: NodeIdentity) -> bytes:
        """Return a record's address as it stands in messages."""
        return self.address_bytes(record.address, record.address_length)

    def find(self, name: str) -> int:
        """Return the index of `name`, or -1."""
        return self._numbers.get(name, -1)

    def at_address(self, address: i64) -> int:
        """Return the node first announced from an address of a simulation, else -1."""
        at_home = 0 <= address < len(self.first) and self.first[address].address == address
        return int(address) if at_home else -1

    def name(self, node: int) -> str:
        return self.names[node]

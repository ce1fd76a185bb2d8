"""Datagrams as bytes, and the shapes by which their compressed size is reckoned (wire.sizes).

What is written here is exact: spec wire.md sections 2, 3 and 5, fields in alphabetical order.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist.ledger import COLUMN_MASK, RUN_SHIFT
from serfsim.protocol.memberlist.messages import (
    ACK,
    ALIVE,
    DEAD,
    GOSSIP,
    INDIRECT_PING,
    PING,
    SUSPECT,
    USER,
    Packet,
    nack_size,
)
from serfsim.protocol.versions import NACK_VERSION
from serfsim.protocol.vivaldi.coordinate import Coordinate
from serfsim.protocol.wire.envelope import compound, whole_messages
from serfsim.protocol.wire.memberlist_fields import (
    ACK_FIELDS,
    INDIRECT_PING_FIELDS,
    LEADS,
    PING_FIELDS,
)
from serfsim.protocol.wire.serf_fields import COORDINATE_FIELDS
from serfsim.protocol.wire.sizes import coarse

# Acks with a coordinate have shapes of their own, of numbers that lead no datagram.
LEAD_COORDINATE: Final = 7
LEAD_ORIGIN: Final = 9  # a coordinate that has not moved yet: mostly zeros


def is_at_origin(coordinate: Coordinate) -> bool:
    return coordinate.vec[0] == 0.0


def _lead_of(packet: Packet) -> i64:
    coordinate = packet.coordinate
    if packet.kind != ACK or coordinate is None:
        return GOSSIP if packet.kind == USER else packet.kind
    return LEAD_ORIGIN if is_at_origin(coordinate) else LEAD_COORDINATE


def shape_of(packet: Packet, plain: i64) -> i64:
    """Return a number below 2 ** 40 that datagrams of equal compressibility share: lead, kinds, length."""
    alive: i64 = 0
    accusations: i64 = 0
    user: i64 = 0
    load = packet.load
    broadcasts = packet.broadcasts if load is None else None
    if load is not None:
        for run in load.runs:
            column: i64 = run & COLUMN_MASK
            if column == ALIVE:
                alive += run >> RUN_SHIFT
            elif column in (SUSPECT, DEAD):
                accusations += run >> RUN_SHIFT
        user = len(load.numbers) - alive - accusations
    elif broadcasts is not None:
        for message in broadcasts:
            if message.kind == ALIVE:
                alive += 1
            elif message.kind == USER:
                user += 1
            else:
                accusations += 1
    counts = (coarse(alive) << 12) | (coarse(accusations) << 6) | coarse(user)
    return (plain >> 4) << 22 | counts << 4 | _lead_of(packet)


def encode_coordinate(coordinate: Coordinate) -> bytes:
    """Encode the payload of an ack: Serf's ping version, then the coordinate (spec serf.md section 12)."""
    values: list[object] = [coordinate.adjustment, coordinate.error, coordinate.height, list(coordinate.vec)]
    return COORDINATE_FIELDS.encode(values)


def encode_ack(seq: i64, coordinate: Coordinate | None, has_payload: bool = True) -> bytes:
    """`has_payload`: the field is there, if only as nil."""
    if not has_payload:
        return ACK_FIELDS.encode([None, seq])
    return ACK_FIELDS.encode([b"" if coordinate is None else encode_coordinate(coordinate), seq])


def encode_ping(node: i64, seq: i64, source: NodeIdentity | None, directory: Directory) -> bytes:
    """Encode a ping. `node` is -1 for any receiver; without a source it is as before memberlist 0.2.0."""
    name = directory.names[node] if node >= 0 else ""
    values: list[object] = [name, seq]
    return PING_FIELDS.encode(values + _source_values(source, directory))


def encode_indirect_ping(
    packet: Packet, knows_nacks: bool, source: NodeIdentity | None, directory: Directory
) -> bytes:
    # Where the first record was hearsay, or is out of date, the target address knows better.
    length = directory.first[packet.node].address_length
    address = directory.address_bytes(packet.target, length if length > 0 else 4)
    values: list[object] = [packet.wants_nack if knows_nacks else None, directory.names[packet.node]]
    values += [directory.address_port(packet.target), packet.seq]
    values += _source_values(source, directory)
    values.append(address)
    return INDIRECT_PING_FIELDS.encode(values)


def _source_values(source: NodeIdentity | None, directory: Directory) -> list[object]:
    if source is None:
        return [None, None, None]
    return [directory.address_of(source), directory.names[source.node], source.port]


def encode_lead(packet: Packet, sender: NodeIdentity | None, directory: Directory) -> bytes:
    """Encode the leading message alone; empty if there is none. `sender` may be None where unnamed."""
    kind = packet.kind
    source = sender if packet.source >= 0 else None
    if kind == PING:
        return encode_ping(packet.node, packet.seq, source, directory)
    if kind == INDIRECT_PING:
        is_old = sender is not None and sender.has_versions and sender.protocol_max < NACK_VERSION
        return encode_indirect_ping(packet, not is_old, source, directory)
    if kind == ACK:
        # Before Serf 0.7 an ack is no longer than a nack.
        is_bare = packet.coordinate is None and packet.leading_size == nack_size(packet.seq)
        return encode_ack(packet.seq, packet.coordinate, not is_bare)
    fields = LEADS.get(int(kind))
    return b"" if fields is None else fields.encode([packet.seq])


def encode_datagram(packet: Packet, sender: NodeIdentity | None, directory: Directory) -> bytes:
    """Encode a packet before compression, CRC and encryption."""
    parts: list[bytes] = []
    lead = encode_lead(packet, sender, directory)
    if len(lead) > 0:
        parts.append(lead)
    broadcasts = packet.broadcasts
    if broadcasts is not None:
        for message in broadcasts:
            parts.append(message.encode(directory))
    # Old releases gossip a message alone as a compound of one, which its size tells.
    if len(parts) == 1 and (packet.kind != GOSSIP or packet.leading_size <= len(parts[0])):
        return parts[0]
    return compound(parts)


def as_read(packet: Packet, splits_compounds: bool) -> Packet:
    """Return the messages that a receiver reads from a compound: all, unless a count wraps (wire.md 2).

    `splits_compounds`: the receiver's release knows of more than 127 messages in a datagram.
    """
    broadcasts = packet.broadcasts
    if broadcasts is None:
        return packet
    leads: i64 = 0 if packet.kind == GOSSIP or packet.kind == USER else 1
    sizes: list[int] = [packet.leading_size] if leads == 1 else []
    for message in broadcasts:
        sizes.append(message.size)
    found = whole_messages(sizes, not splits_compounds)
    if len(found) == len(sizes):
        return packet
    has_lead = leads == 1 and 0 in found
    read = Packet(packet.kind if has_lead else GOSSIP, packet.seq, packet.size)
    read.leading_size = packet.leading_size
    read.node = packet.node
    read.source = packet.source
    read.target = packet.target
    read.wants_nack = packet.wants_nack
    read.has_crc = packet.has_crc
    read.coordinate = packet.coordinate
    read.broadcasts = [broadcasts[place - leads] for place in found if place >= leads]
    return read

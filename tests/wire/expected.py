"""The decoded fields of a capture beside the machines' own objects: `about` puts these in the same words.

The captures name a message's fields as the library does; what is told here of an object is the same
mapping, made from nothing but the object and its directory.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist import messages as m
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.serf.messages import JOIN, Intent, SerfState, UserEvent
from serfsim.protocol.serf.query_messages import NodeFilter, Query, QueryResponse, Relayed, TagFilter
from serfsim.protocol.serf.tags import decode_tags

KINDS = {m.PING: "ping", m.INDIRECT_PING: "indirectPing", m.ACK: "ackResp", m.NACK: "nackResp"}


def ip(directory: Directory, number: int, length: int = 4) -> str:
    return str(ipaddress.ip_address(directory.address_bytes(number, length)))


def meta(data: bytes) -> dict[str, Any]:
    if data[:1] == b"\xff":
        return {"tags_magic": 255, "tags": decode_tags(data)}
    return {"raw_role": data.decode()}


def identity(record: NodeIdentity, incarnation: int, directory: Directory) -> dict[str, Any]:
    return {
        "Addr": ip(directory, record.address, record.address_length),
        "Incarnation": incarnation,
        "Meta": meta(record.meta),
        "Port": record.port,
        "Vsn": list(record.versions()),
    }


def source_fields(source: NodeIdentity | None, directory: Directory) -> dict[str, Any]:
    if source is None:
        return {}
    return {
        "SourceAddr": ip(directory, source.address, source.address_length),
        "SourceNode": directory.names[source.node],
        "SourcePort": source.port,
    }


def lead(packet: m.Packet, source: NodeIdentity | None, directory: Directory) -> dict[str, Any]:
    fields: dict[str, Any] = {"SeqNo": packet.seq, **source_fields(source, directory)}
    if packet.kind in (m.PING, m.INDIRECT_PING):
        fields["Node"] = directory.names[packet.node] if packet.node >= 0 else ""
    if packet.kind == m.INDIRECT_PING:
        fields["Nack"] = packet.wants_nack
        fields["Target"] = ip(directory, packet.target)
        fields["Port"] = directory.address_port(packet.target)
    if packet.kind == m.ACK:
        fields["Payload"] = None
        coordinate = packet.coordinate
        if coordinate is not None:
            fields["Payload"] = {
                "pingVersion": 1,
                "coordinate": {
                    "Adjustment": coordinate.adjustment,
                    "Error": coordinate.error,
                    "Height": coordinate.height,
                    "Vec": list(coordinate.vec),
                },
            }
    return {"name": KINDS[packet.kind], "fields": fields}


def broadcast(message: m.Message, directory: Directory) -> dict[str, Any]:
    names = directory.names
    if isinstance(message, m.Alive):
        fields = identity(message.record, message.incarnation, directory)
        return {"name": "alive", "fields": {**fields, "Node": names[message.node]}}
    if isinstance(message, m.SuspectOrDead):
        return {
            "name": "suspect" if message.kind == m.SUSPECT else "dead",
            "fields": {
                "From": names[message.from_node],
                "Incarnation": message.incarnation,
                "Node": names[message.node],
            },
        }
    return {"name": "user", "serf": serf(message, directory)}


def serf(message: m.Message, directory: Directory) -> dict[str, Any]:
    names = directory.names
    if isinstance(message, Intent):
        fields: dict[str, Any] = {"LTime": message.ltime, "Node": names[message.node]}
        if message.user_kind != JOIN:
            fields["Prune"] = message.prune
        return {"name": "join" if message.user_kind == JOIN else "leave", "fields": fields}
    if isinstance(message, UserEvent):
        return {
            "name": "userEvent",
            "fields": {
                "CC": message.coalesce,
                "LTime": message.ltime,
                "Name": message.name,
                "Payload": message.payload,
            },
        }
    if isinstance(message, Query):
        return {"name": "query", "fields": query(message, directory)}
    if isinstance(message, QueryResponse):
        return {"name": "queryResponse", "fields": response(message, directory)}
    assert isinstance(message, Relayed)
    target = message.target
    return {
        "name": "relay",
        "fields": {
            "DestName": names[target.node],
            "DestAddr": f"{ip(directory, target.address)}:{target.port}",
            "inner": response(message.inner, directory),
        },
    }


def query(message: Query, directory: Directory) -> dict[str, Any]:
    source = message.source
    return {
        "Addr": ip(directory, source.address),
        "Port": source.port,
        "SourceNode": directory.names[source.node],
        "Filters": [a_filter(one) for one in message.filters] or None,
        "Flags": message.flags,
        "ID": message.id,
        "LTime": message.ltime,
        "Name": message.name,
        "Payload": message.payload,
        "RelayFactor": message.relay_factor,
        "Timeout": message.timeout_ns,
    }


def a_filter(one: object) -> object:
    if isinstance(one, NodeFilter):
        return one.names
    assert isinstance(one, TagFilter)
    return {"Expr": one.expression, "Tag": one.tag}


def response(message: QueryResponse, directory: Directory) -> dict[str, Any]:
    return {
        "Flags": message.flags,
        "From": directory.names[message.node],
        "ID": message.id,
        "LTime": message.ltime,
        "Payload": message.payload,
    }


def state(found: SerfState, directory: Directory) -> dict[str, Any]:
    return {
        "LTime": found.ltime,
        "EventLTime": found.event_ltime,
        "QueryLTime": found.query_ltime,
        "LeftMembers": [directory.names[node] for node in found.left],
        "StatusLTimes": {
            directory.names[node]: ltime for node, ltime in zip(found.nodes, found.ltimes, strict=True)
        },
        "Events": {
            "array_len": found.ring,
            "non_nil": [
                {
                    "LTime": slot.ltime,
                    "Events": [{"Name": event.name, "Payload": event.payload} for event in slot.events],
                }
                for slot in found.events
            ],
        },
    }


def entries(message: PushPull, directory: Directory) -> list[dict[str, Any]]:
    found = []
    for node, key in zip(message.nodes, message.keys, strict=True):
        record = message.record(node, directory)
        fields = identity(record, key >> 2, directory)
        found.append({**fields, "Name": directory.names[node], "State": key & 3})
    return found

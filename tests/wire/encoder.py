"""memberlist's and Serf's bytes, written out: what the sizes reckoned by the machines are held against.

Only what the tests need, straight from spec wire.md: msgpack (section 1), compound and compress wrappers
(2), LZW (4), and the messages of section 5 with their fields in alphabetical order.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass


def lzw(data: bytes) -> bytes:
    """Compress as Go's compress/lzw does with LSB order and 8-bit literals."""
    bits = 0
    count = 0
    out = bytearray()
    high, overflow, width = 257, 512, 9
    table: dict[tuple[int, int], int] = {}

    def emit(code: int) -> None:
        nonlocal bits, count
        bits |= code << count
        count += width
        while count >= 8:
            out.append(bits & 255)
            bits >>= 8
            count -= 8

    def step(pair: tuple[int, int] | None) -> None:
        nonlocal high, overflow, width
        high += 1
        if high == overflow:
            width += 1
            overflow *= 2
        if high == 4095:
            emit(256)
            high, overflow, width = 257, 512, 9
            table.clear()
        elif pair is not None:
            table[pair] = high

    emit(256)
    if data:
        code = data[0]
        for byte in data[1:]:
            known = table.get((code, byte))
            if known is not None:
                code = known
                continue
            emit(code)
            step((code, byte))
            code = byte
        emit(code)
        step(None)
    emit(257)
    if count:
        out.append(bits & 255)
    return bytes(out)


def unsigned(value: int) -> bytes:
    if value < 128:
        return bytes([value])
    for head, form, limit in ((0xCC, ">B", 1 << 8), (0xCD, ">H", 1 << 16), (0xCE, ">I", 1 << 32)):
        if value < limit:
            return bytes([head]) + struct.pack(form, value)
    return b"\xcf" + struct.pack(">Q", value)


def raw(value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    if len(data) <= 31:
        return bytes([0xA0 + len(data)]) + data
    return (
        b"\xda" + struct.pack(">H", len(data))
        if len(data) < 65536
        else b"\xdb" + struct.pack(">I", len(data))
    ) + data


def array(parts: Sequence[bytes]) -> bytes:
    head = bytes([0x90 + len(parts)]) if len(parts) < 16 else b"\xdc" + struct.pack(">H", len(parts))
    return head + b"".join(parts)


def mapping(entries: dict[str, bytes], is_sorted: bool = True) -> bytes:
    """A map of already encoded values; structs are sorted by field name."""
    head = bytes([0x80 + len(entries)]) if len(entries) < 16 else b"\xde" + struct.pack(">H", len(entries))
    names = sorted(entries) if is_sorted else list(entries)
    return head + b"".join(raw(name) + entries[name] for name in names)


def double(value: float) -> bytes:
    return b"\xcb" + struct.pack(">d", value)


def compress(message: bytes) -> bytes:
    return b"\x09" + mapping({"Algo": unsigned(0), "Buf": raw(lzw(message))})


def compound(messages: Sequence[bytes]) -> bytes:
    lengths = b"".join(struct.pack(">H", len(message)) for message in messages)
    return bytes([7, len(messages)]) + lengths + b"".join(messages)


def datagram(messages: Sequence[bytes]) -> bytes:
    """What goes out, CRC apart: a compound where there are several, compressed where that is shorter."""
    plain = messages[0] if len(messages) == 1 else compound(messages)
    packed = compress(plain)
    return packed if len(packed) < len(plain) else plain


@dataclass(frozen=True)
class Node:
    name: str
    address: bytes
    port: int = 7946
    meta: bytes = b"\xff\x80"


VERSIONS = raw(bytes([1, 5, 2, 2, 5, 5]))


def ping(node: Node, seq: int, source: Node) -> bytes:
    return b"\x00" + mapping(
        {
            "Node": raw(node.name),
            "SeqNo": unsigned(seq),
            "SourceAddr": raw(source.address),
            "SourceNode": raw(source.name),
            "SourcePort": unsigned(source.port),
        }
    )


def indirect_ping(node: Node, seq: int, source: Node) -> bytes:
    return b"\x01" + mapping(
        {
            "Nack": b"\xc3",
            "Node": raw(node.name),
            "Port": unsigned(node.port),
            "SeqNo": unsigned(seq),
            "SourceAddr": raw(source.address),
            "SourceNode": raw(source.name),
            "SourcePort": unsigned(source.port),
            "Target": raw(node.address),
        }
    )


def coordinate_payload(numbers: Sequence[float], error: float, adjustment: float, height: float) -> bytes:
    return b"\x01" + mapping(
        {
            "Adjustment": double(adjustment),
            "Error": double(error),
            "Height": double(height),
            "Vec": array([double(number) for number in numbers]),
        }
    )


def ack(seq: int, payload: bytes | None) -> bytes:
    return b"\x02" + mapping(
        {"Payload": b"\xc0" if payload is None else raw(payload), "SeqNo": unsigned(seq)}
    )


def nack(seq: int) -> bytes:
    return b"\x0b" + mapping({"SeqNo": unsigned(seq)})


def accusation(kind: int, node: Node, incarnation: int, from_node: Node) -> bytes:
    """kind 3 is suspect, 5 is dead."""
    return bytes([kind]) + mapping(
        {"From": raw(from_node.name), "Incarnation": unsigned(incarnation), "Node": raw(node.name)}
    )


def alive(node: Node, incarnation: int) -> bytes:
    return b"\x04" + mapping(
        {
            "Addr": raw(node.address),
            "Incarnation": unsigned(incarnation),
            "Meta": raw(node.meta),
            "Node": raw(node.name),
            "Port": unsigned(node.port),
            "Vsn": VERSIONS,
        }
    )


def join_intent(node: Node, ltime: int) -> bytes:
    return b"\x08\x01" + mapping({"LTime": unsigned(ltime), "Node": raw(node.name)})


def leave_intent(node: Node, ltime: int, prune: bool = False) -> bytes:
    fields = {"LTime": unsigned(ltime), "Node": raw(node.name), "Prune": b"\xc3" if prune else b"\xc2"}
    return b"\x08\x00" + mapping(fields)


def user_event(name: str, payload: bytes, ltime: int) -> bytes:
    fields = {"CC": b"\xc2", "LTime": unsigned(ltime), "Name": raw(name), "Payload": raw(payload)}
    return b"\x08\x03" + mapping(fields)


def serf_state(
    status: Sequence[tuple[Node, int]], left: Sequence[Node], clocks: tuple[int, int, int]
) -> bytes:
    """`status` in the order in which the map happens to be written; `clocks`: member, event, query."""
    return b"\x02" + mapping(
        {
            "EventLTime": unsigned(clocks[1]),
            "Events": array([b"\xc0"] * 512),
            "LTime": unsigned(clocks[0]),
            "LeftMembers": array([raw(node.name) for node in left]),
            "QueryLTime": unsigned(clocks[2]),
            "StatusLTimes": mapping({node.name: unsigned(ltime) for node, ltime in status}, is_sorted=False),
        }
    )


def push_pull(entries: Sequence[tuple[Node, int, int]], user_state: bytes, join: bool = False) -> bytes:
    """`entries`: node, incarnation and state, in ring order."""
    header = mapping(
        {
            "Join": b"\xc3" if join else b"\xc2",
            "Nodes": unsigned(len(entries)),
            "UserStateLen": unsigned(len(user_state)),
        }
    )
    states = b"".join(
        mapping(
            {
                "Addr": raw(node.address),
                "Incarnation": unsigned(incarnation),
                "Meta": raw(node.meta),
                "Name": raw(node.name),
                "Port": unsigned(node.port),
                "State": unsigned(state),
                "Vsn": VERSIONS,
            }
        )
        for node, incarnation, state in entries
    )
    return b"\x06" + header + states + user_state

"""Every message in bytes, and its size by the closed form, against a second writing of the format."""

from __future__ import annotations

import struct

import pytest

from serfsim.native import Random, i64, vec
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist import messages as m
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.core import Core
from serfsim.protocol.memberlist.datagram import encode_datagram, encode_lead
from serfsim.protocol.memberlist.delegate import UserState
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.serf.messages import JOIN, LEAVE, Intent, SerfState
from serfsim.protocol.vivaldi.coordinate import Coordinate
from serfsim.protocol.wire.msgpack import double, filler, raw, unsigned
from serfsim.protocol.wire.streams import encode_stream
from tests.memberlist.harness import HandDelegate, HandRuntime
from tests.wire import encoder as e

NAMES = ["n1", "node-07", "x" * 31, "ip-10-0-0-12.eu-west-1.compute.internal", "näme"]
METAS = [b"\xff\x80", b"\xff\x81\xa4role\xa3web", b"", b"m" * 300]
NUMBERS = [0, 1, 127, 128, 255, 256, 65535, 65536]


def directory_of(names: list[str], meta: bytes = b"\xff\x80") -> tuple[Directory, list[e.Node]]:
    directory = Directory()
    nodes = []
    for i, name in enumerate(names):
        directory.add(name, i, meta)
        nodes.append(e.Node(name, bytes([10, 0, (i + 1) >> 8, (i + 1) & 255]), 7946, meta))
    return directory, nodes


def test_numbers_and_strings_take_their_shortest_forms() -> None:
    for number in [*NUMBERS, 2**32 - 1, 2**32, 2**63]:
        assert unsigned(number) == e.unsigned(number)
    for length in (0, 31, 32, 65535, 65536):
        assert raw(b"z" * length) == e.raw(b"z" * length)


@pytest.mark.parametrize("number", [0.0, 1.5, -1.5, 0.1, 1e-5, -3.3e-9, 1e300, 5.441198559629764e-06])
def test_doubles_are_ieee_doubles(number: float) -> None:
    assert double(number) == b"\xcb" + struct.pack(">d", number)


@pytest.mark.parametrize("number", NUMBERS)
def test_leading_messages(number: int) -> None:
    directory, nodes = directory_of(NAMES)
    me = directory.first[1]
    for target, record in enumerate(directory.first):
        ping = m.Packet(m.PING, number, m.ping_size(record, number, me))
        ping.node = target
        ping.source = me.address
        assert encode_lead(ping, me, directory) == e.ping(nodes[target], number, nodes[1])
        asked = m.Packet(m.INDIRECT_PING, number, m.indirect_ping_size(record, number, me))
        asked.node = asked.target = target
        asked.source = me.address
        asked.wants_nack = True
        assert encode_lead(asked, me, directory) == e.indirect_ping(nodes[target], number, nodes[1])
        for packet in (ping, asked):
            assert len(encode_lead(packet, me, directory)) == packet.size
    nack = m.Packet(m.NACK, number, m.nack_size(number))
    assert encode_lead(nack, me, directory) == e.nack(number)
    assert m.nack_size(number) == len(e.nack(number))


@pytest.mark.parametrize("dimensions", [1, 2, 8, 15, 16, 30])
def test_acks(dimensions: int) -> None:
    directory, _ = directory_of(NAMES)
    numbers = [0.01 * i - 0.02 for i in range(dimensions)]
    coordinate = Coordinate(vec[float](numbers), 0.25, -0.001, 0.005)
    for payload, written in (
        (coordinate, e.coordinate_payload(numbers, 0.25, -0.001, 0.005)),
        (None, None),
    ):
        ack = m.Packet(m.ACK, 300, m.ack_size(300, payload))
        ack.coordinate = payload
        assert encode_lead(ack, directory.first[0], directory) == e.ack(300, written)
        assert ack.size == len(e.ack(300, written))


def test_an_ack_by_tcp_has_an_empty_payload() -> None:
    directory, _ = directory_of(["n1"])
    ack = m.StreamAck(300, 0)
    assert encode_stream(ack, None, directory) == e.ack(300, None)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("meta", METAS)
def test_broadcasts(number: int, meta: bytes) -> None:
    directory, nodes = directory_of(NAMES, meta)
    for at, record in enumerate(directory.first):
        from_node = (at + 1) % len(nodes)
        other = nodes[from_node]
        size = m.suspect_or_dead_size(record, number, directory.first[from_node])
        written = {
            m.Alive(record, number): e.alive(nodes[at], number),
            m.SuspectOrDead(m.SUSPECT, at, number, from_node, size): e.accusation(
                3, nodes[at], number, other
            ),
            m.SuspectOrDead(m.DEAD, at, number, from_node, size): e.accusation(5, nodes[at], number, other),
            Intent(JOIN, record, number, False): e.join_intent(nodes[at], number),
            Intent(LEAVE, record, number, True): e.leave_intent(nodes[at], number, True),
        }
        for message, expected in written.items():
            assert message.encode(directory) == expected
            assert message.size == len(expected)


def test_a_record_without_versions_sends_nil() -> None:
    directory, _ = directory_of(["n1"])
    bare = NodeIdentity(0, 0, 2, has_versions=False)
    message = m.Alive(bare, 1)
    assert message.encode(directory).endswith(b"\xa3Vsn\xc0")
    assert len(message.encode(directory)) == message.size


def test_a_sixteen_byte_address_is_the_four_bytes_mapped() -> None:
    directory, _ = directory_of(["n1"])
    message = m.Alive(NodeIdentity(0, 0, 2, address_length=16), 1)
    assert b"\xa4Addr\xb0" + b"\0" * 10 + b"\xff\xff\x0a\0\0\x01" in message.encode(directory)
    assert len(message.encode(directory)) == message.size


def test_several_messages_make_a_compound() -> None:
    directory, nodes = directory_of(NAMES)
    packet = m.Packet(m.PING, 5, 0)
    packet.node = 0
    packet.source = 2
    packet.broadcasts = [m.Alive(directory.first[1], 1), Intent(JOIN, directory.first[1], 3, False)]
    parts = [e.ping(nodes[0], 5, nodes[2]), e.alive(nodes[1], 1), e.join_intent(nodes[1], 3)]
    assert encode_datagram(packet, directory.first[2], directory) == e.compound(parts)
    packet.kind = m.GOSSIP
    assert encode_datagram(packet, directory.first[2], directory) == e.compound(parts[1:])
    packet.broadcasts.pop()
    assert encode_datagram(packet, directory.first[2], directory) == parts[1]


def test_unknown_content_has_its_size_and_does_not_shrink() -> None:
    directory, _ = directory_of(["n1"])
    assert len(m.UserMessage(3, 0, 90).encode(directory)) == 90
    assert len(UserState(700).encode(directory)) == 700
    assert len(e.lzw(filler(700, 1))) > 700


class Telling(HandDelegate):
    state: UserState | None = None

    def local_state(self, join: bool) -> UserState | None:
        return self.state


@pytest.mark.parametrize("count", [1, 15, 16, 40, 300])
def test_push_pulls(count: int) -> None:
    directory, nodes = directory_of([f"node-{i:03}" for i in range(count)])
    delegate = Telling()
    core = Core(MemberlistConfig(), directory.first[0], directory, HandRuntime(), delegate, Random(1))
    core.config.enable_compression = False
    core.members.fill(count, 1, Random(2))
    if count > 1:
        core.members.set(1, 3, 200)
    left = [i for i in range(count) if i % 2]
    ltimes = [i * 7 for i in range(count)]
    size = len(e.serf_state(list(zip(nodes, ltimes, strict=True)), [nodes[i] for i in left], (300, 2, 1)))
    delegate.state = SerfState(300, 2, 1, vec[i64](range(count)), vec[i64](ltimes), left, size)
    message = PushPull(True, core)
    written = message.encode(directory)
    assert len(written) == message.size
    # The map of status times has no order: compare what stands before it and what it holds.
    ring = [(nodes[i], message.key(at) >> 2, message.key(at) & 3) for at, i in enumerate(message.nodes)]
    status = list(zip(nodes, ltimes, strict=True))
    whole = e.push_pull(ring, e.serf_state(status, [nodes[i] for i in left], (300, 2, 1)), join=True)
    at = whole.index(b"\xacStatusLTimes") + 14
    assert written[:at] == whole[:at]
    for node, ltime in status:
        assert written.count(e.raw(node.name) + e.unsigned(ltime), at) >= 1
    assert len(written) == len(whole)

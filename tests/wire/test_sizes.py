"""The sizes that packets and streams carry, against really written and compressed ones."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from serfsim.native import Random, vec
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist import messages as m
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.core import Core
from serfsim.protocol.memberlist.datagram import shape_of
from serfsim.protocol.memberlist.delegate import Delegate
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.messages import JOIN, LEAVE, Intent
from serfsim.protocol.serf.node import SerfNode
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.protocol.vivaldi.coordinate import Coordinate
from serfsim.protocol.wire.sizes import TO_BE_MEASURED, WireSizes, coarse
from tests.memberlist.harness import Hand, HandRuntime
from tests.wire import encoder as e

# IP and TCP headers of an exchange: five segments each way with options, one of them a SYN's.
HANDSHAKE = 5 * 52 + 8

CLUSTERS: dict[str, tuple[Callable[[int], str], bytes]] = {
    "short": (lambda i: f"node-{i:02}", b"\xff\x80"),
    "tagged": (lambda i: f"node-{i:02}", b"\xff\x82\xa4role\xa3web\xa2dc\xa4east"),
    "long": (lambda i: f"ip-10-0-0-{i}.eu-west-1.compute.internal", b"\xff\x80"),
}


def directory_of(cluster: str, count: int) -> tuple[Directory, list[e.Node]]:
    name, meta = CLUSTERS[cluster]
    directory = Directory()
    nodes = []
    for i in range(count):
        directory.add(name(i), i, meta)
        nodes.append(e.Node(name(i), bytes([10, 0, (i + 1) >> 8, (i + 1) & 255]), 7946, meta))
    return directory, nodes


def serf_node(directory: Directory, count: int) -> SerfNode:
    me = directory.first[0]
    rngs = (Random(1), Random(2), Random(3))
    node = SerfNode(MemberlistConfig(), SerfConfig(), CoordinateConfig(), me, directory, HandRuntime(), *rngs)
    node.start_converged(count, 0.0)
    return node


def push_pull_written(nodes: list[e.Node], ltimes: list[int], clock: int, dice: random.Random) -> int:
    ring = dice.sample(nodes, len(nodes))
    status = dice.sample(list(zip(nodes, ltimes, strict=True)), len(nodes))
    state = e.serf_state(status, [], (clock, 1, 1))
    return len(e.compress(e.push_pull([(node, 1, 0) for node in ring], state)))


@pytest.mark.parametrize("cluster", CLUSTERS)
@pytest.mark.parametrize("count", [1, 2, 4, 16, 32, 100, 400])
@pytest.mark.parametrize("spread", [False, True])
def test_push_pulls_are_within_a_percent(cluster: str, count: int, spread: bool) -> None:
    dice = random.Random(count)
    directory, nodes = directory_of(cluster, count)
    node = serf_node(directory, count)
    ltimes = [dice.randrange(1, count + 1) if spread else 1 for _ in nodes]
    for i, ltime in enumerate(ltimes):
        node.members.set_ltime(i, ltime)
    clock = node.intents.clock
    clock.witness(count)
    sizes = [PushPull(False, node.memberlist.core).size for _ in range(3)]
    written = [push_pull_written(nodes, ltimes, clock.time(), dice) for _ in range(3)]
    assert sum(sizes) == pytest.approx(sum(written), rel=0.011)


@pytest.mark.parametrize(("count", "kilobytes"), [(16, 0.92), (32, 1.17)])
def test_push_pulls_are_as_large_as_real_agents_sent_them(count: int, kilobytes: float) -> None:
    directory, _ = directory_of("short", count)
    node = serf_node(directory, count)
    for i in range(count):
        node.members.set_ltime(i, 1 + i % 4)  # all joined within milliseconds
    size = PushPull(False, node.memberlist.core).size + HANDSHAKE
    assert size / 1000 == pytest.approx(kilobytes, abs=0.015)


def test_single_messages_are_as_large_as_real_agents_sent_them() -> None:
    directory, _ = directory_of("short", 32)
    me, other = directory.first[3], directory.first[7]
    assert m.ping_size(other, 100, me) == 71
    assert m.indirect_ping_size(other, 100, me) == 97
    assert m.nack_size(100) == 9
    assert m.ack_size(100, Coordinate(vec[float]([0.0] * 8), 1.5, 0.0, 1e-5)) == 150
    assert m.suspect_or_dead_size(other, 1, me) == 41
    assert m.Alive(other, 1).size == 65
    assert Intent(JOIN, other, 20, False).size == 23
    assert Intent(LEAVE, other, 20, False).size == 30


def sending(directory: Directory, config: MemberlistConfig | None = None) -> tuple[Core, HandRuntime]:
    runtime = HandRuntime()
    core = Core(config or MemberlistConfig(), directory.first[0], directory, runtime, Delegate(), Random(1))
    core.members.fill(len(directory), 1, Random(2))
    return core, runtime


LEADS = ("gossip", "ping", "ack")
MIXES = [(1, 0, 1), (2, 0, 1), (0, 2, 0), (1, 1, 0), (4, 0, 2), (2, 2, 0), (0, 4, 0), (8, 0, 0), (5, 5, 0)]


@pytest.mark.parametrize("cluster", CLUSTERS)
@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize("mix", MIXES)
def test_datagrams_are_within_four_percent_and_closer_in_sum(
    cluster: str, lead: str, mix: tuple[int, int, int]
) -> None:
    dice = random.Random(str((cluster, lead, mix)))
    directory, nodes = directory_of(cluster, 32)
    core, runtime = sending(directory)
    reckoned = []
    written = []
    for _ in range(40):
        broadcasts: list[m.Message] = []
        for i in dice.sample(range(32), mix[0]):
            broadcasts.append(m.Alive(directory.first[i], dice.randrange(1, 20)))
        for i in dice.sample(range(32), mix[1]):
            from_node, incarnation = dice.randrange(32), dice.randrange(1, 20)
            kind = dice.choice([m.SUSPECT, m.SUSPECT, m.DEAD])
            size = m.suspect_or_dead_size(directory.first[i], incarnation, directory.first[from_node])
            broadcasts.append(m.SuspectOrDead(kind, i, incarnation, from_node, size))
        for i in dice.sample(range(32), mix[2]):
            broadcasts.append(Intent(JOIN, directory.first[i], dice.randrange(1, 40), False))
        seq = dice.randrange(1, 200)
        target = dice.randrange(32)
        parts = [message.encode(directory) for message in broadcasts]
        packet = m.Packet(m.GOSSIP, seq, 0)
        if lead == "ping":
            packet = m.Packet(m.PING, seq, m.ping_size(directory.first[target], seq, directory.first[0]))
            packet.node = target
            packet.source = 0
            parts.insert(0, e.ping(nodes[target], seq, nodes[0]))
        elif lead == "ack":
            numbers = [dice.gauss(0, 0.03) for _ in range(8)]
            packet = m.Packet(m.ACK, seq, 150)
            packet.coordinate = Coordinate(vec[float](numbers), dice.random(), dice.gauss(0, 0.01), 0.004)
            payload = e.coordinate_payload(
                numbers, packet.coordinate.error, packet.coordinate.adjustment, 0.004
            )
            parts.insert(0, e.ack(seq, payload))
        packet.broadcasts = broadcasts
        packet.size = len(e.compound(parts))
        core.send_raw(directory.first[target], packet, 0.0)
        reckoned.append(runtime.sent[-1][1].size - m.CRC_SIZE)
        written.append(len(e.datagram(parts)))
    assert sum(reckoned) == pytest.approx(sum(written), rel=0.015)
    for size, exact in zip(reckoned, written, strict=True):
        assert size == pytest.approx(exact, rel=0.04, abs=4)


# Streams and special cases -------------------------------------------------------------------------


def test_the_tcp_ping_and_its_ack_are_always_compressed() -> None:
    directory = Directory()
    for i in range(2):
        directory.add(f"n{i + 1}", i)
    core, _ = sending(directory)
    ping = m.Packet(m.PING, 28, m.ping_size(directory.first[1], 28, directory.first[0]))
    ping.node = 1
    ping.source = 0
    ack = m.Packet(m.ACK, 28, m.ack_size(28, None))
    for _ in range(3):
        assert core.lead_stream_size(ping) == 74
        assert core.lead_stream_size(ack) == 36


def test_without_compression_everything_has_its_plain_size() -> None:
    directory, nodes = directory_of("short", 32)
    config = MemberlistConfig()
    config.enable_compression = False
    core, runtime = sending(directory, config)
    ping = m.Packet(m.PING, 28, m.ping_size(directory.first[1], 28, directory.first[0]))
    ping.node = 1
    ping.source = 0
    assert core.lead_stream_size(ping) == ping.size
    core.queue(m.Alive(directory.first[4], 1), 4, 0.0)
    core.queue(m.Alive(directory.first[5], 1), 5, 0.0)
    core.send(1, ping, 0.0)
    assert runtime.sent[-1][1].size == 71 + 2 + 2 + 2 * (2 + 65)
    entries = [(node, 1, 0) for node in nodes]
    assert PushPull(False, core).size == len(e.push_pull(entries, b""))


def test_encryption_adds_29_bytes_to_datagrams_and_a_frame_to_streams() -> None:
    directory, _ = directory_of("short", 32)
    config = MemberlistConfig()
    config.encryption_overhead = 29
    core, runtime = sending(directory, config)
    plain, _ = sending(directory)
    ping = m.Packet(m.PING, 28, 71)
    ping.node = 1
    ping.source = 0
    asked = m.StreamPing(1, 28, 0)
    core.put_on_stream(asked, core.lead_stream_size(ping), True)
    assert asked.size == plain.lead_stream_size(ping) + 34
    assert PushPull(False, core).size == pytest.approx(PushPull(False, plain).size + 34, abs=3)
    core.send(1, ping, 0.0)
    assert runtime.sent[-1][1].size == 100


def test_the_first_acks_are_compressed_and_later_ones_are_not() -> None:
    hand = Hand().start()
    ping = m.Packet(m.PING, 2, 61)
    ping.node = 0
    hand.delegate.payload = Coordinate(vec[float]([0.0] * 8), 1.5, 0.0, 1e-5)
    hand.receive(ping)
    hand.delegate.payload = Coordinate(vec[float]([0.01] * 8), 1.4, 0.0, 1e-5)
    hand.receive(ping)
    first, later = (packet.size for _, packet in hand.sent(m.ACK))
    payload = e.coordinate_payload([0.0] * 8, 1.5, 0.0, 1e-5)
    assert first == len(e.datagram([e.ack(2, payload)]))
    assert 105 < first < 120
    assert later == 150


def test_pings_between_long_names_shrink() -> None:
    directory, nodes = directory_of("long", 32)
    core, runtime = sending(directory)
    ping = m.Packet(m.PING, 28, m.ping_size(directory.first[1], 28, directory.first[0]))
    ping.node = 1
    ping.source = 0
    core.send(1, ping, 0.0)
    exact = len(e.datagram([e.ping(nodes[1], 28, nodes[0])]))
    assert runtime.sent[-1][1].size == exact < ping.size + 30


# Shapes --------------------------------------------------------------------------------------------


def test_a_shape_is_measured_at_its_first_use_and_at_each_doubling() -> None:
    sizes = WireSizes()
    measured = []
    for use in range(1, 70):
        if sizes.reckon(7, 100) == TO_BE_MEASURED:
            measured.append(use)
            sizes.measure(7, b"a" * 100, True)
    assert measured == [1, 2, 4, 8, 16, 32, 64]
    assert sizes.reckon(7, 200) == 2 * sizes.reckon(7, 100)


def test_a_steady_shape_takes_the_mean_and_another_its_last_measure() -> None:
    sizes = WireSizes()
    dice = random.Random(1)
    noise, zeros = bytes(dice.randrange(256) for _ in range(500)), bytes(500)
    for key, is_steady in ((1, True), (2, False)):
        sizes.reckon(key, 500)
        first = sizes.measure(key, noise, is_steady)
        sizes.reckon(key, 500)
        second = sizes.measure(key, zeros, is_steady)
        assert sizes.reckon(key, 500) == ((first + second) // 2 if is_steady else second)


def test_each_leading_message_has_a_shape_of_its_own() -> None:
    directory, _ = directory_of("short", 2)
    moved = Coordinate(vec[float]([0.01] * 8), 1.4, 0.0, 1e-5)
    unmoved = Coordinate(vec[float]([0.0] * 8), 1.5, 0.0, 1e-5)
    shapes = set()
    for kind, coordinate in (
        (m.GOSSIP, None),
        (m.PING, None),
        (m.INDIRECT_PING, None),
        (m.NACK, None),
        (m.ACK, None),
        (m.ACK, moved),
        (m.ACK, unmoved),
    ):
        packet = m.Packet(kind, 5, 150)
        packet.coordinate = coordinate
        packet.broadcasts = [m.Alive(directory.first[1], 1)]
        shapes.add(shape_of(packet, 150))
    assert len(shapes) == 7


def test_counts_are_rounded_ever_more_coarsely_and_fit_in_six_bits() -> None:
    classes = [coarse(count) for count in range(100_000)]
    assert classes[:6] == [0, 1, 2, 3, 4, 4]
    assert classes == sorted(classes)
    assert max(classes) < 64
    for low in range(200, 50_000, 997):
        assert coarse(low) < coarse(low * 13 // 10)

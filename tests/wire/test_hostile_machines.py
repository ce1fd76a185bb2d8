"""A node on whose socket anything may come in: what can be read is handled and passed on,
and nothing brings it down."""

from __future__ import annotations

import random
from contextlib import suppress

from serfsim.protocol.memberlist.datagram import encode_datagram
from serfsim.protocol.memberlist.messages import PING, PUSH_PULL
from serfsim.protocol.wire import envelope
from serfsim.protocol.wire.decode_memberlist import DatagramReader
from serfsim.protocol.wire.reader import WireError
from serfsim.protocol.wire.streams import decode_stream, unwrap_stream
from tests.serf.harness import SerfHand
from tests.wire.test_hostile import DATAGRAMS, STREAMS


def mangled(data: bytes, rng: random.Random) -> bytes:
    message = bytearray(data)
    for _ in range(rng.randrange(4)):
        message[rng.randrange(len(message))] = rng.choice(
            [0, 1, 0x7F, 0x80, 0xA0, 0xC0, 0xFF, rng.randrange(256)]
        )
    return bytes(message)


def test_a_node_outlives_whatever_can_be_read() -> None:
    rng = random.Random(11)
    handled = 0
    for _ in range(12):
        hand = SerfHand()
        reader = DatagramReader(hand.directory)
        for _ in range(100):
            data = mangled(envelope.without_crc(rng.choice(DATAGRAMS)), rng)
            hand.now += 0.01
            with suppress(WireError):
                for packet in reader.read(data).packets:
                    hand.node.on_packet(packet, 99, hand.now, hand.now)
                    handled += 1
        for _ in range(10):
            data = mangled(unwrap_stream(rng.choice(STREAMS)), rng)
            with suppress(WireError):
                message = decode_stream(data, hand.directory)
                if message.kind in (PING, PUSH_PULL):
                    hand.node.on_stream_request(message, 99, hand.now)
                    handled += 1
        hand.run(hand.now + 5.0)
        for _, packet in hand.runtime.sent:
            encode_datagram(packet, hand.node.record(), hand.directory)
    assert handled > 1000

"""Where a message on a stream ends, however it is cut up on the way."""

from __future__ import annotations

import pytest

from serfsim.base.errors import SerfsimError
from serfsim.live.addresses import endpoint_of, number_of, read_endpoint
from serfsim.live.agent.codec import LARGEST, Codec, Incoming
from serfsim.native import Random
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.messages import StreamAck, StreamError, StreamMessage, StreamPing, StreamUser
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.runtime import Runtime
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.messages import UserEvent
from serfsim.protocol.serf.node import SerfNode
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.protocol.wire.reader import WireError
from serfsim.wire_crypto import Keyring


class Nowhere(Runtime):
    """Nothing comes of what a machine does."""

    def call_at(self, at: float, timer: int, a: int, b: int) -> None:
        pass

    def notify(self, now: float, event: int, subject: int, detail: int) -> None:
        pass


def messages(directory: Directory) -> list[StreamMessage]:
    """One of each kind; the push/pull has members, status times and user events."""
    members = 20
    for number in range(members):
        directory.add(f"node-{number}", number)
    node = SerfNode(
        MemberlistConfig(),
        SerfConfig(),
        CoordinateConfig(),
        directory.first[0],
        directory,
        Nowhere(),
        Random(1),
        Random(2),
        Random(3),
    )
    node.start_converged(members, 0.0)
    node.user_event("deploy", b"42", False, 1.0)
    event = UserEvent(0, 7, "deploy", b"x" * 300, False)
    return [
        StreamPing(3, 70000, 0),
        StreamAck(5, 0),
        StreamError("why not"),
        StreamUser(event, 0),
        PushPull(True, node.memberlist.core),
    ]


@pytest.mark.parametrize("key", [None, b"k" * 16], ids=["plain", "encrypted"])
@pytest.mark.parametrize("is_compressed", [False, True], ids=["as it is", "compressed"])
def test_a_message_is_whole_with_its_last_byte_and_not_before(is_compressed: bool, key: bytes | None) -> None:
    directory, config = Directory(), MemberlistConfig()
    config.enable_compression = is_compressed
    codec = Codec(directory, config, None if key is None else Keyring([key]))
    for message in messages(directory):
        data = codec.write_request(message, directory.first[0])
        incoming = Incoming()
        ends = [incoming.feed(data[at : at + 1]) for at in range(len(data))]
        assert ends == [False] * (len(data) - 1) + [True]
        assert Incoming().feed(data + b"more")
        read = codec.decode_stream(codec.unwrap_request(incoming.data))
        assert type(read) is type(message)


def test_what_can_never_be_read_is_not_waited_for() -> None:
    assert Incoming().feed(b"\x06\xa1x")
    assert Incoming().feed(b"\x63")
    assert Incoming().feed(b"\x0a\xff\xff\xff\xff")
    assert not Incoming().feed(b"\x06\x81\xa5Nodes\xce\xff\xff\xff\xff")


def test_too_large_a_message_is_refused() -> None:
    incoming = Incoming()
    assert not incoming.feed(b"\x06\x81\xacUserStateLen\xce\x7f\xff\xff\xff")
    with pytest.raises(WireError, match="larger than limit"):
        incoming.feed(bytes(LARGEST))


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("10.0.0.1", ("10.0.0.1", 7946)),
        ("10.0.0.1:80", ("10.0.0.1", 80)),
        ("::1", ("::1", 7946)),
        ("[::1]", ("::1", 7946)),
        ("[::1]:80", ("::1", 80)),
        ("some.host:1", ("some.host", 1)),
    ],
)
def test_addresses_are_read_as_people_write_them(text: str, endpoint: tuple[str, int]) -> None:
    assert read_endpoint(text, "--join") == endpoint


@pytest.mark.parametrize("text", ["", ":80", "a:b", "a:99999", "[::1]x"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(SerfsimError, match=r"--join: found '.*'; expected HOST:PORT"):
        read_endpoint(text, "--join")


def test_addresses_become_numbers_and_are_found_again() -> None:
    directory = Directory()
    for endpoint in (("10.0.0.1", 7946), ("127.0.0.1", 1), ("255.255.255.255", 65535), ("::1", 7946)):
        assert endpoint_of(number_of(endpoint, directory), directory) == endpoint
    assert endpoint_of(-1, directory) is None
    assert endpoint_of(int(directory.address_number(b"", 7946)), directory) is None


@pytest.mark.parametrize("text", ["::1", "[::1]", "10.0.0.1", "7373", ":7373", "a:b"])
def test_where_a_port_is_required_an_address_without_one_is_refused(text: str) -> None:
    with pytest.raises(
        SerfsimError, match=r"--rpc-addr: found '.*'; expected HOST:PORT, such as 127.0.0.1:7373"
    ):
        read_endpoint(text, "--rpc-addr", default_port=None)
    assert read_endpoint("[::1]:7373", "--rpc-addr", default_port=None) == ("::1", 7373)

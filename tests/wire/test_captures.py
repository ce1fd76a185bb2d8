"""Everything that was captured of real agents is read to the fields it was known to hold, and written again.

tests/vectors/captures holds datagrams and streams of Serf 0.9.4 (memberlist 0.2.2) and 0.10.2 (0.5.2) with
their decoded fields. Encrypted ones are opened with the captures' key; those cannot be sealed again to the
same bytes unless the nonce is given, so it is.
"""

from __future__ import annotations

from typing import Any

import pytest

from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist import messages as m
from serfsim.protocol.memberlist.datagram import encode_datagram
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.serf.messages import SerfState
from serfsim.protocol.wire import envelope
from serfsim.protocol.wire.decode_memberlist import DatagramReader
from serfsim.protocol.wire.reader import Reader
from serfsim.protocol.wire.streams import decode_stream, encode_stream, unwrap_stream, wrap_stream
from serfsim.wire_crypto import Keyring
from tests.vectors_of import vectors
from tests.wire import expected

KEY = b"0123456789abcdef0123456789abcdef"
UDP = (
    *("udp_plain", "udp_default", "udp_encrypted", "udp_name_conflict", "udp_protocol_versions"),
    *("udp_plain_0.10.2", "udp_default_0.10.2"),
)
TCP = ("tcp_plain", "tcp_default", "tcp_encrypted", "tcp_error", "tcp_plain_0.10.2", "tcp_default_0.10.2")


def messages(files: tuple[str, ...]) -> list[Any]:
    return [
        pytest.param(message, id=f"{name}-{i}")
        for name in files
        for i, message in enumerate(vectors(f"captures/{name}")["messages"])
    ]


def keyring(message: dict[str, Any]) -> Keyring:
    """The captures' key; what it seals has the nonce of the message."""
    data = bytes.fromhex(message["hex"])
    start = 1 if "encryption" in message else 6
    return Keyring([KEY], nonces=lambda: data[start : start + 12])


# What the captures say, in the words of `expected` ----------------------------------------------


def payload(value: Any) -> bytes:
    return b"" if value is None else str(value).encode()


def said_serf(told: dict[str, Any]) -> dict[str, Any]:
    name = told["serf_name"]
    if name == "relay":
        where = told["relayHeader"]["DestAddr"]
        fields: dict[str, Any] = {
            "DestName": told["relayHeader"]["DestName"],
            "DestAddr": f"{where['IP']}:{where['Port']}",
            "inner": said_serf(told["inner"])["fields"],
        }
    else:
        fields = dict(told["fields"])
        if "Payload" in fields and not isinstance(fields["Payload"], dict):
            fields["Payload"] = payload(fields["Payload"])
    return {"name": name, "fields": fields}


def said(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages of a decoded datagram, unwrapped."""
    if "parts" in told:
        return [message for part in told["parts"] for message in said(part)]
    if "inner" in told:
        return said(told["inner"])
    if "serf" in told:
        return [{"name": "user", "serf": said_serf(told["serf"])}]
    return [{"name": told["name"], "fields": told["fields"]}]


def found_in(packet: m.Packet, source: Any, directory: Directory) -> list[dict[str, Any]]:
    found = [] if packet.kind == m.GOSSIP else [expected.lead(packet, source, directory)]
    return found + [expected.broadcast(message, directory) for message in packet.broadcasts or []]


def without_conflict_payload(found: list[dict[str, Any]], told: list[dict[str, Any]]) -> None:
    """An answer to a conflict query holds a member, which its own test looks at."""
    for mine, theirs in zip(found, told, strict=True):
        if "serf" in theirs and isinstance(theirs["serf"]["fields"].get("Payload"), dict):
            del theirs["serf"]["fields"]["Payload"], mine["serf"]["fields"]["Payload"]


# Datagrams ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", messages(UDP))
def test_a_captured_datagram_holds_what_it_was_known_to_hold(message: dict[str, Any]) -> None:
    data = bytes.fromhex(message["hex"])
    cipher = keyring(message) if "encryption" in message else None
    directory = Directory()
    datagram = DatagramReader(directory, cipher).read(data)
    assert datagram.troubles == []
    (packet,) = datagram.packets
    found, told = found_in(packet, datagram.sources[0], directory), said(message["decoded"])
    without_conflict_payload(found, told)
    assert found == told


@pytest.mark.parametrize("message", messages(UDP))
def test_a_captured_datagram_is_written_again_to_the_last_byte(message: dict[str, Any]) -> None:
    data = bytes.fromhex(message["hex"])
    cipher = keyring(message) if "encryption" in message else None
    directory = Directory()
    datagram = DatagramReader(directory, cipher).read(data)
    written = encode_datagram(datagram.packets[0], datagram.sources[0], directory)
    if "compress" in message["shape"]:
        written = envelope.compressed_if_shorter(written)
    if message["shape"].startswith("hasCrc"):
        written = envelope.with_crc(written)
    assert (written if cipher is None else cipher.seal(written, b"")) == data


@pytest.mark.parametrize("message", messages(("udp_default", "udp_default_0.10.2", "udp_encrypted")))
def test_compression_was_tried_on_all_and_kept_where_it_helped(message: dict[str, Any]) -> None:
    cipher = keyring(message) if "encryption" in message else None
    directory = Directory()
    datagram = DatagramReader(directory, cipher).read(bytes.fromhex(message["hex"]))
    written = encode_datagram(datagram.packets[0], datagram.sources[0], directory)
    assert (envelope.compressed_if_shorter(written) != written) == ("compress" in message["shape"])


def test_an_answer_to_a_conflict_query_names_the_member() -> None:
    directory = Directory()
    (answer,) = [
        message
        for message in vectors("captures/udp_name_conflict")["messages"]
        if message["shape"] == "user:queryResponse"
    ]
    packet = DatagramReader(directory).read(bytes.fromhex(answer["hex"])).packets[0]
    assert packet.broadcasts is not None
    member = packet.broadcasts[0].member  # type: ignore[attr-defined]
    assert directory.names[member.node] == "n3"
    assert (expected.ip(directory, member.address), member.port) == ("127.0.0.103", 7946)


# Streams -----------------------------------------------------------------------------------------


def halves(files: tuple[str, ...]) -> list[Any]:
    return [
        pytest.param(message.values[0][half], id=f"{message.id}-{half}")
        for message in messages(files)
        for half in ("request", "response")
        if message.values[0].get(half)
    ]


def innermost(told: dict[str, Any]) -> dict[str, Any]:
    while "inner" in told:
        told = told["inner"]
    return told


@pytest.mark.parametrize("half", halves(TCP))
def test_a_captured_stream_holds_what_it_was_known_to_hold(half: dict[str, Any]) -> None:
    data = bytes.fromhex(half["hex"])
    directory = Directory()
    cipher = keyring(half) if "aad_hex" in half else None
    message = decode_stream(unwrap_stream(data, cipher), directory)
    told = innermost(half["decoded"])
    if isinstance(message, PushPull):
        state = message.user_state
        assert isinstance(state, SerfState)
        assert told["header"] == {
            "Join": message.join,
            "Nodes": len(message.nodes),
            "UserStateLen": state.size,
        }
        assert expected.entries(message, directory) == told["nodes"]
        fields = dict(told["userState"]["fields"])
        events = fields["Events"]
        slots = [
            {
                "LTime": slot["LTime"],
                "Events": [{**event, "Payload": payload(event["Payload"])} for event in slot["Events"]],
            }
            for slot in events["non_nil"].values()
        ]
        assert expected.state(state, directory) == {**fields, "Events": {**events, "non_nil": slots}}
    elif isinstance(message, m.StreamPing):
        assert (directory.names[message.node], message.seq) == (
            told["fields"]["Node"],
            told["fields"]["SeqNo"],
        )
    elif isinstance(message, m.StreamAck):
        assert told["fields"] == {"Payload": None, "SeqNo": message.seq}
    else:
        assert isinstance(message, m.StreamError)
        assert told["fields"] == {"Error": message.text}


@pytest.mark.parametrize("half", halves(TCP))
def test_a_captured_stream_is_written_again_to_the_last_byte(half: dict[str, Any]) -> None:
    data = bytes.fromhex(half["hex"])
    directory = Directory()
    cipher = keyring(half) if "aad_hex" in half else None
    plain = unwrap_stream(data, cipher)
    message = decode_stream(plain, directory)
    source = None
    if isinstance(message, m.StreamPing):
        source = DatagramReader(directory).read(plain).sources[0]
    is_compressed = data[0] == envelope.COMPRESS or cipher is not None
    assert wrap_stream(encode_stream(message, source, directory), is_compressed, cipher) == data


@pytest.mark.parametrize("file", ["rpc_streams", "rpc_streams_0.10.2"])
def test_every_object_of_the_captured_rpc_conversations_is_read_to_its_end(file: str) -> None:
    for message in vectors(f"captures/{file}")["messages"]:
        for side in ("client", "server"):
            reader = Reader(bytes.fromhex(message[f"{side}_hex"]))
            count = 0
            while reader.left() > 0:
                reader.skip()
                count += 1
            assert count == len(message[f"{side}_objects"])

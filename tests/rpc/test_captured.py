"""Conversations of real clients and agents, byte for byte: Serf 0.9.4 and 0.10.2."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest

from serfsim.live.rpc.messages import NOTHING, Count, Frames, encode
from tests.vectors_of import vectors

FILES = ("rpc_streams", "rpc_streams_0.10.2")
TWO_SECONDS = 2_000_000_000  # nanoseconds
UINT32, INT32 = 0xCE, 0xD2  # msgpack's codes
CONVERSATIONS = [
    pytest.param(message, id=f"{file}-{number}")
    for file in FILES
    for number, message in enumerate(vectors(f"captures/{file}")["messages"])
]


def objects(data: bytes) -> list[Any]:
    frames = Frames()
    frames.feed(data)
    found = []
    while (one := frames.next()) is not NOTHING:
        found.append(one)
    return found


@pytest.mark.parametrize("message", CONVERSATIONS)
def test_what_a_client_sends_is_read_as_the_agent_reads_it(message: dict[str, Any]) -> None:
    found = objects(bytes.fromhex(message["client_hex"]))
    assert [one["Command"] for one in found if isinstance(one, dict) and "Command" in one] == message[
        "commands"
    ]
    assert len(found) == len(message["client_objects"])


@pytest.mark.parametrize("message", CONVERSATIONS)
def test_what_an_agent_answers_is_written_again_to_the_last_byte(message: dict[str, Any]) -> None:
    data = bytes.fromhex(message["server_hex"])
    assert b"".join(msgpack.packb(one) for one in objects(data)) == data


def test_the_timeout_of_a_query_is_the_same_signed_or_not() -> None:
    forms = {}
    for file in FILES:
        for message in vectors(f"captures/{file}")["messages"]:
            data = bytes.fromhex(message["client_hex"])
            if any(isinstance(one, dict) and one.get("Timeout") == TWO_SECONDS for one in objects(data)):
                forms[file] = data[data.index(TWO_SECONDS.to_bytes(4, "big")) - 1]
    assert forms == {"rpc_streams": UINT32, "rpc_streams_0.10.2": INT32}


def test_counts_are_signed_from_the_release_that_writes_them_so_and_all_else_is_not() -> None:
    header = {"Error": "", "Seq": 200}
    body = {"Keys": {"k": Count(300)}, "Messages": {}, "NumErr": Count(5), "NumNodes": Count(200)}
    old = encode(header, body)
    new = encode(header, body, True)
    assert old == msgpack.packb(header) + msgpack.packb(body)
    assert old.endswith(b"\xcc\xc8")
    assert new.endswith(b"\xd1\x00\xc8")
    assert b"\xcd\x01\x2c" in old
    assert b"\xd1\x01\x2c" in new
    assert objects(new) == objects(old) == [header, body]
    assert new.startswith(msgpack.packb(header))

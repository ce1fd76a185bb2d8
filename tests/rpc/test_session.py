"""Conversations over one RPC connection."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import msgpack
import pytest

from serfsim.live.rpc.session import LOCKED, NEW, OPEN
from tests.rpc.client import Client, Served, serve, small

CONVERSATIONS = json.loads(
    (Path(__file__).parent / "conversations.json").read_text(encoding="utf-8"),
)["messages"]


def test_any_command_before_the_handshake_is_refused_and_hung_up_on() -> None:
    async def talk(served: Served) -> None:
        for command in ("members", "auth", "nonsense"):
            client = await served.connect()
            assert await client.ask(command) == "Handshake required"
            assert await client.is_hung_up()

    serve(talk)


def test_a_handshake_of_another_version_may_be_followed_by_a_right_one() -> None:
    async def talk(served: Served) -> None:
        client = await served.connect()
        for version in (0, 2, -1):
            assert await client.ask("handshake", {"Version": version}) == "Unsupported IPC version"
        await client.shake_hands()
        assert await client.ask("handshake", {"Version": 1}) == "Handshake already performed"
        assert await client.ask("handshake", {"Version": 2}) == "Unsupported IPC version"
        assert (await client.ask("members", has_body=True))[0] == ""

    serve(talk)


def test_with_a_key_nothing_is_answered_before_it() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        assert await client.ask("members") == "Authentication required"
        assert await client.ask("auth", {"AuthKey": "wrong"}) == "Invalid authentication token"
        assert await client.ask("stats") == "Authentication required"
        assert await client.ask("auth", {"AuthKey": "s3cret"}) == ""
        assert (await client.ask("members", has_body=True))[0] == ""
        # Another wrong one takes nothing away.
        assert await client.ask("auth", {"AuthKey": ""}) == "Invalid authentication token"
        assert (await client.ask("stats", has_body=True))[0] == ""

    serve(talk, key="s3cret")


def test_the_body_of_what_is_refused_for_want_of_a_key_is_taken_for_a_header() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        body = {"Name": "deploy", "Payload": b"", "Coalesce": True}
        assert await client.ask("event", body) == "Authentication required"
        # It names neither command nor number, so both are those of the request before.
        assert await client.next() == {"Error": "Authentication required", "Seq": 2}

    serve(talk, key="s3cret")


def test_without_a_key_only_the_empty_one_is_right() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        assert await client.ask("auth", {"AuthKey": "any"}) == "Invalid authentication token"
        assert await client.ask("auth", {"AuthKey": ""}) == ""

    serve(talk)


def test_an_unknown_command_is_refused_and_hung_up_on() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        assert await client.ask("reboot") == "Unsupported command"
        assert await client.is_hung_up()

    serve(talk)


BAD_BODIES: list[tuple[str, Any]] = [
    ("event", [1, 2]),
    ("event", {"Name": 5}),
    ("event", {"Name": "x", "Coalesce": 1}),
    ("event", {"Name": "x", "Payload": {}}),
    ("query", {"RelayFactor": 256}),
    ("query", {"RelayFactor": -1}),
    ("query", {"FilterNodes": "node-00"}),
    ("query", {"FilterTags": ["a"]}),
    ("query", {"Timeout": 2.5}),
    ("stop", {"Stop": -1}),
    ("join", {"Existing": [1]}),
    ("tags", {"Tags": {"a": None, "b": 3}}),
    ("members-filtered", {"Name": "("}),
    ("members-filtered", {"Tags": {"a": "[z-a]"}}),
    ("get-coordinate", "node-00"),
]


def test_a_body_that_does_not_decode_is_hung_up_on_without_a_reply() -> None:
    async def talk(served: Served) -> None:
        for command, body in BAD_BODIES:
            client = await served.client()
            await client.send({"Command": command, "Seq": 2}, body)
            assert await client.is_hung_up(), (command, body)
        assert (await (await served.client()).ask("members", has_body=True))[0] == ""

    serve(talk)


def test_a_header_that_does_not_decode_is_hung_up_on() -> None:
    async def talk(served: Served) -> None:
        for head in (5, "members", [], {"Command": 7}, {"Command": "members", "Seq": -1}, {"Seq": "1"}):
            client = await served.client()
            await client.send(head)
            assert await client.is_hung_up(), head

    serve(talk)


def test_nil_and_missing_fields_are_nothing_and_unknown_ones_are_passed_over() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        assert await client.ask("event", {"Name": b"deploy", "Payload": "text", "More": [1, {"x": 2}]}) == ""
        error, body = await client.ask("members-filtered", {"Name": None}, has_body=True)
        assert (error, len(body["Members"])) == ("", 4)

    serve(talk)


def test_a_session_goes_from_new_over_locked_to_open() -> None:
    async def talk(served: Served) -> None:
        client = await served.connect()
        await served.until(lambda: len(served.server.sessions) == 1)
        session = served.server.sessions[0]
        assert session.state == NEW
        await client.shake_hands()
        assert session.state == LOCKED
        await client.ask("auth", {"AuthKey": "k"})
        assert session.state == OPEN

    serve(talk, key="k")


# What the real command has said, byte for byte ---------------------------------------------------


def kinds_of(value: Any) -> Any:
    """Of a body the names of its fields and the types of what they hold, of a list its first entry's."""
    if isinstance(value, dict):
        return {key: {} if key in ("tags", "Tags") else kinds_of(one) for key, one in value.items()}
    if isinstance(value, list):
        return [kinds_of(value[0])] if value else []
    return type(value)


REPLAYED = [
    talk
    for talk in CONVERSATIONS
    if set(talk["commands"])
    <= {"handshake", "members-filtered", "members", "stats", "event", "tags", "get-coordinate"}
]


@pytest.mark.parametrize("recorded", REPLAYED, ids=lambda talk: "-".join(talk["commands"][1:]))
def test_what_the_real_command_sends_is_answered_as_by_the_real_agent(recorded: dict[str, Any]) -> None:
    """The same bytes in; out come as many objects, of the same fields and types, with the same errors."""
    data = bytes.fromhex(recorded["client_hex"])

    async def talk(served: Served) -> None:
        client = await served.connect()
        client.writer.write(data)
        for wanted in msgpack.Unpacker(io.BytesIO(bytes.fromhex(recorded["server_hex"])), raw=False):
            found = await client.next()
            if "Seq" in wanted:
                assert found == wanted
            else:
                assert kinds_of(found) == kinds_of(wanted)

    nodes = [{"name": f"n{number}", "tags": {"role": "web", "dc": "east"}} for number in range(1, 5)]
    serve(talk, small(cluster={"nodes": nodes}))


def test_pipelined_requests_are_answered_in_order() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        await client.send(*({"Command": "members", "Seq": seq} for seq in range(10, 40)))
        for seq in range(10, 40):
            assert await client.next() == {"Error": "", "Seq": seq}
            assert len((await client.next())["Members"]) == 4

    serve(talk)


def test_a_client_that_hangs_up_in_the_middle_leaves_nothing_behind() -> None:
    async def talk(served: Served) -> None:
        client: Client = await served.client()
        await client.ask("stream", {"Type": "*"})
        await client.ask("monitor", {"LogLevel": "DEBUG"})
        await client.ask("query", {"Name": "uptime", "RequestAck": True, "Timeout": 3 * 10**17})
        assert len(served.agent.queries) == len(served.agent.events) == len(served.agent.log.readers) == 1
        client.writer.write(b"\x82\xa7Comm")
        client.close()
        await served.until(lambda: not served.server.sessions)
        await asyncio.sleep(0)
        assert not served.agent.queries
        assert not served.agent.events
        assert not served.agent.log.readers

    serve(talk)

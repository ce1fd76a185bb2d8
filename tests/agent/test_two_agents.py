"""Agents of ours among themselves, on real sockets; no real agent is needed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from serfsim.base.errors import SerfsimError
from serfsim.live.agent import Identity, LiveAgent, QueryAnswers
from serfsim.live.agent.codec import Codec
from serfsim.protocol import events
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.messages import INDIRECT_PING, PING, Packet, StreamUser
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.serf.key_queries import encode_key_request
from serfsim.protocol.serf.messages import UserEvent
from serfsim.protocol.serf.outgoing_queries import QueryParams
from serfsim.protocol.wire.interning import mentioned
from tests.agent.real import Ours, repeated, until

KEY, OTHER_KEY = b"k" * 16, b"o" * 32


def play(scene: Callable[..., Awaitable[None]], *agents: Callable[[], Ours]) -> None:
    """A scene with agents of which each has joined the first."""

    async def play_it() -> None:
        cast = [make() for make in agents]
        try:
            for agent in cast:
                await agent.begin(*([cast[0].address] if agent is not cast[0] else []))
            await scene(*cast)
        finally:
            for agent in cast:
                if agent.runtime.sockets is not None:
                    agent.close()

    asyncio.run(play_it())


def hasten(agent: Ours) -> Ours:
    """Have it notice within half a second what else takes several."""
    agent.config.probe_interval = 0.1
    agent.config.probe_timeout = 0.05
    agent.config.suspicion_max_timeout_mult = 1
    agent.config.gossip_interval = 0.02
    return agent


def test_two_agents_hear_each_other_out() -> None:
    async def scene(a: Ours, b: Ours) -> None:
        await until(lambda: a.status("b") == b.status("a") == "alive")
        a.user_event("deploy", b"42")
        await until(lambda: b.has_heard("user:deploy"))
        assert [one.payload for one in b.heard if one.topic == "user:deploy"] == [b"42"]
        assert await a.query("hello") == QueryAnswers(["a", "b"], {"b": b"here"})
        b.set_tags({"role": "db"})
        await until(lambda: any(member.tags == {"role": "db"} for member in a.members()))
        assert await b.leave()
        await until(lambda: a.status("b") == "left")
        assert b.ended.result() == "left"

    play(scene, lambda: hasten(Ours("a", 41)), lambda: hasten(Ours("b", 42, answers={"hello": b"here"})))


@pytest.mark.parametrize("good_first", [True, False])
def test_two_joins_at_once_answer_each_its_own_caller(good_first: bool) -> None:
    async def scene(a: Ours) -> None:
        b = hasten(Ours("b", 42))
        await b.start()
        try:
            # Nobody listens at the other address; a third joins both in vain and with success.
            joins = [a.join([b.address]), a.join(["127.0.0.1:1"])]
            found = await asyncio.gather(
                *joins[:: 1 if good_first else -1], a.join(["127.0.0.1:1", b.address])
            )
            assert found == [1, 0, 1] if good_first else [0, 1, 1]
            await until(lambda: a.status("b") == b.status("a") == "alive")
        finally:
            b.close()

    play(scene, lambda: hasten(Ours("a", 41)))


def test_two_calls_to_leave_both_end_and_nobody_joins_afterwards() -> None:
    async def scene(a: Ours, b: Ours) -> None:
        await until(lambda: a.status("b") == b.status("a") == "alive")
        leaving = asyncio.gather(b.leave(), b.leave())
        await asyncio.sleep(0)
        assert await b.join([a.address]) == 0
        assert await leaving == [True, True]
        assert b.ended.result() == "left"
        await until(lambda: a.status("b") == "left")

    play(scene, lambda: hasten(Ours("a", 41)), lambda: hasten(Ours("b", 42)))


def test_an_agent_that_falls_silent_has_failed_and_is_alive_again_at_once() -> None:
    async def scene(a: Ours, b: Ours) -> None:
        b.close()
        await until(lambda: a.status("b") == "failed")
        assert events.TCP_FALLBACK_OK not in a.events
        again = hasten(Ours("b", 42))
        try:
            await again.begin(a.address)
            await until(lambda: a.status("b") == "alive")
        finally:
            again.close()

    play(scene, lambda: hasten(Ours("a", 41)), lambda: hasten(Ours("b", 42)))


def test_many_members_and_tags_go_through_a_push_pull_uncompressed_too() -> None:
    async def scene(*agents: Ours) -> None:
        await until(lambda: all(len(agent.members()) == len(agents) for agent in agents))
        assert [line for agent in agents for line in agent.lines if "failed to receive" in line] == []

    def make(number: int) -> Ours:
        agent = hasten(Ours(f"node-{number}", number, tags={"note": "n" * 400}))
        agent.config.enable_compression = number % 2 == 0
        # Gossip alone may pass one by: each tells it on but twice.
        agent.config.push_pull_interval = 0.3
        return agent

    play(scene, *(lambda number=number: make(number) for number in range(41, 49)))  # type: ignore[misc]


def test_with_a_key_only_those_who_have_it_take_part() -> None:
    async def scene(a: Ours, b: Ours) -> None:
        await until(lambda: a.status("b") == b.status("a") == "alive")
        for stranger in (Ours("c", 43), Ours("c", 43, key=OTHER_KEY)):
            await stranger.start()
            try:
                assert await stranger.join([a.address]) == 0
                stranger.runtime.sockets.send(b"hello", a.runtime.sockets.endpoint)  # type: ignore[union-attr]
                await until(lambda: "Decrypt packet failed" in a.logged)
            finally:
                stranger.close()
            a.lines.clear()
        assert a.status("c") == "none"

    play(scene, lambda: hasten(Ours("a", 41, key=KEY)), lambda: hasten(Ours("b", 42, key=KEY)))


@pytest.mark.parametrize("key", [None, KEY])
def test_only_members_with_the_label_take_part(key: bytes | None) -> None:
    async def scene(a: Ours, b: Ours) -> None:
        await until(lambda: a.status("b") == b.status("a") == "alive")
        for label, word in (("", '""'), ("west", '"west"')):
            stranger = Ours("c", 43, key=key, label=label)
            await stranger.start()
            try:
                assert await stranger.join([a.address]) == 0
                assert f"discarding stream with unacceptable label {word}: from=127." in a.logged
                datagram = stranger.runtime.codec.write_datagram(Packet(PING, 1, 9), stranger.runtime.me())
                stranger.runtime.sockets.send(datagram, a.runtime.sockets.endpoint)  # type: ignore[union-attr]
                await until(lambda word=word: f"discarding packet with unacceptable label {word}" in a.logged)  # type: ignore[misc]
            finally:
                stranger.close()
        assert a.status("c") == "none"

    labelled = {"key": key, "label": "east"}
    play(scene, lambda: hasten(Ours("a", 41, **labelled)), lambda: hasten(Ours("b", 42, **labelled)))


def test_without_the_label_check_labels_have_to_be_off_already() -> None:
    async def scene(a: Ours) -> None:
        bare = Ours("b", 42, key=KEY, label="")
        labelled = Ours("b", 42, key=KEY, label="east")
        for sender, error in (
            (bare, "No installed keys"),
            (labelled, "unexpected double stream label header:"),
        ):
            await sender.start()
            try:
                assert await sender.join([a.address]) == 0
                assert error in a.logged
            finally:
                sender.close()
        # What is authenticated is the label that was taken off.
        taken_off = labelled.runtime.codec.write_datagram(Packet(PING, 1, 9), labelled.runtime.me())[6:]
        assert len(a.runtime.codec.read_datagram(taken_off).packets) == 1

    play(scene, lambda: hasten(Ours("a", 41, key=KEY, label="east", skip_inbound_label_check=True)))


def test_keys_are_installed_and_used_cluster_wide() -> None:
    async def scene(a: Ours, b: Ours) -> None:
        for query in ("install", "use"):
            answers = await a.query(f"_serf_{query}-key", encode_key_request(OTHER_KEY))
            assert set(answers.responses) == {"a", "b"}
        answers = await a.query("_serf_remove-key", encode_key_request(OTHER_KEY))
        assert b"Removing the primary key is not allowed" in answers.responses["b"]
        for agent in (a, b):
            assert agent.keyring is not None
            assert agent.keyring.keys == [OTHER_KEY, KEY]

    play(scene, lambda: hasten(Ours("a", 41, key=KEY)), lambda: hasten(Ours("b", 42, key=KEY)))


async def exchanged(agent: LiveAgent, data: bytes) -> bytes:
    """What is answered to these bytes on a stream."""
    assert agent.runtime.sockets is not None
    reader, writer = await asyncio.open_connection(*agent.runtime.sockets.endpoint)
    try:
        writer.write(data)
        writer.write_eof()
        async with asyncio.timeout(5.0):
            return await reader.read()
    finally:
        writer.close()


def test_streams_are_answered_as_the_library_answers_them() -> None:
    """A ping with an ack without payload, what cannot be unwrapped with an error, all else with nothing."""

    async def scene(a: Ours) -> None:
        a.config.enable_compression = False
        ping = b"\x00\x82\xa4Node\xa1a\xa5SeqNo\x07"
        assert await exchanged(a, ping) == b"\x02\x82\xa7Payload\xc0\xa5SeqNo\x07"
        assert await exchanged(a, ping.replace(b"\xa1a", b"\xa1x")) == b""
        encrypted = b"\x0a\x00\x00\x00\x01\x00"
        text = b"Remote state is encrypted and encryption is not configured"
        assert await exchanged(a, encrypted) == b"\x0d\x81\xa5Error\xda\x00" + bytes([len(text)]) + text
        assert (await exchanged(a, b"\x09\x82\xa4Algo\x05\xa3Buf\xa1x")).startswith(b"\x0d\x81\xa5Error")
        assert await exchanged(a, b"") == b""
        assert await exchanged(a, b"\x03\x80") == b""
        assert await exchanged(a, b"\x06\x83\xa4Join\xc3\xa5Nodes\x01\xacUserStateLen\x00\x81") == b""
        assert "Received invalid msgType (3)" in a.logged

    play(scene, lambda: Ours("a", 41))


def test_a_connection_that_says_nothing_is_closed_in_time_and_others_are_served_meanwhile() -> None:
    async def scene(a: Ours, b: Ours) -> None:
        a.config.tcp_timeout = 0.3
        assert a.runtime.sockets is not None
        reader, writer = await asyncio.open_connection(*a.runtime.sockets.endpoint)
        writer.write(b"\x06\x83")
        assert await b.join([a.address]) == 1
        async with asyncio.timeout(5.0):
            await reader.read()
        writer.close()
        await until(lambda: "failed to receive: i/o timeout" in a.logged)

    play(scene, lambda: Ours("a", 41), lambda: Ours("b", 42))


def test_whoever_accepts_and_says_nothing_does_not_hold_up_a_join_for_long() -> None:
    async def scene(a: Ours) -> None:
        a.config.tcp_timeout = 0.2
        served = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        port = served.sockets[0].getsockname()[1]
        async with asyncio.timeout(5.0):
            assert await a.join([f"127.0.0.1:{port}", "127.0.0.1:1"]) == 0
        served.close()

    play(scene, lambda: Ours("a", 41))


def test_datagrams_that_make_no_sense_are_passed_over() -> None:
    async def scene(a: Ours, b: Ours) -> None:
        assert b.runtime.sockets is not None
        assert a.runtime.sockets is not None
        for data in (
            b"",
            b"\x00",
            b"\xff" * 100,
            b"\x07\xff",
            b"\x0c\x00\x00\x00\x00abc",
            b"\x09\x82",
            b"\x04\xc0",
        ):
            b.runtime.sockets.send(data, a.runtime.sockets.endpoint)
        a.user_event("still", b"here")
        await until(lambda: b.has_heard("user:still"))
        assert "Got invalid checksum" in a.logged

    play(scene, lambda: hasten(Ours("a", 41)), lambda: hasten(Ours("b", 42)))


def test_state_is_exchanged_by_itself() -> None:
    async def scene(a: Ours, b: Ours) -> None:
        await until(lambda: events.PUSH_PULL in a.events and events.PUSH_PULL in b.events)
        assert events.PUSH_PULL_FAILED not in a.events + b.events

    def make(name: str, number: int) -> Ours:
        agent = Ours(name, number)
        agent.config.push_pull_interval = 0.2
        return agent

    play(scene, lambda: make("a", 41), lambda: make("b", 42))


def test_of_a_burst_of_exchanges_an_agent_refuses_those_beyond_its_limit() -> None:
    async def answer(stream: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> bytes:
        data = await stream[0].read()
        stream[1].close()
        return data

    async def burst(a: Ours, b: Ours, size: int) -> int:
        """How many of so many complete requests at once are closed unanswered."""
        request = b.runtime.codec.write_request(PushPull(False, b.node.memberlist.core), b.runtime.me())
        host, port = a.address.rsplit(":", 1)
        streams = [await asyncio.open_connection(host, int(port)) for _ in range(size)]
        for _, writer in streams:
            writer.write(request)
        answers = await asyncio.gather(*(answer(stream) for stream in streams))
        return answers.count(b"")

    async def scene(a: Ours, b: Ours) -> None:
        a.config.max_push_pull_requests = 8
        assert await burst(a, b, 5) == 0
        assert 10 < await burst(a, b, 40) <= 33
        assert await burst(a, b, 5) == 0
        assert "Too many pending push/pull requests" in a.logged

    play(scene, lambda: Ours("a", 41), lambda: Ours("b", 42))


def test_an_address_that_is_taken_and_tags_that_are_too_long_are_refused() -> None:
    async def scene(a: Ours) -> None:
        with pytest.raises(
            SerfsimError, match=r"--bind: cannot listen on 127\.\S+:7946: Address already in use"
        ):
            await Ours("b", 41).start()
        with pytest.raises(SerfsimError, match=r"tags: found \d+ bytes once encoded; expected at most 512"):
            a.set_tags({"k": "v" * 600})
        with pytest.raises(SerfsimError, match="user event exceeds"):
            a.user_event("long", b"x" * 600)
        assert a.status("a") == "alive"

    play(scene, lambda: Ours("a", 41))


def test_a_user_message_on_a_stream_is_taken_like_one_in_a_datagram() -> None:
    async def scene(a: Ours, b: Ours) -> None:
        event = UserEvent(0, 7, "deploy", b"42", False)
        assert await exchanged(b, a.runtime.codec.write_request(StreamUser(event, 0), a.runtime.me())) == b""
        await until(lambda: b.has_heard("user:deploy"))

    play(scene, lambda: Ours("a", 41), lambda: Ours("b", 42))


def test_what_is_known_of_a_failed_member_outlives_its_place_in_memberlist() -> None:
    async def scene(a: Ours, b: Ours) -> None:
        b.set_tags({"role": "db"})
        await until(lambda: any(member.tags == {"role": "db"} for member in a.members()))
        b.close()
        await until(lambda: a.status("b") == "failed")
        await until(lambda: events.FORGOTTEN in a.events)
        (left,) = [member for member in a.members() if member.name == "b"]
        assert left.tags == {"role": "db"}
        assert left.port == 7946

    def make(name: str, number: int) -> Ours:
        agent = hasten(Ours(name, number))
        agent.config.gossip_to_the_dead_time = 0.2
        return agent

    play(scene, lambda: make("a", 41), lambda: make("b", 42))


def test_members_of_one_address_are_told_apart_by_their_ports() -> None:
    async def scene() -> None:
        agents = [LiveAgent(Identity(name, ("::1", 0), "local")) for name in ("a", "b", "c")]
        try:
            ends = [await agent.start() for agent in agents]
            for agent in agents[1:]:
                assert await agent.join([f"[::1]:{ends[0][1]}"]) == 1
            await until(lambda: all(len(agent.members()) == 3 for agent in agents))
            assert {member.port for member in agents[2].members()} == {port for _, port in ends}

            # Far from the default port too, an answer to a query finds its way by others.
            async def all_ack() -> bool:
                answers = await agents[1].query("_serf_ping", b"", QueryParams([], True, 1, 0.5))
                return set(answers.acks) == {"a", "b", "c"}

            await repeated(all_ack)
        finally:
            for agent in agents:
                agent.close()

    asyncio.run(scene())


def test_helpers_are_told_the_address_of_a_member_first_known_by_hearsay() -> None:
    directory = Directory()
    directory.add("me", 0)
    known = mentioned(directory, "other")
    packet = Packet(INDIRECT_PING, 7, 0)
    packet.node = known.node
    packet.target = directory.address_number(bytes([127, 0, 0, 5]), 8000)
    codec = Codec(directory, MemberlistConfig(), None)
    read = codec.read_datagram(codec.write_datagram(packet, directory.first[0])).packets[0]
    assert read.target == packet.target

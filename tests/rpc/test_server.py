"""The server as a whole: its clock, its clients however they behave, its node's life, its end."""

from __future__ import annotations

import asyncio
import random
import socket
import time

import msgpack
import pytest

from serfsim import Simulation
from serfsim.base.errors import SerfsimError
from serfsim.live.addresses import is_loopback
from serfsim.live.rpc.pacing import Fast, RealTime, Stepped
from serfsim.live.rpc.server import MOST_CLIENTS, Server
from serfsim.live.rpc.simulated_agent import SimulatedAgent
from serfsim.live.views import member_views
from tests.rpc.client import Client, Served, serve, serving, small


async def is_alive(served: Served) -> bool:
    """Is the simulation going on, and another client answered?"""
    before = served.sim.now
    await served.until(lambda: served.sim.now > before)
    client = await served.client()
    error, body = await client.ask("members", has_body=True)
    client.close()
    return error == "" and len(body["Members"]) == 4


# The clock ---------------------------------------------------------------------------------------


def test_it_begins_to_answer_at_the_end_of_the_warm_up() -> None:
    async def talk(served: Served) -> None:
        assert served.sim.now == 0.0
        await asyncio.sleep(0.05)
        assert served.sim.now == 0.0

    serve(talk)


def test_in_real_time_it_keeps_to_its_speed() -> None:
    async def talk(served: Served) -> None:
        begin, began = served.sim.now, time.monotonic()
        await asyncio.sleep(0.5)
        passed = (served.sim.now - begin) / (time.monotonic() - began)
        assert 0.3 * 4.0 < passed < 1.1 * 4.0

    serve(talk, pace=RealTime(4.0))


def test_as_fast_as_possible_it_goes_to_the_end_and_on() -> None:
    async def talk(served: Served) -> None:
        await served.until(lambda: served.sim.now >= 120.0)
        assert await is_alive(served)

    serve(talk, small(duration="2m"), Fast(120.0))


def test_being_served_changes_nothing_in_the_simulation() -> None:
    scenario = small(faults=[{"crash": ["node-03"], "at": "3s"}], seed=5)
    alone = Simulation(scenario)
    alone.env.run(until=30.0)

    async def talk(served: Served) -> None:
        served.server.pace.advance(30.0)  # type: ignore[attr-defined]
        await served.until(lambda: served.sim.now >= 30.0)
        for own, other in zip(served.sim.nodes[:3], alone.nodes, strict=False):
            assert list(own.vivaldi.coordinate.vec) == list(other.vivaldi.coordinate.vec)
            assert member_views(own) == member_views(other)
            assert own.intents.clock.time() == other.intents.clock.time()

    serve(talk, scenario)


def test_a_simulation_that_is_served_for_long_keeps_no_record() -> None:
    async def talk(served: Served) -> None:
        await served.until(lambda: served.sim.now >= 300.0)
        trace = served.sim.trace
        kept = (trace.events.t, trace.delivery_t, trace.announced, trace.event_counts, trace.counts)
        assert max(len(array) for array in kept) < 100_000
        assert trace.events.count < 1000

    serve(talk, pace=Fast(600.0))


def test_the_node_that_is_asked_keeps_coordinates_in_any_cluster() -> None:
    agent = SimulatedAgent(Simulation(small()), 1)
    agent.sim.agents.cache_coordinates = False
    agent.advance(-4.9)
    agent.advance(5.0)
    assert len(agent.node.coordinates) == 3
    assert len(agent.sim.nodes[0].coordinates) == 0


# Clients however they behave ---------------------------------------------------------------------


def test_garbage_never_stops_the_simulation() -> None:
    async def talk(served: Served) -> None:
        rng = random.Random(2)
        for _ in range(60):
            client = await served.connect()
            client.writer.write(rng.randbytes(rng.randrange(1, 400)))
            if rng.random() < 0.5:
                client.writer.write_eof()
            client.close()
        for head in (
            b"\xdd\xff\xff\xff\xff",
            b"\x91" * 5000,
            b"\xc6\xff\xff\xff\xff",
            b"GET / HTTP/1.1\r\n\r\n",
        ):
            client = await served.connect()
            client.writer.write(head * (300_000 // len(head)))
            assert await client.is_hung_up()
        assert await is_alive(served)

    serve(talk, pace=RealTime(5.0))


def test_random_requests_never_stop_the_simulation() -> None:
    names = [
        "event",
        "query",
        "join",
        "tags",
        "members-filtered",
        "stream",
        "monitor",
        "respond",
        "stop",
        "stats",
    ]
    fields = [
        "Name",
        "Payload",
        "Tags",
        "Existing",
        "DeleteTags",
        "Type",
        "LogLevel",
        "Timeout",
        "ID",
        "FilterNodes",
    ]

    async def talk(served: Served) -> None:
        rng = random.Random(4)

        def value() -> object:
            choices = (None, True, -1, 2**63, 1.5, "x", "\ud7ff" * 9, b"\xff", ["a"], {"a": "b"}, "(", "*")
            return rng.choice(choices)

        for seq in range(150):
            client = await served.client()
            body = {rng.choice(fields): value() for _ in range(rng.randrange(5))}
            await client.send({"Command": rng.choice(names), "Seq": seq + 2}, body)
            if seq % 10 == 0:
                await asyncio.sleep(0.01)
            client.close()
        assert await is_alive(served)

    serve(talk, pace=RealTime(5.0))


def test_an_expression_made_to_take_for_ever_does_not() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        assert await client.ask("tags", {"Tags": {"x": "a" * 400}}) == ""
        body = {"Tags": {"x": "(a+)+b"}, "Name": "", "Status": ""}
        assert await client.ask("members-filtered", body, True) == ("", {"Members": []})
        assert await client.ask("query", {"Name": "q", "FilterTags": {"x": "(a|a)*$b"}}) == ""
        assert await is_alive(served)

    serve(talk, pace=RealTime(5.0))


def test_who_does_not_read_loses_lines_and_holds_up_nobody() -> None:
    async def talk(served: Served) -> None:
        deaf = await served.client()
        assert await deaf.ask("monitor", {"LogLevel": "TRACE"}) == ""
        assert await deaf.ask("stream", {"Type": "*"}) == ""
        other = await served.client()
        session = served.server.sessions[0]
        kept = 0
        for _ in range(1500):
            assert (
                await other.ask("event", {"Name": "x" * 200, "Payload": b"y" * 200, "Coalesce": False}) == ""
            )
            kept = max(kept, session.monitor.pending if session.monitor is not None else 0)
        assert await is_alive(served)
        assert kept == 512
        assert session not in served.server.sessions  # after so much it is hung up on

    serve(talk, pace=RealTime(1.0))


def test_a_flood_of_requests_leaves_time_to_the_simulation() -> None:
    async def talk(served: Served) -> None:
        flood = await served.client()
        flood.writer.write(b"".join(msgpack.packb({"Command": "members", "Seq": seq}) for seq in range(5000)))
        assert await is_alive(served)

    serve(talk, pace=RealTime(5.0))


def test_more_clients_than_allowed_are_hung_up_on() -> None:
    async def talk(served: Served) -> None:
        clients = [await served.client() for _ in range(MOST_CLIENTS)]
        assert await (await served.connect()).is_hung_up()
        clients[0].close()
        await served.until(lambda: len(served.server.sessions) < MOST_CLIENTS)
        assert await is_alive(served)

    serve(talk, pace=RealTime(5.0))


# The node's life ---------------------------------------------------------------------------------


def test_while_its_process_is_down_nobody_is_answered_and_afterwards_again() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        assert await client.ask("monitor", {"LogLevel": "INFO"}) == ""
        await served.until(lambda: not served.agent.is_up)
        while not await client.is_hung_up():
            pass
        assert await (await served.connect()).is_hung_up()
        await served.until(lambda: served.agent.is_up and int(served.agent.node.members.count) == 4)
        assert await is_alive(served)

    crash = [{"crash": ["node-00"], "at": "2s", "for": "5s"}]
    serve(talk, small(faults=crash), RealTime(10.0))


def test_a_request_that_waits_when_the_process_ends_is_hung_up_on() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        await client.send({"Command": "join", "Seq": 2}, {"Existing": ["10.0.0.99"]})
        assert await client.is_hung_up()
        assert served.agent.busy == 0

    serve(talk, small(faults=[{"crash": ["node-00"], "at": "2s"}]), RealTime(10.0))


def test_a_paused_process_answers_once_it_goes_on() -> None:
    async def talk(served: Served) -> None:
        client: Client = await served.client()
        await served.until(lambda: served.agent.is_paused)
        assert (await client.ask("members", has_body=True))[0] == ""
        assert served.sim.now >= 6.0

    serve(talk, small(faults=[{"pause": ["node-00"], "at": "1s", "for": "5s"}]), RealTime(10.0))


# The end -----------------------------------------------------------------------------------------


def test_a_port_in_use_is_one_message() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        async def main() -> None:
            server = Server(SimulatedAgent(Simulation(small()), 0), Stepped())
            await server.run("127.0.0.1", port, lambda host, bound: None)

        with pytest.raises(SerfsimError, match=rf"--rpc-addr: cannot listen on 127.0.0.1:{port}: "):
            asyncio.run(main())


def test_ending_it_hangs_up_on_everybody() -> None:
    async def main() -> None:
        async with serving(small()) as served:
            client = await served.client()
            waiting = await served.client()
            await waiting.send({"Command": "query", "Seq": 2}, {"Name": "x", "Timeout": 10**17})
        assert await client.is_hung_up()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("pc", False),
    ],
)
def test_what_is_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected

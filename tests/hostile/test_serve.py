"""Clients of `serve` that mean no good: silent ones, ones that read nothing, ones that guess."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from serfsim.live.rpc import session, subscriptions
from serfsim.live.rpc.server import MOST_CLIENTS
from tests.rpc.client import Client, Served, serve


async def small_client(served: Served) -> Client:
    """One for which the system keeps little that it has not read."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    opened.connect(("127.0.0.1", served.port))
    client = Client(*await asyncio.open_connection(sock=opened, limit=4096))
    await client.shake_hands()
    return client


async def is_answered(served: Served) -> bool:
    client = await served.client()
    error, _ = await client.ask("members", has_body=True)
    client.close()
    return error == ""


def test_silent_connections_shut_nobody_out() -> None:
    async def talk(served: Served) -> None:
        silent = [await served.connect() for _ in range(MOST_CLIENTS)]
        await served.until(lambda: len(served.server.sessions) == MOST_CLIENTS)
        assert await is_answered(served)
        for one in silent:
            one.close()

    serve(talk)


def test_who_has_not_shaken_hands_in_time_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "HANDSHAKE_S", 0.2)

    async def talk(served: Served) -> None:
        silent = await served.connect()
        idle = await served.client()  # which has, and may be silent
        assert await silent.is_hung_up()
        assert (await idle.ask("members", has_body=True))[0] == ""
        idle.close()

    serve(talk)


def test_clients_that_read_nothing_are_hung_up_on_and_slow_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "BUFFER", 64)

    async def talk(served: Served) -> None:
        deaf = []
        for _ in range(20):
            client = await small_client(served)
            assert await client.ask("stream", {"Type": "*"}) == ""
            assert await client.ask("monitor", {"LogLevel": "debug"}) == ""
            client.writer.transport.pause_reading()
            deaf.append(client)
        client = await served.client()
        begun = time.monotonic()
        for number in range(600):
            body = {"Name": f"event-{number}", "Payload": b"x" * 400, "Coalesce": False}
            assert await client.ask("event", body) == ""
        assert time.monotonic() - begun < 20.0
        await served.until(lambda: len(served.server.sessions) <= 1)
        assert await is_answered(served)

    serve(talk)


def test_keys_are_guessed_one_a_second_by_all_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "WRONG_KEY_S", 0.3)

    async def talk(served: Served) -> None:
        begun = time.monotonic()
        clients = [await served.client() for _ in range(4)]
        answers = await asyncio.gather(*(one.ask("auth", {"AuthKey": "wrong"}) for one in clients))
        assert set(answers) == {"Invalid authentication token"}
        assert time.monotonic() - begun >= 4 * 0.3
        right = await served.client()
        begun = time.monotonic()
        assert await right.ask("auth", {"AuthKey": "right"}) == ""
        assert time.monotonic() - begun < 0.3

    serve(talk, key="right")

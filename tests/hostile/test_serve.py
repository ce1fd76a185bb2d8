"""Clients of `serve` that mean no good: silent ones, ones that read nothing, ones that guess."""

from __future__ import annotations

import asyncio
import random
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import msgpack
import pytest

from serfsim.live.rpc import session, subscriptions
from serfsim.live.rpc.server import MOST_CLIENTS
from tests.rpc.client import Client, Served, serve
from tests.rpc.test_session_transitions import KEY, Talk

MOST_MEMORY = 32 << 20  # bytes, for 200 connections of strangers
CONNECTIONS = 200


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


def first_words(number: int, rng: random.Random) -> bytes:
    """What a stranger sends: nothing, half a request, an object of 4 GB, noise, or much that nobody reads."""
    return (
        b"",
        msgpack.packb({"Command": "handshake", "Seq": 1})[:7],
        b"\xdd\xff\xff\xff\xff" + bytes(1000),
        b"\xc6\xff\xff\xff\xff" + bytes(1000),
        rng.randbytes(5000),
        msgpack.packb({"Command": "members", "Seq": 1}) * 3000,
        b"\x91" * 100_000,
        msgpack.packb({"Command": "x" * 200_000, "Seq": 1}),
    )[number % 8]


class Process:
    """`serfsim serve` of four members, with a key."""

    def __init__(self, folder: Path) -> None:
        scenario = folder / "small.yaml"
        scenario.write_text("{cluster: {nodes: 4}, duration: 10m, warm_up: 5s}")
        options = ["--rpc-addr", "127.0.0.1:0", "--rpc-auth", KEY]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "serfsim", "serve", str(scenario), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        said = next(line for line in self.process.stdout if "127.0.0.1:" in line)
        self.port = int(said.partition("127.0.0.1:")[2].split()[0])

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def memory(self) -> int:
        """Return the most bytes that it has ever used."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    def end(self) -> None:
        self.process.terminate()
        self.process.communicate()


def say(to: socket.socket, *objects: object) -> list[object]:
    """Send requests and return as many replies."""
    to.sendall(b"".join(msgpack.packb(one) for one in objects))
    unpacker = msgpack.Unpacker(raw=False)
    replies: list[object] = []
    while not replies or len(replies) < sum(isinstance(one, dict) and "Command" in one for one in objects):
        data = to.recv(65536)
        assert data, "hung up"
        unpacker.feed(data)
        replies.extend(unpacker)
    return replies


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_two_hundred_strangers_cost_little_and_shut_nobody_out(tmp_path: Path) -> None:
    rng = random.Random(5)
    served = Process(tmp_path)
    before = served.memory()
    try:
        strangers = [served.connect() for _ in range(CONNECTIONS)]
        for number, stranger in enumerate(strangers):
            stranger.setblocking(False)
            with suppress(OSError):  # hung up on, or not read
                stranger.send(first_words(number, rng))
        friend = served.connect()
        shake = ({"Command": "handshake", "Seq": 1}, {"Version": 1})
        assert say(friend, *shake, {"Command": "auth", "Seq": 2}, {"AuthKey": KEY}) == [
            {"Error": "", "Seq": 1},
            {"Error": "", "Seq": 2},
        ]
        assert say(friend, {"Command": "stats", "Seq": 3})[0] == {"Error": "", "Seq": 3}
        assert served.memory() - before < MOST_MEMORY
        for one in (friend, *strangers):
            one.close()
    finally:
        served.end()


REFUSALS = {"", "Handshake required", "Handshake already performed", "Authentication required"}
REFUSALS |= {"Invalid authentication token", "Unsupported IPC version", "Unsupported command"}


def random_requests(rng: random.Random) -> bytes:
    """Requests of any command, with bodies that fit and that do not, but never the key."""
    commands = ("handshake", "auth", "echo", "count", "members", "stop", "", "event")
    bodies = ({"Version": 1}, {"Version": 7}, {"AuthKey": "wrong"}, {"Text": "hi"}, [1], None)
    said = b""
    for seq in range(rng.randrange(1, 12)):
        said += msgpack.packb({"Command": rng.choice(commands), "Seq": seq})
        if rng.random() < 0.6:
            said += msgpack.packb(rng.choice(bodies))
    if rng.random() < 0.3:
        at = rng.randrange(len(said))
        said = said[:at] + rng.randbytes(3) + said[at + 1 :]
    return said


def test_nobody_without_the_key_has_anything_done_or_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "WRONG_KEY_S", 0.0)
    rng = random.Random(3)

    async def main() -> None:
        for _ in range(300):
            talk = Talk(KEY)
            talk.reader.feed_data(random_requests(rng))
            for _ in range(60):
                await asyncio.sleep(0)
            unpacker = msgpack.Unpacker(raw=False)
            unpacker.feed(talk.writer.data)
            for reply in unpacker:
                assert set(reply) == {"Error", "Seq"}, "a body was sent"
                assert reply["Error"] in REFUSALS
            assert talk.ran == []
            assert talk.session.state != session.OPEN
            await talk.end()

    asyncio.run(main())

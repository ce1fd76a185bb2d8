"""A simulation that is served within the test, and a client that says what it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgpack

from serfsim import Simulation
from serfsim.live.rpc.pacing import Fast, Pace, Stepped
from serfsim.live.rpc.server import Server
from serfsim.live.rpc.simulated_agent import SimulatedAgent
from serfsim.scenario import Scenario

LIMIT_S = 20.0  # of real time; no test waits longer for anything


def small(**sections: Any) -> Scenario:
    """Four nodes that have just met, and whose gossip misses nobody."""
    cluster = {"nodes": 4, "tags": {"dc": "east"}, "config": {"retransmit_mult": 30}}
    given = {"cluster": cluster, "duration": "10m", "warm_up": "5s"}
    return Scenario(**{**given, "record": {"coordinates": "none"}, **sections})


class Client:
    """One connection; `ask` gives the reply's header and, if it is to have one, its body."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.unpacker = msgpack.Unpacker(raw=False)
        self.seq = 0
        self.streamed: list[tuple[int, Any]] = []  # records that came before a reply

    async def send(self, *objects: Any) -> None:
        self.writer.write(b"".join(msgpack.packb(one) for one in objects))
        await self.writer.drain()

    async def next(self) -> Any:
        """The next object. EOFError when the server has hung up."""
        while True:
            try:
                return self.unpacker.unpack()
            except msgpack.OutOfData:
                try:
                    data = await asyncio.wait_for(self.reader.read(65536), LIMIT_S)
                except ConnectionError:
                    data = b""
                if not data:
                    raise EOFError from None
                self.unpacker.feed(data)

    async def ask(self, command: str, body: Any = None, has_body: bool = False) -> Any:
        """The error, or error and body where `has_body`."""
        self.seq += 1
        header = {"Command": command, "Seq": self.seq}
        await self.send(*([header] if body is None else [header, body]))
        while (reply := await self.next())["Seq"] != self.seq:
            self.streamed.append((reply["Seq"], await self.next()))
        return (reply["Error"], await self.next()) if has_body else reply["Error"]

    async def record(self, seq: int) -> Any:
        """The next record of a stream."""
        for place, (number, record) in enumerate(self.streamed):
            if number == seq:
                del self.streamed[place]
                return record
        while True:
            header, record = await self.next(), await self.next()
            assert header["Error"] == ""
            if header["Seq"] == seq:
                return record
            self.streamed.append((header["Seq"], record))

    async def shake_hands(self) -> None:
        assert await self.ask("handshake", {"Version": 1}) == ""

    async def is_hung_up(self) -> bool:
        try:
            await self.next()
        except EOFError:
            return True
        return False

    def close(self) -> None:
        self.writer.close()


class Served:
    """The server at work."""

    def __init__(self, server: Server, port: int) -> None:
        self.server = server
        self.agent = server.agent
        self.sim = server.agent.sim
        self.port = port

    async def connect(self) -> Client:
        return Client(*await asyncio.open_connection("127.0.0.1", self.port))

    async def client(self) -> Client:
        client = await self.connect()
        await client.shake_hands()
        return client

    async def until(self, holds: Callable[[], bool]) -> None:
        async def wait() -> None:
            while not holds():
                await asyncio.sleep(0.005)

        await asyncio.wait_for(wait(), LIMIT_S)


@asynccontextmanager
async def serving(
    scenario: Scenario, pace: Pace | None = None, key: str = "", number: int = 0
) -> AsyncIterator[Served]:
    """Serve a scenario, as fast as possible unless a pace is given."""
    agent = SimulatedAgent(Simulation(scenario), number, epoch=0.0)
    server = Server(agent, Stepped() if pace is None else pace, key)
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(server.run("127.0.0.1", 0, lambda host, port: ready.set_result(port)))
    await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    try:
        yield Served(server, ready.result())
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def serve(
    talk: Callable[[Served], Awaitable[None]],
    scenario: Scenario | None = None,
    pace: Pace | None = None,
    key: str = "",
    number: int = 0,
) -> None:
    """Serve while `talk` goes on."""

    async def main() -> None:
        async with serving(small() if scenario is None else scenario, pace, key, number) as served:
            await asyncio.wait_for(talk(served), 2 * LIMIT_S)

    asyncio.run(main())


__all__ = ["Client", "Fast", "Served", "Stepped", "serve", "serving", "small"]

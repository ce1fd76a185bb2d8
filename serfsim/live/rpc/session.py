"""One connection: what it may say when, and what becomes of it.

    state     request                        reply                           then
    new       handshake of version 1         ok                              locked with a key, else open
    new       handshake of another version   Unsupported IPC version         new
    new       anything else                  Handshake required              closed
    locked    auth, right key                ok                              open
    locked    auth, wrong key                Invalid authentication token    locked
    locked    handshake of version 1         Handshake already performed     locked
    locked    anything else                  Authentication required         locked; its body is not read
    open      handshake of version 1         Handshake already performed     open
    open      auth                           ok, or Invalid ... token        open
    open      a command of COMMANDS          what the command answers        open
    open      anything else                  Unsupported command             closed
    any       what does not decode           none                            closed
    any       the node's process ends        none                            closed
    not open  HANDSHAKE_S have passed        none                            closed

After a wrong key the answer comes WRONG_KEY_S later, to one guess of all connections at a time.

A body that is not read is taken for the next header, as the real agent does. Requests of one connection
are carried out one after the other; what a client sends meanwhile waits in its socket.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from serfsim.live.rpc.agent import Agent, AgentDown
from serfsim.live.rpc.bodies import BadBody, Fields, Header, read_body, read_i32, read_string
from serfsim.live.rpc.frames import NOTHING, BadFrame, Frames, encoded
from serfsim.protocol.serf.queries import ReceivedQuery

if TYPE_CHECKING:
    from serfsim.live.rpc.streams import EventStream, LogStream, QueryStream

CHUNK: Final = 16384
MOST_STREAMS: Final = 64  # of a connection, and as many open queries
HANDSHAKE_S: Final = 10.0  # of real time, until a connection must be open
WRONG_KEY_S: Final = 1.0  # of real time
KEPT_QUERIES: Final = 1024  # that a connection may still answer

NEW, LOCKED, OPEN = "new", "locked", "open"


class Answer(NamedTuple):
    """What a command answers; `then` is called once that has been sent."""

    error: str = ""
    body: dict[str, Any] | None = None
    then: Callable[[], None] | None = None


class Command(NamedTuple):
    """What a command does with its body; `fields` is None where it has none."""

    run: Callable[[Session, int, dict[str, Any]], Awaitable[Answer]]
    fields: Fields | None = None


class Closed(Exception):
    """The connection is to be closed; the message is for the log."""


class Session:
    """`key` is the agent's key, "" for none."""

    def __init__(
        self,
        agent: Agent,
        commands: dict[str, Command],
        key: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.agent = agent
        self.commands = commands
        self.key = key
        self.reader = reader
        self.writer = writer
        self.state = NEW
        self.events: dict[int, EventStream] = {}
        self.monitor: LogStream | None = None
        self.asked: list[QueryStream] = []
        self.queries: dict[int, ReceivedQuery] = {}
        self._query_ids = 0
        self._frames = Frames()
        self._header = Header()
        self._writing = asyncio.Lock()

    def __str__(self) -> str:
        return f"ipc.client: {self.peer}"

    @property
    def peer(self) -> str:
        host, port = (self.writer.get_extra_info("peername") or ("?", 0))[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    # The connection ------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Answer requests until the connection is closed."""
        deadline = asyncio.get_running_loop().call_later(HANDSHAKE_S, self._expire)
        try:
            while (head := await self._read()) is not NOTHING:
                await self._request(head)
                # Others and the simulation have their turn, however much this client sends at once.
                await asyncio.sleep(0)
        except (BadFrame, BadBody) as error:
            self.agent.say(f"[ERR] agent.ipc: failed to decode request header: {error}")
        except Closed as error:
            self.agent.say(f"[ERR] agent.ipc: Failed to evaluate request: {error}")
        except (AgentDown, OSError):
            pass
        finally:
            deadline.cancel()
            self.close()

    def _expire(self) -> None:
        """Who has not shown by now who it is keeps a place that others want."""
        if self.state != OPEN:
            self.agent.say(
                f"[WARN] agent.ipc: Closing {self}: no handshake, or no key, within {HANDSHAKE_S:g} s"
            )
            self.hang_up()

    def hang_up(self) -> None:
        """Close without waiting until the client has read what was sent to it."""
        self.close()
        self.writer.transport.abort()

    def close(self) -> None:
        """Stop its streams and hang up."""
        for stream in (*self.events.values(), *self.asked, *([self.monitor] if self.monitor else ())):
            stream.stop()
        open_queries = self.agent.queries
        for key in [key for key, reader in open_queries.items() if reader in self.asked]:
            del open_queries[key]
        self.events.clear()
        self.asked.clear()
        self.monitor = None
        self.writer.close()

    async def _read(self) -> Any:
        """The next object, or NOTHING when the client has hung up."""
        while (found := self._frames.next()) is NOTHING:
            data = await self.reader.read(CHUNK)
            if not data:
                return NOTHING
            self._frames.feed(data)
        return found

    async def _body(self, fields: Fields) -> dict[str, Any]:
        found = await self._read()
        if found is NOTHING:
            raise Closed("decode failed: EOF")
        try:
            return read_body(found, fields)
        except BadBody as error:
            raise Closed(f"decode failed: {error}") from None

    async def send(self, seq: int, error: str, body: dict[str, Any] | None = None) -> None:
        """A header and its body, together."""
        async with self._writing:
            self.writer.write(encoded({"Error": error, "Seq": seq}, body))
            await self.writer.drain()

    # Requests ------------------------------------------------------------------------------------

    async def _request(self, head: Any) -> None:
        self._header.read(head)
        command, seq = self._header.command, self._header.seq
        if command == "handshake":
            await self.send(seq, self._shake_hands((await self._body({"Version": read_i32}))["Version"]))
        elif self.state == NEW:
            await self.send(seq, "Handshake required")
            raise Closed("Handshake required")
        elif command == "auth":
            error = self._unlock((await self._body({"AuthKey": read_string}))["AuthKey"])
            if error:
                async with self.agent.guessing:
                    await asyncio.sleep(WRONG_KEY_S)
            await self.send(seq, error)
        elif self.state == LOCKED:
            self.agent.say("[WARN] agent.ipc: Client sending commands before auth")
            await self.send(seq, "Authentication required")
        elif command not in self.commands:
            await self.send(seq, "Unsupported command")
            raise Closed(f"command '{command[:100]}' not recognized")
        else:
            await self._carry_out(self.commands[command], seq)

    def _shake_hands(self, version: int) -> str:
        if version != 1:
            return "Unsupported IPC version"
        if self.state != NEW:
            return "Handshake already performed"
        self.state = LOCKED if self.key else OPEN
        return ""

    def _unlock(self, key: str) -> str:
        if not hmac.compare_digest(key.encode(), self.key.encode()):
            return "Invalid authentication token"
        self.state = OPEN
        return ""

    async def _carry_out(self, command: Command, seq: int) -> None:
        body = {} if command.fields is None else await self._body(command.fields)
        await self.agent.running()
        answer = await command.run(self, seq, body)
        await self.send(seq, answer.error, answer.body)
        if answer.then is not None:
            answer.then()

    # Queries -------------------------------------------------------------------------------------

    def keep_query(self, received: ReceivedQuery) -> int:
        """The number under which the client may answer a query that its stream has told it of."""
        self._query_ids += 1
        self.queries[self._query_ids] = received
        if len(self.queries) > KEPT_QUERIES:
            del self.queries[next(iter(self.queries))]
        return self._query_ids

    def query_done(self, stream: QueryStream) -> None:
        """All of a query of this client's has been sent."""
        if stream in self.asked:
            self.asked.remove(stream)
            stream.stop()

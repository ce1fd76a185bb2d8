"""The state machine of an RPC connection, as in Serf's ipc.go.

    new -> locked -> open -> closed

TRANSITIONS is the machine: `Session` looks up its next state and its response there. After a wrong key the
response is delayed by WRONG_KEY_S, one guess at a time over all connections.

The body of a refused request is not read and so becomes the next header, as in the real agent.
Requests of one connection are carried out one after the other; what a client sends meanwhile waits in its
socket.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, Protocol

from serfsim.live.addresses import format_endpoint
from serfsim.live.base_agent import QueryReader
from serfsim.live.rpc.messages import (
    NOTHING,
    BadBody,
    BadFrame,
    Fields,
    Frames,
    Header,
    encode,
    read_body,
    read_i32,
    read_string,
)
from serfsim.live.rpc.simulated_agent import AgentDown, SimulatedAgent
from serfsim.logs import live_words
from serfsim.protocol.serf.application import ReceivedQuery
from serfsim.protocol.transitions import Transition

CHUNK: Final = 16384
MOST_STREAMS: Final = 64  # streams of a connection, and as many open queries
HANDSHAKE_S: Final = 10.0  # seconds of real time until a connection must be open
WRONG_KEY_S: Final = 1.0  # seconds of real time
KEPT_QUERIES: Final = 1024  # queries a connection may still respond to

# States.
NEW: Final = "new"
LOCKED: Final = "locked"  # requires a key
OPEN: Final = "open"
CLOSED: Final = "closed"

# Inputs.
HANDSHAKE: Final = "handshake of version 1 where a key is set"
HANDSHAKE_NO_KEY: Final = "handshake of version 1 where no key is set"
OTHER_VERSION: Final = "handshake of another version"
RIGHT_KEY: Final = "auth with the right key"
WRONG_KEY: Final = "auth with a wrong key"
COMMAND: Final = "a known command"  # includes auth before the handshake, whose key is not read
UNKNOWN_COMMAND: Final = "an unknown command"
UNDECODABLE: Final = "a request that does not decode"
HUNG_UP: Final = "end of the client's stream"
PROCESS_END: Final = "end of the node's process"
EXPIRED: Final = "HANDSHAKE_S since the connection began"

# Effects: the error in the reply, or one of these.
NO_REPLY: Final = "no reply"
RUN: Final = "run the command and send its answer"
SUCCESS: Final = ""
HANDSHAKE_REQUIRED: Final = "Handshake required"
ALREADY_SHAKEN: Final = "Handshake already performed"
BAD_VERSION: Final = "Unsupported IPC version"
AUTH_REQUIRED: Final = "Authentication required"
BAD_KEY: Final = "Invalid authentication token"
BAD_COMMAND: Final = "Unsupported command"


TRANSITIONS: Final[tuple[Transition, ...]] = (
    Transition(NEW, HANDSHAKE, LOCKED, SUCCESS),
    Transition(NEW, HANDSHAKE_NO_KEY, OPEN, SUCCESS),
    Transition(NEW, OTHER_VERSION, NEW, BAD_VERSION),
    Transition(NEW, COMMAND, CLOSED, HANDSHAKE_REQUIRED),
    Transition(NEW, UNKNOWN_COMMAND, CLOSED, HANDSHAKE_REQUIRED),
    Transition(NEW, UNDECODABLE, CLOSED, NO_REPLY),
    Transition(NEW, HUNG_UP, CLOSED, NO_REPLY),
    Transition(NEW, PROCESS_END, CLOSED, NO_REPLY),
    Transition(NEW, EXPIRED, CLOSED, NO_REPLY),
    Transition(LOCKED, HANDSHAKE, LOCKED, ALREADY_SHAKEN),
    Transition(LOCKED, OTHER_VERSION, LOCKED, BAD_VERSION),
    Transition(LOCKED, RIGHT_KEY, OPEN, SUCCESS),
    Transition(LOCKED, WRONG_KEY, LOCKED, BAD_KEY),
    Transition(LOCKED, COMMAND, LOCKED, AUTH_REQUIRED),
    Transition(LOCKED, UNKNOWN_COMMAND, LOCKED, AUTH_REQUIRED),
    Transition(LOCKED, UNDECODABLE, CLOSED, NO_REPLY),
    Transition(LOCKED, HUNG_UP, CLOSED, NO_REPLY),
    Transition(LOCKED, PROCESS_END, CLOSED, NO_REPLY),
    Transition(LOCKED, EXPIRED, CLOSED, NO_REPLY),
    Transition(OPEN, HANDSHAKE, OPEN, ALREADY_SHAKEN),
    Transition(OPEN, HANDSHAKE_NO_KEY, OPEN, ALREADY_SHAKEN),
    Transition(OPEN, OTHER_VERSION, OPEN, BAD_VERSION),
    Transition(OPEN, RIGHT_KEY, OPEN, SUCCESS),
    Transition(OPEN, WRONG_KEY, OPEN, BAD_KEY),
    Transition(OPEN, COMMAND, OPEN, RUN),
    Transition(OPEN, UNKNOWN_COMMAND, CLOSED, BAD_COMMAND),
    Transition(OPEN, UNDECODABLE, CLOSED, NO_REPLY),
    Transition(OPEN, HUNG_UP, CLOSED, NO_REPLY),
    Transition(OPEN, PROCESS_END, CLOSED, NO_REPLY),
    Transition(OPEN, EXPIRED, OPEN, NO_REPLY),
)
_ROWS: Final = {(row.state, row.input): row for row in TRANSITIONS}


class Subscription(Protocol):
    """A stream of records under the number `seq` of the request that started it."""

    @property
    def seq(self) -> int: ...

    @property
    def pending(self) -> int: ...

    def stop(self) -> None: ...


class QuerySubscription(Subscription, QueryReader, Protocol):
    """The responses to one of this connection's queries."""


class Answer(NamedTuple):
    """The response to a command; `then` is called after it is sent."""

    error: str = ""
    body: dict[str, Any] | None = None
    then: Callable[[], None] | None = None


class Command(NamedTuple):
    """A command's function, and the fields of its body; None without a body."""

    run: Callable[[Session, int, dict[str, Any]], Awaitable[Answer]]
    fields: Fields | None = None


class Closed(Exception):
    """Raised to close the connection, with the message for the log."""


class Session:
    """One client's connection.

    `key`: the agent's key, "" for none.
    """

    def __init__(
        self,
        agent: SimulatedAgent,
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
        self.events: dict[int, Subscription] = {}
        self.monitor: Subscription | None = None
        self.asked: list[QuerySubscription] = []
        self.queries: dict[int, ReceivedQuery] = {}
        self._query_ids = 0
        self._frames = Frames()
        self._header = Header()
        self._writing = asyncio.Lock()

    def __str__(self) -> str:
        return f"ipc.client: {self.peer}"

    @property
    def peer(self) -> str:
        return format_endpoint(self.writer.get_extra_info("peername") or ("?", 0))

    # The connection ------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Answer requests until the connection is closed."""
        deadline = asyncio.get_running_loop().call_later(HANDSHAKE_S, self._expire)
        try:
            while self.state != CLOSED and (head := await self._read()) is not NOTHING:
                await self._request(head)
                # Other clients and the simulation get their turn, however much this client sends.
                await asyncio.sleep(0)
            self._step(HUNG_UP)
        except (BadFrame, BadBody) as error:
            self._step(UNDECODABLE)
            self.agent.say(live_words.BAD_HEADER.format(error=error))
        except Closed as error:
            self._step(UNDECODABLE)
            self.agent.say(live_words.BAD_REQUEST.format(error=error))
        except AgentDown:
            self._step(PROCESS_END)
        except OSError:
            self._step(HUNG_UP)
        finally:
            deadline.cancel()
            self.close()

    def _step(self, given: str) -> str:
        """Enter the next state and return the effect of the input; a closed session takes none."""
        if self.state == CLOSED:
            return NO_REPLY
        row = _ROWS[self.state, given]
        self.state = row.next_state
        return row.effect

    def _expire(self) -> None:
        """Close a connection that is not open in time and occupies a slot."""
        if self.state != CLOSED:
            self._step(EXPIRED)
            if self.state == CLOSED:
                self.agent.say(live_words.NOT_OPENED.format(client=self, seconds=HANDSHAKE_S))
                self.hang_up()

    def hang_up(self) -> None:
        """Close without waiting for the client to read pending data."""
        self.close()
        self.writer.transport.abort()

    def process_ended(self) -> None:
        """Close because the node's process has ended."""
        self._step(PROCESS_END)
        self.close()

    def close(self) -> None:
        """Stop its streams and close."""
        self.state = CLOSED
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
        """Read the next object, or return NOTHING when the client has disconnected."""
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
        """Send a header and its body together."""
        async with self._writing:
            self.writer.write(
                encode({"Error": error, "Seq": seq}, body, self.agent.features.serf_signed_integers)
            )
            await self.writer.drain()

    # Requests ------------------------------------------------------------------------------------

    async def _request(self, head: Any) -> None:
        self._header.read(head)
        command, seq = self._header.command, self._header.seq
        given = await self._input(command)
        if given == WRONG_KEY:
            async with self.agent.guessing:
                await asyncio.sleep(WRONG_KEY_S)
        effect = self._step(given)
        if effect == RUN:
            self.agent.commands[command] += 1
            await self._carry_out(self.commands[command], seq)
        elif effect != NO_REPLY:
            if effect == AUTH_REQUIRED:
                self.agent.say(live_words.NOT_AUTHENTICATED)
            await self.send(seq, effect)
            if effect == BAD_COMMAND:
                effect = f"command '{command[:100]}' not recognized"
            if self.state == CLOSED:
                raise Closed(effect)

    async def _input(self, command: str) -> str:
        """Classify a request; reads its body where the state allows a handshake or a key."""
        if command == "handshake":
            if (await self._body({"Version": read_i32}))["Version"] != 1:
                return OTHER_VERSION
            return HANDSHAKE if self.key else HANDSHAKE_NO_KEY
        if command == "auth" and self.state != NEW:
            given = (await self._body({"AuthKey": read_string}))["AuthKey"]
            return RIGHT_KEY if hmac.compare_digest(given.encode(), self.key.encode()) else WRONG_KEY
        return COMMAND if command in self.commands or command == "auth" else UNKNOWN_COMMAND

    async def _carry_out(self, command: Command, seq: int) -> None:
        body = {} if command.fields is None else await self._body(command.fields)
        await self.agent.running()
        answer = await command.run(self, seq, body)
        await self.send(seq, answer.error, answer.body)
        if answer.then is not None:
            answer.then()

    # Queries -------------------------------------------------------------------------------------

    def keep_query(self, received: ReceivedQuery) -> int:
        """Register a query streamed to the client; return the number for its response."""
        self._query_ids += 1
        self.queries[self._query_ids] = received
        if len(self.queries) > KEPT_QUERIES:
            del self.queries[next(iter(self.queries))]
        return self._query_ids

    def query_done(self, stream: QuerySubscription) -> None:
        """End a query's stream after all of it has been sent."""
        if stream in self.asked:
            self.asked.remove(stream)
            stream.stop()

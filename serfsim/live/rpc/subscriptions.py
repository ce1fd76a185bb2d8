"""Streams that outlast the reply: events, log lines, and responses to a query.

Each stream has a buffer, and a task that sends it. A client that reads too slowly loses records that do not
fit, as in the real agent; the simulation never waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final, NamedTuple

from serfsim.live.base_agent import AgentEvent
from serfsim.live.rpc.messages import read_string, read_u64
from serfsim.live.rpc.session import MOST_STREAMS, Answer, Command, Session
from serfsim.logs import live_words
from serfsim.logs.lines import LEVELS, rank
from serfsim.logs.words import MEMBER_EVENTS
from serfsim.protocol.serf.messages import UserEvent

BUFFER: Final = 512
# seconds; if the end follows at once, the real command loses responses that it has not printed
PAUSE_BEFORE_DONE_S: Final = 0.1
KINDS: Final = (*MEMBER_EVENTS.values(), "user", "query", "*")


class Stream:
    """A stream of records on one connection.

    `seq`: the number of the request that started it.
    """

    def __init__(self, session: Session, seq: int, room: int | None = None) -> None:
        self.session = session
        self.seq = seq
        self.room = BUFFER if room is None else room
        self._buffer: deque[dict[str, Any]] = deque()
        self._filled = asyncio.Event()
        self._lost = 0  # records lost since the client last read
        self._task = asyncio.get_running_loop().create_task(self._empty())

    def push(self, record: dict[str, Any]) -> bool:
        """Queue a record; return False at the first one lost since the client last read.

        A client that loses as many again is disconnected.
        """
        if len(self._buffer) >= self.room:
            self._lost += 1
            if self._lost > self.room:
                self._drop()
            return self._lost > 1
        self._buffer.append(record)
        self._filled.set()
        return True

    @property
    def pending(self) -> int:
        """The number of unsent records."""
        return len(self._buffer)

    async def _empty(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._buffer:
                record = self._buffer.popleft()
                try:
                    await self.session.send(self.seq, "", record)
                    self._lost = 0
                except OSError:
                    return

    def _drop(self) -> None:
        session = self.session
        self.stop()  # before logging: this stream may be a reader of the log
        session.agent.say(live_words.NOT_READING.format(client=session))
        asyncio.get_running_loop().call_soon(session.hang_up)

    def stop(self) -> None:
        """Send nothing more."""
        self._task.cancel()


class Filter(NamedTuple):
    """A filter of a stream.

    `name`: "" for any.
    """

    kind: str
    name: str

    def is_valid(self) -> bool:
        return self.kind in KINDS

    def wants(self, event: AgentEvent) -> bool:
        if self.kind == "*":
            return True
        return event.kind == self.kind and self.name in ("", event.name)


def read_filters(text: str) -> list[Filter]:
    """Read filters such as member-join,user:deploy,query; an empty text passes everything."""
    found = []
    for part in (text or "*").split(","):
        kind, _, name = part.partition(":") if part.startswith(("user:", "query:")) else (part, "", "")
        found.append(Filter(kind, name))
    return found


class EventStream(Stream):
    """Stream of the events that any of the filters passes."""

    def __init__(self, session: Session, seq: int, filters: list[Filter]) -> None:
        super().__init__(session, seq)
        self.filters = filters

    def take_event(self, event: AgentEvent) -> None:
        if any(one.wants(event) for one in self.filters) and not self.push(self._record(event)):
            self.session.agent.say(live_words.EVENT_DROPPED.format(client=self.session))

    def _record(self, event: AgentEvent) -> dict[str, Any]:
        if isinstance(event.message, UserEvent):
            user = event.message
            return {
                "Coalesce": bool(user.coalesce),
                "Event": "user",
                "LTime": int(user.ltime),
                "Name": user.name,
                "Payload": user.payload or None,
            }
        if event.message is not None:
            query = event.message.query
            return {
                "Event": "query",
                "ID": self.session.keep_query(event.message),
                "LTime": int(query.ltime),
                "Name": query.name,
                "Payload": query.payload or None,
            }
        return {"Event": event.kind, "Members": [member.record() for member in event.members]}

    def stop(self) -> None:
        super().stop()
        if self in self.session.agent.events:
            self.session.agent.events.remove(self)


class LogStream(Stream):
    """Stream of the log lines at or above a level."""

    def __init__(self, session: Session, seq: int, lowest: int) -> None:
        super().__init__(session, seq)
        self.lowest = lowest

    def take_line(self, line: str) -> None:
        # Do not log a dropped line: there would be no room for that line either.
        if rank(line) >= self.lowest:
            self.push({"Log": line})

    def stop(self) -> None:
        super().stop()
        self.session.agent.log.leave(self)


class QueryStream(Stream):
    """Stream of acks and responses as they arrive, then the end."""

    def take_ack(self, source: str) -> None:
        self.push({"From": source, "Payload": None, "Type": "ack"})

    def take_answer(self, source: str, payload: bytes) -> None:
        self.push({"From": source, "Payload": payload or None, "Type": "response"})

    def end(self) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(PAUSE_BEFORE_DONE_S, self.push, {"From": "", "Payload": None, "Type": "done"})
        loop.call_later(2 * PAUSE_BEFORE_DONE_S, self.session.query_done, self)


async def stream(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    """Stream events."""
    filters = read_filters(body["Type"])
    if not all(one.is_valid() for one in filters):
        return Answer("Invalid event filter")
    if seq in session.events:
        return Answer("Stream with given sequence exists")
    if len(session.events) >= MOST_STREAMS:
        return Answer(f"more than {MOST_STREAMS} streams are open on this connection")
    made = EventStream(session, seq, filters)
    session.events[seq] = made
    return Answer(then=lambda: session.agent.events.append(made))


async def monitor(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    """Stream the log; a connection has at most one such stream."""
    level = body["LogLevel"].upper()
    if level not in LEVELS:
        return Answer(f"Unknown log level: {level}")
    if session.monitor is not None:
        return Answer("Monitor already exists")
    made = LogStream(session, seq, LEVELS.index(level))
    session.monitor = made
    return Answer(then=lambda: session.agent.log.follow(made))


async def stop(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    """Stop a stream; always succeeds."""
    wanted = body["Stop"]
    if session.monitor is not None and session.monitor.seq == wanted:
        session.monitor.stop()
        session.monitor = None
    if wanted in session.events:
        session.events.pop(wanted).stop()
    return Answer()


COMMANDS: Final = {
    "stream": Command(stream, {"Type": read_string}),
    "monitor": Command(monitor, {"LogLevel": read_string}),
    "stop": Command(stop, {"Stop": read_u64}),
}

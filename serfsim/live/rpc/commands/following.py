"""Streams that go on until they are stopped: events and the log."""

from __future__ import annotations

from typing import Any, Final

from serfsim.live.rpc.bodies import read_string, read_u64
from serfsim.live.rpc.session import MOST_STREAMS, Answer, Command, Session
from serfsim.live.rpc.streams import EventStream, LogStream, read_filters
from serfsim.logs.lines import LEVELS


async def stream(session: Session, seq: int, body: dict[str, Any]) -> Answer:
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
    level = body["LogLevel"].upper()
    if level not in LEVELS:
        return Answer(f"Unknown log level: {level}")
    if session.monitor is not None:
        return Answer("Monitor already exists")
    made = LogStream(session, seq, LEVELS.index(level))
    session.monitor = made
    return Answer(then=lambda: session.agent.log.follow(made))


async def stop(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    """Always succeeds."""
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

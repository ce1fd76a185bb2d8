"""The commands event, query and respond."""

from __future__ import annotations

from typing import Any, Final

from serfsim.live.rpc.messages import (
    read_bool,
    read_bytes,
    read_i64,
    read_string,
    read_string_map,
    read_strings,
    read_u8,
    read_u64,
)
from serfsim.live.rpc.session import MOST_STREAMS, Answer, Command, Session
from serfsim.live.rpc.subscriptions import BUFFER, QueryStream
from serfsim.logs import live_words
from serfsim.logs.words import format_words
from serfsim.protocol import log_lines
from serfsim.protocol.serf.outgoing_queries import QueryParams
from serfsim.protocol.serf.queries import PING, PREFIX
from serfsim.protocol.serf.query_messages import Filter, NodeFilter, TagFilter

# An open query takes memory: limit it to an hour.
LONGEST_TIMEOUT_NS: Final = 3600 * 10**9


def quote(payload: bytes) -> str:
    """Quote a payload for a log line, nearly as Go does."""
    text = payload.decode("utf-8", "replace").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text.encode("unicode_escape").decode() if not text.isprintable() else text}"'


async def event(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    agent, payload = session.agent, body["Payload"] or b""
    coalesced = "true" if body["Coalesce"] else "false"
    agent.say(format_words(log_lines.SENDING_EVENT, text=body["Name"], a=coalesced, b=quote(payload)))
    refusal = agent.send_event(body["Name"], payload, body["Coalesce"])
    if refusal:
        agent.say(live_words.EVENT_REFUSED.format(error=refusal))
    return Answer(refusal)


async def query(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    """Send a query: the reply first, then acks and responses, and the end at the query's deadline."""
    agent, name, payload = session.agent, body["Name"], body["Payload"]
    if name.startswith(PREFIX) and (name != PING or payload is not None):
        return Answer(f"Queries cannot contain the '{PREFIX}' prefix")
    if len(session.asked) >= MOST_STREAMS:
        return Answer(f"more than {MOST_STREAMS} queries are open on this connection")
    agent.say(format_words(log_lines.SENDING_QUERY, text=name, b=quote(payload or b"")))
    filters: list[Filter] = [NodeFilter(body["FilterNodes"])] if body["FilterNodes"] else []
    filters += [TagFilter(tag, expression) for tag, expression in body["FilterTags"].items()]
    timeout = min(max(0, body["Timeout"]), LONGEST_TIMEOUT_NS) / 1e9
    params = QueryParams(filters, body["RequestAck"], body["RelayFactor"], timeout)
    opened = agent.send_query(name, payload or b"", params)
    if opened is None:
        refusal = agent.node.last_error
        agent.say(live_words.QUERY_REFUSED.format(error=refusal))
        return Answer(refusal)
    # An ack and a response from each member, and the end.
    stream = QueryStream(session, seq, max(BUFFER, 2 * int(agent.node.members.count) + 1))
    session.asked.append(stream)
    agent.queries[opened] = stream
    return Answer()


async def respond(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    agent = session.agent
    received = session.queries.get(body["ID"])
    if received is None or agent.now > received.deadline:
        session.queries.pop(body["ID"], None)
        return Answer("No pending queries matching ID")
    return Answer(agent.node.respond(received, body["Payload"] or b"", agent.now))


COMMANDS: Final = {
    "event": Command(event, {"Name": read_string, "Payload": read_bytes, "Coalesce": read_bool}),
    "query": Command(
        query,
        {
            "FilterNodes": read_strings,
            "FilterTags": read_string_map,
            "RequestAck": read_bool,
            "RelayFactor": read_u8,
            "Timeout": read_i64,
            "Name": read_string,
            "Payload": read_bytes,
        },
    ),
    "respond": Command(respond, {"ID": read_u64, "Payload": read_bytes}),
}

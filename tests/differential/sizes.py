"""Lengths of memberlist's and Serf's messages, push/pull entries and states."""

from __future__ import annotations

from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.memberlist import messages as m
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.messages import JOIN, LEAVE, Intent, UserEvent
from serfsim.protocol.serf.query_messages import NodeFilter, Query, QueryResponse, Relayed, TagFilter
from serfsim.protocol.wire.msgpack import unsigned_size
from tests.differential.replaying import Outcome, Replay, Vector
from tests.serf.harness import SerfHand


def named(length: int, port: int = 7946, address_length: int = 4, meta: int = 0) -> NodeIdentity:
    return NodeIdentity(0, 0, length, b"\0" * meta, address_length=address_length, port=port)


def of_memberlist(vector: Vector) -> int:
    number, kind = vector["seq"], vector["k"]
    node = named(vector["n"], vector["port"], vector["a"], vector.get("m", 0))
    source = named(vector["s"], vector["sport"], vector["sa"])
    if kind == "ping":
        return m.ping_size(node, number, source)
    if kind == "ind":
        return m.indirect_ping_size(node, number, source)
    if kind == "ack":
        return m.ack_size(number, None)
    if kind == "nack":
        return m.nack_size(number)
    if kind == "alive":
        return node.alive_size + unsigned_size(number)
    if kind == "entry":
        return node.entry_size + unsigned_size(number)
    return m.suspect_or_dead_size(node, number, source)


def of_serf(vector: Vector) -> int:
    """Return the length of a message without memberlist's byte."""
    kind, ltime = vector["k"], vector["lt"]
    if kind == "ue":
        return UserEvent(0, ltime, "n" * vector["name"], b"\0" * vector["pay"], vector["cc"]).size - 1
    if kind == "li":
        return Intent(LEAVE, named(vector["name"]), ltime, vector["p"]).size - 1
    if kind == "ji":
        return Intent(JOIN, named(vector["name"]), ltime, False).size - 1
    if kind == "qu":
        return of_query(vector).size - 1
    return of_response(vector).size - 1


def of_query(vector: Vector) -> Query:
    names = [NodeFilter(["n" * length for length in vector["fn"]])] if vector["fn"] else []
    tags = [TagFilter("t" * tag, "e" * expression) for tag, expression in vector["ft"]]
    return Query(
        named(vector["src"], vector["port"]),
        vector["lt"],
        vector["id"],
        "n" * vector["name"],
        b"\0" * vector["pay"],
        [*names, *tags],
        vector["fl"],
        vector["rf"],
        vector["to"] / 1e9,
    )


def of_response(vector: Vector) -> QueryResponse:
    return QueryResponse(
        named(vector["from"]), vector["lt"], vector["id"], vector["fl"], b"\0" * vector["pay"]
    )


def of_state(vector: Vector) -> int:
    """Return the length of Serf's part of a push/pull."""
    config = SerfConfig()
    config.event_buffer = vector["ring"]
    hand = SerfHand(others=0, config=config)
    node = hand.node
    node.members.erase(0)
    for name, ltime, has_left in vector["st"]:
        number = hand.directory.add(name, len(hand.directory)).node
        node.members.set(number, 1, ltime)
        if has_left:
            node.members.left[number] = 0.0
    node.intents.clock.counter = vector["lt"]
    node.queries.clock.counter = vector["qlt"]
    clock = node.user_events.clock
    for ltime, events in vector["evs"]:
        clock.counter = ltime + 1
        for name, payload in events:
            node.user_events.take(UserEvent(0, ltime, "n" * name, b"\0" * payload, False), 0.0)
    clock.counter = vector["elt"]
    return node.exchange.local_state().size


def repeats_an_event(vector: Vector) -> bool:
    """Return whether a ring has an event twice, which no member would take."""
    return any(len({tuple(event) for event in events}) != len(events) for _, events in vector["evs"])


def judge(real: int, simulated: int, what: str) -> Outcome:
    return Outcome(1, "" if real == simulated else f"{what}: real {real}, simulated {simulated}")


def play_memberlist(vector: Vector, number: int) -> Outcome:
    return judge(vector["len"], of_memberlist(vector), vector["k"])


def play_serf(vector: Vector, number: int) -> Outcome:
    if vector["k"] == "pp":
        if repeats_an_event(vector):
            return Outcome(0)
        return judge(vector["len"], of_state(vector), "state")
    if vector["k"] == "qr":
        relayed = Relayed(of_response(vector), named(vector["dn"], vector["rp"])).size - 1
        if relayed != vector["rel"]:
            return judge(vector["rel"], relayed, "relayed response")
    return judge(vector["len"], of_serf(vector), vector["k"])


MEMBERLIST = Replay("ms", "lengths of memberlist's messages and entries", "message", play_memberlist)
SERF = Replay("size", "lengths of Serf's messages, relayed responses and states", "message", play_serf)

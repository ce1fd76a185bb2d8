"""The real Serf's own answers (spec/vectors), asked of our machine."""

from __future__ import annotations

from typing import Any

import pytest

from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.messages import Message
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.core import LamportClock
from serfsim.protocol.serf.events import MemberCoalescer
from serfsim.protocol.serf.messages import JOIN, LEAVE, Intent, UserEvent
from serfsim.protocol.serf.outgoing_queries import default_query_timeout
from serfsim.protocol.serf.query_messages import Filter, NodeFilter, Query, QueryResponse, Relayed, TagFilter
from tests.memberlist.harness import HandRuntime
from tests.serf.harness import MEMBER_EVENTS, HandApplication, SerfHand, events
from tests.vectors_of import vectors


@pytest.mark.parametrize("sequence", vectors("lamport")["sequences"])
def test_lamport_clocks_go_as_the_librarys(sequence: dict[str, Any]) -> None:
    clock = LamportClock()
    for op in sequence["ops"]:
        if op["op"] == "increment":
            assert clock.increment() == op["result"]
        elif op["op"] == "witness":
            clock.witness(op["arg"])
        assert clock.time() == op["result"]


def do(hand: SerfHand, step: dict[str, Any]) -> bool | None:
    """One step of a scenario; whether an intent was passed on."""
    name, op = step["node"], step["op"]
    node = hand.node
    record = hand.directory.first[hand.number(name)]
    if op == "node_join":
        node.notify_join(record, hand.now)
    elif op == "node_leave":
        node.notify_leave(record, hand.now)
    elif op == "node_update":
        node.notify_update(record, hand.now)
    elif op == "merge":
        hand.merge(step["ltime"], step["status_ltimes"], step["left_members"])
    elif op == "join_intent":
        return hand.join_intent(name, step["ltime"])
    elif op == "leave_intent":
        before = node.queues.intents.depth
        hand.leave_intent(name, step["ltime"], step.get("prune", False))
        if step.get("prune") and step["member"] == {"known": False}:
            hand.run(hand.now + hand.config.broadcast_timeout + hand.config.leave_propagate_delay)
        # A refutation of our own is queued too, but is not the message passed on.
        return node.queues.intents.depth > before and not (name == "me" and not step["rebroadcast"])
    return None


@pytest.mark.parametrize("scenario", vectors("serf_intents")["scenarios"], ids=lambda s: s["scenario"])
def test_members_change_by_intents_as_in_the_library(scenario: dict[str, Any]) -> None:
    hand = SerfHand()
    # Only the steps count: what memberlist itself would do in the meantime does not.
    hand.runtime.timers.clear()
    for step in scenario["steps"]:
        hand.runtime.events.clear()
        passed_on = do(hand, step)
        member = step["member"]
        node = hand.number(step["node"])
        if "rebroadcast" in step:
            assert passed_on == step["rebroadcast"], step
        assert hand.member_events() == step["events"], step
        assert (hand.status(step["node"]) != "none") == member["known"], step
        if member["known"]:
            assert hand.status(step["node"]) == member["status"], step
            assert (node in hand.node.members.failed) == member["in_failed_list"], step
            assert (node in hand.node.members.left) == member["in_left_list"], step
            assert hand.ltime(step["node"]) == member["status_ltime"], step
        assert hand.clock == step["clock"], step


@pytest.mark.parametrize("case", vectors("query_timeout")["cases"], ids=str)
def test_the_default_timeout_of_a_query_is_the_librarys(case: dict[str, Any]) -> None:
    interval = case["gossip_interval_ns"] / 1e9
    timeout = default_query_timeout(interval, case["query_timeout_mult"], case["n"])
    assert round(timeout * 1e9) == case["timeout_ns"]


def small_rings() -> SerfHand:
    return SerfHand(config=with_rings(SerfConfig(), 8))


def with_rings(config: SerfConfig, slots: int) -> SerfConfig:
    config.event_buffer = config.query_buffer = slots
    return config


def test_user_events_are_taken_or_dropped_as_in_the_library() -> None:
    hand = small_rings()
    for step in vectors("serf_dedupe")["user_events"]:
        hand.application.told.clear()
        taken = hand.event_heard(step["name"], step["payload"].encode(), step["ltime"])
        assert taken == step["accepted_and_rebroadcast"], step
        assert hand.application.told == step["events"], step
        assert hand.node.user_events.clock.time() == step["event_clock"], step


def read_filter(data: bytes) -> Filter:
    """A filter from its bytes, as far as the vectors go: short names and texts."""
    if data[0] == 0:
        names, at = [], 2
        while at < len(data):
            size = data[at] & 0x1F
            names.append(data[at + 1 : at + 1 + size].decode())
            at += 1 + size
        return NodeFilter(names)
    if data[0] == 1:
        size = data[7] & 0x1F
        expression, tag = data[8 : 8 + size], data[8 + size + 5 :]
        return TagFilter(tag.decode(), expression.decode())
    return Filter(data[0])


def test_queries_are_taken_filtered_or_dropped_as_in_the_library() -> None:
    hand = small_rings()
    source = hand.directory.first[1]
    for step in vectors("serf_dedupe")["queries"]:
        hand.application.told.clear()
        filters = [read_filter(bytes.fromhex(text)) for text in step["filters_hex"]]
        query = Query(source, step["ltime"], step["id"], "q", b"", filters, step["flags"], 0, 5.0)
        assert hand.query_heard(query) == step["rebroadcast"], step
        assert hand.application.told == step["events"], step
        assert hand.node.queries.clock.time() == step["query_clock"], step


def test_member_events_are_coalesced_as_in_the_library() -> None:
    numbers = {name: number for number, name in MEMBER_EVENTS.items() if number != events.LEFT_FORCED}
    application = HandApplication()
    coalescer = MemberCoalescer(3.0, 1.0, 1, HandRuntime(), application)
    for step in vectors("serf_coalesce")["steps"]:
        if step["op"] == "event":
            for name in step["members"]:
                coalescer.take(numbers[step["type"]], ord(name) - ord("a"), 0.0)
        else:
            coalescer.flush(0.0)
            assert sorted(application.told) == step["out_sorted"], step
            application.told.clear()


# Bytes --------------------------------------------------------------------------------------------


def written() -> dict[str, Message]:
    """The messages of wire_encode_serf.json, by its descriptions."""
    directory = Directory()
    for name in ("n1", "n2", "n4"):
        directory.add(name, 0)
    n1, n2, n4 = directory.first
    both: list[Filter] = [NodeFilter(["n1", "n2"]), TagFilter("role", "web.*")]
    response = QueryResponse(n2, 9, 5, 0, b"42")
    return {
        "leave": Intent(LEAVE, n4, 4, False),
        "leave prune": Intent(LEAVE, n4, 4, True),
        "join": Intent(JOIN, n4, 300, False),
        "userEvent": UserEvent(0, 7, "deploy", b"v1", True),
        "query filters none": Query(n1, 9, 123456789, "q", b"x", [], 1, 0, 3.2),
        "query with node and tag filters": Query(n1, 9, 5, "q", b"", both, 3, 2, 15.0),
        "queryResponse ack": QueryResponse(n2, 9, 5, 1, b""),
        "queryResponse": response,
        "relay of a queryResponse": Relayed(response, n1),
    }


@pytest.mark.parametrize("description", written())
def test_messages_are_written_byte_for_byte_as_the_library_writes_them(description: str) -> None:
    directory = Directory()
    for name in ("n1", "n2", "n4"):
        directory.add(name, 0)
    (case,) = [case for case in vectors("wire_encode_serf")["cases"] if case["desc"] == description]
    message = written()[description]
    assert message.size == case["len"] + 1
    # The library's were made at 127.0.0.101.
    ours = message.encode(directory).replace(b"\xa4\x0a\x00\x00\x01", b"\xa4\x7f\x00\x00\x65")
    assert ours == b"\x08" + bytes.fromhex(case["hex"])


def test_a_push_pull_with_a_user_event_is_written_as_the_library_writes_it() -> None:
    hand = SerfHand(config=with_rings(SerfConfig(), 4))
    hand.event_heard("e", b"p", 2)
    state = hand.node.exchange.local_state()
    cases = {case["desc"]: case["hex"] for case in vectors("wire_encode_serf")["cases"]}
    slot = b"\x82\xa6Events\x91\x82\xa4Name\xa1e\xa7Payload\xa1p\xa5LTime\x02"
    assert slot.hex() in cases["pushPull with 4-slot event buffer"]
    assert slot in state.encode(hand.directory)
    assert state.size == len(state.encode(hand.directory))

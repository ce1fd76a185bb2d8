"""The real library's own answers (spec/vectors), asked of our machine."""

from __future__ import annotations

import pytest

from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.memberlist.awareness import Awareness
from serfsim.protocol.memberlist.broadcast import UNNAMED, TransmitLimitedQueue, retransmit_limit
from serfsim.protocol.memberlist.members import STATE_NAMES, UNKNOWN
from serfsim.protocol.memberlist.messages import ALIVE, DEAD, SUSPECT, Alive, Message, SuspectOrDead
from serfsim.protocol.memberlist.push_pull import PushPull, push_pull_scale
from serfsim.protocol.memberlist.state import OWN_ADDRESS
from serfsim.protocol.memberlist.suspicion import (
    Suspicion,
    confirmations_wanted,
    remaining_suspicion_time,
    suspicion_timeout,
)
from tests.memberlist.harness import Hand, in_order
from tests.vectors_of import vectors


def ns(seconds: float) -> int:
    return round(seconds * 1e9)


def test_health_scores_and_scaled_timeouts_are_the_librarys() -> None:
    for sequence in vectors("awareness")["sequences"]:
        awareness = Awareness(sequence["max_multiplier"])
        for step in sequence["steps"]:
            awareness.apply_delta(step["delta"])
            assert awareness.score == step["score"]
            assert ns(awareness.scale_timeout(1.0)) == step["scaled_1s_ns"]
            assert ns(awareness.scale_timeout(5.0)) == step["scaled_5s_ns"]


def test_minimum_suspicion_timeouts_are_the_librarys() -> None:
    for case in vectors("suspicion_timeout")["cases"]:
        minimum = suspicion_timeout(case["suspicion_mult"], case["n"], case["probe_interval_ns"] / 1e9)
        assert ns(minimum) == case["min_timeout_ns"], case
        assert ns(6 * minimum) == case["max_timeout_ns_mult6"], case


def test_remaining_suspicion_times_are_the_librarys() -> None:
    for case in vectors("remaining_suspicion_time")["cases"]:
        remaining = remaining_suspicion_time(
            case["n_confirmations"],
            case["k"],
            case["elapsed_ns"] / 1e9,
            case["min_ns"] / 1e9,
            case["max_ns"] / 1e9,
        )
        assert ns(remaining) == case["remaining_ns"], case


def test_whole_suspicion_runs_end_when_the_real_timer_did() -> None:
    for run in vectors("suspicion_runs_realtime")["runs"]:
        names = {"me": 0}
        suspicion = Suspicion(0, run["k"], run["min_ns"] / 1e9, run["max_ns"] / 1e9, 0.0)
        fires_at = suspicion.first_timeout()
        for confirm in run["confirms"]:
            at = confirm["at_ns"] / 1e9
            from_node = names.setdefault(confirm["from"], len(names))
            assert suspicion.confirm(from_node) == confirm["accepted"], run
            if confirm["accepted"] and at < fires_at:
                fires_at = at + max(suspicion.remaining(at), 0.0)
        assert suspicion.confirmations == run["final_confirmations"]
        assert abs(fires_at * 1000 - run["measured_fire_ms"]) <= 5.0, run


def test_retransmit_limits_and_push_pull_intervals_are_the_librarys() -> None:
    for case in vectors("retransmit_limit")["cases"]:
        assert retransmit_limit(case["mult"], case["n"]) == case["limit"], case
    for case in vectors("push_pull_scale")["cases"]:
        assert ns(push_pull_scale(case["interval_ns"] / 1e9, case["n"])) == case["scaled_ns"], case


class Labelled(Message):
    """A message of any length with the vector's label."""

    def __init__(self, label: str, size: int) -> None:
        super().__init__(0, 0, 0, size)
        self.label = label


@pytest.mark.parametrize("scenario", vectors("broadcast_queue")["scenarios"])
def test_the_broadcast_queue_gives_what_the_librarys_queue_gave(scenario: dict) -> None:  # type: ignore[type-arg]
    queue = TransmitLimitedQueue(scenario["retransmit_mult"])
    names: dict[str, int] = {}
    labels: dict[int, str] = {}
    for op in scenario["ops"]:
        queue.finished.clear()
        if op["op"] == "queue":
            name = names.setdefault(op["name"], len(names)) if op["kind"] == "named" else UNNAMED
            token = len(labels) + 1
            labels[token] = op["label"]
            queue.queue(Labelled(op["label"], op["len"]), name, token)
        elif op["op"] == "get":
            got: list[Message] = []
            queue.get_broadcasts(scenario["num_nodes"], op["overhead"], op["limit"], got)
            assert [message.label for message in got] == op["got"]  # type: ignore[attr-defined]
        else:
            queue.prune(op["max"])
        assert [labels[token] for token in queue.finished] == op["finished"], op
        assert queue.depth == op["depth"], op


OTHER_META = b"\xff\x81\xa1a\xa1b"


def prepare(case: dict) -> Hand:  # type: ignore[type-arg]
    """A view of seven: me, peer, p0 .. p4, with the peer in the case's prior state."""
    hand = Hand()
    hand.config.dead_node_reclaim_time = float(case.get("dead_node_reclaim_s", 0))
    hand.start()
    hand.number("accuser0")
    if case["about"] == "unknown":
        members = hand.node.core.members
        members.purge(1e9, 0.0)
        hand.node.states.dead(hand.suspect_or_dead(DEAD, "peer", 1, "p0"), 0.0)
        members.purge(1e9, 0.0)
    elif case["about"] == "remote":
        peer = hand.directory.first[1]
        hand.node.states.alive(Alive(peer, case["prior_inc"]), 0.0)
        if case["prior_state"] == "suspect":
            hand.node.states.suspect(
                hand.suspect_or_dead(SUSPECT, "peer", case["prior_inc"], "accuser0"), 0.0
            )
        elif case["prior_state"] == "dead":
            hand.node.states.dead(hand.suspect_or_dead(DEAD, "peer", case["prior_inc"], "p0"), 0.0)
        elif case["prior_state"] == "left":
            hand.node.states.dead(hand.suspect_or_dead(DEAD, "peer", case["prior_inc"], "peer"), 0.0)
        hand.now = float(case["state_change_age_s"])
    else:
        hand.node.core.leaving = case["leaving"]
        if case["prior_state"] == "left":
            hand.node.states.dead(hand.suspect_or_dead(DEAD, "me", 1, "me"), 0.0)
    hand.node.core.awareness.score = 0
    hand.clear()
    return hand


def record_of(hand: Hand, subject: str, variant: str) -> NodeIdentity:
    base = hand.directory.first[hand.number(subject)]
    meta = OTHER_META if variant in ("meta", "diffmeta") else base.meta
    address = 99 if variant in ("newaddr", "otheraddr") else base.address
    protocol = (1, 4, 2) if variant == "diffvsn" else (1, 5, 2)
    return NodeIdentity(base.node, address, base.name_size - 1, meta, protocol)


def deliver(hand: Hand, case: dict) -> None:  # type: ignore[type-arg]
    subject = "me" if case["about"] == "self" else "peer"
    kind, _, variant = case["message"].partition("_")
    incarnation = case["msg_inc"]
    states = hand.node.states
    if kind == "merge":
        remote = PushPull(False, hand.node.core)
        index = list(remote.nodes).index(hand.number(subject)) if hand.number(subject) in remote.nodes else -1
        assert index >= 0
        for i in range(len(remote.keys)):
            remote.keys[i] = hand.node.core.members.keys[remote.nodes[i]]
        remote.keys[index] = incarnation * 4 + STATE_NAMES.index(variant)
        hand.node.merger.merge_state(remote, hand.now)
    elif kind == "alive":
        states.alive(Alive(record_of(hand, subject, variant), incarnation), hand.now)
    elif kind == "suspect":
        states.suspect(hand.suspect_or_dead(SUSPECT, subject, incarnation, "p1"), hand.now)
    else:
        from_node = subject if variant == "self" else "p1"
        states.dead(hand.suspect_or_dead(DEAD, subject, incarnation, from_node), hand.now)


KINDS = {ALIVE: "alive", SUSPECT: "suspect", DEAD: "dead"}


def queued(hand: Hand) -> list[tuple[str, str, int]]:
    found = []
    for entry in in_order(hand.node.core.broadcasts):
        name = "own address" if entry.name == OWN_ADDRESS else hand.directory.names[entry.name]
        found.append((KINDS[entry.message.kind], name, entry.message.incarnation))
    return found


def expected_queue(case: dict) -> list[tuple[str, str, int]]:  # type: ignore[type-arg]
    result = []
    for entry in case["queued"]:
        name = entry["queue_name"]
        result.append(
            (entry["type"], "own address" if name.startswith("127.") else name, entry["incarnation"])
        )
    return result


@pytest.mark.parametrize("case", vectors("precedence")["cases"], ids=lambda c: f"{c['about']}-{c['message']}")
def test_a_message_changes_the_view_as_it_did_in_the_library(case: dict) -> None:  # type: ignore[type-arg]
    hand = prepare(case)
    subject = "me" if case["about"] == "self" else "peer"
    deliver(hand, case)
    members = hand.node.core.members
    node = hand.number(subject)
    result = case["result"]
    assert (members.key(node) != UNKNOWN) == result["known"]
    if result["known"]:
        assert STATE_NAMES[members.state(node)] == result["state"]
        assert members.incarnation(node) == result["incarnation"]
        assert (node in hand.node.states.suspicions.nodes()) == result["suspicion_timer"]
        if case["about"] == "remote":
            expected = hand.directory.first[node].address if result["addr"] == "127.0.0.50" else 99
            assert members.record(node).address == expected
    assert sorted(queued(hand)) == sorted(expected_queue(case))
    assert [kind for kind, _ in hand.delegate.calls] == [event.split(":")[0] for event in case["events"]]
    if "health_score" in case:
        assert hand.node.core.awareness.score == case["health_score"]


def test_confirmations_count_as_in_the_library() -> None:
    hand = Hand().start(incarnation=5)
    accusers = {"me": "me", "p0": "p0", "p1": "p1", "p2": "p2"}
    for step in vectors("suspect_confirm_sequence")["steps"]:
        hand.clear()
        words = step["step"].replace("(", ",").replace(")", ",").split(",")
        incarnation = int(words[2])
        if words[0] == "suspect":
            from_node = accusers[words[3].removeprefix("from=")]
            hand.node.states.suspect(hand.suspect_or_dead(SUSPECT, "peer", incarnation, from_node), 0.0)
        else:
            hand.node.states.alive(Alive(hand.directory.first[1], incarnation), 0.0)
        result = step["result"]
        assert STATE_NAMES[hand.state_of("peer")] == result["state"]
        assert hand.node.core.members.incarnation(1) == result["incarnation"]
        suspicion = hand.node.states.suspicions.find(1)
        assert (suspicion is not None) == result["suspicion_timer"]
        if suspicion is not None:
            assert suspicion.confirmations == result["confirmations"]
            assert (suspicion.k, ns(suspicion.minimum), ns(suspicion.maximum)) == (
                result["k"],
                result["min_ns"],
                result["max_ns"],
            )
        entries = in_order(hand.node.core.broadcasts)
        assert [KINDS[e.message.kind] for e in entries] == [q["type"] for q in step["queued"]]
        for entry, expected in zip(entries, step["queued"], strict=True):
            assert entry.message.incarnation == expected["incarnation"]
            if isinstance(entry.message, SuspectOrDead):
                assert hand.directory.names[entry.message.from_node] == expected["from"]


def test_too_few_possible_accusers_mean_no_confirmations_and_the_minimum_at_once() -> None:
    assert confirmations_wanted(4, 3) == 0
    assert confirmations_wanted(4, 4) == 2
    assert Suspicion(0, 0, 4.0, 24.0, 0.0).first_timeout() == 4.0
    assert Suspicion(0, 2, 4.0, 24.0, 0.0).first_timeout() == 24.0

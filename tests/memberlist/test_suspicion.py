"""Suspicion: how long it lasts, who confirms it, what ends it (spec memberlist.md sections 4.2 and 6)."""

from __future__ import annotations

import math
import random

import pytest

from serfsim.protocol.memberlist.members import STATE_ALIVE, STATE_DEAD, STATE_SUSPECT
from serfsim.protocol.memberlist.messages import SuspectOrDead
from serfsim.protocol.memberlist.suspicion import NOBODY, Suspicion, Suspicions
from tests.memberlist.harness import Hand, events, in_order, m


def failed_at(hand: Hand, until: float = 60.0) -> float:
    """When the member "peer" was declared failed."""
    for at in (until,):
        hand.run(at)
    times = [
        at for at, kind, subject, _ in hand.runtime.events if kind == events.MEMBER_DEAD and subject == 1
    ]
    return times[0] if times else math.inf


def quiet(others: int = 6) -> Hand:
    """A node that neither probes nor exchanges state, so that only messages change its view."""
    hand = Hand(others=others)
    hand.config.probe_interval = 1.0
    hand.config.push_pull_interval = 0.0
    hand.start()
    hand.runtime.timers.clear()
    return hand


def suspect(hand: Hand, from_node: str, incarnation: int = 1) -> None:
    hand.heard(hand.suspect_or_dead(m.SUSPECT, "peer", incarnation, from_node))


def test_a_suspicion_that_nobody_confirms_lasts_the_maximum() -> None:
    hand = quiet()
    suspect(hand, "p0")
    assert failed_at(hand) == pytest.approx(24.0)


def test_confirmations_from_others_bring_it_to_the_minimum() -> None:
    hand = quiet()
    suspect(hand, "p0")
    hand.run(1.0)
    suspect(hand, "p1")
    hand.run(2.0)
    suspect(hand, "p2")
    assert failed_at(hand) == pytest.approx(4.0)
    assert [detail for _, kind, _, detail in hand.runtime.events if kind == events.SUSPICION_TIMEOUT] == [2]


def test_one_confirmation_of_two_brings_it_to_11_38_seconds() -> None:
    hand = quiet()
    suspect(hand, "p0")
    hand.run(3.0)
    suspect(hand, "p1")
    assert failed_at(hand) == pytest.approx(11.381)


def test_a_confirmation_that_comes_later_than_its_timeout_ends_it_at_once() -> None:
    hand = quiet()
    suspect(hand, "p0")
    hand.run(20.0)
    suspect(hand, "p1")
    assert failed_at(hand) == pytest.approx(20.0)


def test_the_first_accuser_and_repeated_ones_confirm_nothing() -> None:
    hand = quiet()
    suspect(hand, "p0")
    suspect(hand, "p0")
    suspect(hand, "p1")
    suspect(hand, "p1")
    assert hand.node.states.suspicions.find(1).confirmations == 1
    assert hand.reported(events.CONFIRMED) == [1]


def test_a_nodes_own_repeated_failed_probes_do_not_confirm_its_own_suspicion() -> None:
    hand = quiet()
    suspect(hand, "me")
    hand.clear()
    suspect(hand, "me")
    assert hand.node.states.suspicions.find(1).confirmations == 0
    assert hand.queued() == []


def test_a_confirmation_is_passed_on_as_it_came_and_one_too_many_is_not() -> None:
    hand = quiet()
    suspect(hand, "p0")
    for from_node in ("p1", "p2"):
        hand.clear()
        message = hand.suspect_or_dead(m.SUSPECT, "peer", 1, from_node)
        hand.heard(message)
        assert [entry.message for entry in in_order(hand.node.core.broadcasts)] == [message]
    hand.clear()
    suspect(hand, "p3")
    assert hand.queued() == []


def test_a_confirmation_of_a_higher_incarnation_does_not_raise_the_views() -> None:
    hand = quiet()
    suspect(hand, "p0")
    suspect(hand, "p1", incarnation=6)
    assert hand.node.core.members.incarnation(1) == 1
    assert hand.node.states.suspicions.find(1).confirmations == 1


def test_a_suspicion_taken_over_by_push_pull_counts_as_this_nodes_own() -> None:
    hand, other = quiet(), quiet()
    other.heard(other.suspect_or_dead(m.DEAD, "peer", 1, "p0"))
    hand.node.merger.merge(hand.push_pull_of(other), False, 0.0)
    assert hand.state_of("peer") == STATE_SUSPECT
    assert list(hand.node.states.suspicions.find(1).accusers) == [0]
    suspect(hand, "me")
    assert hand.node.states.suspicions.find(1).confirmations == 0


def test_push_pull_can_make_a_confirmation_out_of_what_others_believe() -> None:
    hand, other = quiet(), quiet()
    other.heard(other.suspect_or_dead(m.DEAD, "peer", 1, "p0"))
    suspect(hand, "p0")
    hand.clear()
    hand.node.merger.merge(hand.push_pull_of(other), False, 0.0)
    assert hand.node.states.suspicions.find(1).confirmations == 1
    (entry,) = in_order(hand.node.core.broadcasts)
    assert isinstance(entry.message, SuspectOrDead)
    assert entry.message.from_node == 0, "and it goes on as a suspicion of this node's own"


def test_where_too_few_could_confirm_the_minimum_runs_from_the_start() -> None:
    hand = quiet(others=2)
    suspect(hand, "p0")
    assert failed_at(hand) == pytest.approx(4.0)
    assert [detail for _, kind, _, detail in hand.runtime.events if kind == events.SUSPICION_TIMEOUT] == [0]


def test_dead_members_count_until_they_are_forgotten() -> None:
    hand = quiet(others=14)
    for i in range(5):
        hand.heard(hand.suspect_or_dead(m.DEAD, f"p{i}", 1, "p9"))
    suspect(hand, "p9")
    assert hand.node.states.suspicions.find(1).minimum == pytest.approx(4 * 1.176)


def test_the_expiry_declares_the_member_failed_in_this_nodes_name() -> None:
    hand = quiet()
    suspect(hand, "p0")
    hand.clear()
    hand.runtime.timers[:] = [timer for timer in hand.runtime.timers if timer.at > 20.0]
    hand.run(24.0)
    (entry,) = in_order(hand.node.core.broadcasts)
    message = entry.message
    assert isinstance(message, SuspectOrDead)
    assert (message.kind, message.node, message.incarnation, message.from_node) == (m.DEAD, 1, 1, 0)
    assert hand.delegate.calls == [("leave", 1)]


def test_a_refutation_ends_the_suspicion_and_its_timer_finds_nothing() -> None:
    hand = quiet()
    suspect(hand, "p0")
    hand.run(1.0)
    hand.heard(hand.alive("peer", 2))
    assert hand.reported(events.SUSPECT_CLEARED) == [1]
    assert failed_at(hand) == math.inf
    assert hand.delegate.calls == [], "suspect and alive again is nothing to tell"


def test_a_second_suspicion_is_not_ended_by_the_first_ones_timer() -> None:
    hand = quiet()
    suspect(hand, "p0")
    hand.run(10.0)
    hand.heard(hand.alive("peer", 2))
    hand.run(20.0)
    suspect(hand, "p0", incarnation=2)
    hand.run(24.5)
    assert hand.state_of("peer") == STATE_SUSPECT
    assert failed_at(hand) == pytest.approx(44.0)


def test_an_alive_message_of_the_same_incarnation_refutes_nothing() -> None:
    hand = quiet()
    suspect(hand, "p0")
    hand.heard(hand.alive("peer", 1))
    assert hand.state_of("peer") == STATE_SUSPECT


def test_a_dead_message_ends_a_suspicion_and_a_late_confirmation_does_nothing() -> None:
    hand = quiet()
    suspect(hand, "p0")
    hand.heard(hand.suspect_or_dead(m.DEAD, "peer", 1, "p1"))
    suspect(hand, "p2")
    assert hand.state_of("peer") == STATE_DEAD
    assert hand.node.states.suspicions.nodes() == []
    hand.run(60.0)
    assert hand.reported(events.MEMBER_DEAD) == [1]


def test_old_suspicions_and_those_of_unknown_members_are_ignored() -> None:
    hand = quiet()
    hand.heard(hand.alive("peer", 5))
    hand.clear()
    suspect(hand, "p0", incarnation=4)
    hand.heard(hand.suspect_or_dead(m.SUSPECT, "stranger", 1, "p0"))
    assert hand.state_of("peer") == STATE_ALIVE
    assert hand.queued() == []


@pytest.mark.parametrize("seed", range(20))
def test_suspicions_end_in_the_order_of_their_ends_whoever_comes_and_goes(seed: int) -> None:
    dice = random.Random(seed)
    suspicions = Suspicions()
    ends: dict[int, tuple[float, int]] = {}
    for turn in range(400):
        node = dice.randrange(40)
        if node in ends and dice.random() < 0.5:
            suspicions.end(node)
            suspicions.end(node)
            del ends[node]
        else:
            if node not in ends:
                suspicions.add(node, Suspicion(0, 2, 4.0, 24.0, float(turn)))
            suspicion = suspicions.find(node)
            assert suspicion is not None
            ends[node] = float(dice.randrange(20)), turn
            suspicions.settle(suspicion, ends[node][0])
        assert sorted(suspicions.nodes()) == sorted(ends)
        assert suspicions.first() == (min(ends, key=lambda node: ends[node]) if ends else NOBODY)

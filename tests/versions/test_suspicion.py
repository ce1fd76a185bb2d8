"""How long a suspicion lasts, by release (spec versions.md sections 2 and 3)."""

from __future__ import annotations

import pytest

from serfsim.protocol.memberlist.suspicion import stepwise_suspicion_timeout, suspicion_timeout
from serfsim.protocol.versions import RELEASES
from tests.memberlist.harness import events, m
from tests.versions.harness import ReleaseHand, since


def failed_at(release: str, confirmed_by: tuple[str, ...] = (), others: int = 6, **config: object) -> float:
    """When a member suspected at time 0, and confirmed at once, is declared failed."""
    hand = ReleaseHand(release=release, others=others)
    hand.config.push_pull_interval = 0.0
    for name, value in config.items():
        setattr(hand.config, name, value)
    hand.start()
    hand.runtime.timers.clear()
    hand.heard(hand.suspect_or_dead(m.SUSPECT, "peer", 1, "p0"))
    for accuser in confirmed_by:
        hand.heard(hand.suspect_or_dead(m.SUSPECT, "peer", 1, accuser))
    hand.run(200.0)
    (at,) = [at for at, kind, _, _ in hand.runtime.events if kind == events.MEMBER_DEAD]
    return at


@pytest.mark.parametrize(
    ("release", "unconfirmed", "confirmed"),
    [
        ("0.6", 5.0, 5.0),
        ("0.7", 5.0, 5.0),
        ("0.8", 30.0, 5.0),
        ("0.8.1", 30.0, 5.0),
        ("0.8.2", 24.0, 4.0),
        ("0.9", 24.0, 4.0),
        ("latest", 24.0, 4.0),
    ],
)
def test_a_suspicion_in_a_small_lan(release: str, unconfirmed: float, confirmed: float) -> None:
    assert failed_at(release) == pytest.approx(unconfirmed)
    assert failed_at(release, ("p1", "p2", "p3")) == pytest.approx(confirmed)


@pytest.mark.parametrize(
    ("nodes", "stepwise", "smooth"), [(8, 5.0, 5.0), (9, 5.0, 5.0), (10, 10.0, 5.0), (50, 10.0, 8.49)]
)
def test_before_081_the_least_time_doubles_at_ten_members(nodes: int, stepwise: float, smooth: float) -> None:
    times = [failed_at(release, ("p1", "p2", "p3"), nodes - 1, suspicion_mult=5) for release in RELEASES]
    assert times == pytest.approx([smooth if late else stepwise for late in since("0.8.1")])


def test_the_two_formulas_meet_just_below_the_powers_of_ten() -> None:
    for n in (9, 99, 999):
        assert stepwise_suspicion_timeout(5, n, 1.0) == pytest.approx(suspicion_timeout(5, n + 1, 1.0))
        assert stepwise_suspicion_timeout(5, n + 1, 1.0) > suspicion_timeout(5, n + 1, 1.0)


def test_confirmations_count_and_are_passed_on_from_08_on() -> None:
    passed_on = []
    for release in RELEASES:
        hand = ReleaseHand(release=release).start()
        hand.heard(hand.suspect_or_dead(m.SUSPECT, "peer", 1, "p0"))
        hand.node.core.broadcasts.prune(0)
        hand.heard(hand.suspect_or_dead(m.SUSPECT, "peer", 1, "p1"))
        counted = hand.reported(events.CONFIRMED) == [1]
        assert (hand.queued() == [(m.SUSPECT, "peer", 1)]) == counted
        passed_on.append(counted)
    assert passed_on == since("0.8")


def test_without_lifeguards_second_part_the_time_is_fixed_and_the_least() -> None:
    assert failed_at("0.9", lha_suspicion=False) == pytest.approx(4.0)
    assert failed_at("0.9", ("p1", "p2"), lha_suspicion=False) == pytest.approx(4.0)
    assert failed_at("0.7", lha_suspicion=True) == pytest.approx(30.0)


def test_the_papers_three_confirmations_make_the_most_count_even_at_alpha_two() -> None:
    assert failed_at("0.9", suspicion_mult=2) == pytest.approx(2.0)
    assert failed_at("0.9", suspicion_mult=2, suspicion_confirmations=3) == pytest.approx(12.0)
    assert failed_at("0.9", ("p1", "p2", "p3"), suspicion_mult=2, suspicion_confirmations=3) == pytest.approx(
        2.0
    )

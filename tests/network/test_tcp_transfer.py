"""One direction of a stream: every segment arrives and is acknowledged, whatever is lost."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serfsim.network.tcp_transfer import GIVE_UP_AFTER, INITIAL_WINDOW, Transfer

RTT = 0.02


def transfer(segments: int) -> Transfer:
    return Transfer(segments * 1448, 1448, RTT, 0.2)


def drain(sender: Transfer, now: float = 0.0) -> list[int]:
    """All that the window lets out."""
    out = []
    while (segment := int(sender.next_segment(now))) >= 0:
        out.append(segment)
    return out


def acknowledge(sender: Transfer, arrived: list[int], now: float) -> None:
    for segment in arrived:
        sender.acknowledge(sender.receive(segment), now)


@given(st.integers(1, 60), st.lists(st.tuples(st.booleans(), st.booleans()), max_size=300))
@settings(max_examples=60)
def test_everything_arrives_once_the_losses_end(segments: int, fates: list[tuple[bool, bool]]) -> None:
    """`fates`: is the next segment lost; is its acknowledgement."""
    sender = transfer(segments)
    now, left = 0.0, list(fates)
    for _ in range(2000):
        flight = drain(sender, now)
        assert not flight or sender.in_flight < sender.window + 1.0
        now += RTT
        for segment in flight:
            lost, ack_lost = left.pop(0) if left else (False, False)
            if not lost:
                count = sender.receive(segment)
                if not ack_lost:
                    sender.acknowledge(count, now)
        assert 0 <= sender.in_flight <= segments
        assert 0 <= sender.lost <= segments
        assert sender.window >= 1.0
        if sender.is_acked():
            break
        if not flight:
            assert sender.deadline < math.inf
            now = max(now, sender.deadline)
            if not sender.time_out():
                # So many losses in a row that a kernel would give up.
                assert sender.timeouts > GIVE_UP_AFTER
                return
    assert sender.is_acked()
    assert sender.is_whole()
    assert sender.deadline == math.inf
    assert (sender.in_flight, sender.lost) == (0, 0)


def test_a_transfer_of_nothing_is_one_empty_segment() -> None:
    sender = Transfer(0, 1448, RTT, 0.2)
    assert (sender.segments, sender.size_of(0)) == (1, 0)


def test_the_window_grows_by_what_is_acknowledged() -> None:
    sender = transfer(100)
    first = drain(sender)
    assert first == list(range(int(INITIAL_WINDOW)))
    acknowledge(sender, first, RTT)
    assert len(drain(sender, RTT)) == 20


def test_a_loss_found_by_later_segments_cuts_the_window_once_to_seven_tenths() -> None:
    sender = transfer(100)
    drain(sender)
    acknowledge(sender, list(range(2, 10)), RTT)
    assert (sender.lost, sender.in_flight) == (2, 0)
    # Three grew it before the losses were found; then one cut, although two are lost.
    assert sender.threshold == sender.window == pytest.approx(0.7 * 13)
    assert drain(sender, RTT)[:2] == [0, 1]


def test_after_a_loss_the_window_grows_by_one_a_round_trip() -> None:
    sender = transfer(200)
    drain(sender)
    acknowledge(sender, list(range(1, 10)), RTT)
    flight = drain(sender, RTT)
    acknowledge(sender, flight, 2 * RTT)
    before = sender.window
    flight = drain(sender, 2 * RTT)
    acknowledge(sender, flight, 3 * RTT)
    assert before + 0.8 < sender.window < before + 1.2


def test_the_timer_cuts_the_window_to_one_and_doubles() -> None:
    sender = transfer(20)
    drain(sender)
    assert sender.deadline == RTT + 0.2
    assert sender.time_out()
    assert drain(sender, 1.0) == [0]
    assert sender.deadline == 1.0 + 2 * (RTT + 0.2)
    assert sender.time_out()
    assert drain(sender, 2.0) == [0]
    assert sender.deadline == 2.0 + 4 * (RTT + 0.2)
    acknowledge(sender, [0], 2.5)
    # Something new was acknowledged: the first timeout holds again.
    assert sender.deadline == 2.5 + RTT + 0.2


def test_a_repeated_segment_is_not_found_lost_by_later_ones_again() -> None:
    sender = transfer(10)
    drain(sender)
    acknowledge(sender, [1, 2, 3], RTT)
    assert drain(sender, RTT) == [0]
    acknowledge(sender, [4, 5, 6], RTT)
    assert drain(sender, RTT) == []


def test_an_acknowledgement_seen_twice_changes_nothing() -> None:
    sender = transfer(3)
    drain(sender)
    count = sender.receive(0)
    sender.acknowledge(count, RTT)
    window, deadline = sender.window, sender.deadline
    sender.acknowledge(sender.receive(0), 2 * RTT)
    assert (sender.window, sender.deadline) == (window, deadline)


def test_whatever_is_acknowledged_gives_it_new_patience() -> None:
    sender = transfer(3)
    for segment in range(3):
        for _ in range(GIVE_UP_AFTER):
            drain(sender)
            assert sender.time_out()
        acknowledge(sender, drain(sender), RTT)
        assert sender.lowest == segment + 1
    assert sender.is_acked()


def test_it_gives_up_after_so_many_timeouts_in_a_row() -> None:
    sender = transfer(1)
    outcomes = []
    for _ in range(GIVE_UP_AFTER + 1):
        drain(sender)
        outcomes.append(sender.time_out())
    assert outcomes == [True] * GIVE_UP_AFTER + [False]

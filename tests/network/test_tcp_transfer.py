"""One direction of a stream: every segment arrives and is acknowledged, whatever is lost."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serfsim.network.tcp_transfer import GIVE_UP_AFTER, INITIAL_WINDOW, PROBE, REORDERING, TIMEOUT, Transfer
from serfsim.network.timer_wheel import fires_at

RTT = 0.02


def transfer(segments: int) -> Transfer:
    return Transfer(segments * 1448, 1448, RTT, 0.2)


def drain(sender: Transfer, now: float = 0.0) -> list[int]:
    """All that the window lets out."""
    out = []
    while (segment := int(sender.next_segment(now))) >= 0:
        out.append(segment)
    return out


def receive(sender: Transfer, segment: int) -> int:
    """A segment arrives; how many have."""
    sender.receive(segment)
    return len(sender.arrivals)


def acknowledge(sender: Transfer, arrived: list[int], now: float) -> None:
    for segment in arrived:
        sender.acknowledge(receive(sender, segment), now)


def time_out(sender: Transfer) -> list[int]:
    """The timer goes off when it is due: all that is sent then."""
    now = float(sender.deadline)
    segment = int(sender.time_out(now))
    return ([segment] if segment >= 0 else []) + drain(sender, now)


@given(st.integers(1, 60), st.lists(st.tuples(st.booleans(), st.booleans()), max_size=300))
@settings(max_examples=60)
def test_everything_arrives_once_the_losses_end(segments: int, fates: list[tuple[bool, bool]]) -> None:
    """`fates`: is the next segment lost; is its acknowledgement."""
    sender = transfer(segments)
    sender.close()
    now, left = 0.0, list(fates)
    probe: list[int] = []
    for _ in range(2000):
        flight = [*probe, *drain(sender, now)]
        probe = []
        # The FIN goes whatever the window.
        assert not flight or sender.in_flight < sender.window + 2.0
        now += RTT
        for segment in flight:
            lost, ack_lost = left.pop(0) if left else (False, False)
            if not lost:
                count = receive(sender, segment)
                if not ack_lost:
                    sender.acknowledge(count, now)
        assert 0 <= sender.in_flight <= segments + 1
        assert 0 <= sender.lost <= segments + 1
        assert sender.window >= 1.0
        if sender.is_acked():
            break
        if not flight:
            assert sender.deadline < math.inf
            now = max(now, sender.deadline)
            segment = int(sender.time_out(now))
            probe = [segment] if segment >= 0 else []
            if sender.timeouts > GIVE_UP_AFTER:
                # So many losses in a row that a kernel would give up.
                return
    assert sender.is_acked()
    assert sender.is_whole()
    assert sender.is_over()
    assert sender.deadline == math.inf
    assert (sender.in_flight, sender.lost) == (0, 0)


def test_a_fin_is_one_more_segment_and_empty() -> None:
    for size, segments in ((0, 0), (1, 1), (1448, 1), (1449, 2)):
        sender = Transfer(size, 1448, RTT, 0.2)
        assert (sender.segments, sender.is_whole(), sender.is_over()) == (segments, segments == 0, False)
        sender.close()
        sender.close()
        assert (sender.segments, sender.size_of(segments)) == (segments + 1, 0)
        assert sender.is_fin(segments)


def test_bytes_and_fin_arrive_in_any_order() -> None:
    sender = transfer(2)
    sender.close()
    sender.receive(2)
    sender.receive(0)
    assert (sender.is_whole(), sender.is_over()) == (False, False)
    assert not sender.receive(0)
    sender.receive(1)
    assert (sender.is_whole(), sender.is_over()) == (True, True)


def test_a_fin_does_not_wait_for_the_window() -> None:
    sender = transfer(10)
    assert len(drain(sender)) == 10
    sender.close()
    assert drain(sender) == [10]


def test_what_is_cut_short_ends_behind_what_has_been_sent() -> None:
    sender = transfer(30)
    drain(sender)
    sender.cut_short()
    sender.close()
    assert drain(sender) == [10]
    assert (sender.is_fin(10), sender.size_of(9), sender.size_of(10)) == (True, 1448, 0)
    acknowledge(sender, list(range(11)), RTT)
    assert sender.is_acked()
    assert sender.is_over()


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


def test_the_timer_cuts_the_window_to_one_and_doubles_but_for_the_probe() -> None:
    sender = transfer(20)
    drain(sender)
    rto = RTT + 0.2
    # Ten more wait for the window: the probe is the first of them.
    assert (sender.purpose, sender.deadline) == (PROBE, fires_at(0.0, 2 * RTT + 0.008))
    assert time_out(sender) == [10]
    probed = fires_at(0.0, 2 * RTT + 0.008)
    assert (sender.purpose, sender.deadline) == (TIMEOUT, fires_at(probed, rto))
    now = float(sender.deadline)
    assert time_out(sender) == [0]
    assert (sender.window, sender.deadline) == (1.0, fires_at(now, 2 * rto))
    now = float(sender.deadline)
    assert time_out(sender) == [0]
    assert sender.deadline == fires_at(now, 4 * rto)
    acknowledge(sender, [0], 2.5)
    # Something new was acknowledged: the first timeout holds again.
    assert sender.deadline == fires_at(2.5, rto)


def test_a_segment_alone_is_probed_at_its_timeout_and_a_tail_after_two_round_trips() -> None:
    alone, tail = transfer(1), transfer(1)
    tail.close()
    assert (drain(alone), drain(tail)) == ([0], [0, 1])
    assert alone.deadline == fires_at(0.0, RTT + 0.2)
    assert tail.deadline == fires_at(0.0, 2 * RTT + 0.008)
    assert time_out(alone) == [0]
    assert time_out(tail) == [1]


def test_an_answered_probe_shows_what_was_lost_before_it() -> None:
    sender = transfer(4)
    drain(sender)
    now = float(sender.deadline)
    assert time_out(sender) == [3]
    acknowledge(sender, [3], now + RTT)
    assert drain(sender, now + RTT) == [0, 1, 2]


def test_a_segment_is_not_lost_while_it_may_only_be_late() -> None:
    sender = transfer(3)
    drain(sender)
    acknowledge(sender, [1], RTT)
    assert drain(sender, RTT) == []
    assert (sender.purpose, sender.deadline) == (REORDERING, fires_at(RTT, RTT / 4 + 0.008))
    acknowledge(sender, [0], RTT + 0.001)
    assert (sender.purpose, drain(sender, RTT + 0.001)) == (PROBE, [])
    acknowledge(sender, [2], RTT + 0.002)
    assert sender.is_acked()


def test_an_acknowledgement_of_the_first_copy_says_nothing_about_the_second() -> None:
    sender = transfer(2)
    drain(sender)
    assert time_out(sender) == [1]
    now = fires_at(0.0, 2 * RTT + 0.008)
    # Too soon for an answer to the probe: segment 0 was sent before it and may still come.
    acknowledge(sender, [1], now + 0.001)
    assert drain(sender, now + 0.001) == []


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
    sender.acknowledge(receive(sender, 0), RTT)
    window, deadline = sender.window, sender.deadline
    sender.acknowledge(receive(sender, 0), 2 * RTT)
    assert (sender.window, sender.deadline) == (window, deadline)


def test_whatever_is_acknowledged_gives_it_new_patience() -> None:
    sender = transfer(3)
    drain(sender)
    for segment in range(3):
        while sender.timeouts < GIVE_UP_AFTER:
            sent = time_out(sender)
        acknowledge(sender, [segment], float(sender.deadline) - 0.001)
        assert sender.timeouts == 0
        assert sender.lowest == segment + 1
        assert segment == 0 or sent == [segment]
        drain(sender, float(sender.deadline))
    assert sender.is_acked()


def test_it_gives_up_after_so_many_timeouts_in_a_row() -> None:
    sender = transfer(1)
    drain(sender)
    sent = [time_out(sender) for _ in range(GIVE_UP_AFTER + 2)]
    # The probe, the timeouts, and nothing any more, not even a FIN.
    assert sent == [[0]] * (GIVE_UP_AFTER + 1) + [[]]
    sender.close()
    assert drain(sender, 1e4) == []
    assert sender.deadline == math.inf

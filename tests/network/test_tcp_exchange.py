"""Request and answer over TCP: packets, bytes, times and repetition."""

from __future__ import annotations

import pytest

from serfsim.network.journal import TCP_HEADERS
from serfsim.network.rules import TCP, Effect
from serfsim.network.timer_wheel import fires_at
from serfsim.protocol.runtime import CLOSED, IO_TIMEOUT, REPLIED
from tests.network.harness import CLIENT, ONE_WAY, RTT, SERVER, Lab
from tests.network.test_tcp_handshake import LONG, Lost

RTO = RTT + 0.2  # what Linux reckons from a handshake of 20 ms
MSS = 1448


def exchange(request: int = 200, answer: int | None = 100, lost: tuple[int, ...] = ()) -> Lab:
    lab = Lab(tcp_loss=Lost(*lost))
    lab.machines[SERVER].reply_size = answer
    lab.dial(size=request)
    lab.run(LONG)
    return lab


def packets_of(lab: Lab) -> tuple[int, int]:
    return len(lab.ledger.segments_of(CLIENT)), len(lab.ledger.segments_of(SERVER))


def test_a_tcp_ping_is_five_packets_each_way_of_353_and_304_bytes() -> None:
    lab = exchange(85, 36)
    assert packets_of(lab) == (5, 5)
    assert (lab.ledger.bytes_of(CLIENT), lab.ledger.bytes_of(SERVER)) == (353, 304)


def test_a_push_pull_of_one_segment_is_five_packets_each_way_too() -> None:
    lab = exchange(652, 652)
    assert packets_of(lab) == (5, 5)
    assert (lab.ledger.bytes_of(CLIENT), lab.ledger.bytes_of(SERVER)) == (920, 920)


@pytest.mark.parametrize("segments", [1, 2, 3, 10])
def test_every_segment_is_acknowledged(segments: int) -> None:
    lab = exchange(segments * MSS, segments * MSS)
    assert packets_of(lab) == (3 + 2 * segments, 3 + 2 * segments)
    assert lab.ledger.bytes_of(CLIENT) == 60 + (2 + 2 * segments) * TCP_HEADERS + segments * MSS


def test_the_last_segment_is_as_long_as_what_is_left() -> None:
    lab = exchange(2 * MSS + 1)
    assert len(lab.ledger.segments_of(CLIENT, TCP_HEADERS + MSS)) == 2
    assert len(lab.ledger.segments_of(CLIENT, TCP_HEADERS + 1)) == 1


@pytest.mark.parametrize(("segments", "round_trips"), [(1, 0), (10, 0), (11, 1), (30, 1), (31, 2), (70, 2)])
def test_the_window_begins_at_ten_segments_and_doubles(segments: int, round_trips: int) -> None:
    lab = exchange(request=segments * MSS)
    assert lab.machines[SERVER].requests[0][0] == pytest.approx((1.5 + round_trips) * RTT)


def test_what_machines_write_is_reported_once_however_often_it_is_sent() -> None:
    lab = exchange(200, 100, lost=(3, 4))
    assert [(source, size) for _, source, size in lab.ledger.written] == [(CLIENT, 200), (SERVER, 100)]
    assert lab.ledger.dials == [(0.0, CLIENT)]


# Segments of an undisturbed exchange: 0 SYN, 1 SYN-ACK, 2 ACK, 3 request, 4 its ACK, 5 answer,
# 6 the server's FIN, 7 the answer's ACK, 8 the client's FIN, 9 its ACK.


def repetitions(*timeouts: float) -> list[float]:
    """When a segment is sent that is first sent one round trip after the dial."""
    times = [RTT]
    for timeout in timeouts:
        times.append(fires_at(times[-1], timeout))
    return times


@pytest.mark.parametrize(
    ("lost", "timeouts"),
    [((3,), (RTO,)), ((3, 4), (RTO, RTO)), ((3, 4, 5, 6), (RTO, RTO, 2 * RTO, 4 * RTO))],
)
def test_a_lost_request_comes_again_after_the_timeout_once_more_and_then_after_twice_as_long(
    lost: tuple[int, ...], timeouts: tuple[float, ...]
) -> None:
    lab = exchange(lost=lost)
    sent = lab.ledger.segments_of(CLIENT, TCP_HEADERS + 200)
    assert sent == [pytest.approx(t) for t in repetitions(*timeouts)]
    assert lab.result().outcome == REPLIED
    assert lab.result().at == pytest.approx(sent[-1] + RTT)


def answers(lab: Lab) -> list[float]:
    return lab.ledger.segments_of(SERVER, TCP_HEADERS + 100)


def test_a_lost_answer_comes_again_a_quarter_of_a_round_trip_after_its_fin_is_acknowledged() -> None:
    lab = exchange(lost=(5,))
    begun = 1.5 * RTT
    # RACK's wait for a segment that may only be late, and the two ticks that Linux adds to it.
    assert answers(lab) == [pytest.approx(begun), fires_at(begun + RTT, RTT / 4 + 0.008)]
    assert lab.result().at == pytest.approx(answers(lab)[-1] + ONE_WAY)


def test_an_answer_lost_with_its_fin_is_found_by_the_tail_loss_probe() -> None:
    lab = exchange(lost=(5, 6))
    begun = 1.5 * RTT
    # The FIN is the tail: it goes again after two round trips, and its acknowledgement shows what is missing.
    probe = fires_at(begun, 2 * RTT + 0.008)
    assert answers(lab) == [pytest.approx(begun), pytest.approx(probe + RTT)]
    assert lab.result().outcome == REPLIED


def test_an_answer_lost_with_its_fin_and_the_probe_waits_for_the_timeout() -> None:
    lab = exchange(lost=(5, 6, 7))
    begun = 1.5 * RTT
    assert answers(lab) == [pytest.approx(begun), fires_at(fires_at(begun, 2 * RTT + 0.008), RTO)]
    assert lab.result().outcome == REPLIED


def test_the_timeout_has_a_floor_above_the_round_trip() -> None:
    lab = Lab(tcp_loss=Lost(3))
    lab.network.tcp.rto_min = 0.05
    lab.dial()
    lab.run(LONG)
    assert lab.result().at == pytest.approx(fires_at(RTT, RTT + 0.05) + RTT)


def test_over_a_long_path_the_timeout_is_three_round_trips() -> None:
    lab = Lab(tcp_loss=Lost(3))
    lab.network.rules.between(Effect(None, 0.14), TCP, [CLIENT], [SERVER])
    lab.dial()
    lab.run(LONG)
    # But a single segment is sent again, as a probe, after two and rto_min.
    assert lab.result().at == pytest.approx(fires_at(0.3, 2 * 0.3 + 0.2) + 0.3)


def test_a_lost_acknowledgement_is_made_up_for_by_the_answer() -> None:
    lab = exchange(lost=(4,))
    assert lab.result().at == pytest.approx(2 * RTT)
    assert packets_of(lab) == (5, 5)


def test_a_request_whose_acknowledgement_and_answer_are_late_is_sent_again_and_read_once() -> None:
    lab = Lab(tcp_loss=Lost(4))
    lab.host(SERVER).pause()
    lab.dial()
    lab.run(1.0)
    lab.host(SERVER).resume(1.0)
    lab.run(LONG)
    assert len(lab.ledger.segments_of(CLIENT, TCP_HEADERS + 200)) == 2
    assert len(lab.machines[SERVER].requests) == 1
    assert lab.result().outcome == REPLIED


def test_a_lost_segment_followed_by_three_others_is_repeated_at_once() -> None:
    # Segment 3 is the first of four.
    lab = exchange(request=4 * MSS, lost=(3,))
    assert lab.machines[SERVER].requests[0][0] == pytest.approx(2.5 * RTT)


def test_a_lost_segment_followed_by_two_waits_a_quarter_of_a_round_trip_longer() -> None:
    lab = exchange(request=3 * MSS, lost=(3,))
    again = fires_at(2 * RTT, RTT / 4 + 0.008)
    assert lab.machines[SERVER].requests[0][0] == pytest.approx(again + ONE_WAY)


@pytest.mark.parametrize("lost", [6, 7, 8, 9])
def test_the_loss_of_a_fin_or_of_the_last_acknowledgements_changes_no_outcome(lost: int) -> None:
    lab = exchange(lost=(lost,))
    assert (lab.result().outcome, lab.result().at) == (REPLIED, pytest.approx(2 * RTT))
    # What is lost is made up for by the next that goes the same way, or repeated.
    assert sum(packets_of(lab)) == {6: 12, 7: 10, 8: 13, 9: 12}[lost]


@pytest.mark.parametrize("times", [1, 2, 5])
def test_a_fin_is_repeated_until_it_is_acknowledged(times: int) -> None:
    lab = Lab()
    lab.dial()
    lab.run(1.9 * RTT)
    # The answer and the server's FIN are under way; of what the client sends from now on nothing arrives.
    handle = lab.network.rules.between(Effect(), TCP, [CLIENT], [SERVER], one_way=True)
    lab.run(repetitions(RTO, RTO, 2 * RTO, 4 * RTO, 8 * RTO)[times] + RTT / 2)
    lab.network.rules.remove(handle)
    before = len(lab.ledger.segments_of(CLIENT))
    lab.run(LONG)
    assert len(lab.ledger.segments_of(CLIENT)) > before
    assert lab.ledger.segments_of(SERVER)[-1] < 10.0
    assert lab.queue.pending == 0


def test_a_server_without_an_answer_closes() -> None:
    lab = exchange(answer=None)
    assert (lab.result().outcome, lab.result().at) == (CLOSED, pytest.approx(2 * RTT))


def test_a_lost_fin_without_an_answer_is_repeated() -> None:
    lab = exchange(answer=None, lost=(5,))
    again = fires_at(1.5 * RTT, RTO)
    assert (lab.result().outcome, lab.result().at) == (CLOSED, pytest.approx(again + ONE_WAY))


def test_a_sender_gives_up_when_nothing_is_acknowledged() -> None:
    lab = Lab()
    lab.dial(io_timeout=1e4)
    lab.run(0.9 * RTT)
    lab.network.rules.between(Effect(), TCP, [CLIENT], [SERVER], one_way=True)
    lab.run(2e4)
    assert lab.result().outcome == IO_TIMEOUT
    # The request, its probe, and eight repetitions.
    assert len(lab.ledger.segments_of(CLIENT, TCP_HEADERS + 200)) == 10


def test_a_block_that_begins_within_a_stream_ends_it_at_its_deadline() -> None:
    lab = Lab()
    lab.dial(io_timeout=3.0)
    lab.run(1.25 * RTT)
    lab.network.rules.between(Effect(), TCP, [CLIENT], [SERVER])
    lab.run(LONG)
    assert (lab.result().outcome, lab.result().at) == (IO_TIMEOUT, pytest.approx(RTT + 3.0))
    assert len(lab.machines[SERVER].requests) == 1


def test_a_block_that_ends_in_time_only_delays() -> None:
    lab = Lab()
    lab.dial()
    lab.run(0.9 * RTT)
    handle = lab.network.rules.between(Effect(), TCP, [CLIENT], [SERVER])
    lab.run(1.0)
    lab.network.rules.remove(handle)
    lab.run(LONG)
    # Repeated after 0.22, 0.22, 0.44 and 0.88 s, rounded up: the fourth time it passes.
    assert lab.result().outcome == REPLIED
    assert lab.result().at == pytest.approx(repetitions(RTO, RTO, 2 * RTO, 4 * RTO)[-1] + RTT)


def test_streams_between_the_same_two_do_not_disturb_each_other() -> None:
    lab = Lab()
    first, second, back = lab.dial(), lab.dial(size=5000), lab.dial(SERVER, CLIENT)
    lab.run(LONG)
    for token, client in ((first, CLIENT), (second, CLIENT), (back, SERVER)):
        assert lab.result(token, client).outcome == REPLIED
        assert lab.result(token, client).at == pytest.approx(2 * RTT)


def test_a_slow_server_answers_when_it_has_read_the_packet_in_hand() -> None:
    lab = Lab(processing_delay=0.1)
    lab.dial()
    lab.run(0.015)
    lab.send(CLIENT, SERVER)
    lab.run(LONG)
    # The datagram is in hand from 25 to 125 ms; the request, there at 30 ms, is read behind it.
    assert lab.machines[SERVER].requests[0][0] == pytest.approx(0.225)

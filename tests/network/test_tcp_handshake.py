"""How TCP connections come about, or do not."""

from __future__ import annotations

import pytest

from serfsim.network.journal import SYN_BYTES, TCP_HEADERS
from serfsim.network.loss import Loss
from serfsim.network.rules import TCP, Effect
from serfsim.network.timer_wheel import fires_at
from serfsim.protocol.runtime import CLOSED, DIAL_REFUSED, DIAL_TIMEOUT, IO_TIMEOUT, REPLIED
from tests.network.harness import CLIENT, ONE_WAY, RTT, SERVER, Lab

LONG = 200.0


class Lost(Loss):
    """Loses the segments with these numbers, counted from 0 as they are sent."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = numbers
        self.count = 0

    def drops(self, source: int, target: int, rng: object) -> bool:
        self.count += 1
        return self.count - 1 in self.numbers


def syns(lab: Lab) -> list[float]:
    return lab.ledger.segments_of(CLIENT, SYN_BYTES)


def block(lab: Lab) -> int:
    return lab.network.rules.between(Effect(), TCP, [CLIENT], [SERVER])


def test_the_request_is_at_the_server_one_and_a_half_round_trips_after_the_dial() -> None:
    lab = Lab()
    lab.dial()
    lab.run(1.0)
    assert lab.machines[SERVER].requests == [(pytest.approx(1.5 * RTT), CLIENT)]
    assert lab.result().outcome == REPLIED
    assert lab.result().at == pytest.approx(2 * RTT)
    assert lab.result().reply is not None


def test_a_dial_to_oneself_takes_no_time() -> None:
    lab = Lab()
    lab.dial(CLIENT, CLIENT)
    lab.run(1.0)
    assert (lab.result().outcome, lab.result().at) == (REPLIED, 0.0)


def test_processing_comes_on_top_at_either_end() -> None:
    lab = Lab(processing_delay=0.0004)
    lab.dial()
    lab.run(1.0)
    assert lab.machines[SERVER].requests[0][0] == pytest.approx(1.5 * RTT + 0.0004)
    assert lab.result().at == pytest.approx(2 * RTT + 0.0008)


def test_a_lost_syn_is_sent_again_after_1_2_4_seconds_and_so_on() -> None:
    lab = Lab()
    block(lab)
    lab.dial(dial_timeout=LONG)
    lab.run(LONG)
    # Linux's timers are the later the longer they run.
    assert syns(lab) == [0.0, 1.024, 3.04, 7.168, 15.36, 31.488, pytest.approx(96.256 - 31.488 + 0.768)]


def test_newer_kernels_repeat_a_syn_every_second_at_first() -> None:
    lab = Lab()
    lab.network.tcp.linear_syn_retries = True
    block(lab)
    lab.dial(dial_timeout=LONG)
    lab.run(LONG)
    # Six retries beside the four linear ones.
    assert syns(lab)[:7] == [pytest.approx(t) for t in (0.0, 1.024, 2.048, 3.072, 4.096, 5.12, 7.136)]
    assert [round(t) for t in syns(lab)[7:]] == [11, 19, 36, 70]


@pytest.mark.parametrize(("lost", "at"), [((0,), 1.024), ((0, 1), 3.04), ((0, 1, 2), 7.168)])
def test_a_dial_whose_first_syns_are_lost_goes_on_with_the_next(lost: tuple[int, ...], at: float) -> None:
    lab = Lab(tcp_loss=Lost(*lost))
    lab.dial()
    lab.run(20.0)
    assert lab.result().outcome == REPLIED
    assert lab.result().at == pytest.approx(at + 2 * RTT)


def test_a_lost_syn_ack_is_repeated_after_a_second() -> None:
    lab = Lab(tcp_loss=Lost(1))
    lab.dial()
    lab.run(20.0)
    # The server's own timer and the client's second SYN, at one moment, bring one each.
    again = fires_at(ONE_WAY, 1.0)
    assert again == fires_at(0.0, 1.0)
    assert lab.ledger.segments_of(SERVER, SYN_BYTES) == [
        pytest.approx(ONE_WAY),
        again,
        pytest.approx(again + ONE_WAY),
    ]
    assert lab.result().at == pytest.approx(again + ONE_WAY + RTT)


def test_a_client_whose_syn_ack_was_lost_takes_the_round_trip_for_a_second_and_waits_accordingly() -> None:
    # 0 SYN, 1 SYN-ACK; both again; 4 a SYN-ACK for the second SYN; 5 the ACK, 6 the request.
    lab = Lab(tcp_loss=Lost(1, 6))
    lab.dial()
    lab.run(20.0)
    written = 1.024 + ONE_WAY
    # The second SYN-ACK still echoes the time stamp of the first SYN.
    probe = fires_at(written, 2 * written + 0.2)
    assert lab.ledger.segments_of(CLIENT, TCP_HEADERS + 200) == [pytest.approx(written), probe]
    assert lab.result().at == pytest.approx(probe + RTT)


def test_a_lost_handshake_ack_is_made_up_for_by_the_request() -> None:
    lab = Lab(tcp_loss=Lost(2))
    lab.dial()
    lab.run(20.0)
    assert lab.result().at == pytest.approx(2 * RTT)


@pytest.mark.parametrize(
    ("linear", "heal", "at"), [(True, 1.5, 2.048), (True, 5.5, 7.136), (False, 1.5, 3.04)]
)
def test_a_dial_pending_when_a_block_ends_goes_on_with_its_next_syn(
    linear: bool, heal: float, at: float
) -> None:
    lab = Lab()
    lab.network.tcp.linear_syn_retries = linear
    handle = block(lab)
    lab.dial()
    lab.run(heal)
    lab.network.rules.remove(handle)
    lab.run(LONG)
    assert lab.result().at == pytest.approx(at + 2 * RTT)


def test_a_dial_ends_at_its_timeout() -> None:
    lab = Lab()
    block(lab)
    lab.dial(dial_timeout=2.5)
    lab.run(LONG)
    assert (lab.result().outcome, lab.result().at) == (DIAL_TIMEOUT, 2.5)
    assert syns(lab) == [0.0, 1.024]


def test_a_dial_to_nobodys_address_lasts_until_its_timeout() -> None:
    lab = Lab()
    lab.dial(CLIENT, 77, dial_timeout=10.0)
    lab.run(LONG)
    assert (lab.result().outcome, lab.result().at) == (DIAL_TIMEOUT, 10.0)


def test_a_syn_ack_after_the_dial_has_ended_is_answered_with_a_reset() -> None:
    lab = Lab()
    lab.dial(dial_timeout=0.015)
    lab.run(1.0)
    assert lab.result().outcome == DIAL_TIMEOUT
    assert lab.ledger.segments_of(CLIENT) == [0.0, pytest.approx(RTT)]
    lab.run(LONG)
    # The reset has taken the half-open connection: the server does not repeat its SYN-ACK.
    assert len(lab.ledger.segments_of(SERVER)) == 1
    assert lab.machines[SERVER].requests == []


def test_a_half_open_connection_gives_up_after_five_retries() -> None:
    lab = Lab()
    lab.dial(dial_timeout=0.005)
    lab.run(0.005)
    lab.network.rules.between(Effect(), TCP, [SERVER], [CLIENT], one_way=True)
    lab.run(LONG)
    assert lab.ledger.segments_of(SERVER, SYN_BYTES) == [
        pytest.approx(t) for t in (ONE_WAY, 1.024, 3.04, 7.168, 15.36, 31.488)
    ]
    assert len(lab.host(SERVER).served) == 0


def test_a_dead_process_refuses_at_once() -> None:
    lab = Lab()
    lab.host(SERVER).crash(0.0)
    lab.dial()
    lab.run(LONG)
    assert (lab.result().outcome, lab.result().at) == (DIAL_REFUSED, pytest.approx(RTT))
    assert lab.ledger.segments_of(SERVER, TCP_HEADERS) == [pytest.approx(ONE_WAY)]


def test_an_unplugged_host_is_silent() -> None:
    lab = Lab()
    lab.host(SERVER).unplug()
    lab.dial()
    lab.run(LONG)
    assert (lab.result().outcome, lab.result().at) == (DIAL_TIMEOUT, 10.0)
    assert lab.ledger.segments_of(SERVER) == []


def test_a_lost_reset_is_made_up_for_by_the_next_syn() -> None:
    lab = Lab(tcp_loss=Lost(1))
    lab.host(SERVER).crash(0.0)
    lab.dial()
    lab.run(LONG)
    assert (lab.result().outcome, lab.result().at) == (DIAL_REFUSED, pytest.approx(1.024 + RTT))


def test_a_paused_process_accepts_by_its_kernel_and_lets_the_client_wait() -> None:
    lab = Lab()
    lab.host(SERVER).pause()
    lab.dial(io_timeout=5.0)
    lab.run(LONG)
    # The five seconds count from the connection.
    assert (lab.result().outcome, lab.result().at) == (IO_TIMEOUT, pytest.approx(RTT + 5.0))
    assert lab.machines[SERVER].requests == []


def test_a_deadline_holds_for_the_whole_exchange() -> None:
    lab = Lab()
    lab.host(SERVER).pause()
    lab.dial(dial_timeout=0.5, io_deadline=0.5)
    lab.run(LONG)
    assert (lab.result().outcome, lab.result().at) == (IO_TIMEOUT, 0.5)


def test_a_process_resumed_in_time_answers_from_its_backlog() -> None:
    lab = Lab()
    lab.host(SERVER).pause()
    lab.dial()
    lab.run(3.0)
    lab.host(SERVER).resume(3.0)
    lab.run(LONG)
    assert lab.machines[SERVER].requests == [(3.0, CLIENT)]
    assert (lab.result().outcome, lab.result().at) == (REPLIED, pytest.approx(3.0 + ONE_WAY))


def test_a_process_resumed_too_late_answers_a_closed_socket() -> None:
    lab = Lab()
    lab.host(SERVER).pause()
    lab.dial(io_timeout=1.0)
    lab.run(3.0)
    lab.host(SERVER).resume(3.0)
    lab.run(LONG)
    assert lab.machines[SERVER].requests == [(3.0, CLIENT)]
    assert lab.result().outcome == IO_TIMEOUT
    # The client's kernel resets what it no longer knows, and the server is silent from then on.
    assert lab.ledger.segments_of(CLIENT)[-1] == pytest.approx(3.0 + ONE_WAY)
    assert lab.ledger.segments_of(SERVER)[-1] <= 3.0 + RTT


def test_a_paused_client_learns_on_resume_that_it_is_connected() -> None:
    lab = Lab()
    lab.dial(dial_timeout=6.0)
    lab.run(RTT / 4)
    lab.host(CLIENT).pause()
    lab.run(5.0)
    # Its kernel had the connection: it did not go on dialling.
    assert syns(lab) == [0.0]
    lab.host(CLIENT).resume(5.0)
    lab.run(LONG)
    assert lab.machines[SERVER].requests == [(pytest.approx(5.0 + ONE_WAY), CLIENT)]
    assert (lab.result().outcome, lab.result().at) == (REPLIED, pytest.approx(5.0 + RTT))


def test_a_deadline_that_passed_in_a_pause_goes_before_the_connection_that_came_in_time() -> None:
    lab = Lab()
    lab.dial(dial_timeout=2.0)
    lab.run(RTT / 4)
    lab.host(CLIENT).pause()
    lab.run(5.0)
    lab.host(CLIENT).resume(5.0)
    lab.run(LONG)
    assert lab.machines[SERVER].requests == []
    assert (lab.result().outcome, lab.result().at) == (DIAL_TIMEOUT, 5.0)
    # Its kernel closes the connection, and the server, which reads that there is no request, too.
    assert len(lab.host(SERVER).served) == 0
    assert lab.ledger.segments_of(SERVER)[-1] == pytest.approx(5.0 + ONE_WAY)


@pytest.mark.parametrize(("io_timeout", "outcome"), [(6.0, REPLIED), (2.0, IO_TIMEOUT)])
def test_a_deadline_that_passed_in_a_pause_goes_before_the_answer_that_came_in_time(
    io_timeout: float, outcome: int
) -> None:
    lab = Lab()
    lab.dial(io_timeout=io_timeout)
    lab.run(1.5 * RTT)
    lab.host(CLIENT).pause()
    lab.run(5.0)
    lab.host(CLIENT).resume(5.0)
    lab.run(LONG)
    assert (lab.result().outcome, lab.result().at) == (outcome, 5.0)


def test_a_paused_client_that_was_refused_does_not_dial_again() -> None:
    lab = Lab()
    lab.host(SERVER).crash(0.0)
    lab.dial(dial_timeout=8.0)
    lab.host(CLIENT).pause()
    lab.run(5.0)
    assert syns(lab) == [0.0]
    lab.host(CLIENT).resume(5.0)
    assert (lab.result().outcome, lab.result().at) == (DIAL_REFUSED, 5.0)


def test_a_server_that_dies_before_the_request_resets_the_connection() -> None:
    lab = Lab()
    lab.host(SERVER).pause()
    lab.dial()
    lab.run(2.0)
    lab.host(SERVER).crash(2.0)
    lab.run(LONG)
    assert (lab.result().outcome, lab.result().at) == (CLOSED, pytest.approx(2.0 + ONE_WAY))


def test_a_server_that_dies_with_its_host_leaves_the_client_waiting() -> None:
    lab = Lab()
    lab.host(SERVER).pause()
    lab.dial()
    lab.run(2.0)
    lab.host(SERVER).unplug()
    lab.run(LONG)
    assert (lab.result().outcome, lab.result().at) == (IO_TIMEOUT, pytest.approx(10.0 + RTT))


def test_a_restarted_server_resets_what_it_does_not_know() -> None:
    lab = Lab()
    lab.dial()
    lab.run(1.25 * RTT)
    # The request is under way; the reset of the old process is lost.
    handle = lab.network.rules.between(Effect(), TCP, [SERVER], [CLIENT], one_way=True)
    lab.host(SERVER).crash(lab.now)
    lab.network.rules.remove(handle)
    fresh = lab.restart(SERVER)
    lab.run(LONG)
    assert fresh.requests == []
    assert (lab.result().outcome, lab.result().at) == (CLOSED, pytest.approx(2 * RTT))


def test_a_client_that_dies_hears_nothing_of_its_streams() -> None:
    lab = Lab()
    lab.dial()
    lab.run(1.25 * RTT)
    lab.host(CLIENT).crash(lab.now)
    fresh = lab.restart(CLIENT)
    lab.run(LONG)
    assert fresh.results == []
    # The request was under way and is answered, to nobody.
    assert len(lab.machines[SERVER].requests) == 1

"""A reader that spends time on each packet takes one at a time; timers do not wait for it."""

from __future__ import annotations

import pytest

from serfsim.network.socket_buffer import SMALL_CHARGE
from tests.network.harness import CLIENT, MS, ONE_WAY, SERVER, Lab


def lab_of(cost: float, delay: float = 0.0, **more: int) -> Lab:
    lab = Lab(processing_delay=delay, **more)
    lab.host(SERVER).read_cost = cost
    return lab


def heard(lab: Lab) -> list[tuple[int, float]]:
    return [(packet.seq, packet.at) for packet in lab.machines[SERVER].packets]


def burst(lab: Lab, count: int) -> Lab:
    for seq in range(count):
        lab.send(CLIENT, SERVER, seq)
    lab.run(1.0)
    return lab


def test_packets_are_read_one_after_the_other_however_little_each_costs() -> None:
    lab = burst(lab_of(0.1 * MS), 3)
    assert heard(lab) == [(seq, pytest.approx(ONE_WAY + (seq + 1) * 0.1 * MS)) for seq in range(3)]


def test_a_short_delay_stays_part_of_the_journey_and_out_of_the_time_of_receipt() -> None:
    lab = burst(lab_of(0.1 * MS, 0.4 * MS), 2)
    assert heard(lab) == [(seq, pytest.approx(ONE_WAY + (0.4 + 0.1 * (seq + 1)) * MS)) for seq in range(2)]
    received = [packet.received_at for packet in lab.machines[SERVER].packets]
    assert received == [pytest.approx(ONE_WAY), pytest.approx(ONE_WAY + 0.1 * MS)]


def test_a_slow_process_spends_the_cost_on_top_of_its_delay() -> None:
    lab = burst(lab_of(1 * MS, 20 * MS), 2)
    assert heard(lab) == [(seq, pytest.approx(ONE_WAY + (seq + 1) * 21 * MS)) for seq in range(2)]


def test_timers_do_not_wait_for_the_reader() -> None:
    lab = lab_of(20 * MS)
    lab.host(SERVER).call_at(15 * MS, 1, 0, 0)
    burst(lab, 2)
    assert lab.machines[SERVER].timers == [(pytest.approx(15 * MS), 1)]
    assert lab.machines[SERVER].order == ["timer 1", "packet 0", "packet 1"]


def test_what_waits_fills_the_socket_and_a_resumed_process_reads_it_one_by_one() -> None:
    lab = burst(lab_of(10 * MS, socket_buffer=2 * SMALL_CHARGE), 5)
    assert len(heard(lab)) == 3
    assert len(lab.ledger.overflowed) == 2
    lab = lab_of(10 * MS)
    lab.host(SERVER).pause()
    burst(lab, 2)
    lab.host(SERVER).resume(1.0)
    lab.run(2.0)
    assert heard(lab) == [(0, pytest.approx(1.01)), (1, pytest.approx(1.02))]


def test_without_a_cost_packets_do_not_wait() -> None:
    lab = lab_of(10 * MS)
    lab.host(SERVER).read_cost = 0.0
    assert heard(burst(lab, 2)) == [(seq, pytest.approx(ONE_WAY)) for seq in range(2)]

"""Processes that share a core: it reads and works for one of them at a time."""

from __future__ import annotations

import pytest

from serfsim.network.core import Core
from serfsim.network.socket_buffer import SMALL_CHARGE
from serfsim.network.stall import begin_stall, end_stall
from serfsim.network.standstill import set_clock_rate
from serfsim.protocol.memberlist.messages import PING, Packet
from tests.network.harness import MS, ONE_WAY, Lab

CLIENT, FIRST, SECOND, APART = range(4)
COST = 2 * MS


def lab_of(send: float = 0.0, **more: int) -> Lab:
    """Return a lab in which hosts 1 and 2 share a core."""
    lab = Lab(hosts=4, processing_delay=0.0, **more)
    core = Core(send)
    for host in (FIRST, SECOND, APART):
        lab.host(host).read_cost = COST
    for host in (FIRST, SECOND):
        lab.host(host).core = core
    return lab


def heard(lab: Lab, *hosts: int) -> list[tuple[int, int, float]]:
    """Return (host, packet, ms since the packets arrived) in order of time."""
    found = [
        (host, packet.seq, round((packet.at - ONE_WAY) / MS, 3))
        for host in hosts or (FIRST, SECOND)
        for packet in lab.machines[host].packets
    ]
    return sorted(found, key=lambda one: one[2])


def test_a_core_reads_one_packet_at_a_time_in_the_order_of_arrival() -> None:
    lab = lab_of()
    for seq, host in enumerate((FIRST, FIRST, SECOND, FIRST, SECOND)):
        lab.send(CLIENT, host, seq)
    lab.run(1.0)
    assert heard(lab) == [
        *((FIRST, 0, 2.0), (FIRST, 1, 4.0), (SECOND, 2, 6.0), (FIRST, 3, 8.0), (SECOND, 4, 10.0))
    ]


def test_members_of_different_cores_do_not_delay_each_other() -> None:
    lab = lab_of()
    for host in (FIRST, APART, SECOND, APART):
        lab.send(CLIENT, host, host)
    lab.run(1.0)
    assert [at for _, _, at in heard(lab, APART)] == [2.0, 4.0]
    assert [at for _, _, at in heard(lab)] == [2.0, 4.0]


def test_the_throughput_of_a_core_is_bound_however_many_share_it() -> None:
    lab = lab_of()
    for turn in range(600):
        lab.network.scheduler.schedule(turn * MS, FIRST + turn % 2, 0, CLIENT, 0, Packet(PING, turn, 10))
    lab.run(1.0)
    assert len(heard(lab)) == 499  # of 2 ms each, from 1 ms on


def test_a_stalled_process_does_not_use_the_core_and_takes_its_backlog_in_turns() -> None:
    lab = lab_of()
    begin_stall(lab.host(FIRST))
    for seq, host in enumerate((FIRST, FIRST, FIRST, SECOND)):
        lab.send(CLIENT, host, seq)
    lab.run(ONE_WAY + 9 * MS)
    assert heard(lab) == [(SECOND, 3, 2.0)]
    for seq in (4, 5):
        lab.host(SECOND).packet_arrived(Packet(PING, seq, 10), CLIENT, 0, ONE_WAY + 9 * MS)
    end_stall(lab.host(FIRST), ONE_WAY + 9 * MS)
    lab.run(1.0)
    assert heard(lab)[1:] == [
        *((SECOND, 4, 11.0), (SECOND, 5, 13.0), (FIRST, 0, 15.0), (FIRST, 1, 17.0), (FIRST, 2, 19.0))
    ]


@pytest.mark.parametrize("how", ["pause", "crash", "freeze"])
def test_the_core_goes_on_with_the_others_where_a_process_cannot(how: str) -> None:
    lab = lab_of()
    for seq, host in enumerate((FIRST, FIRST, SECOND)):
        lab.send(CLIENT, host, seq)
    lab.run(ONE_WAY + 1 * MS)
    if how == "pause":
        lab.host(FIRST).pause()
    else:
        getattr(lab.host(FIRST), how)(ONE_WAY + 1 * MS)
    lab.run(ONE_WAY + 20 * MS)
    assert heard(lab) == [(SECOND, 2, 4.0)]  # what was in hand has taken its time
    if how == "crash":
        return
    getattr(lab.host(FIRST), "resume" if how == "pause" else "thaw")(ONE_WAY + 20 * MS)
    lab.run(1.0)
    lost = 19.0 if how == "freeze" else 0.0  # by the clock of the process
    assert heard(lab, FIRST) == [(FIRST, 0, 22.0 - lost), (FIRST, 1, 24.0 - lost)]


def test_work_of_one_process_delays_the_packets_of_another() -> None:
    lab = lab_of()
    lab.host(FIRST).call_after_work(5 * MS, 7, ONE_WAY)
    lab.send(CLIENT, SECOND, 0)
    lab.run(ONE_WAY)
    lab.run(1.0)
    assert lab.machines[FIRST].timers == [(pytest.approx(ONE_WAY + 5 * MS), 7)]
    assert heard(lab) == [(SECOND, 0, 7.0)]


def test_work_of_a_paused_process_waits_without_the_core() -> None:
    lab = lab_of()
    lab.host(FIRST).call_after_work(5 * MS, 7, 0.0)
    lab.host(FIRST).call_after_work(5 * MS, 8, 0.0)
    lab.host(FIRST).pause()
    lab.send(CLIENT, SECOND, 0)
    lab.run(0.1)
    assert lab.machines[FIRST].timers == []
    assert heard(lab) == [(SECOND, 0, 2.0)]
    lab.host(FIRST).resume(0.1)
    assert lab.machines[FIRST].timers == [(0.1, 7), (0.1, 8)]


def test_sending_takes_time_of_the_core_and_leaves_at_once() -> None:
    lab = lab_of(send=3 * MS)
    lab.network.scheduler.schedule(ONE_WAY, SECOND, 0, CLIENT, 0, Packet(PING, 5, 10))
    lab.run(ONE_WAY - MS)
    lab.host(FIRST).send_packet(APART, Packet(PING, 1, 10), ONE_WAY - MS)
    lab.run(1.0)
    assert heard(lab) == [(SECOND, 5, 4.0)]
    assert lab.machines[APART].packets[0].at == pytest.approx(2 * ONE_WAY - MS + COST)


def test_a_full_socket_drops_what_comes_while_others_have_the_core() -> None:
    lab = lab_of(socket_buffer=2 * SMALL_CHARGE)
    for seq in range(5):
        lab.send(CLIENT, SECOND, seq)
    lab.host(FIRST).call_after_work(100 * MS, 7, 0.0)
    lab.run(1.0)
    assert [seq for _, seq, _ in heard(lab)] == [0, 1, 2]
    assert len(lab.ledger.overflowed) == 2


def test_the_clock_of_a_process_does_not_change_the_core() -> None:
    lab = lab_of()
    set_clock_rate(lab.host(FIRST), 1.5, 0.0)
    lab.send(CLIENT, FIRST, 0)
    lab.send(CLIENT, SECOND, 1)
    lab.run(ONE_WAY + MS)
    set_clock_rate(lab.host(FIRST), 0.5, ONE_WAY + MS)
    lab.run(1.0)
    assert [round((packet.at - ONE_WAY) / MS, 3) for packet in lab.machines[SECOND].packets] == [4.0]
    assert len(lab.machines[FIRST].packets) == 1

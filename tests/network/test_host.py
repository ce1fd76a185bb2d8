"""A host's process: running, paused, slow, dead."""

from __future__ import annotations

import pytest

from serfsim.network.backlog import TURN
from serfsim.network.socket_buffer import SMALL_CHARGE
from serfsim.protocol.runtime import REPLIED
from tests.network.harness import CLIENT, MS, ONE_WAY, SERVER, Lab, Puppet


def heard(lab: Lab, host: int = SERVER) -> list[tuple[int, float]]:
    return [(packet.seq, packet.at) for packet in lab.machines[host].packets]


def send_at(lab: Lab, *times: float) -> None:
    """Datagrams 0, 1, ... from the client at these times."""
    for seq, t in enumerate(times):
        lab.run(t)
        lab.send(CLIENT, SERVER, seq)


# Processing -----------------------------------------------------------------------------------------


def test_processing_delays_the_machine_but_not_the_time_of_receipt() -> None:
    lab = Lab(processing_delay=0.4 * MS)
    lab.send(CLIENT, SERVER)
    lab.run(1.0)
    (packet,) = lab.machines[SERVER].packets
    assert packet.at == pytest.approx(ONE_WAY + 0.4 * MS)
    assert packet.received_at == pytest.approx(ONE_WAY)


def test_a_slow_host_reads_one_packet_after_the_other() -> None:
    lab = Lab(processing_delay=20 * MS)
    send_at(lab, 0.0, 0.0, 0.0)
    lab.run(1.0)
    assert heard(lab) == [(seq, pytest.approx(ONE_WAY + (seq + 1) * 20 * MS)) for seq in range(3)]
    received = [packet.received_at for packet in lab.machines[SERVER].packets]
    assert received == [pytest.approx(ONE_WAY + seq * 20 * MS) for seq in range(3)]


def test_packets_do_not_wait_for_each_other_where_the_delay_is_short() -> None:
    """A real agent needs some 0.4 ms to wake up for a packet, not for each of a thousand at once."""
    lab = Lab(processing_delay=0.4 * MS)
    send_at(lab, 0.0, 0.0, 0.0)
    lab.run(1.0)
    assert heard(lab) == [(seq, pytest.approx(ONE_WAY + 0.4 * MS)) for seq in range(3)]


def test_a_host_is_free_again_when_it_has_read() -> None:
    lab = Lab(processing_delay=20 * MS)
    send_at(lab, 0.0, 0.5)
    lab.run(1.0)
    assert heard(lab) == [(0, pytest.approx(0.03)), (1, pytest.approx(0.53))]


def test_timers_of_a_slow_host_wait_for_the_packet_in_hand_only() -> None:
    lab = Lab(processing_delay=20 * MS)
    send_at(lab, 0.0, 0.0, 0.0)
    lab.host(SERVER).call_at(15 * MS, 1, 0, 0)
    lab.host(SERVER).call_at(5 * MS, 2, 0, 0)
    lab.run(1.0)
    assert lab.machines[SERVER].timers == [(5 * MS, 2), (pytest.approx(30 * MS), 1)]
    assert lab.machines[SERVER].order == ["timer 2", "packet 0", "timer 1", "packet 1", "packet 2"]


def test_a_cancelled_timer_does_not_fire_and_counts_as_if_it_had() -> None:
    counts = []
    for cancels in (False, True):
        for delay in (0.0, 20 * MS):
            lab = Lab(processing_delay=delay)
            handle = lab.host(SERVER).call_at_cancellable(ONE_WAY + 0.001, 3, 0, 0)
            lab.send(CLIENT, SERVER)
            if cancels:
                lab.host(SERVER).cancel_call(handle)
            lab.run(1.0)
            counts.append(lab.queue.events_processed)
            assert delay > 0.0 or bool(lab.machines[SERVER].timers) != cancels
    assert counts[:2] == counts[2:]


def test_timers_of_a_host_that_is_not_slow_are_on_time() -> None:
    lab = Lab(processing_delay=0.4 * MS)
    send_at(lab, 0.0)
    lab.host(SERVER).call_at(ONE_WAY + 0.1 * MS, 1, 0, 0)
    lab.run(1.0)
    assert lab.machines[SERVER].timers == [(ONE_WAY + 0.1 * MS, 1)]


def test_a_host_that_becomes_slow_reads_what_is_under_way_slowly() -> None:
    lab = Lab(processing_delay=0.4 * MS)
    send_at(lab, 0.0)
    lab.run(5 * MS)
    lab.host(SERVER).set_processing_delay(50 * MS)
    lab.run(1.0)
    assert heard(lab) == [(0, pytest.approx(ONE_WAY + 50 * MS))]


def test_the_packet_in_hand_keeps_its_delay_and_its_time_of_receipt() -> None:
    lab = Lab(processing_delay=50 * MS)
    send_at(lab, 0.0, 0.0)
    lab.run(20 * MS)
    lab.host(SERVER).set_processing_delay(2 * MS)
    lab.run(1.0)
    assert heard(lab) == [(0, pytest.approx(60 * MS)), (1, pytest.approx(62 * MS))]
    assert lab.machines[SERVER].packets[0].received_at == pytest.approx(10 * MS)


def test_a_host_that_is_fast_again_finishes_its_buffer_in_order() -> None:
    lab = Lab(processing_delay=50 * MS)
    send_at(lab, 0.0, 0.0, 0.0)
    lab.run(20 * MS)
    lab.host(SERVER).set_processing_delay(0.0)
    lab.run(30 * MS)
    lab.send(CLIENT, SERVER, 3)
    lab.run(1.0)
    assert [seq for seq, _ in heard(lab)] == [0, 1, 2, 3]
    assert heard(lab)[2][1] == pytest.approx(60 * MS)


def test_a_slow_host_drops_what_finds_its_buffer_full() -> None:
    lab = Lab(processing_delay=100 * MS, socket_buffer=2 * SMALL_CHARGE)
    send_at(lab, *[0.0] * 6)
    lab.run(1.0)
    # The packet in hand is still in the buffer until it has been read.
    assert [seq for seq, _ in heard(lab)] == [0, 1, 2]
    assert lab.ledger.overflowed == [(ONE_WAY, SERVER)] * 3


# Pausing --------------------------------------------------------------------------------------------


def test_a_resumed_host_handles_late_timers_then_streams_then_packets() -> None:
    lab = Lab()
    lab.host(SERVER).pause()
    lab.host(SERVER).call_at(0.5, 1, 0, 0)
    lab.host(SERVER).call_at(0.25, 2, 0, 0)
    lab.dial()
    send_at(lab, 0.0, 0.0)
    lab.run(2.0)
    assert lab.machines[SERVER].order == []
    lab.host(SERVER).resume(2.0)
    told = ["timer 2", "timer 1", "request from 0", "merged 0", "packet 0", "packet 1"]
    assert lab.machines[SERVER].order == told
    assert [t for t, _ in lab.machines[SERVER].timers] == [2.0, 2.0]
    assert [packet.received_at for packet in lab.machines[SERVER].packets] == [2.0, 2.0]


class Turns(Puppet):
    """Notes when its worker is held and released."""

    def hold_worker(self) -> None:
        self.order.append("hold")

    def release_worker(self, now: float) -> None:
        self.order.append("release")


@pytest.mark.parametrize(("packets", "turns"), [(0, []), (1, [1]), (TURN, [TURN]), (TURN + 2, [TURN, 2])])
def test_listener_and_worker_of_a_resumed_process_take_turns(packets: int, turns: list[int]) -> None:
    lab = Lab()
    lab.machines[SERVER] = Turns()
    lab.host(SERVER).start(lab.machines[SERVER])
    lab.host(SERVER).pause()
    send_at(lab, *[0.0] * packets)
    lab.run(1.0)
    lab.host(SERVER).resume(1.0)
    order, seqs = [], iter(range(packets))
    for turn in turns:
        order += ["hold", *(f"packet {next(seqs)}" for _ in range(turn)), "release"]
    assert lab.machines[SERVER].order == order


def test_late_timers_and_deadlines_of_streams_come_in_the_order_of_their_times() -> None:
    lab = Lab()
    lab.host(SERVER).pause()
    token = lab.dial(CLIENT, SERVER, io_timeout=30.0)
    lab.run(0.5)
    lab.host(CLIENT).pause()
    for at, timer in ((40.0, 3), (20.0, 2)):
        lab.host(CLIENT).call_at(at, timer, 0, 0)
    lab.run(50.0)
    lab.host(CLIENT).resume(50.0)
    assert lab.machines[CLIENT].order == ["timer 2", f"result {token}", "timer 3"]


def test_a_slow_host_reads_its_backlog_one_by_one() -> None:
    lab = Lab(processing_delay=20 * MS)
    lab.host(SERVER).pause()
    send_at(lab, 0.0, 0.0)
    lab.run(1.0)
    lab.host(SERVER).resume(1.0)
    lab.run(2.0)
    assert heard(lab) == [(0, pytest.approx(1.02)), (1, pytest.approx(1.04))]


def test_a_packet_in_hand_at_the_pause_is_read_anew() -> None:
    lab = Lab(processing_delay=50 * MS)
    send_at(lab, 0.0)
    lab.run(30 * MS)
    lab.host(SERVER).pause()
    lab.run(1.0)
    assert heard(lab) == []
    lab.host(SERVER).resume(1.0)
    lab.run(2.0)
    assert heard(lab) == [(0, pytest.approx(1.05))]


def test_the_buffer_of_a_paused_host_is_bounded_and_drops_the_newest() -> None:
    lab = Lab(socket_buffer=3 * SMALL_CHARGE)
    lab.host(SERVER).pause()
    send_at(lab, *[k * MS for k in range(10)])
    lab.run(1.0)
    lab.host(SERVER).resume(1.0)
    assert [seq for seq, _ in heard(lab)] == [0, 1, 2, 3]
    assert len(lab.ledger.overflowed) == 6


def test_pausing_twice_is_pausing_once_and_resuming_a_running_host_does_nothing() -> None:
    lab = Lab()
    lab.host(SERVER).resume(0.0)
    lab.host(SERVER).pause()
    lab.host(SERVER).pause()
    send_at(lab, 0.0)
    lab.run(1.0)
    lab.host(SERVER).resume(1.0)
    send_at(lab, 1.5)
    lab.run(2.0)
    assert heard(lab) == [(0, 1.0), (0, 1.51)]


def test_a_process_that_dies_while_it_catches_up_handles_nothing_more() -> None:
    class Fragile(Puppet):
        def on_timer(self, timer: int, a: int, b: int, now: float) -> None:
            super().on_timer(timer, a, b, now)
            lab.host(SERVER).crash(now)

    lab = Lab()
    lab.machines[SERVER] = Fragile()
    lab.host(SERVER).start(lab.machines[SERVER])
    lab.host(SERVER).call_at(0.1, 1, 0, 0)
    lab.host(SERVER).call_at(0.2, 2, 0, 0)
    lab.host(SERVER).pause()
    send_at(lab, 0.0)
    lab.run(1.0)
    lab.host(SERVER).resume(1.0)
    lab.run(2.0)
    assert lab.machines[SERVER].order == ["timer 1"]


# Dying ----------------------------------------------------------------------------------------------


def test_nothing_of_a_former_life_reaches_the_next() -> None:
    lab = Lab(processing_delay=20 * MS)
    host = lab.host(SERVER)
    host.call_at(0.5, 1, 0, 0)
    lab.dial()
    send_at(lab, 0.0)
    lab.run(15 * MS)
    host.crash(lab.now)
    former = lab.machines[SERVER]
    lab.run(0.1)
    fresh = lab.restart(SERVER)
    host.call_at(0.75, 2, 0, 0)
    lab.run(30.0)
    assert former.order == []
    assert fresh.order == ["timer 2"]


def test_a_dead_process_hears_nothing_and_its_buffer_is_gone() -> None:
    lab = Lab()
    lab.host(SERVER).pause()
    send_at(lab, 0.0)
    lab.run(0.1)
    lab.host(SERVER).crash(0.1)
    send_at(lab, 0.2)
    lab.run(1.0)
    fresh = lab.restart(SERVER)
    assert not lab.host(SERVER).paused
    lab.host(SERVER).resume(1.0)
    send_at(lab, 1.0)
    lab.run(2.0)
    assert [packet.at for packet in fresh.packets] == [1.0 + ONE_WAY]


def test_a_datagram_under_way_at_a_restart_reaches_the_new_process() -> None:
    lab = Lab()
    lab.host(SERVER).crash(0.0)
    send_at(lab, 0.0)
    lab.run(5 * MS)
    fresh = lab.restart(SERVER)
    lab.run(1.0)
    assert len(fresh.packets) == 1


def test_a_plugged_in_host_serves_again() -> None:
    lab = Lab()
    lab.host(SERVER).unplug()
    lab.run(0.1)
    lab.restart(SERVER)
    lab.dial()
    lab.run(1.0)
    assert lab.result().outcome == REPLIED

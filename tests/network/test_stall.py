"""Threads of a stalled process block before they send and after they have received; timers go on."""

from __future__ import annotations

import pytest

from serfsim.network.rules import BOTH, TCP, UDP, Effect
from serfsim.network.socket_buffer import SMALL_CHARGE
from serfsim.network.stall import begin_stall, end_stall
from serfsim.protocol import events
from serfsim.protocol.memberlist import messages as m
from serfsim.protocol.memberlist.core import MESSAGE_SERVED
from serfsim.protocol.memberlist.messages import Packet, SuspectOrDead
from serfsim.protocol.runtime import IO_TIMEOUT, REPLIED
from tests.network.cell import Cell
from tests.network.harness import CLIENT, MS, ONE_WAY, RTT, SERVER, Lab

PROBE = 1.0  # when the first ticks come


def deaf(cell: Cell, node: int, transports: int = UDP) -> None:
    """Lose every datagram of a member."""
    cell.lab.network.rules.around(Effect(), transports, [node], BOTH)


def target_of(nodes: int = 5, seed: int = 1) -> int:
    """Return whom member 0 probes first."""
    cell = Cell(nodes, seed=seed)
    cell.run(PROBE + 0.001)
    return cell.probed()


# Timers ----------------------------------------------------------------------------------------------


def test_a_suspicion_ends_on_time_and_its_message_leaves_with_the_end_of_the_stall() -> None:
    cell = Cell(settings={"probe_interval": 0.0, "suspicion_mult": 1})
    cell.run(0.05)
    begin_stall(cell.lab.host(0))
    cell.members[0].states.suspect(SuspectOrDead(m.SUSPECT, 2, 1, 0, 0), 0.05)
    cell.run(15.0)
    assert cell.seen(events.MEMBER_DEAD)[0][1] == 2
    assert cell.times(events.MEMBER_DEAD)[0] < 10.0
    assert cell.sent(m.GOSSIP) == []
    end_stall(cell.lab.host(0), 15.0)
    cell.run(16.0)
    assert cell.sent(m.GOSSIP)[0] == 15.0


# The prober ------------------------------------------------------------------------------------------


def test_before_the_ping_the_wait_for_the_ack_begins_once_it_has_left_and_the_end_stays() -> None:
    cell = Cell()
    deaf(cell, target_of(), UDP | TCP)
    cell.stall(0.9, 1.3, then=2.1)
    assert cell.times(events.PROBE)[0] == 1.0
    assert cell.sent(m.PING)[0] == 1.3
    assert cell.times(events.FAILED_PING) == [1.8]
    assert cell.times(events.SUSPECT) == [2.0]


def test_before_the_ping_an_answer_in_time_is_measured_from_the_tick() -> None:
    cell = Cell()
    cell.stall(0.9, 1.6, then=1.9)
    assert cell.times(events.DIRECT_ACK) == [1.62]
    assert cell.times(events.SUSPECT) == []


def test_a_ping_that_leaves_late_in_the_round_is_awaited_to_its_end_only() -> None:
    cell = Cell()
    deaf(cell, target_of(), UDP | TCP)
    cell.stall(0.9, 1.7, then=2.1)
    assert cell.times(events.FAILED_PING) == []
    assert cell.sent(m.INDIRECT_PING) == [2.0] * 3
    assert cell.times(events.SUSPECT) == [2.0]


def test_before_the_ping_a_healthy_member_is_suspected_at_once_where_the_round_is_over() -> None:
    cell = Cell()
    cell.stall(0.9, 3.5)
    assert cell.sent(m.PING)[0] == 3.5
    assert cell.sent(m.INDIRECT_PING) == [3.5] * 3
    assert cell.seen(events.SUSPECT) == [(3.5, target_of())]
    assert [t for t, source in cell.ledger.dials if source == 0] == []  # too late for TCP
    assert cell.times(events.FAILED_PING) == []


def test_a_kept_tick_starts_the_next_round_right_after_and_further_ticks_are_lost() -> None:
    cell = Cell()
    cell.stall(0.9, 3.5, then=4.5)
    assert cell.times(events.PROBE) == [1.0, 3.5, 4.0]


def test_the_piggyback_of_a_blocked_ping_is_what_the_queue_had_at_the_tick() -> None:
    cell = Cell(settings={"gossip_interval": 0.0})
    cell.run(0.9)
    begin_stall(cell.lab.host(0))
    cell.run(1.1)
    cell.members[0].states.suspect(SuspectOrDead(m.SUSPECT, 4, 1, 0, 0), 1.1)
    cell.run(1.2)
    end_stall(cell.lab.host(0), 1.2)
    pings = [packet for _, source, packet in cell.ledger.packets if source == 0 and packet.kind == m.PING]
    assert [packet.broadcast_count for packet in pings] == [0]


def test_before_the_indirect_pings_the_unread_ack_counts_if_the_round_goes_on() -> None:
    cell = Cell()
    cell.stall(1.005, 1.7, then=1.95)
    assert cell.times(events.FAILED_PING) == [1.5]
    assert cell.sent(m.INDIRECT_PING) == [1.7] * 3
    assert cell.times(events.INDIRECT_ACK) == [1.7]
    assert cell.times(events.SUSPECT) == []


def test_before_the_indirect_pings_the_target_is_suspected_at_once_if_the_round_is_over() -> None:
    cell = Cell()
    cell.stall(1.005, 2.5)
    assert cell.sent(m.INDIRECT_PING) == [2.5] * 3
    assert cell.seen(events.SUSPECT) == [(2.5, target_of())]


def test_an_ack_read_as_the_stall_begins_ends_the_round_with_the_stall() -> None:
    """Its reader had it in hand, and had only to work on it."""
    cell = Cell()
    cell.run(1.015)  # it has read the pings of others
    cell.lab.host(0).read_cost = 0.6
    cell.stall(1.1, 3.0)
    assert cell.times(events.FAILED_PING) == [1.5]
    assert cell.times(events.INDIRECT_ACK) == [3.0]
    assert cell.times(events.SUSPECT) == []


def test_after_both_the_round_ends_on_time_where_no_tcp_is_under_way() -> None:
    cell = Cell(settings={"disable_tcp_pings": True})
    deaf(cell, target_of())
    cell.stall(1.6, 2.6)
    assert cell.times(events.SUSPECT) == [2.0]


def test_after_both_the_verdict_waits_for_the_thread_that_is_to_write_the_tcp_probe() -> None:
    cell = Cell()
    deaf(cell, target_of())
    cell.stall(1.51, 2.6, then=2.8)
    assert cell.times(events.SUSPECT) == [2.6]
    assert cell.times(events.TCP_FALLBACK_ERROR) == [2.6]


def test_after_both_a_tcp_probe_that_is_written_in_time_saves_the_target() -> None:
    cell = Cell()
    deaf(cell, target_of())
    cell.stall(1.51, 1.9, then=2.1)
    assert cell.times(events.TCP_FALLBACK_OK) == [2.0]
    assert cell.times(events.SUSPECT) == []


def test_after_both_an_answer_that_the_tcp_thread_has_read_counts_late() -> None:
    cell = Cell()
    deaf(cell, target_of())
    cell.stall(1.535, 2.6, then=2.8)
    assert cell.times(events.TCP_FALLBACK_OK) == [2.6]
    assert cell.times(events.SUSPECT) == []


def test_after_both_a_wait_for_the_network_ends_on_time() -> None:
    """The thread of a TCP probe that nobody answers is in no send, and has received nothing."""
    cell = Cell()
    deaf(cell, target_of(), UDP | TCP)
    cell.stall(1.6, 2.6)
    assert cell.times(events.SUSPECT) == [2.0]


# Gossip ----------------------------------------------------------------------------------------------


def quiet() -> Cell:
    return Cell(settings={"probe_interval": 0.0, "retransmit_mult": 20})


def suspect(cell: Cell, node: int) -> None:
    cell.members[0].states.suspect(SuspectOrDead(m.SUSPECT, node, 1, 0, 0), cell.lab.now)


def gossiped(cell: Cell) -> list[tuple[float, int]]:
    return [
        (round(t, 6), packet.broadcast_count)
        for t, source, packet in cell.ledger.packets
        if source == 0 and packet.kind == m.GOSSIP
    ]


def test_a_gossip_tick_with_an_empty_queue_is_not_blocked() -> None:
    cell = quiet()
    cell.stall(0.05, 0.95)
    suspect(cell, 3)
    cell.run(1.05)
    assert gossiped(cell) == [(1.0, 1)] * 3


def test_the_first_target_gets_what_the_tick_took_and_the_others_what_the_queue_has_at_the_end() -> None:
    """The kept tick follows at once; the next keeps the rhythm."""
    cell = quiet()
    cell.run(0.05)
    begin_stall(cell.lab.host(0))
    suspect(cell, 3)
    cell.run(0.25)
    suspect(cell, 4)
    cell.run(0.85)
    assert gossiped(cell) == []
    end_stall(cell.lab.host(0), 0.85)
    assert gossiped(cell) == [(0.85, 1), *[(0.85, 2)] * 5]
    cell.run(1.05)
    assert gossiped(cell)[6:9] == [(1.0, 2)] * 3


def test_no_tick_is_kept_where_less_than_a_period_has_passed() -> None:
    cell = quiet()
    cell.run(0.05)
    begin_stall(cell.lab.host(0))
    suspect(cell, 3)
    cell.run(0.35)
    end_stall(cell.lab.host(0), 0.35)
    assert gossiped(cell) == [(0.35, 1)] * 3
    cell.run(0.45)
    assert gossiped(cell)[3:] == [(0.4, 1)] * 3


# Packets ---------------------------------------------------------------------------------------------


def heard(lab: Lab) -> list[tuple[int, float]]:
    return [(packet.seq, round(packet.at, 6)) for packet in lab.machines[SERVER].packets]


def stalled(**options: int) -> Lab:
    lab = Lab(**options)
    begin_stall(lab.host(SERVER))
    return lab


def test_the_reader_holds_one_packet_and_the_rest_wait_in_the_kernels_buffer() -> None:
    """A buffer of two small packets takes three, as Linux compares before it charges."""
    lab = stalled(socket_buffer=2 * SMALL_CHARGE)
    for seq in range(6):
        lab.send(CLIENT, SERVER, seq)
    lab.run(1.0)
    assert len(lab.ledger.overflowed) == 2
    end_stall(lab.host(SERVER), 1.0)
    assert heard(lab) == [(seq, 1.0) for seq in range(4)]


def test_the_reader_goes_on_in_order_one_packet_at_a_time() -> None:
    lab = stalled()
    lab.host(SERVER).read_cost = 1 * MS
    for seq in range(3):
        lab.send(CLIENT, SERVER, seq)
    lab.run(1.0)
    end_stall(lab.host(SERVER), 1.0)
    lab.run(2.0)
    assert heard(lab) == [(0, 1.001), (1, 1.002), (2, 1.003)]


def test_a_window_between_two_stalls_is_as_long_as_a_packet_or_two() -> None:
    lab = stalled()
    lab.host(SERVER).read_cost = 1 * MS
    for seq in range(9):
        lab.send(CLIENT, SERVER, seq)
    for at in (1.0, 2.0):
        lab.run(at)
        end_stall(lab.host(SERVER), at)
        lab.run(at + 1.5 * MS)
        begin_stall(lab.host(SERVER))
    lab.run(3.0)
    # What the reader has in hand as a stall begins is handled, and then it blocks.
    assert [seq for seq, _ in heard(lab)] == [0, 1, 2, 3]


def test_acks_follow_as_packets_are_read() -> None:
    cell = Cell(settings={"probe_interval": 0.0, "retransmit_mult": 20})
    begin_stall(cell.lab.host(0))
    ping = Packet(m.PING, 7, 60)
    ping.source = 1
    cell.lab.host(1).send_packet(0, ping, 0.0)
    cell.run(2.0)
    assert cell.sent(m.ACK) == []
    end_stall(cell.lab.host(0), 2.0)
    assert cell.sent(m.ACK) == [2.0]


def test_the_nack_of_a_helper_leaves_late() -> None:
    cell = Cell(settings={"probe_interval": 0.0, "retransmit_mult": 20})
    deaf(cell, 2)
    asked = Packet(m.INDIRECT_PING, 7, 80)
    asked.node, asked.target, asked.source, asked.wants_nack = 2, 2, 1, True
    cell.lab.host(1).send_packet(0, asked, 0.0)
    cell.stall(0.1, 3.0)
    assert cell.sent(m.NACK) == [3.0]


def test_the_worker_handles_what_had_been_handed_off() -> None:
    cell = Cell(settings={"probe_interval": 0.0, "retransmit_mult": 20})
    cell.members[0].receiver.service_time = 0.5
    packet = Packet(m.GOSSIP, 0, 100)
    packet.broadcasts = [SuspectOrDead(m.SUSPECT, 3, 1, 1, 0)]
    cell.lab.host(1).send_packet(0, packet, 0.0)
    cell.stall(0.1, 3.0)
    assert MESSAGE_SERVED > 0
    assert cell.seen(events.SUSPECT_HEARD) == [(0.51, 3)]


# Streams ---------------------------------------------------------------------------------------------


def test_a_client_connects_and_writes_what_it_had_to_say_at_the_end() -> None:
    lab = Lab()
    begin_stall(lab.host(CLIENT))
    lab.dial()
    lab.run(3.0)
    assert lab.machines[SERVER].requests == []
    assert lab.ledger.written == []
    end_stall(lab.host(CLIENT), 3.0)
    lab.run(4.0)
    assert lab.machines[SERVER].requests == [(pytest.approx(3.0 + ONE_WAY), CLIENT)]
    assert lab.result().outcome == REPLIED


def test_a_client_whose_deadline_passed_before_it_wrote_fails_as_the_stall_ends() -> None:
    lab = Lab()
    begin_stall(lab.host(CLIENT))
    lab.dial(io_timeout=2.0)
    lab.run(3.0)
    assert lab.machines[CLIENT].results == []
    end_stall(lab.host(CLIENT), 3.0)
    assert (lab.result().outcome, lab.result().at) == (IO_TIMEOUT, 3.0)
    assert lab.ledger.written == []


def test_an_answer_that_was_read_in_time_counts_after_the_deadline() -> None:
    lab = Lab()
    lab.dial(io_timeout=1.0)
    lab.run(1.5 * RTT)
    begin_stall(lab.host(CLIENT))
    lab.run(2.0)
    end_stall(lab.host(CLIENT), 2.0)
    assert (lab.result().outcome, lab.result().at) == (REPLIED, 2.0)


def test_a_server_accepts_reads_and_holds_the_request_until_the_end() -> None:
    lab = stalled()
    lab.dial(io_timeout=60.0)
    lab.run(30.0)  # its own deadline of 10 s ends no request that it has read
    assert lab.machines[SERVER].requests == []
    end_stall(lab.host(SERVER), 30.0)
    lab.run(31.0)
    assert lab.machines[SERVER].requests == [(30.0, CLIENT)]
    assert lab.result().outcome == REPLIED


def test_a_ping_over_tcp_that_a_server_held_past_its_deadline_gets_no_answer() -> None:
    for length, pings in ((9.0, 1), (11.0, 0)):
        lab = stalled()
        request = m.StreamMessage(m.PING, 100)
        lab.host(CLIENT).open_stream(SERVER, request, 1, 10.0, 0.0, 60.0, 0.0)
        lab.run(length)
        end_stall(lab.host(SERVER), length)
        lab.run(20.0)
        assert len(lab.machines[SERVER].requests) == pings


# Lives -----------------------------------------------------------------------------------------------


def test_what_a_stalled_process_held_dies_with_it() -> None:
    lab = stalled()
    lab.host(SERVER).send_packet(CLIENT, Packet(m.PING, 1, 100), 0.0)
    lab.send(CLIENT, SERVER, 5)
    lab.run(1.0)
    lab.host(SERVER).crash(1.0)
    puppet = lab.restart(SERVER)
    end_stall(lab.host(SERVER), 2.0)
    lab.send(CLIENT, SERVER, 6)
    lab.run(3.0)
    assert puppet.order == ["packet 6"]
    assert [source for _, source, _ in lab.ledger.sent] == [CLIENT, CLIENT]


def test_a_stall_that_ends_in_a_pause_lets_the_threads_go_on_with_the_process() -> None:
    lab = stalled()
    lab.host(SERVER).send_packet(CLIENT, Packet(m.PING, 1, 100), 0.0)
    lab.send(CLIENT, SERVER, 5)
    lab.run(1.0)
    lab.host(SERVER).pause()
    end_stall(lab.host(SERVER), 1.0)
    lab.run(2.0)
    assert lab.machines[SERVER].order == []
    lab.host(SERVER).resume(2.0)
    lab.run(3.0)
    assert lab.machines[SERVER].order == ["packet 5"]
    assert [packet.at for packet in lab.machines[CLIENT].packets] == [pytest.approx(2.0 + ONE_WAY)]


def test_a_pause_within_a_stall_leaves_the_threads_blocked() -> None:
    lab = stalled()
    lab.host(SERVER).pause()
    lab.send(CLIENT, SERVER, 5)
    lab.run(1.0)
    lab.host(SERVER).resume(1.0)
    lab.run(2.0)
    assert lab.machines[SERVER].order == []
    end_stall(lab.host(SERVER), 2.0)
    assert lab.machines[SERVER].order == ["packet 5"]

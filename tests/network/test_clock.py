"""A host's clock: its rate, its standstills, and the true times of what runs by it."""

from __future__ import annotations

import pytest

from serfsim.native import Random
from serfsim.network.clock import Clock
from serfsim.network.standstill import MOST_SEGMENTS, set_clock_rate
from serfsim.protocol.runtime import DIAL_TIMEOUT, IO_TIMEOUT, REPLIED
from tests.network.harness import CLIENT, ONE_WAY, RTT, SERVER, Lab


def test_a_timer_never_comes_before_the_clock_shows_its_time() -> None:
    """By rounding it would, and a machine that finds nothing due waits for ever."""
    random = Random(1)
    for _ in range(2000):
        clock = Clock(random.random() * 1e4)
        now = clock.true(0.0) + random.random() * 1e4
        clock.set_rate(now, 0.01 + random.random() * 3.0)
        local = clock.local(now) + random.random() * 1e3
        at = clock.true(local)
        assert clock.local(at) >= local
        assert clock.local(at) == pytest.approx(local, abs=1e-9)
        assert clock.when(clock.read(at)) == at


def test_timers_already_set_change_with_the_rate() -> None:
    lab = Lab()
    host = lab.host(SERVER)
    host.call_at(10.0, 1, 0, 0)
    lab.run(4.0)
    set_clock_rate(host, 2.0, lab.now)  # 6 s are left, which take 3
    lab.run(5.0)
    set_clock_rate(host, 0.5, lab.now)  # 4 s are left, which take 8
    host.call_at(host.read_clock(lab.now) + 1.0, 2, 0, 0)
    lab.run(20.0)
    assert lab.machines[SERVER].timers == [(pytest.approx(7.0), 2), (pytest.approx(10.0), 1)]
    assert host.when(10.0) == pytest.approx(13.0)


def test_a_cancelled_timer_stays_cancelled_when_the_rate_changes() -> None:
    lab = Lab()
    host = lab.host(SERVER)
    host.cancel_call(host.call_at_cancellable(1.0, 1, 0, 0))
    set_clock_rate(host, 2.0, lab.now)
    lab.run(5.0)
    assert lab.machines[SERVER].timers == []


def test_a_round_trip_is_measured_by_the_clock() -> None:
    lab = Lab()
    set_clock_rate(lab.host(CLIENT), 1.5, lab.now)
    lab.run(1.0)
    sent = lab.host(CLIENT).read_clock(lab.now)
    lab.send(SERVER, CLIENT, seq=5)
    lab.run(2.0)
    (packet,) = lab.machines[CLIENT].packets
    assert packet.received_at - sent == pytest.approx(1.5 * ONE_WAY)


def test_a_standstill_puts_timers_off_and_none_is_late() -> None:
    lab = Lab()
    host = lab.host(SERVER)
    for at in (3.0, 7.0):
        host.call_at(at, int(at), 0, 0)
    lab.run(2.0)
    host.freeze(lab.now)
    lab.run(22.0)
    host.thaw(lab.now)
    lab.run(40.0)
    assert lab.machines[SERVER].timers == [(3.0, 3), (7.0, 7)]
    assert [host.when(at) for at in (3.0, 7.0)] == [pytest.approx(23.0), pytest.approx(27.0)]


def test_the_rate_may_change_within_a_standstill() -> None:
    lab = Lab()
    host = lab.host(SERVER)
    host.call_at(4.0, 1, 0, 0)
    lab.run(2.0)
    host.freeze(lab.now)
    set_clock_rate(host, 2.0, lab.now)
    lab.run(10.0)
    host.thaw(lab.now)
    lab.run(10.9)
    assert lab.machines[SERVER].timers == []
    lab.run(11.1)
    assert len(lab.machines[SERVER].timers) == 1


def test_packets_of_a_frozen_host_wait_for_it() -> None:
    lab = Lab()
    lab.host(SERVER).freeze(lab.now)
    lab.send(CLIENT, SERVER, seq=1)
    lab.run(5.0)
    assert lab.machines[SERVER].packets == []
    lab.host(SERVER).thaw(lab.now)
    assert [packet.seq for packet in lab.machines[SERVER].packets] == [1]


def test_a_frozen_kernel_accepts_no_connection_unlike_that_of_a_paused_process() -> None:
    outcomes = []
    for stop in ("freeze", "pause"):
        lab = Lab()
        host = lab.host(SERVER)
        host.freeze(lab.now) if stop == "freeze" else host.pause()
        lab.dial(dial_timeout=2.0, io_timeout=2.0)
        lab.run(10.0)
        outcomes.append(lab.result().outcome)
    assert outcomes == [DIAL_TIMEOUT, IO_TIMEOUT]


def test_a_connection_waits_for_the_frozen_host_and_its_own_deadlines() -> None:
    lab = Lab()
    lab.host(SERVER).freeze(lab.now)
    lab.dial(dial_timeout=10.0)
    lab.run(5.0)
    lab.host(SERVER).thaw(lab.now)
    lab.run(20.0)
    assert lab.result().outcome == REPLIED
    assert lab.result().at == pytest.approx(5.0 + 3 * ONE_WAY, abs=1e-6)


def test_a_frozen_client_loses_nothing_of_the_time_that_it_allows() -> None:
    lab = Lab()
    lab.dial(dial_timeout=1.0, io_timeout=1.0)
    lab.run(1.5 * RTT)  # the request is under way
    lab.host(CLIENT).freeze(lab.now)
    lab.run(30.0)
    lab.host(CLIENT).thaw(lab.now)
    lab.run(40.0)
    assert lab.result().outcome == REPLIED


def test_segments_beyond_what_the_device_keeps_are_lost() -> None:
    lab = Lab()
    lab.host(SERVER).freeze(lab.now)
    for _ in range(MOST_SEGMENTS + 5):
        lab.dial(dial_timeout=0.5)
    lab.run(0.9)
    standstill = lab.host(SERVER).standstill
    assert standstill is not None
    assert len(standstill.segments) == MOST_SEGMENTS


def test_a_process_stopped_and_frozen_goes_on_when_both_are_over() -> None:
    lab = Lab()
    host = lab.host(SERVER)
    host.pause()
    host.freeze(lab.now)
    host.resume(lab.now)
    assert host.paused
    host.pause()
    host.thaw(lab.now)
    assert host.paused
    host.resume(lab.now)
    assert not host.paused


def test_the_clock_of_a_machine_that_died_frozen_runs_for_its_next_process() -> None:
    lab = Lab()
    host = lab.host(SERVER)
    lab.run(2.0)
    host.freeze(lab.now)
    lab.run(5.0)
    host.crash(lab.now)
    lab.run(9.0)
    lab.restart(SERVER)
    assert host.read_clock(lab.now) == 2.0
    host.call_at(3.0, 1, 0, 0)
    lab.run(20.0)
    assert len(lab.machines[SERVER].timers) == 1

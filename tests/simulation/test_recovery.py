"""Coming back: from a crash, from a pause, from behind a partition."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from tests.simulation.cluster import Run, run

# Restarts ---------------------------------------------------------------------------------------------


@functools.cache
def restarted(restart: str) -> Run:
    return run(8, "60s", faults=[{"crash": ["node-05"], "at": "5s", "restart": restart}], warm_up="8s")


def test_who_was_failed_restarts_at_a_low_incarnation_and_refutes() -> None:
    there = restarted("25s")
    assert len(there.times("failed", subject=5)) == 7
    # Its first life had announced itself once.
    dead = set(there.details("member_dead", subject=5))
    assert dead == {1}
    # Whom it joins calls it dead at that incarnation: only a refutation above it is believed.
    refuted = there.details("refute_dead", observer=5) + there.details("refute_suspect", observer=5)
    assert refuted == [2]
    back = there.times("join", subject=5, since=30.0)
    assert len(set(there.events.observer[there.rows("join", subject=5, since=30.0)])) == 8
    assert max(back) < 31.5
    assert there.summary["convergence"]["views_disagreeing"] == 0


def test_who_restarts_before_anybody_noticed_is_never_failed() -> None:
    there = restarted("300ms")
    assert there.times("failed", subject=5) == []
    assert there.down(5)[1] == pytest.approx((5.0, 5.3))
    assert there.summary["convergence"]["views_disagreeing"] == 0


def test_the_member_whom_all_join_finds_the_others_after_its_own_restart() -> None:
    there = run(6, "60s", faults=[{"crash": ["node-00"], "at": "5s", "restart": "20s"}], warm_up="8s")
    assert there.summary["convergence"]["views_disagreeing"] == 0
    assert len(there.times("join", observer=0, since=25.0)) >= 5


# Pauses -----------------------------------------------------------------------------------------------


@functools.cache
def paused(length: str) -> Run:
    return run(8, "60s", faults=[{"pause": ["node-05"], "at": "5s", "for": length}], warm_up="8s")


def test_a_paused_member_is_failed_and_refutes_at_once_when_it_goes_on() -> None:
    there = paused("20s")
    failed = there.times("failed", subject=5)
    assert len(failed) == 7
    assert 5.0 < min(failed) < max(failed) < 25.0
    # Its backlog tells it, in the very moment of the resume.
    refuted = there.times("refute_dead", 5) + there.times("refute_suspect", 5)
    assert min(refuted) == pytest.approx(25.0, abs=1e-9)
    back = there.times("join", subject=5, since=25.0)
    assert len(back) == 7
    assert max(back) < 26.0
    assert there.summary["detection"]["flaps"] == 7


def test_a_paused_member_accepts_tcp_and_its_probers_wait_in_vain() -> None:
    there = paused("20s")
    assert there.times("tcp_fallback") == []
    assert there.times("tcp_fallback_error", subject=5) != []


def test_a_killed_member_refuses_tcp() -> None:
    there = restarted("25s")
    assert there.times("tcp_fallback_error") == []


def test_a_pause_shorter_than_the_suspicion_is_only_suspected() -> None:
    there = paused("3s")
    assert there.times("failed") == []
    assert there.times("suspect", subject=5) != []


def test_a_paused_member_blames_nobody_for_its_own_sleep() -> None:
    there = paused("20s")
    assert there.times("failed", observer=5) == []
    healthy = there.times("suspect", observer=5)
    # Its one round at the time of the pause ends late.
    assert len(healthy) <= 1


def test_a_paused_member_sends_nothing() -> None:
    there = run(
        2, "40s", config={"push_pull_interval": "0s"},
        faults=[{"pause": ["node-00", "node-01"], "at": "10s", "for": "20s"}],
    )  # fmt: skip
    counts = there.recording.traffic_counts
    datagrams = counts.values[:, counts.columns.index("udp/datagrams")]
    begin = int(10 - counts.start)
    assert datagrams[begin + 1 : begin + 20].sum() == 0
    assert datagrams[:begin].sum() > 0
    assert datagrams[begin + 20 :].sum() > 0


# Partitions -------------------------------------------------------------------------------------------

SIDES = [["node-00", "node-01", "node-02", "node-03"], "rest"]


@functools.cache
def parted(one_way: bool = False, reconnect: bool = True) -> Run:
    return run(
        8,
        "180s",
        config={} if reconnect else {"reconnect_interval": "1000s"},
        faults=[{"partition": SIDES, "one_way": one_way, "at": "5s", "for": "60s"}],
        warm_up="8s",
    )


def test_each_side_of_a_partition_fails_the_other() -> None:
    there = parted()
    for observer in range(8):
        gone = {
            int(s) for s in there.events.subject[there.rows("failed", observer) & (there.events.t < 65.0)]
        }
        assert gone == ({4, 5, 6, 7} if observer < 4 else {0, 1, 2, 3})
    assert there.summary["convergence"]["one_view_s"] is not None


def test_a_healed_partition_is_mended_by_reconnects() -> None:
    there = parted()
    heal = 65.0
    back = there.times("join", since=heal)
    first_reconnect = min(there.times("reconnect", since=heal - 10.0))
    assert min(back) >= heal
    assert min(back) > first_reconnect
    assert max(back) < heal + 35.0
    assert there.summary["convergence"]["views_disagreeing"] == 0


def test_without_reconnects_a_long_partition_never_heals() -> None:
    there = parted(reconnect=False)
    assert there.times("join", since=65.0) == []
    assert there.summary["convergence"]["views_disagreeing"] > 0


def test_nothing_crosses_a_partition_and_only_one_way_is_shut_by_a_one_way_one() -> None:
    """Four of each side hear the other side's pings in one direction, and no acks ever."""
    there = parted(one_way=True)
    failures = there.times("failed")
    assert failures != []
    # A side that hears refutes what is said of it, but cannot be heard: it is failed by the other.
    deaf, heard = 0, 0
    for observer in range(8):
        gone = {int(s) for s in there.events.subject[there.rows("failed", observer)]}
        if observer < 4:
            heard += len(gone & {4, 5, 6, 7})
        else:
            deaf += len(gone & {0, 1, 2, 3})
    assert deaf > 0
    assert heard > 0
    assert there.summary["convergence"]["views_disagreeing"] == 0


# Slow hosts and slow networks -------------------------------------------------------------------------


def test_a_slow_process_stalls_and_a_slow_network_only_delays() -> None:
    """Both add 400 ms to the round trip of a lone ping, below the probe timeout of 500 ms."""
    process = run(
        8, "60s", faults=[{"slow": {"nodes": ["node-05"], "processing_delay": "400ms"}, "at": "5s"}]
    )
    network = run(8, "60s", faults=[{"latency": {"add": "200ms"}, "nodes": ["node-05"], "at": "5s"}])
    assert network.times("failed_ping") == []
    # Packets queue for the slow process: pings wait for each other and for acks and gossip.
    assert len(process.times("failed_ping", subject=5)) > 10


def test_timers_of_a_slow_process_are_late_with_its_packets() -> None:
    there = run(
        8,
        "60s",
        start={"at": ["-1s"] * 8},
        faults=[{"slow": {"nodes": ["node-05"], "processing_delay": "300ms"}, "at": "5s"}],
    )
    phases = np.array([t % 1.0 for t in there.times("failed_ping", since=5.0) if t > 6.0])
    own = np.array([t % 1.0 for t in there.times("failed_ping", 5, since=6.0)])
    others = np.array([t % 1.0 for o in range(8) if o != 5 for t in there.times("failed_ping", o, since=6.0)])
    assert len(phases) == len(own) + len(others)
    assert others == pytest.approx(0.5, abs=1e-6)
    assert np.ptp(own) > 0.05

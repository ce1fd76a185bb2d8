"""From a crash to the failed events, to the millisecond."""

from __future__ import annotations

import functools
import math

import pytest

from tests.simulation.cluster import Run, run


@functools.cache
def crashed(nodes: int, seed: int = 1) -> Run:
    return run(nodes, "45s", seed, faults=[{"crash": [f"node-{nodes - 1:02}"], "at": "1s"}], warm_up="8s")


@pytest.mark.parametrize("seed", [1, 2])
def test_a_confirmed_suspicion_ends_at_the_least_timeout(seed: int) -> None:
    there = crashed(16, seed)
    least = 4 * math.log10(16)
    ended = there.times("suspicion_timeout", subject=15)
    assert ended != []
    assert set(there.details("suspicion_timeout", subject=15)) == {2}
    for observer in {int(o) for o in there.events.observer[there.rows("suspicion_timeout")]}:
        (end,) = there.times("suspicion_timeout", observer, 15)
        began = min(there.times("suspect", observer, 15) + there.times("suspect_heard", observer, 15))
        confirmed = there.times("confirmed", observer, 15)[1]
        # At least timeout, cut to whole milliseconds; or with the second confirmation, if that is later.
        assert end == pytest.approx(max(began + least, confirmed), abs=0.001)


@pytest.mark.parametrize("seed", [1, 2])
def test_everybody_hears_of_it_within_a_second_of_the_first(seed: int) -> None:
    there = crashed(16, seed)
    failed = there.times("failed", subject=15)
    assert len(failed) == 15
    assert max(failed) - min(failed) < 1.0
    assert there.summary["detection"]["missed"] == 0
    assert there.summary["detection"]["false_positives"] == 0


def test_a_cluster_too_small_for_confirmations_waits_the_least_timeout_alone() -> None:
    there = crashed(3)
    assert set(there.details("suspicion_timeout")) == {0}
    first = min(there.times("suspect", subject=2))
    assert min(there.times("failed", subject=2)) - first == pytest.approx(4.0, abs=0.001)


def test_a_lone_accuser_waits_the_greatest_timeout() -> None:
    # The other five cannot be reached by UDP: it suspects them alone, with k = 2 that nobody gives.
    there = run(
        6,
        "60s",
        config={"disable_tcp_pings": True, "push_pull_interval": "0s"},
        faults=[{"block": "all", "nodes": ["node-00"]}],
    )
    accused = there.times("suspect", 0)
    failed = there.times("failed", 0)
    assert failed[0] - accused[0] == pytest.approx(24.0, abs=0.001)
    assert there.details("suspicion_timeout", 0)[0] == 0


def test_round_trips_above_the_probe_timeout_save_the_member_but_never_reach_vivaldi() -> None:
    there = run(
        2,
        "40s",
        network={"topology": {"model": "line", "spacing": "700ms"}},
        warm_up="10s",
        record={"coordinates": "10s"},
    )
    assert there.count("direct_ack") == 0
    assert there.count("indirect_ack") > 40
    assert there.times("suspect") == []
    for node in (0, 1):
        assert there.coordinate(node, 0.0) == there.coordinate(node, 40.0)


def test_round_trips_below_it_do_reach_vivaldi() -> None:
    there = run(2, "120s", network={"topology": {"model": "line", "spacing": "450ms"}}, warm_up="10s")
    assert there.count("direct_ack") > 100
    assert there.summary["coordinates"]["relative_error"]["p50"] < 0.1

"""A member whose UDP is blocked: with the TCP fallback harmless, without it the old flapping.

The figures in the docstrings are those of the real memberlist: 8 members, LAN, member 0 blocked for 300 s.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest

from tests.simulation.cluster import Run, run

MEMBERS = 8
DIRECTIONS = ("in", "out", "both")
# No second chance but memberlist's own: Serf does not try to reconnect during the run.
PLAIN = {"reconnect_interval": "1000s"}


@functools.cache
def blocked(direction: str, fallback: bool, plain: bool = False, seed: int = 1) -> Run:
    config = {"disable_tcp_pings": not fallback} | (PLAIN if plain else {})
    return run(
        MEMBERS,
        "200s",
        seed,
        config=config,
        faults=[{"block": "udp", "nodes": ["node-00"], "direction": direction}],
        record={"coordinates": "5s"},
        warm_up="15s",
    )


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_with_the_fallback_nobody_is_ever_suspected_and_health_stays_0(direction: str) -> None:
    there = blocked(direction, fallback=True)
    assert there.times("suspect") == there.times("suspect_heard") == there.times("failed") == []
    assert there.top_health() == 0


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_with_the_fallback_one_probe_a_second_is_saved_on_either_side(direction: str) -> None:
    """Real: 298 by the blocked member and 296 to 298 by the others, in 300 s."""
    there = blocked(direction, fallback=True)
    by_it = len(there.times("tcp_fallback", observer=0))
    by_others = len(there.times("tcp_fallback", subject=0))
    assert len(there.times("tcp_fallback")) == by_it + by_others
    assert 198 <= by_it <= 200
    # Each of the others comes round to it every seven seconds.
    assert 190 <= by_others <= 201


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_tcp_answers_teach_no_coordinates(direction: str) -> None:
    there = blocked(direction, fallback=True)
    assert there.coordinate(0, 10.0) == there.coordinate(0, 200.0)
    assert there.coordinate(1, 10.0) != there.coordinate(1, 200.0)


def waves(times: list[float]) -> list[float]:
    """When each wave of events began; waves are ten seconds apart at least."""
    times = sorted(times)
    return [t for before, t in zip([-np.inf, *times], times, strict=False) if t - before > 10.0]


@pytest.mark.parametrize("direction", ["in", "out"])
@pytest.mark.parametrize("seed", [1, 2])
def test_without_the_fallback_it_flaps_at_the_cadence_of_push_pulls(direction: str, seed: int) -> None:
    """Real: ten failures in 300 s, 28 to 33 s apart but for the first (49 s); 81 and 93 notices in all."""
    there = blocked(direction, fallback=False, plain=True, seed=seed)
    gaps = np.diff(waves(there.times("failed", subject=0))[1:])
    assert len(gaps) >= 4
    assert gaps.min() > 26.0
    assert gaps.max() < 34.0
    for observer in range(1, MEMBERS):
        failures = there.times("failed", observer, subject=0)
        joins = there.times("join", observer, subject=0, since=0.0)
        assert 4 <= len(failures) <= 8
        assert len(failures) - 1 <= len(joins) <= len(failures)


@pytest.mark.parametrize("direction", ["in", "out"])
def test_serfs_reconnects_bring_it_back_only_to_flap_more(direction: str) -> None:
    plain = blocked(direction, fallback=False, plain=True)
    there = blocked(direction, fallback=False)
    assert len(there.times("failed", 1, 0)) > len(plain.times("failed", 1, 0))


def test_cut_off_both_ways_it_can_be_lost_for_good_in_plain_memberlist() -> None:
    """Real: failed at 7.9 s, and never came back; 14 leave notices and no join."""
    there = blocked("both", fallback=False, plain=True, seed=2)
    assert len(there.times("failed", subject=0)) == len(there.times("failed", 0)) == MEMBERS - 1
    assert max(there.times("failed", subject=0)) < 10.0
    assert there.times("join", since=0.0) == []


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_cut_off_both_ways_only_a_push_pull_of_its_own_brings_it_back(seed: int) -> None:
    there = blocked("both", fallback=False, plain=True, seed=seed)
    own = there.times("push_pull", 0)
    # It goes to a member that it still believes in, or to nobody.
    for t in waves(there.times("join", subject=0, since=0.0)):
        assert any(0.0 <= t - start < 0.1 for start in own)


def test_serfs_reconnect_brings_it_back_again_and_again() -> None:
    there = blocked("both", fallback=False)
    joins = there.times("join", 1, 0, since=70.0)
    assert len(joins) >= 3
    assert there.times("reconnect") != []


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_without_the_fallback_it_is_the_loudest_accuser_and_its_health_reaches_7(direction: str) -> None:
    there = blocked(direction, fallback=False, plain=True)
    accused = [len(there.times("suspect", observer)) for observer in range(MEMBERS)]
    assert accused[0] > 2 * max(accused[1:])
    assert there.top_health(0) == 7

"""Nacks under the LAN preset come too late to count.

The helper waits probe_timeout before it nacks, and the round of its asker is over at probe_interval.
Of the real memberlist: with a probe_timeout of 500 ms the score of a healthy prober of a dead member peaks
at 3, and climbs back a point a second; with 450 ms or 300 ms it stays 0.
"""

from __future__ import annotations

import pytest

from tests.simulation.cluster import Run, run


def after_a_crash(probe_timeout: str, seed: int) -> Run:
    return run(
        6,
        "25s",
        seed,
        config={"probe_timeout": probe_timeout},
        faults=[{"crash": ["node-03"], "at": "1s"}],
        warm_up="10s",
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_at_500_ms_every_prober_of_the_dead_loses_three_points(seed: int) -> None:
    there = after_a_crash("500ms", seed)
    assert there.top_health() == 3
    for observer in {int(o) for o in there.events.observer[there.rows("suspect", subject=3)]}:
        scores = there.details("health", observer)
        times = there.times("health", observer)
        assert scores[:4] == [3, 2, 1, 0]
        # The tick that was kept gives the first point back at once, the others take a second or more:
        # rounds that meet the dead again are longer now, and leave time for nacks.
        assert times[1] - times[0] < 0.01
        assert times[2] - times[1] > 0.99
        assert times[3] - times[2] > 0.99


@pytest.mark.parametrize("probe_timeout", ["450ms", "300ms"])
def test_below_500_ms_nacks_count_and_nobody_loses_a_point(probe_timeout: str) -> None:
    there = after_a_crash(probe_timeout, 1)
    assert there.times("suspect", subject=3) != []
    assert there.top_health() == 0
    assert there.count("nack") >= 3 * len(there.times("suspect", subject=3))

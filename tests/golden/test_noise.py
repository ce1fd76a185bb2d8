"""The recording machine's noise, as it was noted, falls on simulated packets."""

import heapq
from pathlib import Path

import numpy as np
import pytest

from serfsim.native import Random
from serfsim.network.jitter import LognormalJitter, NoJitter
from serfsim.results.scoring.recording import Floats
from serfsim.validation.golden import Golden, read
from serfsim.validation.noise import MachineNoise, body, early_stall, stalls
from serfsim.validation.scenario import latency_file, scenario

FOLDER = Path(__file__).parent


def golden(name: str) -> Golden:
    return read(FOLDER / f"{name}.json.gz")


def late(lengths: list[float], sent: list[float], latency: float = 0.0) -> list[float]:
    """What each packet takes longer; the seconds begin at 0."""
    clock = [0.0]
    noise = MachineNoise(NoJitter(), lengths, 0.0, Random(1), lambda: clock[0])
    found = []
    for t in sent:
        clock[0] = t
        found.append(noise.sample(latency, Random(2)))
    return found


def test_the_latest_packet_of_each_second_is_late_by_the_noted_length() -> None:
    lengths = [0.002, 0.050, 0.0, 0.010]
    sent = np.arange(0.0, 4.0, 0.001)
    extra = np.array(late(lengths, sent.tolist()))
    for second, length in enumerate(lengths):
        mine = extra[(sent >= second) & (sent < second + 1)]
        assert mine.max() == pytest.approx(length, abs=1e-12)


def test_what_arrives_during_a_stall_arrives_at_its_end() -> None:
    sent = np.arange(0.0, 1.0, 0.001)
    arrived = sent + np.array(late([0.1], sent.tolist()))
    held = arrived[arrived > sent]
    assert len(held) == 100
    assert held == pytest.approx(held[0], abs=1e-9)


def test_a_stall_waits_for_a_packet_and_reaches_into_the_next_second() -> None:
    assert late([0.3], [0.999, 1.1, 1.4]) == pytest.approx([0.3, 0.199, 0.0])


def test_both_ways_together_have_the_recorded_median_and_90th_percentile() -> None:
    told = golden("a-baseline-n32-s1")
    found = body(told)
    assert found is not None
    median, sigma = found
    ways = median * np.exp(sigma * np.random.default_rng(1).standard_normal((200_000, 2)))
    excess = told.raw["traffic"]["ping_excess"]
    assert 1e6 * np.quantile(ways.sum(axis=1), [0.5, 0.9]) == pytest.approx(
        [excess["p50_us"], excess["p90_us"]], rel=0.1
    )


def test_stalls_come_from_pings_and_where_there_is_none_from_sleeping_threads() -> None:
    told = golden("a-baseline-n32-s1")
    traffic = told.raw["traffic"]
    found = stalls(told)
    median = traffic["ping_excess"]["p50_us"]
    assert found[46] == pytest.approx(1e-6 * (102_878 - median), abs=1e-6)
    assert found[3] == 0.0  # 0.6 ms, as of any 32 pings
    assert found[0] == pytest.approx(1e-6 * (traffic["sleep_overrun_max_us_per_s"][0] - median))
    without = golden("a-baseline-n40-s1")
    longest = max(without.raw["traffic"]["sleep_overrun_max_us_per_s"])
    assert max(stalls(without)) == pytest.approx(1e-6 * longest - without.excess_s)


def test_where_no_ping_told_the_switch_tells_how_late_it_was() -> None:
    """It was 443 ms late during the join of this one, which no sleeping thread noticed."""
    told = golden("e-loss05-both-n32-s1")
    assert "ping_excess_max_us_per_s" not in told.raw["traffic"]
    assert early_stall(told) == pytest.approx(0.4427, abs=0.001)


def test_stopped_agents_are_no_stall_of_the_machine() -> None:
    """Pings to them took up to 15 s."""
    assert max(stalls(golden("f-pause-n32-s1"))) < 0.1
    noise = body(golden("f-pause-n32-s1"))
    assert noise is not None
    assert noise[1] < 1.5


def test_a_stall_during_the_join_is_flagged() -> None:
    assert early_stall(golden("a-baseline-n32-s2")) == pytest.approx(0.0279, abs=0.0001)
    assert early_stall(golden("a-baseline-n16-s1")) == 0.0


def test_jitter_of_the_emulated_network_is_not_counted_twice(tmp_path: Path) -> None:
    told = golden("a-baseline-n32-jitter10-s1")
    assert body(told) is None
    made = scenario(told, latency_file(told, tmp_path))
    assert made.cluster.processing_delay == pytest.approx(400e-6)


def round_trips(told: Golden) -> Floats:
    """What pings and their acks take longer, in seconds: each member sends one a second."""
    median, sigma = body(told) or (0.0, 0.0)
    lengths = stalls(told)
    clock = [0.0]
    noise = MachineNoise(LognormalJitter(median, sigma), lengths, 0.0, Random(1), lambda: clock[0])
    draws, latency, found = Random(2), 0.03, []
    waiting = [(t, 0.0) for t in np.random.default_rng(1).uniform(0, len(lengths), told.n * len(lengths))]
    heapq.heapify(waiting)
    while waiting:
        clock[0], there = heapq.heappop(waiting)
        extra = noise.sample(latency, draws)
        if there:
            found.append(there + extra)
        else:
            heapq.heappush(waiting, (clock[0] + latency + extra, extra))
    return np.array(found)


@pytest.mark.parametrize(
    "name",
    ["a-baseline-n32-s1", "a-baseline-n16-s1", "a-baseline-n32-serf0.10.2-s1", "a-baseline-n4-serf0.9.4-s1"],
)
def test_the_noise_has_the_mean_and_the_99th_percentile_that_it_was_not_given(name: str) -> None:
    told = golden(name)
    excess = told.raw["traffic"]["ping_excess"]
    found = 1e6 * round_trips(told)
    assert found.mean() == pytest.approx(excess["mean_us"], rel=0.15)
    assert np.quantile(found, 0.99) == pytest.approx(excess["p99_us"], rel=0.2)


@pytest.mark.parametrize("overtaking", [False, True])
def test_packets_that_leave_together_overtake_each_other_only_in_an_emulated_network(
    overtaking: bool,
) -> None:
    noise = MachineNoise(LognormalJitter(0.001, 1.0), [], 0.0, Random(1), lambda: 0.5, overtaking=overtaking)
    draws = Random(2)
    answer, fin, elsewhere = (noise.sample(latency, draws) for latency in (0.03, 0.03, 0.04))
    assert (answer == fin) != overtaking
    assert elsewhere not in (answer, fin)

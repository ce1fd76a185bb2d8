"""Every fault begins and ends at its time, undoes only its own, and the truth knows of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from serfsim import Simulation
from serfsim.network.rules import TCP, UDP
from serfsim.protocol.memberlist.messages import StreamMessage, StreamPing
from serfsim.protocol.runtime import DIAL_REFUSED, DIAL_TIMEOUT, REPLIED, Machine
from tests.simulation.cluster import Run, run, scenario

# Nothing happens in these clusters but what a test looks at.
QUIET = {"probe_interval": "0s", "gossip_interval": "0s", "push_pull_interval": "0s"}

Probe = Callable[[Simulation], Any]


def quiet(*faults: dict[str, Any], nodes: Any = 4) -> Simulation:
    made = scenario(
        nodes, "100s", faults=list(faults), config=QUIET, start={"converged": True}, warm_up="0s",
        record={"coordinates": "20s"},
    )  # fmt: skip
    return Simulation(made, 1)


def observed(sim: Simulation, times: list[float], look: Probe) -> list[Any]:
    """What `look` sees at these times."""
    seen = []

    def watch() -> Any:
        for t in times:
            yield sim.env.timeout_at(t)
            seen.append(look(sim))

    sim.process(watch())
    sim.run()
    return seen


def blocked(source: int, target: int, transport: int) -> Probe:
    return lambda sim: sim.network.rules.blocks(source, target, transport)


def paused(node: int) -> Probe:
    return lambda sim: sim.network.hosts[node].paused


def is_held(verb: str) -> Probe:
    """Return whether node-01 is held by a fault of this verb."""
    return lambda sim: sim.network.hosts[1].paused if verb == "pause" else sim.network.hosts[1].stalled


def delay_ms(node: int) -> Probe:
    return lambda sim: round(sim.network.hosts[node].processing_delay * 1e3, 3)


def is_up(node: int) -> Probe:
    return lambda sim: sim.nodes[node] is not None


def faulted(sim: Simulation, node: int) -> list[tuple[float, float]]:
    return [(interval.start, interval.end) for interval in sim.truth.faulted[node]]


@pytest.mark.parametrize(
    ("fault", "look"),
    [
        ({"block": "udp", "nodes": ["node-01"]}, blocked(0, 1, UDP)),
        ({"block": "all", "nodes": ["node-01"], "direction": "in"}, blocked(0, 1, TCP)),
        ({"block": "tcp", "between": [["node-00", "node-01"]], "one_way": True}, blocked(0, 1, TCP)),
        ({"partition": [["node-00"], ["node-01"]]}, blocked(1, 0, UDP)),
        ({"partition": [["node-00"], ["node-01"]], "one_way": True}, blocked(0, 1, UDP)),
        ({"loss": {"udp": "30%"}, "nodes": ["node-01"]}, lambda sim: sim.network.rules.count > 0),
        ({"latency": {"add": "1ms"}, "nodes": ["node-01"]}, lambda sim: sim.network.rules.count > 0),
        ({"pause": ["node-01"]}, paused(1)),
        ({"stall": ["node-01"]}, is_held("stall")),
        ({"slow": {"nodes": ["node-01"], "processing_delay": "7ms"}}, lambda sim: delay_ms(1)(sim) == 7.0),
        ({"crash": ["node-01"]}, lambda sim: not is_up(1)(sim)),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_fault_holds_from_its_beginning_to_its_end(fault: dict[str, Any], look: Probe) -> None:
    sim = quiet(fault | {"at": "10s", "for": "5s", "every": "20s", "times": 2})
    seen = observed(sim, [9.9, 10.1, 14.9, 15.1, 29.9, 30.1, 34.9, 35.1, 55.0], look)
    assert seen == [False, True, True, False, False, True, True, False, False]
    assert faulted(sim, 1) == [(10.0, 15.0), (30.0, 35.0)]
    assert faulted(sim, 3) == []


def test_what_is_told_by_both_names_and_directions_is_one_block() -> None:
    sim = quiet({"block": "udp", "nodes": ["node-01"], "direction": "out", "at": "10s"})
    sim.run()
    blocks = sim.network.rules.blocks
    assert blocks(1, 0, UDP)
    assert not blocks(0, 1, UDP)
    assert not blocks(1, 0, TCP)


def test_a_fault_without_an_end_lasts_beyond_the_run() -> None:
    sim = quiet({"block": "udp", "nodes": ["node-01"], "at": "10s"})
    sim.run()
    assert faulted(sim, 1) == [(10.0, math.inf)]


def test_of_two_blocks_each_undoes_only_its_own() -> None:
    sim = quiet(
        {"block": "udp", "nodes": ["node-01"], "at": "10s", "for": "20s"},
        {"block": "udp", "nodes": ["node-01"], "at": "20s", "for": "20s"},
    )
    seen = observed(sim, [9.0, 15.0, 25.0, 35.0, 41.0], blocked(0, 1, UDP))
    assert seen == [False, True, True, True, False]
    assert faulted(sim, 1) == [(10.0, 40.0)]


@pytest.mark.parametrize("verb", ["pause", "stall"])
def test_a_process_under_two_pauses_goes_on_when_both_are_over(verb: str) -> None:
    sim = quiet({verb: ["node-01"], "at": "10s", "for": "20s"}, {verb: 4, "at": "20s", "for": "20s"})
    assert observed(sim, [9.0, 15.0, 31.0, 41.0], is_held(verb)) == [False, True, True, False]
    assert faulted(sim, 1) == [(10.0, 40.0)]
    assert faulted(sim, 0) == [(20.0, 40.0)]


def test_coordinates_are_sampled_of_members_that_run() -> None:
    there = run(
        4,
        "20s",
        faults=[
            {"pause": ["node-01"], "at": "5s", "for": "10s"},
            {"crash": ["node-02"], "at": "5s", "for": "10s"},
        ],
        record={"coordinates": "1s"},
    )
    samples = there.recording.coordinates
    stopped = (samples.t > 5.0) & (samples.t < 15.0)
    for node in (1, 2):
        assert not samples.live[stopped, node].any()
        assert samples.live[samples.t < 5.0, node].all()
        assert samples.live[samples.t > 15.5, node].all()
    assert samples.live[:, [0, 3]].all()


@pytest.mark.parametrize("verb", ["pause", "stall"])
def test_a_pause_ends_with_its_process_and_later_pauses_do_not_know_of_it(verb: str) -> None:
    sim = quiet(
        {verb: ["node-01"], "at": "10s", "for": "60s"},
        {"crash": ["node-01"], "at": "20s", "restart": "5s"},
        {verb: ["node-01"], "at": "30s", "for": "10s"},
    )
    seen = observed(sim, [15.0, 26.0, 35.0, 41.0, 71.0], is_held(verb))
    assert seen == [True, False, True, False, False]


@pytest.mark.parametrize("verb", ["pause", "stall"])
def test_a_pause_of_a_process_that_is_down_does_not_stop_the_next_one(verb: str) -> None:
    sim = quiet(
        {"crash": ["node-01"], "at": "10s", "restart": "10s"},
        {verb: ["node-01"], "at": "15s", "for": "30s"},
        {verb: ["node-01"], "at": "30s", "for": "5s"},
    )
    assert observed(sim, [25.0, 32.0, 36.0], is_held(verb)) == [False, True, False]


def test_of_several_processing_delays_the_last_given_holds_and_each_undoes_only_its_own() -> None:
    slow = {"nodes": ["node-01"]}
    sim = quiet(
        {"slow": slow | {"processing_delay": "5ms"}, "at": "10s", "for": "50s"},
        # As long as the host's own: still a fault of its own.
        {"slow": slow | {"processing_delay": "400us"}, "at": "20s", "for": "10s"},
        {"slow": slow | {"processing_delay": "7ms"}, "at": "40s", "for": "40s"},
        {"slow": slow | {"processing_delay": "5ms"}, "at": "45s", "for": "5s"},
    )
    times = [5.0, 15.0, 25.0, 35.0, 42.0, 47.0, 55.0, 65.0, 85.0]
    assert observed(sim, times, delay_ms(1)) == [0.4, 5.0, 0.4, 5.0, 7.0, 5.0, 7.0, 7.0, 0.4]


def test_a_crash_of_a_crashed_member_neither_counts_nor_restarts_it() -> None:
    sim = quiet(
        {"crash": ["node-01"], "at": "10s"},
        {"crash": ["node-01", "node-02"], "at": "20s", "restart": "10s"},
    )
    sim.run()
    assert sim.truth.crashes == [(10.0, 1), (20.0, 2)]
    assert [(i.start, i.end) for i in sim.truth.down[1]][1:] == [pytest.approx((10.0, math.inf))]
    assert [(i.start, i.end) for i in sim.truth.down[2]][1:] == [pytest.approx((20.0, 30.0))]


def test_overlapping_faults_of_one_member_are_one_interval_of_trouble() -> None:
    sim = quiet(
        {"block": "udp", "nodes": ["node-01"], "at": "10s", "for": "20s"},
        {"slow": {"nodes": ["node-01"], "processing_delay": "5ms"}, "at": "25s", "for": "10s"},
        {"pause": ["node-01"], "at": "50s", "for": "1s"},
    )
    sim.run()
    assert faulted(sim, 1) == [(10.0, 35.0), (50.0, 51.0)]


@pytest.mark.parametrize(
    ("faults", "t", "reachable"),
    [
        ([{"block": "udp", "nodes": ["node-01"], "at": "10s"}], 20.0, True),
        ([{"block": "all", "nodes": ["node-01"], "direction": "in", "at": "10s"}], 20.0, False),
        ([{"block": "all", "nodes": ["node-01"], "at": "10s", "for": "5s"}], 20.0, True),
        ([{"partition": [["node-00"], ["node-01"]], "one_way": True, "at": "10s"}], 20.0, False),
        ([{"partition": [["node-00"], ["node-01"]], "at": "10s"}], 9.0, True),
        ([{"partition": [["node-00"], ["node-02"]], "at": "10s"}], 20.0, True),
        (
            [
                {"block": "udp", "nodes": ["node-01"], "direction": "in", "at": "10s"},
                {"block": "tcp", "nodes": ["node-00"], "direction": "in", "at": "10s"},
            ],
            20.0,
            False,
        ),
    ],
)
def test_the_truth_knows_who_can_reach_whom(faults: list[dict[str, Any]], t: float, reachable: bool) -> None:
    sim = quiet(*faults)
    seen = observed(sim, [t], lambda sim: sim.network.rules.reachable(0, 1))
    assert seen == [reachable]
    for pair in ((0, 1), (1, 0)):
        assert sim.truth.reachable(*pair, t) == reachable


def test_random_picks_are_the_same_for_every_occurrence_and_seed_dependent() -> None:
    fault = {"pause": 3, "at": "10s", "for": "5s", "every": "20s"}

    def picked(sim: Simulation) -> list[int]:
        return [node for node in range(20) if sim.network.hosts[node].paused]

    sim = quiet(fault, nodes=20)
    first, second = observed(sim, [12.0, 32.0], picked)
    assert first == second
    assert len(first) == 3
    other = Simulation(sim.scenario, 2)
    assert observed(other, [12.0], picked) != [first]


def test_a_packet_covered_by_several_pairs_of_one_fault_is_delayed_once() -> None:
    pairs = [["node-00", "node-01"], ["node-01", "node-00"], ["node-00", "node-01"]]
    sim = quiet({"latency": {"add": "50ms"}, "between": pairs, "at": "10s"})

    def added(sim: Simulation) -> float:
        return sim.network.rules.verdict(0, 1, UDP, sim.network.hosts[0].loss_rng)

    assert observed(sim, [20.0], added) == [0.05]


# Leaving --------------------------------------------------------------------------------------------


def leaving(*faults: dict[str, Any], duration: str = "60s") -> Run:
    return run(6, duration, faults=list(faults), warm_up="8s")


def test_who_leaves_is_left_and_not_failed() -> None:
    there = leaving({"leave": ["node-02"], "at": "5s"})
    assert there.times("failed") == []
    assert len(there.times("left", subject=2)) == 6  # its own among them
    ((t, node),) = there.recording.truth.leaves
    assert (t, node) == (5.0, 2)
    # Two rounds of telling and a second of waiting.
    ((_, _), (gone, end)) = there.down(2)
    assert 6.0 < gone < 8.0
    assert end == math.inf
    assert there.recording.truth.crashes == []
    assert there.faulted(2) == [(gone, math.inf)]


def test_who_left_comes_back_after_its_time_and_is_taken_in_again() -> None:
    there = leaving({"leave": ["node-02"], "at": "5s", "restart": "20s"})
    assert there.down(2)[1][1] == pytest.approx(25.0)
    assert len(there.times("join", subject=2, since=25.0)) >= 5
    assert there.summary["convergence"]["views_disagreeing"] == 0


def test_who_is_to_come_back_before_it_has_left_does_so_as_soon_as_it_has() -> None:
    there = leaving({"leave": ["node-02"], "at": "5s", "restart": "500ms"})
    ((_, _), (gone, back)) = there.down(2)
    assert gone == back
    assert 6.0 < gone < 8.0
    assert there.summary["convergence"]["views_disagreeing"] == 0


def test_the_last_member_leaves_at_once_and_is_gone() -> None:
    there = run(1, "20s", faults=[{"leave": ["node-00"], "at": "5s"}], warm_up="2s")
    assert len(there.times("leave_done")) == 1
    assert there.down(0)[1][1] == math.inf


def test_a_paused_member_leaves_when_it_goes_on() -> None:
    there = leaving({"pause": ["node-02"], "at": "5s", "for": "2s"}, {"leave": ["node-02"], "at": "6s"})
    assert there.recording.truth.leaves == [(7.0, 2)]
    assert len(there.times("left", subject=2)) == 6  # its own among them


def test_a_member_killed_while_it_leaves_does_not_leave_again_in_its_next_life() -> None:
    there = leaving(
        {"leave": ["node-02"], "at": "5s"},
        {"crash": ["node-02"], "at": "5500ms", "restart": "10s"},
        {"leave": ["node-02"], "at": "40s", "restart": "10s"},
    )
    assert [t for t, _ in there.recording.truth.leaves] == [5.0, 40.0]
    assert there.recording.truth.crashes == [(5.5, 2)]
    (_, first, second) = there.down(2)
    assert first == pytest.approx((5.5, 15.5))
    assert 41.0 < second[0] < 43.0
    assert second[1] == pytest.approx(50.0)


@pytest.mark.parametrize(("whole_host", "outcome"), [(False, DIAL_REFUSED), (True, DIAL_TIMEOUT)])
def test_a_dead_process_refuses_streams_and_a_dead_machine_is_silent(whole_host: bool, outcome: int) -> None:
    sim = quiet({"crash": ["node-02"], "at": "10s", "host": whole_host, "restart": "40s"})
    outcomes = []

    class Dialler(Machine):
        def on_timer(self, timer: int, a: int, b: int, now: float) -> None:
            """What was here before has set some."""

        def on_stream_request(self, request: StreamMessage, source: int, now: float) -> None:
            """The member that is back tries to join by this one."""

        def on_stream_result(self, token: int, outcome: int, reply: Any, now: float) -> None:
            outcomes.append(outcome)

    def dial() -> Any:
        host = sim.network.hosts[0]
        for t in (20.0, 60.0):
            yield sim.env.timeout_at(t)
            host.machine = Dialler()
            host.open_stream(2, StreamPing(2, 1, 100), 0, 5.0, 0.0, 5.0, sim.env.engine_now)

    sim.process(dial())
    sim.env.run(until=70.0)
    assert outcomes == [outcome, REPLIED], "it serves again once it has started again"

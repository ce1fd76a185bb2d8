"""Simulations in a user's hand: processes of their own, waiting for events, interruptions."""

from __future__ import annotations

from typing import Any

import pytest

import serfsim
from serfsim import Simulation
from serfsim.base.errors import SerfsimError
from serfsim.protocol import events
from serfsim.protocol.memberlist.probe import Prober
from serfsim.protocol.serf.node import SerfNode
from serfsim.report.releases import nodes_text
from tests.simulation.cluster import scenario


def crashing(duration: str = "40s") -> serfsim.Scenario:
    return scenario(
        6,
        duration,
        faults=[{"crash": ["node-03"], "at": "1s", "restart": "20s"}],
        record={"coordinates": "5s"},
    )


def failed_times(sim: Simulation, observer: int | None = None) -> list[float]:
    kept = sim.trace.events.trim()
    rows = zip(kept.t, kept.kind, kept.observer, kept.subject, strict=True)
    return [
        t for t, kind, who, whom in rows if kind == events.FAILED and whom == 3 and observer in (None, who)
    ]


def test_a_process_of_the_users_own_runs_on_the_scenarios_clock() -> None:
    sim = Simulation(crashing())
    seen = []

    def mine() -> Any:
        seen.append(sim.now)
        yield sim.timeout(2.5)
        seen.append(sim.now)

    sim.process(mine())
    sim.run()
    assert seen == [-sim.origin, -sim.origin + 2.5]
    assert 5.0 < sim.origin < 6.0


def test_until_failed_wakes_at_the_moment_of_the_first_failed_event() -> None:
    sim = Simulation(crashing())
    woken = []

    def mine() -> Any:
        at = yield sim.until_failed("node-03")
        woken.append((at, sim.now))

    sim.process(mine())
    sim.run()
    ((at, now),) = woken
    assert at == failed_times(sim)[0]
    assert now == pytest.approx(at, abs=1e-12)


def test_until_failed_may_ask_for_one_observer() -> None:
    sim = Simulation(crashing())
    woken: dict[str, float] = {}

    def mine(name: str) -> Any:
        yield sim.until_failed("node-03", observer=name)
        woken[name] = sim.now

    for name in ("node-00", "node-05"):
        sim.process(mine(name))
    sim.run()
    for name, t in woken.items():
        assert t == pytest.approx(failed_times(sim, sim.node_index(name))[0], abs=1e-12)
    assert len(woken) == 2


def test_until_joined_and_until_wait_for_the_next_one_only() -> None:
    sim = Simulation(crashing("70s"))
    seen = []

    def mine() -> Any:
        yield sim.timeout(sim.origin)
        yield sim.until_joined("node-03", observer="node-00")
        seen.append(sim.now)
        yield sim.until(events.PUSH_PULL, observer=2)
        seen.append(sim.now)

    sim.process(mine())
    sim.run()
    assert 21.0 < seen[0] < 23.0
    assert seen[1] > seen[0]


def test_what_an_experiment_does_to_a_node_can_be_waited_for_at_once() -> None:
    sim = Simulation(crashing())
    seen = []

    def mine() -> Any:
        yield sim.env.timeout_at(10.0)
        left = sim.until(events.LEAVING, subject=5)
        sim.nodes[5].leave(sim.env.engine_now)
        yield left
        seen.append(sim.now)

    sim.process(mine())
    sim.run()
    assert seen == [pytest.approx(10.0, abs=1e-9)]


def test_nodes_are_machines_while_they_are_up() -> None:
    sim = Simulation(crashing())
    states = []

    def mine() -> Any:
        for t in (0.0, 10.0, 30.0):
            yield sim.env.timeout_at(t)
            states.append(sim.nodes[3] is not None)

    sim.process(mine())
    sim.run()
    assert states == [True, False, True]


def test_a_name_that_is_nobodys_is_refused() -> None:
    with pytest.raises(SerfsimError, match="'node-99'"):
        Simulation(crashing()).until_failed("node-99")


def test_a_fault_can_be_begun_and_ended_by_an_experiment() -> None:
    sim = Simulation(scenario(6, "20s"))

    def mine() -> Any:
        yield sim.env.timeout_at(3.0)
        block = sim.begin({"block": "all", "nodes": ["node-03"]})
        assert not sim.network.rules.reachable(0, 3)
        yield sim.timeout(4.0)
        block.end()
        block.end()
        assert sim.network.rules.reachable(0, 3)

    sim.process(mine())
    recording = sim.run().recording
    assert recording is not None
    (span,) = recording.truth.faulted[3]
    assert (span.start, span.end) == (3.0, 7.0)
    assert recording.truth.faulted[2] == []


def test_a_fault_begun_by_an_experiment_does_what_the_same_of_the_scenario_does() -> None:
    crash = {"crash": ["node-03"], "restart": "20s"}
    timeline = Simulation(scenario(6, "40s", faults=[{**crash, "at": "1s"}]))
    experiment = Simulation(scenario(6, "40s"))

    def mine() -> Any:
        yield experiment.env.timeout_at(1.0)
        experiment.begin(crash)

    experiment.process(mine())
    ours, theirs = experiment.run().summary, timeline.run().summary
    assert ours["detection"]["first_s"]["n"] == 1
    assert ours["detection"] == theirs["detection"]
    assert ours["digest"] == theirs["digest"]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"block": "udp", "nodes": ["node-99"]}, "node-99"),
        ({"blok": "udp"}, "block"),
        ({"pause": 1, "at": "5s", "for": "1s"}, "`at`"),
        ({"pause": 1, "for": "1s", "every": "5s"}, "`every`"),
    ],
)
def test_a_fault_that_cannot_be_begun_is_refused(fault: dict[str, Any], message: str) -> None:
    with pytest.raises(SerfsimError, match=message):
        Simulation(crashing()).begin(fault)


class Trusting(SerfNode):
    """A variant that never believes in a failed probe."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.memberlist.prober = TrustingProber(
            self.memberlist.core, self.memberlist.states, self.memberlist.prober.order
        )


class TrustingProber(Prober):
    def probe_timeout(self, seq: int, now: float) -> None:
        self.ack(seq, None, now, now)


def test_a_variant_of_the_protocol_is_a_subclass_of_its_machines() -> None:
    plain = serfsim.run(crashing())
    variant = serfsim.run(crashing(), node_class=Trusting)
    assert plain.summary["detection"]["suspicions"] > 0
    assert variant.summary["detection"]["suspicions"] == 0
    assert variant.summary["detection"]["missed"] == 5
    assert "node_class" not in plain.summary["versions"]
    assert variant.summary["versions"]["node_class"] == "tests.simulation.test_experiments.Trusting"
    assert nodes_text(plain.summary) == "6 nodes of Serf 0.9"
    assert nodes_text(variant.summary) == "6 nodes as Trusting of Serf 0.9"


def test_a_simulation_runs_once() -> None:
    sim = Simulation(scenario(2, "1s"))
    sim.run()
    with pytest.raises(SerfsimError, match="already run"):
        sim.run()


def test_an_error_in_a_users_process_is_theirs_to_see() -> None:
    sim = Simulation(scenario(2, "5s"))

    def mine() -> Any:
        yield sim.timeout(1.0)
        raise ZeroDivisionError("planted")

    sim.process(mine())
    with pytest.raises(ZeroDivisionError, match="planted"):
        sim.run()


def test_progress_is_told_from_nothing_to_all() -> None:
    told: list[float] = []
    Simulation(crashing()).run(progress=told.append)
    assert told == sorted(told)
    assert told[0] < 0.5
    assert told[-1] == 1.0


@pytest.mark.parametrize("by_process", [False, True])
def test_an_interrupted_run_gives_what_came_before(by_process: bool) -> None:
    whole = Simulation(crashing())
    whole.run()
    sim = Simulation(crashing())

    def interrupt() -> Any:
        yield sim.env.timeout_at(12.5)
        raise KeyboardInterrupt

    def press(share: float) -> None:
        if not by_process and sim.queue.now >= sim.origin + 12.5:
            raise KeyboardInterrupt

    if by_process:
        sim.process(interrupt())
    result = sim.run(progress=press)
    recording = result.recording
    assert recording is not None
    at = recording.interrupted_at
    assert at is not None
    assert 12.5 <= at < 16.0
    assert result.summary["complete"] is False
    assert sim.now == at
    # A last sample shows how far coordinates came, at the time of the interruption.
    assert recording.coordinates.t[-1] == at
    times = list(whole.trace.events.trim().t)
    assert list(sim.trace.events.trim().t) == [t for t in times if t < at]
    assert len(recording.probe_counts.values) == pytest.approx(at + sim.origin, abs=2.0)


@pytest.mark.parametrize("seed", [1, 2, 4])  # their runs end a rounding error beside 30 s
def test_a_run_in_two_parts_is_the_run_as_a_whole(seed: int) -> None:
    sections: dict[str, Any] = {"cluster": {"nodes": 3}, "duration": "30s", "warm_up": "5s", "seed": seed}
    whole, parts = (Simulation(serfsim.Scenario(**sections)) for _ in range(2))
    parts.run_until(12.345)
    assert parts.run().summary["digest"] == whole.run().summary["digest"]

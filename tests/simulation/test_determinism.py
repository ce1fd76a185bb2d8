"""One seed, one result; and what is added at the end or only looked at shifts nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from serfsim import Simulation
from tests.simulation.cluster import Run, run, scenario

STORMY: dict[str, Any] = {
    "network": {
        "topology": {"model": "plane", "size": "40ms", "height": "1ms..5ms"},
        "jitter": {"model": "lognormal", "median": "1ms"},
        "loss": {"udp": "10%", "tcp": "2%"},
    },
    "faults": [{"crash": 1, "at": "5s", "restart": "10s"}, {"pause": 1, "at": "8s", "for": "5s"}],
}


def stormy(seed: int = 1, **parts: Any) -> Run:
    return run(10, "25s", seed, **(STORMY | parts))


def happenings(there: Run) -> list[tuple[float, ...]]:
    table = there.events
    columns = (table.t, table.observer, table.subject, table.kind, table.detail)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_the_same_seed_gives_the_same_run_and_digest() -> None:
    one, other = stormy(), stormy()
    assert happenings(one) == happenings(other)
    assert one.summary["digest"] == other.summary["digest"]
    assert one.recording.events_processed == other.recording.events_processed


def test_another_seed_gives_another_run_and_digest() -> None:
    one, other = stormy(1), stormy(2)
    assert happenings(one) != happenings(other)
    assert one.summary["digest"] != other.summary["digest"]


def test_the_seed_of_the_scenario_and_the_one_given_are_the_same_thing() -> None:
    own = Simulation(scenario(10, "25s", seed=7, **STORMY)).run()
    assert own.summary["digest"] == stormy(7).summary["digest"]


def test_what_is_recorded_shifts_nothing() -> None:
    plain = happenings(stormy())
    for record in ({"coordinates": "700ms"}, {"coordinates": "10s"}):
        assert happenings(stormy(record=record)) == plain


def test_a_users_idle_process_shifts_nothing() -> None:
    made = scenario(10, "25s", **STORMY)
    sim = Simulation(made, 1)

    def look() -> Any:
        while True:
            yield sim.timeout(0.37)

    sim.process(look())
    result = sim.run()
    assert result.summary["digest"] == stormy().summary["digest"]


def test_watching_for_an_event_shifts_nothing() -> None:
    sim = Simulation(scenario(10, "25s", **STORMY), 1)

    def watch() -> Any:
        while True:
            yield sim.until_failed("node-03")

    sim.process(watch())
    assert sim.run().summary["digest"] == stormy().summary["digest"]


def drawn(nodes: int) -> dict[str, list[Any]]:
    """What chance decides for the first ten nodes before anything happens."""
    sim = Simulation(scenario(nodes, "25s", **STORMY), 1)
    places = sim.topology.positions
    assert places is not None
    hosts = sim.network.hosts[:10]
    return {
        "starts": sim._starts()[:10],
        "places": places[:10].tolist(),
        "heights": [[sim.topology.latency.one_way(a, b) for a in range(10)] for b in range(10)],
        "loss": [host.loss_rng.random() for host in hosts],
        "jitter": [host.jitter_rng.random() for host in hosts],
        "tcp": [host.tcp_rng.random() for host in hosts],
    }


@pytest.mark.parametrize("use", ["starts", "places", "heights", "loss", "jitter", "tcp"])
def test_a_node_added_at_the_end_shifts_nothing_of_the_others(use: str) -> None:
    assert drawn(11)[use] == drawn(10)[use]


def test_every_life_of_a_process_draws_from_streams_of_its_own() -> None:
    sim = Simulation(scenario(3, "20s", faults=[{"crash": ["node-01"], "at": "2s", "restart": "3s"}]), 1)
    draws = []

    def look() -> Any:
        for t in (1.0, 6.0):
            yield sim.env.timeout_at(t)
            draws.append(sim.nodes[1].rng.random())

    sim.process(look())
    sim.run()
    assert draws[0] != draws[1]


def test_a_fault_added_later_leaves_the_picks_of_those_before_it() -> None:
    def paused(faults: list[dict[str, Any]]) -> list[int]:
        sim = Simulation(scenario(20, "10s", faults=faults), 1)
        found: list[int] = []

        def look() -> Any:
            yield sim.env.timeout_at(2.0)
            found.extend(node for node in range(20) if sim.network.hosts[node].paused)

        sim.process(look())
        sim.run()
        return found

    pause = {"pause": 3, "at": "1s"}
    assert paused([pause]) == paused([pause, {"slow": {"nodes": 5, "processing_delay": "1ms"}, "at": "1s"}])

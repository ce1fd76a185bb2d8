"""More members at one seed at once than it serves: who is refused, and what becomes of them."""

from __future__ import annotations

import pytest

from serfsim.protocol.log_lines import TOO_MANY_PUSH_PULLS
from serfsim.scenario.model import Scenario
from serfsim.simulation import Simulation
from tests.simulation.cluster import Run, run


def joining(nodes: int, **config: object) -> Run:
    quiet = {"push_pull_interval": "5m", **config}
    record = {"coordinates": "none"}
    return run(nodes, "35s", start={"spread": "0s"}, config=quiet, warm_up="1s", record=record)


def test_up_to_128_join_at_once() -> None:
    made = joining(100)
    assert made.details("joined") == [1] * 99


def test_who_is_refused_joins_again_after_the_retry_interval() -> None:
    made = joining(200)
    contacted = made.details("joined")
    refused = contacted.count(0)
    assert 45 <= refused <= 75, "of a real agent 61 of 200"
    assert contacted.count(1) == 199
    assert len(made.times("joined", since=29.0)) == refused
    assert len(made.times("joined", since=1.0)) == refused, "nobody tries again before"
    assert all(node is not None for node in made.sim.agents.nodes)


def test_who_is_refused_ends_where_it_does_not_retry() -> None:
    made = joining(200, retry_join=False)
    contacted = made.details("joined")
    refused = contacted.count(0)
    assert contacted.count(1) == 199 - refused
    assert [node is None for node in made.sim.agents.nodes].count(True) == refused
    assert sum(made.down(node)[-1][1] > 30.0 for node in range(200)) == refused


@pytest.mark.parametrize(("release", "refuses"), [("0.8.1", False), ("0.8.2", True)])
def test_releases_before_memberlist_011_serve_any_number_of_push_pulls(release: str, refuses: bool) -> None:
    cluster = {"nodes": 200, "version": release, "start": {"spread": "0s"}}
    options = {"duration": "1s", "warm_up": "3s", "record": {"coordinates": "none"}}
    lines = Simulation(Scenario(cluster=cluster, **options)).run().recording.log.line
    assert bool((lines == TOO_MANY_PUSH_PULLS).any()) == refuses


def test_a_limit_that_is_given_holds_in_any_release() -> None:
    cluster = {"nodes": 20, "version": "0.8.1", "config": {"max_push_pull_requests": 5}}
    sim = Simulation(Scenario(cluster={**cluster, "start": {"spread": "0s"}}, duration="1s", warm_up="1s"))
    assert (sim.run().recording.log.line == TOO_MANY_PUSH_PULLS).any()

"""More members at one seed at once than it serves: who is refused, and what becomes of them."""

from __future__ import annotations

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

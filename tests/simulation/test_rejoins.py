"""Periodic joins of running members, and what they ask of their seeds."""

from __future__ import annotations

from typing import Any

import pytest

from serfsim.base.errors import ScenarioError
from serfsim.scenario import Scenario, loads
from tests.simulation.cluster import Run

QUIET = {"push_pull_interval": "0s", "reconnect_interval": "1d"}
SEEDS = {"seeds": {"nodes": ["node-00", "node-01"]}}
HERD = {"every": "20s", "seeds": ["seeds"]}
START_S = -5.0  # of every process


def made(rejoin: Any, *faults: dict[str, Any], duration: str = "60s", **more: Any) -> Scenario:
    cluster: dict[str, Any] = {"nodes": 8, "config": QUIET, "groups": SEEDS, "rejoin": rejoin}
    cluster |= {"start": {"converged": True, "spread": "0s"}} | more
    network = {"topology": {"model": "line", "spacing": "1ms"}}
    return Scenario(cluster=cluster, network=network, duration=duration, warm_up="5s", faults=list(faults))


def since_start(run: Run, node: int) -> list[float]:
    return [t - START_S for t in run.times("joined", observer=node)]


def test_without_jitter_all_join_every_seed_at_once_and_in_each_interval() -> None:
    run = Run(made(HERD))
    for node in (2, 7):
        assert since_start(run, node) == pytest.approx([20.0, 40.0, 60.0], abs=0.1)
    assert run.details("joined", observer=7) == [2, 2, 2]
    # Six others, the other seed, and the seed itself.
    assert run.summary["traffic"]["most_push_pulls_per_s"] == 8


def test_jitter_draws_the_time_of_the_first_join_alone() -> None:
    run = Run(made({**HERD, "jitter": "50%"}))
    firsts = []
    for node in range(8):
        times = since_start(run, node)
        firsts.append(times[0])
        assert [later - times[0] for later in times[1:]] == pytest.approx(
            [20.0 * turn for turn in range(1, len(times))], abs=0.1
        )
    assert 10.0 <= min(firsts) < max(firsts) <= 20.1
    assert max(firsts) - min(firsts) > 2.0
    assert run.summary["traffic"]["most_push_pulls_per_s"] < 6


def test_a_new_process_begins_anew_a_paused_one_waits_and_a_dead_one_stops() -> None:
    run = Run(
        made(
            HERD,
            {"crash": ["node-05"], "at": "1s", "restart": "9s"},
            {"pause": ["node-06"], "at": "10s", "for": "12s"},
            {"crash": ["node-07"], "at": "20s"},
        )
    )
    # Its start at 10 s joins once too.
    assert [t for t in run.times("joined", observer=5) if t > 12.0] == pytest.approx([30.0, 50.0], abs=0.1)
    assert run.times("joined", observer=6)[0] == pytest.approx(22.0, abs=0.1)
    assert run.times("joined", observer=7) == pytest.approx([15.0], abs=0.1)


def test_a_node_outranks_its_group_and_the_group_the_cluster() -> None:
    nodes = [{"name": "a", "rejoin": {"every": "0s"}}, {"name": "b"}, {"name": "c", "group": "g"}]
    groups = {"g": {"rejoin": {"every": "9s", "seeds": ["a"]}}}
    run = Run(made({"every": "20s"}, nodes=nodes, groups=groups, duration="30s"))
    assert since_start(run, 0) == []
    assert since_start(run, 1) == pytest.approx([20.0], abs=0.1)
    assert since_start(run, 2) == pytest.approx([9.0, 18.0, 27.0], abs=0.1)
    assert run.details("joined", observer=1) == [1]  # whom it joins at its start


def test_a_pools_members_join_again_in_their_pool() -> None:
    pools = {"wan": {"members": ["node-00", "node-03"], "rejoin": {"every": "20s", "seeds": ["node-00"]}}}
    result = Run(made(None, pools=pools)).result
    pool = result.pools["wan"].recording
    assert pool is not None
    assert pool.most_push_pulls == 2
    assert result.summary["traffic"]["most_push_pulls_per_s"] == 0


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("{every: 1us}", ["cluster.rejoin.every", "100us"]),
        ("{every: 5m, jitter: 120%}", ["rejoin.jitter"]),
        ("{every: 5m, seeds: [node-9]}", ["rejoin.seeds", "node-9"]),
        ("{every: 5m, seeds: all}", ["rejoin.seeds", "names"]),
        ("{jitter: 50%}", ["rejoin.every"]),
        ("{every: 5m}\n  start: {join: none}", ["rejoin", "seeds"]),
    ],
)
def test_a_mistake_about_rejoins_has_its_place(text: str, parts: list[str]) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(f"cluster:\n  nodes: 4\n  rejoin: {text}\n", "f.yaml")
    message = str(caught.value)
    assert message.startswith("f.yaml:3:")
    assert all(part in message for part in parts), message

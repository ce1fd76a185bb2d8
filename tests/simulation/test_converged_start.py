"""`start: converged` against a cluster whose members really joined one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from serfsim import Simulation
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.wire.lzw import compress
from tests.simulation.cluster import Run, run, scenario

N = 12


def status_times(made: Run) -> list[tuple[int, list[int]]]:
    """Of each member its Lamport clock and the status times that it holds."""
    found = []
    for node in made.sim.agents.nodes:
        assert node is not None
        times = [int(node.members.status_ltime(other)) for other in range(len(made.sim.agents.nodes))]
        found.append((int(node.intents.clock.time()), times))
    return found


def test_status_times_and_clocks_are_those_of_members_that_joined_one_after_the_other() -> None:
    joined = run(N, "60s", start={"at": [f"{i}s" for i in range(N)]}, config={"push_pull_interval": "5s"})
    converged = run(N, "10s", start={"converged": True})
    assert status_times(converged) == status_times(joined)


@pytest.mark.parametrize(("nodes", "growth"), [(32, 0.033), (128, 0.062), (1000, 0.185)])
def test_exchanges_are_larger_than_with_one_status_time_for_all(nodes: int, growth: float) -> None:
    made = run(nodes, "100ms", warm_up="0s", start={"converged": True}, config={"push_pull_interval": "1h"})
    node = made.sim.agents.nodes[0]
    assert node is not None
    sizes = []
    for _ in range(2):
        exchange = PushPull(False, node.memberlist.core)
        sizes.append(len(compress(exchange.encode(made.sim.agents.directory))))
        for other in range(nodes):
            node.members.set(other, 1, 1)
    assert sizes[0] / sizes[1] - 1 == pytest.approx(growth, abs=0.012)


@pytest.mark.parametrize(
    # Of real agents whose events carried text that repeats, an exchange grew by 314 bytes in 20 events.
    ("fill", "growth"),
    [("zeros", 318), ("random", 398)],
)
def test_an_exchange_grows_with_the_events_in_it_and_less_if_they_repeat(fill: str, growth: int) -> None:
    events = [{"event": f"ev-{i:02}", "payload": 16, "fill": fill, "at": f"{i + 1}s"} for i in range(20)]
    sizes = []
    for workload in ([], events):
        made = run(
            32, "25s", start={"converged": True}, config={"push_pull_interval": "1h"}, workload=workload
        )
        node = made.sim.agents.nodes[0]
        assert node is not None
        exchange = PushPull(False, node.memberlist.core)
        sizes.append(len(compress(exchange.encode(made.sim.agents.directory))))
    assert sizes[1] - sizes[0] == pytest.approx(growth, abs=12)


def of_many_things(seed: int, large_above: int) -> dict[str, Any]:
    """The summary of a short run of 32 members in which some crash, one comes back and one leaves."""
    made = scenario(
        32,
        "25s",
        start={"converged": True},
        config={"push_pull_interval": "2s", "suspicion_mult": 2},
        network={"loss": {"udp": "10%"}},
        faults=[
            {"crash": ["node-03", "node-30"], "at": "1s"},
            {"crash": ["node-12"], "at": "1s", "restart": "12s"},
            {"leave": ["node-20"], "at": "2s"},
        ],
    )
    simulation = Simulation(made, seed)
    simulation.agents.directory.large_above = large_above
    summary = simulation.run(lambda share: None).summary
    node = simulation.nodes[0]
    assert (node.memberlist.core.members.changes is not None) == (large_above < 32)
    assert [int(node.members.status(other)) for other in (3, 12, 20, 30)] == [4, 1, 3, 4]
    return summary


def test_views_as_differences_give_the_same_figures_as_views_in_full() -> None:
    figures = {
        "first_s": lambda summary: summary["detection"]["first_s"]["mean"],
        "full_s": lambda summary: summary["detection"]["full_s"]["mean"],
        "bytes": lambda summary: summary["traffic"]["bytes_per_node_s"],
        "packets": lambda summary: summary["traffic"]["packets_per_node_s"],
        "push/pull": lambda summary: summary["traffic"]["by_type"]["tcp_push_pull"]["bytes_per_node_s"],
    }
    seeds = range(1, 9)
    runs = [[of_many_things(seed, large_above) for seed in seeds] for large_above in (32, 31)]
    for summaries in runs:
        assert [summary["detection"]["missed"] for summary in summaries] == [0] * len(seeds)
        assert [summary["convergence"]["views_disagreeing"] for summary in summaries] == [0] * len(seeds)
    for name, figure in figures.items():
        in_full, as_differences = ([figure(summary) for summary in summaries] for summaries in runs)
        # Four standard errors of the difference of two means.
        error = np.sqrt((np.var(in_full, ddof=1) + np.var(as_differences, ddof=1)) / len(seeds))
        assert abs(np.mean(in_full) - np.mean(as_differences)) <= 4 * error, name

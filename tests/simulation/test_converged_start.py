"""`start: converged` against a cluster whose members really joined one after the other."""

from __future__ import annotations

import pytest

from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.wire.lzw import compress
from tests.simulation.cluster import Run, run

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

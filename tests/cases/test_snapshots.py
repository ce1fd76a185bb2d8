"""An agent with a snapshot rejoins its members and joins as told to, both at once."""

from __future__ import annotations

from serfsim import Simulation
from serfsim.protocol.serf.members import STATUS_ALIVE
from serfsim.protocol.serf.node import SerfNode
from tests.cases.running import case, scenario_of


def test_agents_that_go_down_in_turn_find_each_other_again() -> None:
    run = case("all_go_down_in_turn")
    for node in run.sim.nodes:
        assert [int(node.members.status(other)) for other in range(3)] == [STATUS_ALIVE] * 3


class WithoutJoin(SerfNode):
    """An agent that is given nobody to join."""

    def join(self, addresses: list[int], now: float, ignore_old: bool = True) -> None:
        pass


def test_agents_without_a_join_that_go_down_in_turn_stay_alone() -> None:
    made = scenario_of("all_go_down_in_turn", {"cluster.start.converged": True})
    sim = Simulation(made, 1, node_class=WithoutJoin)
    sim.run()
    for number, node in enumerate(sim.nodes):
        known = [int(node.members.status(other)) for other in range(3)]
        assert [status == STATUS_ALIVE for status in known] == [other == number for other in range(3)]


def test_a_restarted_agent_is_not_given_the_events_that_it_missed() -> None:
    deliveries = case("snapshot_events").result.deliveries
    heard = deliveries[(deliveries["node"] == "b") & deliveries["t_delivered_s"].notna()]
    assert list(heard["name"]) == ["before1", "before2", "after1"]


def test_a_first_start_with_a_snapshot_has_nobody_to_rejoin() -> None:
    assert case("single_agent_snapshot").times("rejoin_failed") == []

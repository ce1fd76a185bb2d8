"""Members that share processor cores: words, mistakes, and what it does to a cluster."""

from __future__ import annotations

from typing import Any

import pytest

from serfsim.base.errors import SerfsimError
from serfsim.scenario.loading import loads
from serfsim.scenario.model import Scenario
from serfsim.scenario.shared_cores import shared_cores
from serfsim.simulation import Simulation

COST = {"packet": "100us", "message": "10us"}


def cores_of(**cluster: Any) -> list[list[int]]:
    scenario = Scenario(cluster={"read_cost": COST, **cluster})
    return [shared.members for shared in shared_cores(scenario.cluster, scenario.roster())]


def test_so_many_members_share_a_core_in_the_order_of_their_names() -> None:
    assert cores_of(nodes=5, cores={"share": 2}) == [[0, 1], [2, 3], [4]]
    assert cores_of(nodes=["d", "b", "c", "a"], cores={"share": 2}) == [[1, 3], [0, 2]]


def test_members_of_a_group_share_its_own_cores() -> None:
    groups = {"g": {"nodes": ["node-00", "node-02", "node-04"], "cores": {"share": 3}}}
    assert cores_of(nodes=6, groups=groups) == [[0, 2, 4]]
    assert cores_of(nodes=6, groups=groups, cores={"share": 2}) == [[0, 2, 4], [1, 3], [5]]


def test_a_placement_names_the_members_on_each_core_and_leaves_the_others_alone() -> None:
    placement = [["node-00", "node-03"], ["node-[04..05]"]]
    assert cores_of(nodes=7, cores={"placement": placement}) == [[0, 3], [4, 5]]


def summary(cores: dict[str, Any] | None, cost: dict[str, str], nodes: int = 16) -> Any:
    cluster: dict[str, Any] = {
        "nodes": nodes,
        "read_cost": cost,
        "start": {"converged": True, "spread": "500ms"},
    }
    if cores is not None:
        cluster["cores"] = cores
    scenario = Scenario(cluster=cluster, duration="40s", warm_up="5s", record={"coordinates": "none"})
    return Simulation(scenario, seed=1).run().summary


def test_a_core_that_many_share_is_too_slow_where_one_each_is_quick_enough() -> None:
    """A member has two packets a second to read: 16 on a core need 1.3 seconds of it in each."""
    cost = {"packet": "40ms"}
    assert summary({"share": 1}, cost)["detection"]["tcp_fallbacks"] == 0
    assert summary({"share": 16}, cost)["detection"]["tcp_fallbacks"] > 100


def test_a_core_of_its_own_is_no_core_at_all() -> None:
    assert summary({"share": 1}, {"packet": "1ms"})["digest"] == summary(None, {"packet": "1ms"})["digest"]


@pytest.mark.parametrize(
    ("cores", "words"),
    [
        ("{share: 0}", ["cores.share", "0"]),
        ("{share: 1.5}", ["cores.share", "1.5"]),
        ("{shares: 8}", ["cores", "shares", "share"]),
        ("{}", ["cores", "neither", "`share` or `placement`"]),
        ("{share: 2, placement: [[node-00]]}", ["cores", "both"]),
        ("{placement: [node-00]}", ["cores.placement[0]", "node-00", "list"]),
        ("{placement: []}", ["cores.placement"]),
        ("{placement: [[node-00], [node-09]]}", ["cores.placement[1][0]", "node-09"]),
        ("{placement: [[node-00, node-01], [node-00]]}", ["cores.placement[1][0]", "node-00", "two cores"]),
        ("{placement: [[node-00], [g]]}", ["cores.placement[1][0]", "'g'", "no other `cores`"]),
        ("{share: 2, send: -1ms}", ["cores.send", "-1ms"]),
        ("8", ["cores", "8"]),
    ],
)
def test_each_wrong_value_of_cores_is_one_error(cores: str, words: list[str]) -> None:
    text = (
        "cluster:\n  nodes: 4\n  read_cost: {packet: 1ms}\n"
        f"  cores: {cores}\n  groups: {{g: {{nodes: [node-03], cores: {{share: 1}}}}}}\n"
    )
    with pytest.raises(SerfsimError) as raised:
        loads(text, "f.yaml")
    message = str(raised.value)
    assert message.startswith("f.yaml:4:")
    assert message.count("f.yaml:") == 1
    for word in words:
        assert word in message


def test_cores_on_which_nothing_takes_time_are_refused() -> None:
    with pytest.raises(SerfsimError, match=r"cluster\.cores: .*read_cost"):
        loads("cluster: {nodes: 4, cores: {share: 2}}\n", "f.yaml")
    loads("cluster: {nodes: 4, cores: {share: 2, send: 10us}}\n", "f.yaml")
    loads("cluster: {nodes: 4, cores: {share: 2}, processing_delay: 2ms}\n", "f.yaml")

"""Pools: further agents on the hosts of a cluster, as the WAN pool of Consul's servers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import serfsim
from serfsim import Simulation
from serfsim.base.errors import ResultError, ScenarioError
from serfsim.results.scoring.recording import Recording
from serfsim.scenario import Scenario, loads
from tests.simulation.cluster import NAMES

SERVERS = ["a1", "a2", "b1", "b2"]
EVERYBODY = [{"name": name, "group": name[0]} for name in ("a1", "a2", "a3", "b1", "b2", "b3")]
WAN = {"members": SERVERS, "names": "{node}.{group}", "config": {"gossip_nodes": 4}}


def made(*faults: dict[str, Any], pools: dict[str, Any] | None = None, **more: Any) -> Scenario:
    cluster = {"nodes": EVERYBODY, "pools": {"wan": WAN} if pools is None else pools}
    cluster |= {key: more.pop(key) for key in ("members", "start", "config") if key in more}
    sections: dict[str, Any] = {"warm_up": "10s", "duration": "40s", "faults": list(faults), **more}
    network = {"topology": {"model": "line", "spacing": "1ms"}} | sections.pop("network", {})
    return Scenario(cluster=cluster, network=network, **sections)


def run(*faults: dict[str, Any], **more: Any) -> tuple[serfsim.Result, Recording, Recording]:
    """Return the result, and the recordings of the cluster's own agents and of the pool."""
    result = Simulation(made(*faults, **more), 1).run()
    own, wan = result.recording, result.pools["wan"].recording
    assert own is not None
    assert wan is not None
    return result, own, wan


def about(recording: Recording, kind: str) -> set[tuple[str, str]]:
    """Return (observer, subject) of all scored events of a kind."""
    events = recording.events
    rows = (events.kind == NAMES[kind]) & (events.t >= 0.0)
    names = recording.names
    pairs = zip(events.observer[rows], events.subject[rows], strict=True)
    return {(names[a], names[b]) for a, b in pairs}


def test_a_pool_leaves_the_clusters_own_agents_as_they_are() -> None:
    plain = serfsim.run(made({"crash": ["a2"], "at": "5s"}, pools={}), seed=1)
    result, own, wan = run({"crash": ["a2"], "at": "5s"})
    assert result.summary["digest"] == plain.summary["digest"]
    assert "pools" not in plain.summary
    assert wan.names == ["a1.a", "a2.a", "b1.b", "b2.b"]
    assert about(own, "failed") == {(name, "a2") for name in ("a1", "a3", "b1", "b2", "b3")}
    assert about(wan, "failed") == {(name, "a2.a") for name in ("a1.a", "b1.b", "b2.b")}
    again = run({"crash": ["a2"], "at": "5s"})[0]
    assert again.summary["pools"]["wan"] == result.summary["pools"]["wan"]


def test_the_agents_of_one_host_have_streams_settings_and_views_of_their_own() -> None:
    sim = Simulation(made(), 1)
    sim.run()
    own, wan = sim.nodes[0], sim.pools["wan"].agents.nodes[0]
    assert (own.members.count, wan.members.count) == (6, 4)
    assert own.memberlist.core.config.gossip_nodes == 3
    assert wan.memberlist.core.config.gossip_nodes == 4
    probes = [run.trace.events.count for run in (sim, sim.pools["wan"])]
    assert min(probes) > 0
    assert own.memberlist.core.rng.random() != wan.memberlist.core.rng.random()


@pytest.mark.parametrize(
    ("pool", "seen"), [(None, (True, True)), ("wan", (False, True)), ("default", (True, False))]
)
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"crash": ["a2"]}, "failed"),
        ({"pause": ["a2"]}, "failed"),
        ({"leave": ["a2"]}, "left"),
        ({"block": "all", "nodes": ["a2"]}, "failed"),
        ({"partition": [["a2"], "rest"]}, "failed"),
    ],
)
def test_a_fault_hits_all_agents_of_its_hosts_or_those_of_the_pool_it_names(
    fault: dict[str, Any], kind: str, pool: str | None, seen: tuple[bool, bool]
) -> None:
    named = {} if pool is None else {"pool": pool}
    result, own, wan = run({**fault, "at": "5s", **named}, duration="30s")
    found = [("a1", "a2") in about(own, kind), ("a1.a", "a2.a") in about(wan, kind)]
    assert tuple(found) == seen
    for recording, is_hit in ((own, seen[0]), (wan, seen[1])):
        faulted = [bool(recording.truth.faulted[number]) for number in (0, 1)]
        assert faulted[1] is is_hit
    if pool == "wan":
        assert result.summary["detection"]["false_positives"] == 0


def test_a_number_of_members_at_random_are_the_same_hosts_in_every_pool() -> None:
    _, own, wan = run({"crash": 3, "at": "5s"})
    crashed = {own.names[node] for _, node in own.truth.crashes}
    assert {wan.names[node].split(".")[0] for _, node in wan.truth.crashes} == crashed & set(SERVERS)


def test_a_restarted_host_joins_in_both_pools() -> None:
    _, own, wan = run({"crash": ["b1"], "at": "2s", "restart": "20s"}, duration="60s")
    for recording, name in ((own, "b1"), (wan, "b1.b")):
        assert ({subject for _, subject in about(recording, "join")}) >= {name}
    result = run({"crash": ["b1"], "at": "2s", "restart": "20s"}, duration="60s")[0]
    assert result.summary["pools"]["wan"]["convergence"]["views_disagreeing"] == 0


def test_members_of_the_cluster_itself_can_be_some_of_its_nodes() -> None:
    lan_b = {"members": ["b"]}
    result = Simulation(made(members=["a"], pools={"b": lan_b, "wan": WAN}), 1).run()
    assert result.recording is not None
    ups = [not spans or spans[0].end < 0.0 for spans in result.recording.truth.down]
    assert ups == [True, True, True, False, False, False]
    for summary in (result.summary, result.summary["pools"]["b"], result.summary["pools"]["wan"]):
        assert summary["convergence"]["views_disagreeing"] == 0
        assert summary["detection"]["false_positives"] == 0
    assert result.summary["queues"]["broadcasts"]["max"] == 0


def test_workload_of_a_pool_is_its_own_and_names_its_members() -> None:
    event = {"event": "deploy", "from": "a1.a", "pool": "wan", "at": "5s"}
    result = run(workload=[event])[0]
    assert not result.summary["dissemination"]["events"]["sent"]
    assert result.summary["pools"]["wan"]["dissemination"]["events"]["delivered_share"] == 1.0


def test_pools_share_the_link_of_their_host() -> None:
    """A link that one agent leaves half empty is full with four more on its host."""
    nodes = [{**node, "bandwidth": "16kbit"} if node["name"] == "a2" else node for node in EVERYBODY]
    suspicions = []
    for pools in ({}, {str(k): {"members": "all", "config": {"probe_interval": "200ms"}} for k in range(4)}):
        start = {"converged": True}
        scenario = Scenario(
            cluster={"nodes": nodes, "pools": pools, "start": start}, duration="20s", warm_up="0s"
        )
        suspicions.append(Simulation(scenario, 1).run().summary["detection"]["suspicions"])
    assert suspicions[0] == 0
    assert suspicions[1] > 0


def test_true_round_trips_and_positions_of_a_pool_are_those_of_its_hosts() -> None:
    _, own, wan = run(duration="10s")
    places = [0, 1, 3, 4]
    assert list(wan.truth.rtt(2)) == pytest.approx(list(own.truth.rtt(3)[places]))
    whole, some = (recording.truth.positions for recording in (own, wan))
    assert whole is None if some is None else np.array_equal(whole[places], some)


def test_a_stored_result_has_a_result_of_each_pool(tmp_path: Path) -> None:
    claim = "pools.wan.detection.full_s.max < 20s"
    result = Simulation(made({"crash": ["a2"], "at": "5s"}, claims=[claim]), 1).run()
    assert result.summary["claims"][0]["holds"]
    folder = result.save(tmp_path / "r", figures=False)
    read = serfsim.open_result(folder)
    assert read.pools["wan"].summary["digest"] == result.pools["wan"].summary["digest"]
    assert read.pools["wan"].summary["pool"] == "wan"
    alone = serfsim.open_result(folder / "pools" / "wan")
    assert set(alone.member_events["observer"]) <= {"a1.a", "a2.a", "b1.b", "b2.b"}
    scenario = serfsim.load(folder / "scenario.yaml")
    assert Simulation(scenario, 1).run().summary["pools"]["wan"]["digest"] == alone.summary["digest"]
    with (folder / "pools" / "wan" / "log.txt").open("a") as stream:
        stream.write("x")
    with pytest.raises(ResultError, match=r"pools/wan/log\.txt"):
        serfsim.open_result(folder / "pools" / "wan")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("cluster: {nodes: 3, pools: {wan: {members: [node-9]}}}", ["pools.wan.members", "node-9"]),
        ("cluster: {nodes: 3, pools: {default: {}}}", ["default"]),
        ("cluster: {nodes: 3, pools: {w.x: {}}}", ["w.x"]),
        ("cluster: {nodes: 3, pools: {wan: {names: all}}}", ["names", "{node}"]),
        ("cluster: {nodes: 3, pools: {wan: {join: node-7}}}", ["pools.wan.join", "node-7"]),
        ("cluster: {nodes: 3, pools: {wan: {members: [node-00], join: node-01}}}", ["join", "node-01"]),
        ("cluster: {nodes: 3, pools: {wan: {}}}\nfaults: [{crash: 1, pool: wn}]", [":2:", "wn", "wan"]),
        ("cluster: {nodes: 3}\nworkload: [{event: x, pool: wan}]", ["workload[0].pool", "default"]),
        ("cluster: {nodes: 3}\nclaims: [pools.wan.detection.missed == 0]", ["claims[0]", "wan"]),
        ("cluster: {nodes: 3, pools: {wan: {}}}\nclaims: [pools.wan.detection.mist == 0]", ["claims[0]"]),
        ("cluster: {nodes: 3, members: [b]}", ["cluster.members", "'b'"]),
        ("cluster: {nodes: 3, members: [node-00], start: {converged: true}}", ["converged"]),
        (
            "cluster: {nodes: 3, pools: {w: {members: [node-00]}}}\nfaults: [{crash: [node-01], pool: w}]",
            ["faults[0].crash", "node-01"],
        ),
        (
            "cluster: {nodes: 3, pools: {w: {}}}\nrecord: {packets: pcapng}",
            [":2:", "record.packets: found pcapng beside cluster.pools; expected counts"],
        ),
        (
            "cluster: {nodes: 3, pools: {w: {}}}\n"
            "faults: [{crash: 1, restart: 1s}, {move: [node-01], address: 10.0.9.9, at: 3s}]",
            [":2:", "faults[1].address", "pools beside members with addresses"],
        ),
        (
            "cluster: {nodes: 3, pools: {w: {}}}\n"
            "faults: [{crash: 1, pool: w, restart: 1s, advertise: 10.0.9.9, at: 3s}]",
            ["faults[0].advertise", "pools beside members with addresses"],
        ),
    ],
)
def test_a_mistake_about_pools_has_its_place(text: str, parts: list[str]) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(text, "f.yaml")
    message = str(caught.value)
    assert message.startswith("f.yaml:")
    assert all(part in message for part in parts), message

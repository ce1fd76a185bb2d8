"""A scenario that is written and loaded again is the same scenario."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serfsim.scenario import Scenario, load, loads
from serfsim.scenario.library import shipped
from serfsim.scenario.writing import dumps, write

EVERYTHING = """
name: everything
question: "Is 100 % of it written: even 'this', and # that?"
seed: 9223372036854775807
duration: 10m
warm_up: 0s
cluster:
  nodes:
    - a
    - {name: b, group: left, version: 0.8, tags: {role: web, "no": "1e3"}, config: {probe_interval: 333us}}
    - {name: "007", processing_delay: 1ms, profile: lan, jitter: {model: pareto, scale: 1ms}, clock_rate: 1.5}
    - {name: c, group: left}
  profile: wan
  version: latest
  tags: {dc: "1"}
  config: {suspicion_mult: 7, gravity_rho: 150.00000000000003, cidrs_allowed: [10.0.0.0/8]}
  start: {at: [0s, -120ms, 1h, 0.1ms], join: c}
  processing_delay: 1.5ms
  clock_rate: 0.999
  groups:
    left: {config: {disable_tcp_pings: true, cidrs_allowed: null}, version: "0.6", profile: local}
    right: {nodes: 1, processing_delay: 20ms, rejoin: {every: 0s}}
  rejoin: {every: 90s}
  read_cost: {packet: 20us, message: 1ms}
  pools:
    wan: {members: [a, left], names: "{node}.x", profile: wan, config: {probe_interval: 7s}, tags: {w: "1"}}
    lan: {join: a, rejoin: {every: 5m, jitter: 50%, seeds: [a, left]}}
network:
  topology: {model: grid, side: 3, spacing: 7ms}
  jitter: {model: lognormal, fraction: 3%, sigma: 0.25}
  loss:
    udp: {model: gilbert_elliott, good_to_bad: 1%, bad_to_good: 30%}
    tcp: 0.1
    pairs: [{between: [[left, right], [a, b]], one_way: true, udp: 33.3%}]
  bandwidth: 1.5mbit
  mtu: 9000
  tcp: {syn_retries: linear, rto_min: 201ms, mss: 1KiB}
  socket_buffer: 1MiB
faults:
  - {block: udp, nodes: [a, left], direction: in, at: 1m, for: 5m}
  - {block: all, between: [a, b], at: 1m, one_way: true}
  - {partition: [[left], 1, rest], at: 2m, until: 150s}
  - {loss: {udp: {model: gilbert_elliott, good_to_bad: 1%, bad_to_good: 30%, loss_bad: 0.7}}, at: 1m, for: 1m}
  - {loss: 3%, between: [[a, b]]}
  - {crash: [a], at: 90s, restart: 30s}
  - {pause: 50%, at: 1m, for: 8s, every: 10s, until: 5m}
  - {slow: {nodes: all, processing_delay: 50ms}, at: 1m, for: 1m}
  - {freeze: 20%, at: 2m, for: 8s}
  - {stall: 2, at: 3m, for: 8s}
  - {forge: {alive: a, incarnation: next, tags: {x: "1"}}, from: "198.51.100.7:1", to: [b], key: none}
  - {forge: {push_pull: {a: dead, c: left}, incarnation: 7, joins: true}, from: b, every: 30s}
  - {clock: {nodes: all, jump: -30s, rate: 1.02}, at: 1m, for: 1m}
  - {latency: {add: 80ms}, nodes: b, direction: out, at: 1m}
  - {leave: 1, at: 2m, every: 1m, times: 2, pool: wan}
workload:
  - {event: deploy, payload: 100B, from: a, at: 1m, every: 5s, times: 20}
  - {query: uptime, from: b, at: 2m, relay_factor: 1, timeout: 5s, filter_tags: {role: web}, nodes: [a]}
  - {tags: {role: web}, nodes: [a], at: 3m, delete: [dc]}
claims:
  - detection.false_positives == 0
  - "detection.first_s.p99   <   20s"
  - traffic.by_type.udp_ping.bytes_per_node_s >= 3e2
record: {coordinates: none, views: none}
"""


def test_everything_that_can_be_written_reads_back_equal() -> None:
    scenario = loads(EVERYTHING)
    text = dumps(scenario)
    assert loads(text) == scenario
    assert dumps(loads(text)) == text


def test_what_was_given_is_enough_to_make_it_again() -> None:
    scenario = loads(EVERYTHING)
    assert Scenario(**scenario.given()) == scenario
    assert "event_buffer" not in str(scenario.given())
    assert "event_buffer" in str(scenario.complete())


def test_scenarios_go_through_pickle_and_copy() -> None:
    scenario = loads(EVERYTHING)
    assert pickle.loads(pickle.dumps(scenario)) == scenario
    assert copy.deepcopy(scenario) == scenario


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_scenario_asks_claims_and_reads_back_equal(name: str) -> None:
    scenario = load(shipped()[name])
    assert scenario.name == name
    assert scenario.question.endswith("?")
    study = scenario.situation.study if scenario.situation is not None else None
    assert scenario.claims or (study is not None and study.claims)
    assert loads(dumps(scenario)) == scenario


def test_the_scenarios_of_the_first_release_are_shipped() -> None:
    assert {"udp_blocked", "udp_blocked_no_fallback", "crash", "packet_loss", "slow_nodes"} <= set(shipped())
    assert {"partition_heal", "one_way", "vivaldi_plane", "baseline"} <= set(shipped())


def test_a_file_is_named_from_the_folder_of_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "m.csv").write_text("0,1\n1,0\n", encoding="utf-8")
    (tmp_path / "s.yaml").write_text(
        "cluster: {nodes: 2}\nnetwork: {topology: {model: matrix, file: data/m.csv}}\n", encoding="utf-8"
    )
    scenario = load(tmp_path / "s.yaml")
    results = tmp_path / "results"
    results.mkdir()
    write(scenario, results / "s.yaml")
    assert "file: ../data/m.csv" in (results / "s.yaml").read_text(encoding="utf-8")
    assert load(results / "s.yaml") == scenario


@pytest.mark.parametrize("directed", [False, True])
def test_a_networkx_graph_becomes_edges_that_can_be_written(directed: bool) -> None:
    graph = nx.DiGraph() if directed else nx.Graph()
    graph.add_edge("node-00", "node-01", latency=2.5)
    graph.add_edge("node-01", "node-02", latency=1)
    scenario = Scenario(cluster={"nodes": 3}, network={"topology": graph})
    topology = scenario.network.topology
    assert topology.edges == (("node-00", "node-01", 0.0025), ("node-01", "node-02", 0.001))
    assert topology.directed is directed
    assert loads(dumps(scenario)) == scenario


def test_every_key_has_a_default() -> None:
    assert loads("{cluster: {nodes: 30}}") == Scenario()


DURATIONS = st.floats(min_value=1e-9, max_value=1e7)
INTERVALS = st.floats(min_value=1e-4, max_value=1e7)


@settings(max_examples=25, deadline=None)
@given(DURATIONS, INTERVALS, st.floats(min_value=0.0, max_value=1.0), st.integers(1, 10_000))
def test_numbers_come_back_to_the_last_bit(
    duration: float, interval: float, share: float, nodes: int
) -> None:
    from serfsim.scenario.units import write_duration

    scenario = Scenario(
        duration=write_duration(duration),
        cluster={"nodes": nodes, "config": {"probe_interval": write_duration(interval)}},
        network={"loss": {"udp": share}},
    )
    again = loads(dumps(scenario))
    assert again.duration == duration
    assert again.cluster.config.probe_interval == interval
    assert again.network.loss.udp == share
    assert again == scenario

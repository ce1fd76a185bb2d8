"""Scenario files that nobody means well with: one message with file and line, within a second or two."""

from __future__ import annotations

import math
import re
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import serfsim
from serfsim.base import memory
from serfsim.base.errors import ScenarioError
from serfsim.cli.app import app
from serfsim.scenario import Scenario, load, loads
from serfsim.scenario.estimate import estimate, refuse_large
from serfsim.scenario.library import shipped

INPUTS = Path(__file__).parent / "inputs"
LONGEST_S = 5.0  # on a machine that does much else; most take a few milliseconds

REFUSED = {
    "int-tag.yaml": ":1: seed: found 'x' with the tag !!int",
    "float-tag.yaml": ":1: duration: found 'x' with the tag !!float",
    "dur-exp.yaml": ":1: duration: found '1e999999999s'",
    "claim-exp.yaml": ":1: claims[0]: found '1e999999999s'",
    "share-bigint.yaml": ":1: network.loss: found ",
    "bw-exp.yaml": ":1: network.bandwidth: found '1e9999999gbit'",
    "cloud-provider.yaml": ":1: network.topology.provider: found a list of 1",
    "file-nul.yaml": ":1: network.topology.file: found ",
    "lol.yaml": ":1: found 151336128 values",
    "huge1ns.yaml": ":1: workload[0].every: found more than ",
    "evbuf.yaml": ":1: cluster.config.event_buffer: found 1000000000; expected a number of at most ",
    "gossip1ns.yaml": ":1: cluster.config.gossip_interval: found '1ns'; expected a duration of ",
    "crash1us.yaml": ":1: faults[0].every: found 10000000 occurrences in 10s; expected at most ",
    "bigint64.yaml": ":1: cluster.config.max_queue_depth: found 9223372036854775808; expected ",
}


OTHERS = """
seed: !!bool x
seed: !!int ''
seed: !!int 0b2
!!int x
duration: !!float 1:2:x
warm_up: 1e99999h
network: {loss: 1e99999999%}
network: {loss: .nan}
network: {loss: 10000000000000000000000000}
network: {mtu: 1e9999999KiB}
network: {mtu: 99999999999999999999}
network: {bandwidth: 1e-99bit}
network: {topology: {model: cloud, regions: [[a]]}}
network: {topology: {model: [cloud]}}
network: {topology: {model: cloud, provider: {a: b}}}
network: {topology: {model: matrix, data: [a]}}
network: {topology: {model: matrix, file: [x]}}
network: {topology: {model: backbone, network: [a]}}
network: {topology: {model: graph, generator: {model: waxman, alpha: 1e-300}}}
network: {jitter: {model: [x]}}
claims: ['detection.first_s.max < 1e9999999%']
cluster: {profile: [lan]}
cluster: {start: {join: [a]}}
cluster: {nodes: 1e99}
record: {coordinates: 1ns}
workload: [{event: a, payload: 1000000000B}]
faults: [{crash: 1, every: 1us, restart: 1us}]
faults: [{pause: all, for: 1ns, every: 1ns, times: 2000000000}]
question: "\\ud800"
a: &a {<<: *a}
a: &a [*a, *a]
"""
MADE = (
    f"seed: {'9' * 5000}",
    f"seed: 0x{'f' * 500}",
    f"duration: {'9' * 100_000}s",
    f"claims: ['detection.first_s.max < {'9' * 5000}']",
    f"network: {{topology: {{model: matrix, file: {'a' * 300}}}}}",
    f"network: {{topology: {{model: matrix, file: {'a/' * 3000}b}}}}",
    *("{" * 100_000, "[" * 100_000, "- " * 10_000, "? " * 10_000),
)


@pytest.mark.parametrize("name", REFUSED)
def test_each_is_refused_at_its_line_and_soon(name: str) -> None:
    begun = time.perf_counter()
    with pytest.raises(ScenarioError) as caught:
        load(INPUTS / name)
    assert time.perf_counter() - begun < LONGEST_S
    assert str(caught.value).startswith(f"{INPUTS / name}{REFUSED[name]}")
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("text", [*OTHERS.strip().splitlines(), *MADE], ids=lambda text: text[:50])
def test_others_of_their_kinds_are_refused_too(text: str) -> None:
    begun = time.perf_counter()
    with pytest.raises(ScenarioError) as caught:
        loads(text, "f.yaml")
    assert time.perf_counter() - begun < LONGEST_S
    assert str(caught.value).startswith("f.yaml")
    assert len(str(caught.value)) < 1000


def _numbers(part: type[Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The paths of the settings in a part of the schema."""
    return [(*path, field.alias or name) for name, field in part.model_fields.items()]


@pytest.mark.parametrize(
    "value", [2**63, -(2**63), 10**400, 1e300, "1e25s", "1e25B", "1e25%", "1e25gbit"], ids=str
)
def test_no_setting_takes_a_number_beyond_all_bounds(value: object) -> None:
    """Each by itself: a switch, a name and a duration refuse it as no such thing, a number as too large."""
    from serfsim.scenario.network import Network, Tcp
    from serfsim.scenario.settings import Settings

    def refused(**sections: Any) -> None:
        with pytest.raises(ScenarioError):
            Scenario(**sections)

    for (name,) in _numbers(Settings):
        refused(cluster={"config": {name: value}})
    for (name,) in _numbers(Network):
        refused(network={name: value})
    for (name,) in _numbers(Tcp):
        refused(network={"tcp": {name: value}})
    for name in ("duration", "warm_up", "seed"):
        refused(**{name: value})
    for key in ("payload", "at", "every", "times", "until"):
        refused(workload=[{"event": "a", key: value}])
    for key in ("response", "relay_factor", "timeout"):
        refused(workload=[{"query": "a", key: value}])


def test_a_file_that_never_ends_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="a larger file; expected a scenario file of at most 4 MiB"):
        load("/dev/zero")


@pytest.mark.parametrize("name", ["a\0b", "x" * 300, "a/" * 3000 + "b"], ids=["NUL", "long", "deep"])
def test_a_name_that_no_file_can_have_is_told_as_such(name: str) -> None:
    with pytest.raises(ScenarioError):
        load(name)


LARGE = {
    "nodes": "cluster: {nodes: 25000}",
    "probes": "cluster: {nodes: 100, config: {probe_interval: 100us, probe_timeout: 90us}}\nduration: 10h",
    "gossip": "cluster: {nodes: 1000, config: {gossip_interval: 100us}}\nduration: 10h",
    "of a group": "duration: 9h\n"
    "cluster: {nodes: 999, groups: {a: {nodes: 9, config: {gossip_interval: 100us}}}}",
    "years": "duration: 8760h",
    "warm-up": "warm_up: 8760h",
    "spread": "cluster: {start: {spread: 8760h}}",
    "starts": "cluster: {nodes: 2, start: {at: [-8760h, 0s]}}",
    "buffers": "cluster: {nodes: 5000, config: {event_buffer: 1000000}}",
    "samples": "cluster: {nodes: 1000}\nrecord: {coordinates: 1ms}",
    "faults": "cluster: {nodes: 1000}\nfaults: [{crash: 1, every: 1ms, restart: 1ms}]",
    "upgrades": "cluster: {nodes: 20000, start: {converged: true}}\nfaults: [{upgrade: all, to: '0.9'}]",
    "queries": "cluster: {nodes: 3000}\nworkload: [{query: a, every: 1ms}]",
    "chains": "cluster: {nodes: 21000}\n"
    "network: {loss: {model: gilbert_elliott, good_to_bad: 1%, bad_to_good: 9%}}",
}


@pytest.mark.parametrize("kind", LARGE)
def test_a_run_that_no_machine_carries_out_is_refused_unless_it_is_meant(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERFSIM_MEMORY_GIB", "16")
    file = tmp_path / "large.yaml"
    file.write_text(LARGE[kind], encoding="utf-8")
    tune = ("tune", "--minimize", "traffic.bytes_per_node_s")
    for command in (("validate",), ("run",), ("sweep",), ("serve",), tune):
        done = CliRunner().invoke(app, [*command, str(file)])
        assert done.exit_code == 2
        assert ": found a run of some " in done.stderr
        assert "--allow-large" in done.stderr
        assert done.stderr.count("\n") == 1
    assert CliRunner().invoke(app, ["validate", "--allow-large", str(file)]).exit_code == 0
    with pytest.raises(ScenarioError, match="found a run of some"):
        serfsim.run(load(file))


def test_the_shipped_scenarios_and_thousands_of_nodes_are_not_large() -> None:
    for file in shipped().values():
        assert estimate(load(file)).is_within(8 * 2**30)
    assert estimate(Scenario(cluster={"nodes": 5000}, duration="5m")).is_within(8 * 2**30)


@pytest.mark.parametrize(
    ("crashed", "converged", "is_large"),
    [
        (5, True, False),
        ("1%", True, True),
        ([f"node-{i}" for i in range(10, 20)], True, False),
        (5, False, True),
    ],
)
def test_how_large_a_hundred_thousand_are_depends_on_how_many_of_them_change(
    crashed: object, converged: bool, is_large: bool
) -> None:
    cluster = {"nodes": 100_000, "start": {"converged": converged}}
    found = estimate(Scenario(cluster=cluster, duration="45s", faults=[{"crash": crashed}]))
    assert found.is_within(16 * 2**30) != is_large


def refused(scenario: Scenario, at_once: int = 1) -> str:
    with pytest.raises(ScenarioError) as error:
        refuse_large(scenario, "x.yaml", at_once=at_once)
    return str(error.value)


def test_a_cluster_too_large_for_the_memory_is_refused_with_both_figures_and_what_to_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SERFSIM_MEMORY_GIB", "0.5")
    joining = Scenario(cluster={"nodes": 2500}, duration="60s")
    told = refused(joining)
    assert re.search(r"events and 0\.\d+ GiB; expected .* and 0\.5 GiB \(as SERFSIM_MEMORY_GIB says\)", told)
    assert "fewer nodes" in told
    assert "converged: true" in told
    converged = {"nodes": 30_000, "start": {"converged": True}}
    assert "converged: true" not in refused(Scenario(cluster=converged, faults=[{"crash": "1%"}]))
    assert "coordinates" in refused(Scenario(cluster={"nodes": 100}, record={"coordinates": "1ms"}))
    refuse_large(joining, "x.yaml", allowed=True)
    monkeypatch.setenv("SERFSIM_MEMORY_GIB", "2")
    refuse_large(joining, "x.yaml")


def test_runs_of_a_sweep_share_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERFSIM_MEMORY_GIB", "1")
    scenario = Scenario(cluster={"nodes": 2000}, duration="20s")
    refuse_large(scenario, "x.yaml", at_once=1)
    assert "0.25 GiB" in (told := refused(scenario, at_once=4))
    assert "--workers" in told
    with pytest.raises(ScenarioError, match="4 of them at once"):
        serfsim.sweep(scenario, seeds=range(4), workers=4, progress=False)


@pytest.mark.parametrize("given", ["-1", "0", "nan", "inf", "8GiB"])
def test_a_budget_of_memory_that_is_none_is_one_message(given: str, tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text("cluster: {nodes: 3}\nduration: 1s\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["run", str(file)], env={"SERFSIM_MEMORY_GIB": given})
    assert done.exit_code == 2
    assert done.stderr == f"SERFSIM_MEMORY_GIB: found '{given}'; expected a number of GiB above 0\n"


@pytest.mark.parametrize(
    ("groups", "files", "limit"),
    [
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": "5000", "memory.max": "9000"}, 5000.0),
        ("0::/\n", {"memory.max": "7000"}, 7000.0),
        ("3:cpu,memory:/a\n2:pids:/b\n", {"memory/a/memory.limit_in_bytes": "6000"}, 6000.0),
        ("0::/a\n", {"a/memory.max": "max"}, math.inf),
        ("", {}, math.inf),
    ],
)
def test_the_memory_of_a_control_group_is_the_least_of_its_own_and_those_above(
    groups: str, files: dict[str, str], limit: float, tmp_path: Path
) -> None:
    for name, text in {
        "proc/self/cgroup": groups,
        **{f"sys/fs/cgroup/{k}": v for k, v in files.items()},
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert min(memory.of_groups(tmp_path), default=math.inf) == limit


@pytest.mark.parametrize("nodes", [10, 40])
def test_an_estimate_is_right_within_a_factor_of_three(nodes: int) -> None:
    crashes = [{"crash": 1, "every": "5s", "restart": "2s"}]
    scenario = Scenario(cluster={"nodes": nodes}, duration="60s", faults=crashes)
    events = serfsim.run(scenario, progress=lambda share: None).summary["events_processed"]
    assert events / 3 < estimate(scenario).events < events * 3

"""The JSON Schemas say what may be written: all that is right passes, all that is wrong fails."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

import serfsim
from serfsim.base.errors import ScenarioError
from serfsim.cli.app import app
from serfsim.cli.starter import starter
from serfsim.manual.schema import EDITOR_LINE, SCENARIO_URL, SCHEMAS, SITE, keys_in, schema_text
from serfsim.scenario import Scenario
from serfsim.scenario.faults import FAULTS
from serfsim.scenario.library import shipped
from serfsim.scenario.source import Source, read_yaml
from serfsim.scenario.workload import WORKLOAD

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "docs" / "schema"
SCENARIO = Draft202012Validator(SCHEMAS["scenario"]())

RIGHT = {
    "nothing": "{}",
    "named nodes": "cluster: {nodes: [a, {name: b, group: g, version: 0.8, tags: {dc: x}}]}",
    "groups": "cluster: {groups: {g: {nodes: 20%, config: {suspicion_mult: 6}, processing_delay: 5ms}}}",
    "a mapping without a model": "network: {topology: {size: 5ms, height: 1ms..2ms, rtt: 3ms}}",
    "a model by its name": "network: {topology: line, jitter: none, loss: 5%}",
    "no jitter": "network: {jitter: null}",
    "a chain of loss": "network: {loss: {model: gilbert_elliott, good_to_bad: 1%, bad_to_good: 0.3}}",
    "loss of each": "network: {loss: {udp: 0.1, pairs: [{between: [a, b], tcp: 2%}]}, bandwidth: 10Mbps}",
    "a generated graph": "network: {topology: {model: graph, generator: {model: waxman, alpha: 0.5}}}",
    "links": "network: {topology: {model: graph, edges: [[a, b, 5ms], [b, 3, 1m30s, 2%]]}}",
    "a cloud": "network: {topology: {model: cloud, regions: all, place: {node-00: 1, rest: x}}}",
    "settled": "warm_up: settled\nrecord: {coordinates: none, packets: pcapng}",
    "a share of the nodes": "faults: [{pause: 20%, at: 1m, for: 5s, every: 1m, times: 3}]",
    "sides": "faults: [{partition: [[a, b], rest], for: 1m}, {partition: [50%, 3]}]",
    "pairs": "faults: [{block: tcp, between: [[a, b], [c, d]], one_way: true}]",
    "added loss": "faults: [{loss: {udp: 30%}, nodes: all}, {loss: 3%, nodes: [all]}]",
    "a claim of a type": "claims: ['traffic.by_type.udp_ping.bytes_per_node_s < 5e3']",
    "a claim in ms": "claims: ['coordinates.absolute_error_ms.p90<0.7ms', 'detection.query_accuracy > 99%']",
    "sizes": "network: {mtu: 9000, tcp: {mss: 1KiB}}\nworkload: [{event: 'a b', payload: 100B}]",
    "networks": "cluster: {config: {cidrs_allowed: [10.0.0.0/8], suspicion_mult: 2}}",
}

WRONG = {
    "an unknown key": "claim: []",
    "an unknown key of the cluster": "cluster: {node: 3}",
    "an unknown setting": "cluster: {config: {suspicion_multi: 4}}",
    "an unknown setting of a group": "cluster: {groups: {g: {config: {gossip: 4}}}}",
    "an unknown key of a node": "cluster: {nodes: [{name: a, tag: {}}]}",
    "a list for the whole": "[]",
    "a number for the cluster": "cluster: 30",
    "no nodes": "cluster: {nodes: 0}",
    "too many nodes": "cluster: {nodes: 100001}",
    "half a node": "cluster: {nodes: 2.5}",
    "nodes as text": "cluster: {nodes: many}",
    "a reserved name": "cluster: {nodes: [all, b]}",
    "a name with a space": "cluster: {nodes: ['node 1']}",
    "an unknown profile": "cluster: {profile: moon}",
    "an unknown release": "cluster: {version: 1.0}",
    "a tag that is a number": "cluster: {tags: {dc: 1}}",
    "a duration without a unit": "duration: 60",
    "a duration without a unit in quotes": "duration: '60'",
    "a duration of nothing": "duration: 0s",
    "a negative duration": "cluster: {start: {spread: -1s}}",
    "a unit that is none": "warm_up: 3 parsecs",
    "a seed as text": "seed: one",
    "a negative seed": "seed: -1",
    "a name that is no folder": "name: a/b",
    "a switch as text": "cluster: {start: {converged: 'yes'}}",
    "a switch as a number": "cluster: {config: {disable_tcp_pings: 1}}",
    "a setting below its bound": "cluster: {config: {suspicion_mult: 0}}",
    "a setting that is a fraction": "cluster: {config: {suspicion_mult: 2.5}}",
    "a setting without a unit": "cluster: {config: {probe_interval: 1}}",
    "an address without a port": "cluster: {config: {rpc_addr: 5}}",
    "an unknown topology": "network: {topology: {model: sphere}}",
    "an unknown topology by name": "network: {topology: sphere}",
    "a key of another topology": "network: {topology: {model: line, size: 5ms}}",
    "a jitter without its keys": "network: {jitter: {model: uniform}}",
    "a jitter without a model": "network: {jitter: {mean: 5ms}}",
    "a share above 1": "network: {loss: 5}",
    "a share in words": "network: {loss: {udp: half}}",
    "a chain that lacks a key": "network: {loss: {model: gilbert_elliott, good_to_bad: 1%}}",
    "a bandwidth without a unit": "network: {bandwidth: 100}",
    "an mtu that is too small": "network: {mtu: 20}",
    "a link of two": "network: {topology: {model: graph, edges: [[a, b]]}}",
    "an unknown unit of a matrix": "network: {topology: {model: matrix, file: m.csv, unit: min}}",
    "an unknown verb": "faults: [{blocks: udp, nodes: [a]}]",
    "no verb": "faults: [{at: 5s}]",
    "two verbs": "faults: [{crash: [a], pause: [b]}]",
    "a verb of the workload": "faults: [{event: deploy}]",
    "a fault that is a word": "faults: [crash]",
    "faults as a mapping": "faults: {crash: [a]}",
    "a key of another fault": "faults: [{crash: [a], nodes: [b]}]",
    "a key that is missing": "faults: [{upgrade: all}]",
    "an unknown transport": "faults: [{block: icmp, nodes: [a]}]",
    "a block of nobody": "faults: [{block: udp}]",
    "one side": "faults: [{partition: [[a, b]], for: 1m}]",
    "a pair of three": "faults: [{block: udp, between: [[a, b, c]]}]",
    "times without every": "faults: [{pause: [a], for: 1s, times: 3}]",
    "a fraction of a time": "faults: [{pause: [a], for: 1s, every: 5s, times: 1.5}]",
    "a fault of the workload": "workload: [{crash: [a]}]",
    "an event without a name": "workload: [{event: '', at: 5s}]",
    "a payload that is too large": "workload: [{event: a, payload: 70000}]",
    "a size with a strange unit": "workload: [{event: a, payload: 3 furlongs}]",
    "a claim of an unknown figure": "claims: [detection.false_positive == 0]",
    "a claim without a number": "claims: [detection.false_positives]",
    "a claim that assigns": "claims: ['detection.false_positives = 0']",
    "an unknown capture": "record: {packets: everything}",
}


def read(text: str) -> Any:
    return read_yaml(text, Source("f.yaml"))


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_schema_is_valid_and_the_published_one_is_fresh(kind: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[kind]())
    published = (PUBLISHED / f"{kind}.schema.json").read_text(encoding="utf-8")
    assert published == schema_text(kind), f"serfsim schema {kind} > docs/schema/{kind}.schema.json"


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_key_of_a_schema_has_a_description(kind: str) -> None:
    schema = SCHEMAS[kind]()
    assert [(part, key) for part, key, value in keys_in(schema) if not value.get("description")] == []


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_scenario_is_right_and_names_the_schema(name: str) -> None:
    text = shipped()[name].read_text(encoding="utf-8")
    assert list(SCENARIO.iter_errors(read(text))) == []
    assert text.startswith(f"{EDITOR_LINE}\n")


@pytest.mark.parametrize("kind", RIGHT)
def test_what_may_be_written_is_right(kind: str) -> None:
    assert list(SCENARIO.iter_errors(read(RIGHT[kind]))) == []


@pytest.mark.parametrize("entry", [*FAULTS.values(), *WORKLOAD.values()], ids=lambda entry: entry.verb)
def test_the_example_of_a_verb_is_right(entry: Any) -> None:
    section = "faults" if entry.verb in FAULTS else "workload"
    assert list(SCENARIO.iter_errors({section: [read(entry.example)]})) == []


@pytest.mark.parametrize("name", shipped())
def test_a_scenario_written_out_is_right(name: str) -> None:
    written = serfsim.load(name).to_yaml()
    assert list(SCENARIO.iter_errors(read(written))) == []


@pytest.mark.parametrize("kind", WRONG)
def test_what_a_scenario_refuses_the_schema_refuses(kind: str) -> None:
    data = read(WRONG[kind])
    assert list(SCENARIO.iter_errors(data)) != []
    if isinstance(data, dict):
        with pytest.raises(ScenarioError):
            Scenario(**data)


def test_there_are_at_least_fifty_wrong_ones() -> None:
    assert len(WRONG) >= 50


def test_the_starter_is_right_and_names_the_schema() -> None:
    text = starter("mine")
    assert list(SCENARIO.iter_errors(read(text))) == []
    assert text.startswith(f"{EDITOR_LINE}\n")


def test_the_schema_is_published_with_the_manual() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["urls"]["Documentation"] == SITE
    assert f"{SITE}scenario.schema.json" == SCENARIO_URL


def test_the_summary_of_a_run_follows_its_schema(tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "cluster": {"nodes": 6},
        "duration": "20s",
        "faults": [{"crash": ["node-03"], "at": "2s"}],
        "claims": ["detection.missed == 0"],
    }
    folder = serfsim.run(Scenario(**given)).save(tmp_path / "r", figures=False)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert list(Draft202012Validator(SCHEMAS["summary"]()).iter_errors(summary)) == []
    summary["detection"]["missd"] = 0
    assert list(Draft202012Validator(SCHEMAS["summary"]()).iter_errors(summary)) != []


def test_the_document_of_a_sweep_follows_its_schema(tmp_path: Path) -> None:
    small: dict[str, Any] = {"cluster": {"nodes": 3}, "duration": "5s"}
    serfsim.sweep(Scenario(**small), {"cluster.nodes": [3, 4]}, seeds=[1], out=tmp_path / "s", workers=1)
    document = json.loads((tmp_path / "s" / "sweep.json").read_text(encoding="utf-8"))
    assert list(Draft202012Validator(SCHEMAS["sweep"]()).iter_errors(document)) == []
    assert list(Draft202012Validator(SCHEMAS["sweep"]()).iter_errors({**document, "seeds": 3})) != []


def test_the_command_prints_a_schema_and_names_the_nearest_kind() -> None:
    assert json.loads(CliRunner().invoke(app, ["schema"]).stdout)["$id"] == SCENARIO_URL
    assert CliRunner().invoke(app, ["schema", "summary"]).stdout == schema_text("summary")
    done = CliRunner().invoke(app, ["schema", "summaries"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "summary" in done.stderr

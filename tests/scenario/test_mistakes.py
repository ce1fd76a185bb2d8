"""Every kind of bad input gives one message that says where, what and what instead."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from serfsim.base.errors import ScenarioError
from serfsim.scenario import Scenario, load, loads
from serfsim.scenario.problems import MOST_LINES, ScenarioProblems

MISTAKES = {
    "a key of another length": (
        "cluster:\n  keyring:\n  - AQEBAQEBAQEBAQEBAQEBAQ==\n  - AQEB\n",
        "f.yaml:4: cluster.keyring[1]: found a key of 3 bytes; ",
        "a key of 16, 24 or 32 bytes in base64",
    ),
    "a key that is not base64": (
        "cluster:\n  config: {encrypt_key: 'not base64!'}\n",
        "f.yaml:2: cluster.config.encrypt_key: found what is not base64; ",
        "a key of 16, 24 or 32 bytes in base64",
    ),
    "a key to install that is too short": (
        "cluster: {nodes: 3}\nworkload:\n- {keys: {install: AQEB}}\n",
        "f.yaml:3: workload[0].keys.install: found a key of 3 bytes; ",
        "a key of 16, 24 or 32 bytes in base64",
    ),
    "an unknown thread that resumes first": (
        "cluster: {nodes: 3}\nfaults:\n- {stall: 1, resume_first: prober}\n",
        "f.yaml:3: faults[0].resume_first: found 'prober'; ",
        "did you mean probe?",
    ),
    "two changes of keys at once": (
        "workload:\n- keys: {use: AQEBAQEBAQEBAQEBAQEBAQ==, remove: AQEBAQEBAQEBAQEBAQEBAQ==}\n",
        "f.yaml:2: workload[0].keys: found `use` and `remove`; ",
        "`list`, or a mapping with one of install, use or remove",
    ),
    "keys in two places": (
        "cluster:\n  keyring: []\n  config: {encrypt_key: AQEBAQEBAQEBAQEBAQEBAQ==}\n",
        "f.yaml:2: cluster.keyring: found `config.encrypt_key` beside `keyring`; ",
        "only one of them",
    ),
    "keys beside the overhead of keys": (
        "cluster:\n  keyring: [AQEBAQEBAQEBAQEBAQEBAQ==]\n  config: {encryption_overhead: 29}\n",
        "f.yaml:3: cluster.config.encryption_overhead: found encryption_overhead for node-00, ",
        "one of them",
    ),
    "a label that is too long": (
        f"cluster:\n  version: latest\n  label: {'é' * 128}\n",
        "f.yaml:3: cluster.label: found a label of 256 bytes; ",
        "at most 255 bytes",
    ),
    "a label of a release without labels": (
        "cluster:\n  nodes: 3\n  groups: {old: {nodes: 1, label: east}}\n",
        "f.yaml:3: cluster.groups.old.label: found label 'east' for node-02, which runs 0.9; ",
        "memberlist 0.3.0 or later",
    ),
    "a label lost by a downgrade": (
        "cluster: {version: latest, label: east}\nfaults:\n- {upgrade: all, to: 0.9, at: 5s}\n",
        "f.yaml:3: faults[0].to: found label 'east' for node-00, which runs 0.9; ",
        "memberlist 0.3.0 or later",
    ),
    "nothing to reconfigure": (
        "faults:\n- {reconfigure: all, at: 5s}\n",
        "f.yaml:2: faults[0]: found nothing that differs; ",
        "`config`, `keyring` or `label`",
    ),
    "a duration longer than any run": (
        "seed: 1\nduration: 99999999h\n",
        "f.yaml:2: duration: found '99999999h'; ",
        "at most a year, 365d",
    ),
    "an infinite duration": ("duration: .inf\n", "f.yaml:1: duration: found inf; ", "such as '500ms'"),
    "a number of nodes with a fraction": (
        "cluster:\n  nodes: 3.5\n",
        "f.yaml:2: cluster.nodes: found 3.5; ",
        "a whole number of nodes",
    ),
    "more nodes than can be": (
        "cluster: {nodes: 100000000000}\n",
        "f.yaml:1: cluster.nodes: found 100000000000; ",
        "between 1 and 100000 nodes",
    ),
    "bytes that no text has": ("seed: \0 1\n", "f.yaml: not valid YAML: ", "unacceptable character"),
    "a mapping of faults": (
        "faults: {crash: [node-01]}\n",
        "f.yaml:1: faults: found a mapping with crash; ",
        "a list",
    ),
    "text for a seed": ("seed: one\n", "f.yaml:1: seed: found 'one'; ", "a whole number"),
    "a seed that no generator takes": (
        "seed: 99999999999999999999\n",
        "f.yaml:1: seed: found ",
        "at most 92",
    ),
    "a mistake behind Windows line ends": (
        "seed: 1\r\ndurration: 5s\r\n",
        "f.yaml:2: durration: ",
        "did you mean duration?",
    ),
    "an unknown key": (
        "seed: 1\nclustre: {nodes: 3}\n",
        "f.yaml:2: clustre: found an unknown key; ",
        "did you mean cluster?",
    ),
    "an unknown setting": (
        "cluster:\n  config:\n    probe_intervall: 1s\n",
        "f.yaml:3: cluster.config.probe_intervall: ",
        "did you mean probe_interval?",
    ),
    "a setting in Go's spelling": (
        "cluster: {config: {SuspicionMult: 3}}\n",
        "f.yaml:1: cluster.config.SuspicionMult: ",
        "did you mean suspicion_mult?",
    ),
    "a missing unit": ("duration: 90\n", "f.yaml:1: duration: found 90; ", "write '90s'"),
    "a missing unit deep inside": (
        "faults:\n  - crash: [node-01]\n    at: 5\n",
        "f.yaml:3: faults[0].at: found 5; ",
        "write '5s'",
    ),
    "a negative duration": ("warm_up: -5s\n", "f.yaml:1: warm_up: found '-5s'; ", "not negative"),
    "a duration of nothing": ("duration: 0s\n", "f.yaml:1: duration: found '0s'; ", "more than nothing"),
    "an unknown node": (
        "faults:\n\n- {crash: [node-7]}\n",
        "f.yaml:3: faults[0].crash[0]: found 'node-7'; ",
        "did you mean node-07?",
    ),
    "an unknown group": (
        "cluster: {groups: {slow: {nodes: 2}}}\nfaults:\n- {pause: slov, for: 1s}\n",
        "f.yaml:3: faults[0].pause[0]: found 'slov'; ",
        "did you mean slow?",
    ),
    "an unknown end of a pair": (
        "faults:\n- {block: udp, between: [[node-01, nod-02]]}\n",
        "f.yaml:2: faults[0].between[0][1]: found 'nod-02'; ",
        "did you mean node-02?",
    ),
    "an unknown sender": (
        "workload:\n- {event: x, from: node-99}\n",
        "f.yaml:2: workload[0].from: found 'node-99'; ",
        "expected a node",
    ),
    "an unknown node to join": (
        "cluster:\n  start: {join: frist}\n",
        "f.yaml:2: cluster.start.join: found 'frist'; ",
        "did you mean first?",
    ),
    "a partition that names a node twice": (
        "faults:\n- {partition: [[node-01, node-02], [node-02]]}\n",
        "f.yaml:2: faults[0].partition[1][0]: found 'node-02' twice",
        "at most once",
    ),
    "a partition that names a node and its group": (
        "cluster: {groups: {g: {nodes: [node-02]}}}\nfaults:\n- {partition: [[g], [node-02]]}\n",
        "f.yaml:3: faults[0].partition[1][0]: found 'node-02' twice",
        "at most once",
    ),
    "a partition of one side": (
        "faults: [{partition: [[node-01]]}]\n",
        "f.yaml:1: faults[0].partition: found a list of 1; ",
        "at least two sides",
    ),
    "more nodes than there are": (
        "cluster: {nodes: 3}\nfaults: [{pause: 4, for: 1s}]\n",
        "f.yaml:2: faults[0].pause: found 4; ",
        "at most the 3 nodes",
    ),
    "groups that are too large": (
        "cluster:\n  nodes: 3\n  groups: {a: {nodes: 2}, b: {nodes: 2}}\n",
        "f.yaml:3: cluster.groups: found 4 nodes in groups; ",
        "at most the 3 nodes",
    ),
    "a node in two groups": (
        "cluster:\n  groups:\n    a: {nodes: [node-01]}\n    b: {nodes: [node-01]}\n",
        "f.yaml:4: cluster.groups.b.nodes[0]: found 'node-01', which is in group 'a'",
        "no other group",
    ),
    "two nodes of one name at one address": (
        "cluster:\n  nodes: [{name: a, address: 10.0.9.9}, {name: a, address: 10.0.9.9}]\n",
        "f.yaml:2: cluster.nodes[1].name: found 'a' at 10.0.9.9, which is nodes[0] too",
        "a name or an `address` of its own",
    ),
    "one of several nodes without its address": (
        "cluster: {nodes: [{name: a}, {name: a}]}\nworkload: [{event: x, from: a, at: 1s}]\n",
        "f.yaml:2: workload[0].from: found 'a'",
        "a@10.0.0.1",
    ),
    "no address": (
        "cluster:\n  nodes: [{name: a, address: 10.0.9.300}, b]\n",
        "f.yaml:2: cluster.nodes[0].address: found '10.0.9.300'",
        "an IPv4 address such as 10.0.9.9",
    ),
    "an address that no host can have": (
        "cluster:\n  nodes: [{name: a, address: 224.0.0.1}, b]\n",
        "f.yaml:2: cluster.nodes[0].address: found '224.0.0.1'",
        "an address that one host can have",
    ),
    "a port out of range": (
        "cluster:\n  nodes: [{name: a, address: '10.0.9.9:70000'}, b]\n",
        "f.yaml:2: cluster.nodes[0].address: found the port '70000' in '10.0.9.9:70000'",
        "a port from 1 to 65535",
    ),
    "an advertised address of another family": (
        "cluster:\n  nodes: [{name: a, advertise: 'fd00::1'}, b]\n",
        "f.yaml:2: cluster.nodes[0].advertise: found the IPv6 address 'fd00::1'",
        "the simulated network is IPv4",
    ),
    "an address of another member": (
        "cluster:\n  nodes: [a, {name: b, address: 10.0.0.1}]\n",
        "f.yaml:2: cluster.nodes[1]: found 10.0.0.1 for b, where a runs",
        "an address that no running member has",
    ),
    "a restart at the address of a running member": (
        "cluster: {nodes: 3}\nfaults:\n  - {crash: [node-02], at: 9s, restart: 1s, address: 10.0.0.1}\n",
        "f.yaml:3: faults[0].address: found 10.0.0.1 for node-02 at 10 s, where node-00 runs",
        "an address that no running member has",
    ),
    "fewer addresses than members": (
        "cluster: {nodes: 4, groups: {web: {nodes: 3, address: 10.0.9.1-10.0.9.2}}}\n",
        "f.yaml:1: cluster.groups.web.address: found '10.0.9.1-10.0.9.2', which is 2 addresses",
        "one for each of the 3 members",
    ),
    "one address for two members that restart": (
        "cluster: {nodes: 4}\nfaults: [{move: [node-02, node-03], at: 9s, address: 10.0.9.9}]\n",
        "f.yaml:2: faults[0].address: found '10.0.9.9'",
        "one for each of the 2 members",
    ),
    "a new address without a restart": (
        "cluster: {nodes: 3}\nfaults: [{crash: [node-02], at: 9s, address: 10.0.9.9}]\n",
        "f.yaml:2: faults[0].address: found `address` alone",
        "`restart` beside `address`",
    ),
    "a move to nowhere": (
        "cluster: {nodes: 3}\nfaults: [{move: [node-02], at: 9s}]\n",
        "f.yaml:2: faults[0]: found `move` alone",
        "`address` or `advertise` beside `move`",
    ),
    "an outside address without a NAT": (
        "cluster: {nodes: 4, groups: {web: {nodes: 3, advertise: outside}}}\n",
        "f.yaml:1: cluster.groups.web.advertise: found 'outside' without a NAT",
        "`nat` in its group",
    ),
    "a NAT at the address of a member": (
        "cluster: {nodes: 4, groups: {web: {nodes: 3, nat: {address: 10.0.0.1}}}}\n",
        "f.yaml:1: cluster.groups.web.nat.address: found 10.0.0.1, which is the address of a member outside",
        "an address that nobody else has",
    ),
    "a converged start with several nodes of one name": (
        "cluster: {nodes: [a, b, b], start: {converged: true}}\n",
        "f.yaml:1: cluster.start.converged: found converged with several nodes called 'b'",
        "names of their own",
    ),
    "two starts": (
        "cluster: {nodes: [a, {name: b, start: 3s}], start: {at: [0s, 1s]}}\n",
        "f.yaml:1: cluster.nodes[1].start: found `start` beside cluster.start.at",
        "only one of them",
    ),
    "a group with the name of a node": (
        "cluster:\n  nodes: [a, b]\n  groups: {a: {nodes: [b]}}\n",
        "f.yaml:3: cluster.groups.a: ",
        "a name that no node has",
    ),
    "a node of an undeclared group": (
        "cluster:\n  nodes: [{name: a, group: slw}]\n  groups: {slow: {}}\n",
        "f.yaml:2: cluster.nodes[0].group: found 'slw'; ",
        "did you mean slow?",
    ),
    "no node at all": ("cluster: {nodes: 0}\n", "f.yaml:1: cluster.nodes: found 0; ", "between 1 and"),
    "too few start times": (
        "cluster: {nodes: 3, start: {at: [0s, -1s]}}\n",
        "f.yaml:1: cluster.start.at: found 2 start times; ",
        "each of the 3 nodes",
    ),
    "a fault without a verb": (
        "faults:\n- {blok: udp, nodes: all}\n",
        "f.yaml:2: faults[0]: ",
        "did you mean block?",
    ),
    "a fault with two verbs": (
        "faults:\n- {crash: 1, pause: 1}\n",
        "f.yaml:2: faults[0]: found crash and pause; ",
        "a mapping with one of",
    ),
    "a block of nobody": (
        "faults: [{block: udp}]\n",
        "f.yaml:1: faults[0]: found neither; ",
        "`nodes` or `between`",
    ),
    "nodes and between": (
        "faults: [{block: udp, nodes: all, between: [[node-01, node-02]]}]\n",
        "f.yaml:1: faults[0].between: found both; ",
        "only one of",
    ),
    "for and until": (
        "faults: [{pause: 1, for: 1s, until: 2s}]\n",
        "f.yaml:1: faults[0].until: found both; ",
        "only one of",
    ),
    "an end before the beginning": (
        "faults: [{pause: 1, at: 5s, until: 2s}]\n",
        "f.yaml:1: faults[0].until: ",
        "after `at`, 5s",
    ),
    "a repetition without an end": (
        "faults: [{pause: 1, every: 5s}]\n",
        "f.yaml:1: faults[0].every: found `every` alone; ",
        "`for` beside `every`",
    ),
    "times without every": (
        "faults: [{crash: 1, times: 5}]\n",
        "f.yaml:1: faults[0].times: ",
        "`every` beside `times`",
    ),
    "a transport that is none": (
        "faults: [{block: upd, nodes: all}]\n",
        "f.yaml:1: faults[0].block: found 'upd'; ",
        "did you mean udp?",
    ),
    "a share above one": (
        "network: {loss: {udp: 5}}\n",
        "f.yaml:1: network.loss.udp: found 5; ",
        "did you mean '5%'?",
    ),
    "an unknown topology": (
        "network:\n  topology:\n    model: plain\n",
        "f.yaml:3: network.topology.model: found 'plain'; ",
        "did you mean plane?",
    ),
    "a place that is none": (
        "network:\n  topology: {model: cloud, place: {rest: 1.5}}\n",
        "f.yaml:2: network.topology.place.rest: found 1.5; ",
        "expected the name of a place",
    ),
    "a key of another topology": (
        "network:\n  topology: {model: line, size: 3ms}\n",
        "f.yaml:2: network.topology.size: found an unknown key; ",
        "model or spacing",
    ),
    "a matrix without a file": (
        "network: {topology: matrix}\n",
        "f.yaml:1: network.topology: found nothing; ",
        "expected one of `file`, `data`",
    ),
    "a matrix file that is not there": (
        "network:\n  topology:\n    model: matrix\n    file: none.csv\n",
        "f.yaml:4: network.topology.file: found ",
        "which is not there; expected a file",
    ),
    "a grid without room": (
        "network: {topology: {model: grid, side: 5}}\n",
        "f.yaml:1: network.topology.side: found 5, room for 25 nodes; ",
        "room for the 30 nodes",
    ),
    "an unknown figure": (
        "claims:\n- detection.flaps == 0\n- detection.false_positivs == 0\n",
        "f.yaml:3: claims[1]: found 'detection.false_positivs'; ",
        "did you mean detection.false_positives?",
    ),
    "a claim that is none": (
        "claims: [all is well]\n",
        "f.yaml:1: claims[0]: found 'all is well'; ",
        "a claim such as",
    ),
    "a unit that a figure has not": (
        "claims: [detection.flaps < 3s]\n",
        "f.yaml:1: claims[0]: found '3s'; ",
        "without a unit of time",
    ),
    "an unknown profile": (
        "cluster: {profile: lann}\n",
        "f.yaml:1: cluster.profile: found 'lann'; ",
        "did you mean lan?",
    ),
    "an unknown version": (
        "cluster: {version: 0.95}\n",
        "f.yaml:1: cluster.version: found 0.95; ",
        "the nearest are 0.10.1 or 0.10.2",
    ),
    "a name that is no folder": ("name: ../x\n", "f.yaml:1: name: found '../x'; ", "can be a folder"),
    "a section that is no mapping": (
        "cluster: 30\n",
        "f.yaml:1: cluster: found 30; ",
        "expected a mapping",
    ),
    "a list that is none": (
        "faults: {crash: 1}\n",
        "f.yaml:1: faults: found a mapping with crash; ",
        "expected a list",
    ),
    "text for a number": (
        "cluster: {config: {suspicion_mult: '4'}}\n",
        "f.yaml:1: cluster.config.suspicion_mult: found '4'; ",
        "a whole number",
    ),
    "a number for text": ("question: 42\n", "f.yaml:1: question: found 42; ", "expected text"),
    "a number for a switch": (
        "cluster: {config: {disable_tcp_pings: 1}}\n",
        "f.yaml:1: cluster.config.disable_tcp_pings: found 1; ",
        "true or false",
    ),
    "a network that is none": (
        "cluster: {config: {cidrs_allowed: [10.0.0.0/99]}}\n",
        "f.yaml:1: cluster.config.cidrs_allowed[0]: found '10.0.0.0/99'; ",
        "a network such as",
    ),
    "an unused seed": ("seed: -1\n", "f.yaml:1: seed: found -1; ", "at least 0"),
    "a doubled key": (
        "seed: 1\nname: a\nseed: 2\n",
        "f.yaml:3: seed: found 'seed' twice (first on line 1); ",
        "each key once",
    ),
    "a bracket left open": (
        "seed: 1\nfaults: [\n",
        "f.yaml:3: not valid YAML: ",
        "expected the node content",
    ),
    "a tab for indentation": (
        "cluster:\n\tnodes: 3\n",
        "f.yaml:2: not valid YAML: ",
        "cannot start any token",
    ),
    "a tag of a program's own": (
        "seed: !!python/object:os.system x\n",
        "f.yaml:1: seed: found the tag ",
        "a plain value",
    ),
    "two documents": ("seed: 1\n---\nseed: 2\n", "f.yaml:2: not valid YAML: ", "another document"),
    "an alias of itself": ("cluster: &a\n  tags: *a\n", "f.yaml:1: ", "found an endless nesting"),
    "a list for a scenario": (
        "- 1\n",
        "f.yaml:1: found a list of 1; ",
        "a mapping such as {cluster: {nodes: 30}}",
    ),
    "an empty file": ("# nothing\n", "f.yaml:1: found nothing; ", "a mapping such as"),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_each_mistake_is_one_line_with_file_line_path_and_advice(kind: str) -> None:
    text, beginning, advice = MISTAKES[kind]
    with pytest.raises(ScenarioError) as caught:
        loads(text, "f.yaml")
    message = str(caught.value)
    assert message.startswith(beginning)
    assert advice in message
    assert len(message.splitlines()) == 1


def test_all_mistakes_are_told_at_once_in_at_most_ten_lines() -> None:
    faults = "".join(f"- {{crash: [n{i}]}}\n" for i in range(25))
    with pytest.raises(ScenarioProblems) as caught:
        loads(f"faults:\n{faults}", "f.yaml")
    lines = str(caught.value).splitlines()
    assert len(lines) == MOST_LINES
    assert lines[0].startswith("f.yaml:2: faults[0].crash[0]: ")
    assert lines[8].startswith("f.yaml:10: faults[8].crash[0]: ")
    assert lines[9] == "... and 16 more mistakes"
    assert len(caught.value.problems) == 25


def test_keywords_in_python_are_checked_like_a_file_and_the_error_says_the_path() -> None:
    with pytest.raises(
        ScenarioError,
        match=r"^cluster\.nodes\[1\]\.config\.probe_timeot: found an unknown key; .*probe_timeout",
    ):
        Scenario(cluster={"nodes": [{"name": "a"}, {"name": "b", "config": {"probe_timeot": "1s"}}]})


def test_the_error_survives_the_way_between_processes() -> None:
    with pytest.raises(ScenarioProblems) as caught:
        Scenario(seed=-1)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.problems) == (str(caught.value), caught.value.problems)


def test_a_missing_file_is_answered_with_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "crash.yaml").write_text("seed: 1\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"crush\.yaml: no such file; did you mean .*crash\.yaml\?$"):
        load(tmp_path / "crush.yaml")


def test_a_misspelt_shipped_scenario_is_answered_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScenarioError, match="did you mean the shipped scenario udp_blocked"):
        load("udp_bloked")


def test_a_folder_and_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="found a folder; expected a scenario file"):
        load(tmp_path)
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(ScenarioError, match="no UTF-8 text"):
        load(tmp_path / "x.yaml")

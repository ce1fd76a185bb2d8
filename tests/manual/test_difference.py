"""`serfsim diff` tells what differs in effect, and nothing of what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import serfsim
from serfsim.cli.app import app
from serfsim.manual.difference import differences
from serfsim.scenario import Scenario
from serfsim.scenario.library import shipped
from serfsim.scenario.loading import loads


def told(first: str, second: str) -> list[str]:
    return [f"{one.path}: {one.first} -> {one.second}" for one in differences(loads(first), loads(second))]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("{}", "{name: other, question: why}"),
        ("{}", "duration: 300s\nseed: 1"),
        ("cluster: {nodes: 3}", "cluster: {nodes: [node-00, node-01, node-02]}"),
        ("cluster: {profile: lan}", "cluster: {config: {suspicion_mult: 4, probe_timeout: 500ms}}"),
        ("network: {loss: 5%}", "network: {loss: {udp: 0.05, tcp: 5%}}"),
        (
            "claims: [detection.missed == 0, detection.flaps < 3]",
            "claims: [detection.flaps < 3, detection.missed == 0]",
        ),
        ("faults: [{pause: 2, at: 60s, for: 5s}]", "faults: [{for: 5000ms, pause: 2, at: 1m}]"),
        (
            "cluster: {nodes: [a, {name: b, config: {suspicion_mult: 6}}]}",
            "cluster: {nodes: [{name: a}, {name: b, config: {suspicion_mult: 6, probe_interval: 1s}}]}",
        ),
    ],
)
def test_what_has_no_effect_is_no_difference(first: str, second: str) -> None:
    assert told(first, second) == []


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("{}", "seed: 2", ["seed: 1 -> 2"]),
        ("{}", "warm_up: settled", ["warm_up: 30s -> settled"]),
        ("{}", "cluster: {config: {suspicion_mult: 6}}", ["cluster.config.suspicion_mult: 4 -> 6"]),
        ("{}", "cluster: {config: {probe_interval: 2s}}", ["cluster.config.probe_interval: 1s -> 2s"]),
        ("cluster: {nodes: 3}", "cluster: {nodes: 4}", ["cluster.nodes: 3 -> 4 (node-03)"]),
        ("cluster: {nodes: [a, b]}", "cluster: {nodes: [b, a]}", ["cluster.nodes[0]: a -> b"]),
        (
            "cluster: {nodes: [a, b, c]}",
            "cluster: {nodes: [a, {name: b, config: {suspicion_mult: 6}}, c]}",
            ["cluster.config.suspicion_mult (b): 4 -> 6"],
        ),
        (
            "cluster: {nodes: 3}",
            "cluster: {nodes: 3, groups: {g: {nodes: [node-01], processing_delay: 5ms}}}",
            ["cluster.group (node-01): nothing -> g", "cluster.processing_delay (node-01): 400us -> 5ms"],
        ),
        (
            "cluster: {nodes: 3}",
            "cluster: {nodes: 3, groups: {g: {nodes: [node-01], bandwidth: 1mbit, jitter: {model: none}}}}",
            [
                "cluster.group (node-01): nothing -> g",
                "cluster.bandwidth (node-01): nothing -> 1mbit",
                "cluster.jitter (node-01): nothing -> {model: none}",
            ],
        ),
        ("{}", "cluster: {start: {join: all}}", ["cluster.start.join: first -> all"]),
        ("{}", "cluster: {push_pull_time: 5ms}", ["cluster.push_pull_time: 1.2ms -> 5ms"]),
        ("{}", "network: {loss: {udp: 5%}}", ["network.loss.udp: 0% -> 5%"]),
        (
            "network: {topology: {model: line}}",
            "network: {topology: {model: circle}}",
            ["network.topology: {model: line, spacing: 10ms} -> {model: circle, radius: 100ms}"],
        ),
        ("{}", "record: {coordinates: none}", ["record.coordinates: 5s -> none"]),
        ("claims: [detection.missed == 0]", "{}", ["claims: detection.missed == 0 -> nothing"]),
        (
            "faults: [{crash: [node-01], at: 5s}]",
            "faults: [{crash: [node-02], at: 5s}]",
            ["faults[0].crash: [node-01] -> [node-02]"],
        ),
    ],
)
def test_a_difference_is_told_with_its_path_and_both_values(
    first: str, second: str, expected: list[str]
) -> None:
    assert told(first, second) == expected


def test_another_release_differs_in_its_defaults_too() -> None:
    found = told("{}", "cluster: {version: '0.7'}")
    assert "cluster.version: 0.9 -> 0.7" in found
    assert "cluster.config.suspicion_mult: 4 -> 5" in found


def test_another_profile_of_a_group_differs_in_its_defaults_and_survives_being_written_out() -> None:
    second = "cluster: {groups: {g: {nodes: 3, profile: wan}}, config: {probe_timeout: 600ms}}"
    found = told("cluster: {groups: {g: {nodes: 3}}, config: {probe_timeout: 600ms}}", second)
    assert "cluster.config.probe_interval (node-27, node-28 and node-29): 1s -> 5s" in found
    assert not [line for line in found if "probe_timeout" in line]
    assert told(second, loads(second).to_yaml()) == []


@pytest.mark.parametrize("name", shipped())
def test_a_scenario_does_not_differ_from_itself_written_out(name: str) -> None:
    scenario = serfsim.load(name)
    assert differences(scenario, loads(scenario.to_yaml())) == []


def test_a_file_with_the_same_content_elsewhere_is_no_difference(tmp_path: Path) -> None:
    scenarios = []
    for folder in ("a", "b", "c"):
        (tmp_path / folder).mkdir()
        content = "0,1\n1,0\n" if folder != "c" else "0,2\n2,0\n"
        (tmp_path / folder / "m.csv").write_text(content, encoding="utf-8")
        file = str(tmp_path / folder / "m.csv")
        given: dict[str, Any] = {
            "cluster": {"nodes": 2},
            "network": {"topology": {"model": "matrix", "file": file}},
        }
        scenarios.append(Scenario(**given))
    assert differences(scenarios[0], scenarios[1]) == []
    assert [one.path for one in differences(scenarios[0], scenarios[2])] == ["network.topology.file"]


def test_the_command_takes_names_files_and_results_and_exits_with_1_where_something_differs(
    tmp_path: Path,
) -> None:
    same = CliRunner().invoke(app, ["diff", "crash", str(shipped()["crash"])])
    assert (same.exit_code, same.stdout) == (0, "")
    small: dict[str, Any] = {"cluster": {"nodes": 3}, "duration": "5s", "warm_up": "5s"}
    folder = serfsim.run(Scenario(**small)).save(tmp_path / "r", figures=False)
    (tmp_path / "other.yaml").write_text("{cluster: {nodes: 3}, duration: 6s, warm_up: 5s}", encoding="utf-8")
    done = CliRunner().invoke(app, ["diff", str(folder), str(tmp_path / "other.yaml")])
    assert (done.exit_code, done.stdout) == (1, "duration: 5s -> 6s\n")
    wrong = CliRunner().invoke(app, ["diff", "crash", str(tmp_path)])
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "scenario.yaml" in wrong.stderr


def test_the_command_docs_prints_where_the_manual_is_and_opens_it(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    shown = CliRunner().invoke(app, ["docs"]).stdout.strip()
    assert shown.startswith("https://") or Path(shown).is_file()
    assert [Path(page).name for page in opened] == [Path(shown).name]
    assert CliRunner().invoke(app, ["docs", "--no-browser"]).stdout.strip() == shown
    assert len(opened) == 1

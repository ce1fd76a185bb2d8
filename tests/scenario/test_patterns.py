"""Ranges, globs and `rest` where a scenario names members."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import serfsim
from serfsim.base.errors import ScenarioError
from serfsim.native import Random
from serfsim.scenario import Scenario, load
from serfsim.scenario.patterns import matching
from serfsim.scenario.selection import select

NAMES = [f"node-{number:02d}" for number in range(20)]


@pytest.mark.parametrize(
    ("pattern", "numbers"),
    [
        ("node-[03..17]", range(3, 18)),
        ("node-[3..17]", range(3, 18)),
        ("node-[18..99]", [18, 19]),
        ("node-[1,4, 7..9]", [1, 4, 7, 8, 9]),
        ("node-0?", range(10)),
        ("*-1*", range(10, 20)),
        ("node-1[2..4]", [12, 13, 14]),
        ("*[5]", [5, 15]),
        ("node-[20..30]", []),
        ("node", []),
    ],
)
def test_a_pattern_matches_whole_names_by_text_and_by_number(pattern: str, numbers: Any) -> None:
    assert matching(pattern, NAMES) == [NAMES[number] for number in numbers]


def test_a_range_between_other_digits_and_words() -> None:
    names = ["rack-1-web9", "rack-2-web10", "rack-2-web11", "rack-12-web10", "rack-2-web10x"]
    assert matching("rack-[1..2]-web[9..10]", names) == ["rack-1-web9", "rack-2-web10"]


def test_a_range_means_the_same_numbers_in_a_larger_cluster() -> None:
    roster = Scenario(cluster={"nodes": 2000}).roster()
    assert roster.named(["node-[03..05]"]) == [3, 4, 5]


def _ways(between: Any, nodes: int = 6) -> Any:
    cluster = {"nodes": nodes, "groups": {"west-a": {"nodes": ["node-00"]}, "west-b": {"nodes": ["node-01"]}}}
    scenario = Scenario(cluster=cluster, faults=[{"block": "udp", "between": between}])
    return scenario.faults[0].prepare(scenario.roster(), Random(1)).ways


def test_rest_is_everybody_but_the_other_end() -> None:
    assert _ways([["node-[00..03]", "rest"]]) == [([0, 1, 2, 3], [4, 5])]
    assert _ways([["rest", "west-*"]]) == [([2, 3, 4, 5], [0, 1])]
    assert _ways(["node-[1..2]", "node-05"]) == [([1, 2], [5])]


def test_patterns_choose_members_wherever_members_are_named() -> None:
    scenario = Scenario(cluster={"nodes": 6}, faults=[{"crash": ["node-[04..09]", "node-0[0]"]}])
    assert select(scenario.faults[0].crash, scenario.roster(), Random(1)) == [0, 4, 5]
    assert "node-[04..09]" in scenario.faults[0].describe()
    assert scenario.with_settings({}) == scenario


def test_a_range_needs_no_quotes_within_brackets(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("cluster: {nodes: 6}\nfaults: [{block: all, between: [[node-[03..04], rest]], at: 1s}]\n")
    assert load(file).faults[0].between == (("node-[03..04]", "rest"),)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("between", "parts"),
    [
        ("[[node-[30..40], rest]]", ["f.yaml:2", "between[0][0]", "matches nobody", "node-00 to node-05"]),
        ("[[node-00, 'web*']]", ["f.yaml:2", "between[0][1]", "matches nobody"]),
        ("[[node-[4..2], rest]]", ["f.yaml:2", "'node-[4..2]'", "low end comes first: [2..4]"]),
        ("[['node-[a..b]', rest]]", ["f.yaml:2", "numbers in brackets"]),
        ("[['node-[1', rest]]", ["f.yaml:2", "'node-[1'", "a pattern such as"]),
        ("[[rest, rest]]", ["f.yaml:2", "'rest' at both"]),
        ("[[all, node-00]]", ["f.yaml:2", "other than the words"]),
    ],
)
def test_a_pattern_that_means_nobody_is_one_message(tmp_path: Path, between: str, parts: list[str]) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(f"cluster: {{nodes: 6}}\nfaults: [{{block: udp, between: {between}, at: 1s}}]\n")
    with pytest.raises(ScenarioError) as caught:
        load(file)
    message = str(caught.value)
    assert all(part in message for part in parts), message
    assert len(message.splitlines()) == 1


def test_losses_between_a_range_and_the_rest_are_those_of_the_pairs_one_by_one() -> None:
    def lost(between: Any) -> str:
        pairs = [{"between": between, "udp": "40%"}]
        result = serfsim.run(
            Scenario(cluster={"nodes": 5}, network={"loss": {"pairs": pairs}}, duration="20s")
        )
        return str(result.summary["digest"])

    pairs = [[a, b] for a in ("node-01", "node-02") for b in ("node-00", "node-03", "node-04")]
    assert lost([["node-[1..2]", "rest"]]) == lost(pairs) != lost([["node-01", "rest"]])

"""What a grid says, and what is said of a grid that says nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from serfsim.base.errors import SweepError
from serfsim.scenario import Scenario
from serfsim.study.sweeps.grid import check_grid, points, read_grid, scenarios


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("cluster.nodes=2,4", [2, 4]),
        ("cluster.config.probe_interval=500ms, 1s", ["500ms", "1s"]),
        ("network.loss.udp=1%,0.05", ["1%", 0.05]),
        ("cluster.config.disable_tcp_pings=true,false", [True, False]),
        ("faults[0].nodes=[a,b],[c]", [["a", "b"], ["c"]]),
        (
            "network.jitter={model: lognormal, sigma: 0.5},none",
            [{"model": "lognormal", "sigma": 0.5}, "none"],
        ),
        ("network.topology='a, b',\"c,d\"", ["a, b", "c,d"]),
        ("network.topology.rtt=5ms..10ms,null", ["5ms..10ms", None]),
    ],
)
def test_values_are_yaml_and_commas_inside_brackets_and_quotes_do_not_part_them(
    text: str, values: list[Any]
) -> None:
    assert read_grid([text]) == {text.partition("=")[0]: values}


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["cluster.nodes"], "--grid cluster.nodes: found 'cluster.nodes'; expected PATH=V1,V2,..."),
        (["cluster.nodes="], "expected PATH=V1,V2,..."),
        (["cluster.nodes=2,,3"], "--grid cluster.nodes=2,,3: not valid YAML"),
        (["cluster.nodes=[2"], "--grid cluster.nodes=[2: not valid YAML"),
        (["cluster.nodes=2", "cluster.nodes=3"], "found cluster.nodes twice; expected each path once"),
        (["cluster.nodes=2,3,2"], "grid cluster.nodes: found 2 twice; expected each value once"),
        (["cluster..nodes=2"], "grid cluster..nodes: found 'cluster..nodes'; expected a path such as"),
        (["seed=1,2"], "grid seed: found the seed; expected it among the seeds"),
    ],
)
def test_a_grid_that_cannot_be_read_is_refused(texts: list[str], words: str) -> None:
    with pytest.raises(SweepError) as raised:
        read_grid(texts)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        (
            {"cluster.config.suspicion_mlt": [2]},
            "grid cluster.config.suspicion_mlt=2: cluster.config.suspicion_mlt: found an unknown key;"
            " expected one of the",
        ),
        ({"cluster.config.suspicion_mlt": [2]}, "did you mean suspicion_mult?"),
        (
            {"cluster.nodes": [4], "cluster.config.suspicion_mult": [2, "much"]},
            "grid cluster.config.suspicion_mult=much: cluster.config.suspicion_mult: found 'much';"
            " expected a whole number",
        ),
        ({"cluster.nodes": [4, 2]}, "grid cluster.nodes=2: faults[0].crash[0]: found 'node-03'"),
        ({"faults[7].at": ["1s"]}, "grid faults[7].at=1s: faults: found [7]; expected an index from 0 to 0"),
        ({"cluster.config.probe_interval": [1]}, "expected a duration with a unit"),
    ],
)
def test_a_value_that_the_scenario_cannot_take_is_told_with_its_place(
    tiny: Scenario, grid: dict[str, list[Any]], words: str
) -> None:
    with pytest.raises(SweepError) as raised:
        scenarios(tiny, check_grid(grid))
    assert words in str(raised.value)


def test_values_of_python_and_numpy_become_those_of_a_file() -> None:
    grid = check_grid({"network.loss.udp": np.linspace(0, 0.5, 3), "cluster.nodes": (2, np.int64(4))})
    assert grid == {"network.loss.udp": [0.0, 0.25, 0.5], "cluster.nodes": [2, 4]}
    assert all(type(value) is int for value in grid["cluster.nodes"])


@pytest.mark.parametrize("grid", [["cluster.nodes"], "cluster.nodes=3", {3: [1]}])
def test_what_is_no_mapping_of_paths_is_refused(grid: Any) -> None:
    with pytest.raises(SweepError, match=r"^grid: found .*; expected a "):
        check_grid(grid)


@pytest.mark.parametrize("values", ["2,4", b"2", {"a": 1}, 7, [], [object()], {2, 4}, np.array(2)])
def test_what_is_no_list_of_plain_values_is_refused(values: Any) -> None:
    with pytest.raises(SweepError, match=r"^grid cluster\.nodes: found "):
        check_grid({"cluster.nodes": values})


def test_points_come_in_order_the_first_path_changing_slowest() -> None:
    grid = {"a": [2, 1], "b": ["x", "y"]}
    assert [tuple(point.values()) for point in points(grid)] == [(2, "x"), (2, "y"), (1, "x"), (1, "y")]
    assert points({}) == [{}]

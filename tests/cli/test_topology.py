"""serfsim topology: what it takes, what it prints, and what it says to mistakes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import serfsim

Serfsim = Callable[..., Any]
PNG = b"\x89PNG"


def matrix(path: Path, n: int = 4) -> Path:
    """Round trips on a line, 10 ms from each place to the next."""
    np.savetxt(path, [[10 * abs(i - j) for j in range(n)] for i in range(n)], delimiter=",", fmt="%g")
    return path


def figures(serfsim_in: Serfsim, *arguments: str) -> Any:
    done = serfsim_in("topology", "--json", *arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_a_scenario_is_surveyed_printed_and_drawn(serfsim_in: Serfsim, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "{cluster: {nodes: 6}, network: {topology: random}}", encoding="utf-8"
    )
    done = serfsim_in("topology", "mine.yaml")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("mine: 6 nodes, seed 1\nrandom\n")
    for said in ("Round-trip times", "Asymmetry", "Triangle inequality", "Best static coordinates"):
        assert said in done.stdout
    assert done.stdout.endswith("figure: topology.png\n")
    assert (tmp_path / "topology.png").read_bytes().startswith(PNG)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.yaml", "topology.png"]


def test_a_shipped_scenario_goes_by_its_name_and_takes_nodes_seed_and_settings(serfsim_in: Serfsim) -> None:
    found = figures(
        serfsim_in,
        "vivaldi_plane",
        "--nodes=5",
        "--seed=3",
        "--no-floor",
        "--set",
        "network.topology.size=500ms",
    )
    assert (found["name"], found["seed"], found["report"]["n"]) == ("vivaldi_plane", 3, 5)
    assert found["report"]["rtt_s"]["max"] <= 0.150
    assert found["floor"] is None


def test_a_matrix_has_a_node_at_each_place_and_its_floor_in_figures(
    serfsim_in: Serfsim, tmp_path: Path
) -> None:
    matrix(tmp_path / "m.csv")
    found = figures(serfsim_in, "m.csv")
    assert (found["report"]["n"], found["report"]["rtt_s"]["p50"]) == (4, pytest.approx(0.015))
    assert found["floor"]["least_mean"]["relative_error"]["mean"] < 1e-3
    assert set(found["floor"]["least_median"]["absolute_error_ms"]) == {"p50", "p90", "p99", "mean", "max"}
    in_seconds = figures(serfsim_in, "m.csv", "--set", "network.topology.unit=us", "--no-floor")
    assert in_seconds["report"]["rtt_s"]["p50"] == pytest.approx(15e-6)


def test_slices_over_time_are_told_of_without_a_setting(serfsim_in: Serfsim, tmp_path: Path) -> None:
    apart = 1.0 - np.eye(3)
    np.savez(tmp_path / "m.npz", rtt=np.array([20.0 * apart, 40.0 * apart]))
    found = figures(serfsim_in, "m.npz", "--no-floor")
    assert (found["report"]["slices"], found["report"]["slice_change"]["max"]) == (2, pytest.approx(1.0))
    second = figures(serfsim_in, "m.npz", "--no-floor", "--set", "network.topology.slice=1")
    assert (second["report"]["slices"], second["report"]["rtt_s"]["p50"]) == (1, pytest.approx(0.040))


def test_a_graph_a_backbone_and_a_mapping_are_understood(serfsim_in: Serfsim, tmp_path: Path) -> None:
    (tmp_path / "links.edgelist").write_text("a b 5ms\nb c 5ms\n", encoding="utf-8")
    assert figures(serfsim_in, "links.edgelist", "--no-floor")["report"]["rtt_s"]["max"] == pytest.approx(
        0.020
    )
    assert figures(serfsim_in, "topozoo/Abilene", "--no-floor")["report"]["n"] == 11
    found = figures(serfsim_in, "{model: grid, spacing: 1ms}", "--nodes=4", "--no-floor")
    assert found["report"]["rtt_s"]["min"] == pytest.approx(0.001)


def test_a_result_folder_is_surveyed_with_what_vivaldi_came_to(serfsim_in: Serfsim, tmp_path: Path) -> None:
    run = serfsim.run(serfsim.Scenario(cluster={"nodes": 5}, duration="10s", warm_up="5s"))
    run.save(tmp_path / "result", figures=False)
    found = figures(serfsim_in, "result")
    assert found["vivaldi_relative_error"] == run.summary["coordinates"]["relative_error"]
    done = serfsim_in("topology", "result", "--nodes=3")
    assert (done.exit_code, done.stderr) == (
        2,
        "result: found a result folder; expected no --nodes, --seed or --set for a finished run\n",
    )


@pytest.mark.parametrize(
    ("out", "written"),
    [("plots/net.png", "plots/net.png"), ("there", "there/topology.png")],
)
def test_the_figure_goes_where_it_is_told_to(
    serfsim_in: Serfsim, tmp_path: Path, out: str, written: str
) -> None:
    done = serfsim_in("topology", "{model: line}", "--nodes=3", "--no-floor", "--out", out)
    assert done.exit_code == 0
    assert f"figure: {written}\n" in done.stdout
    assert (tmp_path / written).read_bytes().startswith(PNG)


def test_two_nodes_and_one_are_networks_too(serfsim_in: Serfsim) -> None:
    for nodes in ("1", "2"):
        done = serfsim_in("topology", "{model: line}", "--nodes", nodes)
        assert (done.exit_code, done.stderr) == (0, "")
    assert serfsim_in("topology", "{model: line}", "--nodes=0").exit_code == 2


def test_the_list_names_data_sets_with_their_licences_and_backbones(serfsim_in: Serfsim) -> None:
    done = serfsim_in("topology", "--list")
    assert done.exit_code == 0
    for said in ("planetlab", "seattle", "MIT", "SERFSIM_DATA", "topozoo", "sndlib"):
        assert said in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "FILE: found nothing; expected"),
        (("vivaldi_plan",), "vivaldi_plan: found no such file or name; expected a file, a result folder"),
        (("vivaldi_plan",), "did you mean vivaldi_plane?"),
        (("nowhere.yaml",), "nowhere.yaml: no such file"),
        (("empty",), "empty: not a result folder: it has no summary.json"),
        (("{model: plan}",), "did you mean plane?"),
        (("{model: plane",), "topology"),
        (("zero.csv",), "zero.csv"),
        (("nan.csv",), "expected all, or missing: mirror or missing: median to fill in"),
        (("negative.csv",), "negative.csv:1"),
        (("m.csv", "--nodes=9"), "found 4 places for 9 nodes"),
        (("m.csv", "--set", "network.topology.units=s"), "did you mean unit?"),
        (("m.csv", "--out", "table.csv"), "expected a folder or a .png file"),
        (("m.csv", "--out", "m.csv/net.png", "--no-floor"), "cannot be written"),
    ],
)
def test_mistakes_are_told_in_one_message(
    serfsim_in: Serfsim, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    matrix(tmp_path / "m.csv")
    (tmp_path / "empty").mkdir()
    (tmp_path / "zero.csv").write_text("0,0\n0,0\n", encoding="utf-8")
    (tmp_path / "nan.csv").write_text("0,nan,3\n5,0,3\n1,2,0\n", encoding="utf-8")
    (tmp_path / "negative.csv").write_text("0,-1\n5,0\n", encoding="utf-8")
    done = serfsim_in("topology", *arguments)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "topology.png").exists()

"""`serfsim compare`: two results or two sweeps on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import serfsim
from serfsim.cli.app import app


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results `a`, `b` and sweeps `s`, `t` of a small cluster in which a member crashes."""
    place = tmp_path_factory.mktemp("compared")
    scenario = serfsim.Scenario(
        cluster={"nodes": 5}, duration="20s", warm_up="5s", faults=[{"crash": ["node-03"], "at": "2s"}]
    )
    slower = scenario.with_settings({"cluster.config.suspicion_mult": 8})
    for name, each in (("a", scenario), ("b", slower)):
        serfsim.run(each, seed=1).save(place / name, figures=False)
    for name, each in (("s", scenario), ("t", slower)):
        serfsim.sweep(each, seeds=range(1, 9), out=place / name, workers=1, progress=False)
    return place


def compare(*options: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["compare", *map(str, options)], env={"COLUMNS": "200"})
    return result.exit_code, result.stdout, result.stderr


def test_two_sweeps_give_the_conclusion_first_and_a_table(folders: Path, tmp_path: Path) -> None:
    code, out, err = compare(folders / "s", folders / "t", "--figures", "detection", "--out", tmp_path / "c")
    assert (code, err) == (0, "")
    assert out.startswith("The candidate is worse in ")
    assert "Means over 8 seeds (the same on both sides, paired)" in out
    assert any(line.split()[:1] == ["full_s.mean"] and "worse" in line for line in out.splitlines())
    assert sorted(path.suffix for path in (tmp_path / "c").iterdir()) == [
        *(".csv", ".json", ".json", ".md", ".png")  # one of JSON is the manifest
    ]


def test_two_results_say_that_nodes_and_not_seeds_are_compared(folders: Path) -> None:
    code, out, _ = compare(folders / "a", folders / "b")
    assert code == 0
    assert out.startswith("One run each: ")
    assert compare(folders / "a", folders / "a")[1].startswith("Identical: both runs have the same digest.")


def test_json_is_all_that_is_printed(folders: Path) -> None:
    code, out, _ = compare(folders / "s", folders / "t", "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["kind"], found["paired"], found["identical"]) == ("sweeps", True, False)
    assert {row["figure"] for row in found["figures"]} >= {"detection.full_s.mean"}


def test_bad_input_is_one_message(folders: Path) -> None:
    for options, message in (
        ((folders / "a", folders / "s"), "found a result and a sweep; expected two results or two sweeps"),
        ((folders / "a", folders / "nowhere"), "found no such folder; expected a result or a sweep"),
        (
            (folders / "a", folders / "b", "--figures", "detecton"),
            "expected a figure or a pattern",
        ),
        ((folders / "a", folders / "b", "--confidence", "nine"), "--confidence: found 'nine'"),
    ):
        code, out, err = compare(*options)
        assert (code, out) == (2, ""), message
        assert message in err

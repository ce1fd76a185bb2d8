"""`serfsim tune`: the answer, the exit code, and a sweep that goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import serfsim
from serfsim.cli.app import app

FILE = """
name: small
cluster: {nodes: 5}
duration: 20s
warm_up: 5s
faults: [{crash: [node-03], at: 2s}]
"""
GRID = "cluster.config.suspicion_mult=3,4"
ASKED = ("--subject-to", "detection.false_positives.p50 == 0", "--minimize", "detection.full_s.p99")


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "small.yaml"
    file.write_text(FILE, encoding="utf-8")
    return file


def tune(*options: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["tune", *options])
    return result.exit_code, result.stdout, result.stderr


def test_an_answer_is_told_kept_and_found_again_from_its_runs(scenario: Path) -> None:
    code, out, err = tune(str(scenario), "--grid", GRID, "--seeds", "1-8", "--workers", "1", *ASKED)
    assert (code, err) == (0, "")
    *_, answer, result = out.splitlines()
    assert result == "result: results/small-tuning"
    assert answer.startswith("suspicion_mult 3 has the lowest detection.full_s.p99 of the settings that keep")
    kept = json.loads(Path("results/small-tuning/tuning.json").read_text())
    assert (kept["answer"], kept["status"]) == (answer, "found")
    again, out, _ = tune("results/small-tuning/sweep", *ASKED, "--json", "--out", "again")
    assert again == 0
    assert json.loads(out)["settings"] == kept["settings"]


def test_more_seeds_are_asked_for_with_exit_code_1(scenario: Path) -> None:
    strict = ("--subject-to", "detection.false_positives.p95 == 0", "--minimize", "detection.full_s.p99")
    code, out, _ = tune(str(scenario), "--seeds", "1-3", "--workers", "1", "-q", *strict)
    assert code == 1
    assert out.startswith("Undecided: no setting tried is shown to keep detection.false_positives.p95 == 0")
    assert "56 more seeds like these (59 in all) would decide" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "minimize, maximize: found neither"),
        (("--minimize", "detection.ful_s.p99"), "did you mean detection.full_s.p99?"),
        ((*ASKED, "--confidence", "95"), "--confidence: found '95'"),
        ((*ASKED, "--confidence", "100%"), "expected a share above 0 and below 100 %"),
        ((*ASKED, "--judge", "fairly"), "judge: found 'fairly'"),
        ((*ASKED, "--grid", "cluster.nods=1,2"), "did you mean nodes?"),
        ((*ASKED, "--subject-to", "health"), "expected a claim such as"),
    ],
)
def test_bad_input_is_one_message_before_anything_runs(
    scenario: Path, options: tuple[str, ...], message: str
) -> None:
    code, out, err = tune(str(scenario), "--seeds", "1-2", "--workers", "1", *options)
    assert (code, out) == (2, "")
    assert message in err
    assert not list(Path("results").glob("*/sweep/parts/*"))


def test_a_result_is_no_sweep(scenario: Path) -> None:
    serfsim.run(serfsim.load(str(scenario)), seed=1).save("one", figures=False)
    code, _, err = tune("one", *ASKED)
    assert code == 2
    assert "not a sweep folder" in err

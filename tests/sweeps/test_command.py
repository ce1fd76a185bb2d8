"""`serfsim sweep`, as it is typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from serfsim.cli.app import app
from serfsim.simulation import Simulation

Sweep = Callable[..., Any]


@pytest.fixture
def sweep(file: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """Runs `serfsim sweep tiny.yaml` with further words, in this process, in the folder of the file."""
    monkeypatch.chdir(file.parent)
    monkeypatch.setenv("COLUMNS", "100")

    def typed(*words: str) -> Any:
        return CliRunner().invoke(app, ["sweep", file.name, "--workers", "1", *words])

    return typed


def test_a_sweep_prints_its_points_and_where_it_lies(sweep: Sweep, tmp_path: Path) -> None:
    done = sweep("--grid", "cluster.config.suspicion_mult=4,2", "--seeds", "1-3", "--out", "s")
    assert done.exit_code == 0
    assert done.stderr == ""
    title, _, names, first, second, *rest = done.stdout.splitlines()
    assert title == "median over the seeds"
    assert names.split()[:3] == ["suspicion_mult", "runs", "first_s.p50"]
    assert first.split()[:2] == ["4", "3"]
    assert second.split()[:2] == ["2", "3"]
    assert float(first.split()[2]) > float(second.split()[2]) > 0
    assert rest == [
        "result: s",
        "runs: 6 done (0 of them earlier), 0 failed",
        "claims: failed in 0 of 6 runs",
    ]
    assert len(pd.read_csv(tmp_path / "s" / "runs.csv")) == 6
    assert (
        "runs: 6 done (6 of them earlier)"
        in sweep("--grid", "cluster.config.suspicion_mult=4,2", "--seeds", "1-3", "--out", "s").stdout
    )


def test_the_folder_is_named_after_the_scenario_unless_told(sweep: Sweep, tmp_path: Path) -> None:
    done = sweep("--seeds", "1", "--quiet")
    assert done.stdout.splitlines()[0] == "result: results/tiny-sweep"
    assert (tmp_path / "results" / "tiny-sweep" / "runs.parquet").is_file()


def test_settings_change_the_scenario(sweep: Sweep, tmp_path: Path) -> None:
    assert sweep("--set", "cluster.nodes=5", "--seeds", "1", "--out", "s", "--quiet").exit_code == 0
    assert "nodes: 5" in (tmp_path / "s" / "scenario.yaml").read_text()


def test_intervals_are_printed_and_written_on_request(sweep: Sweep, tmp_path: Path) -> None:
    words = ["--seeds", "1-6", "--out", "s", "--confidence", "90%", "--statistic", "mean"]
    done = sweep(*words, "--figures", "detection.first_s.p50,detection.missed")
    title, _, names, row, *_ = done.stdout.splitlines()
    assert title == "mean over the seeds, in brackets its 90 % interval"
    assert names.split() == ["runs", "first_s.p50", "missed"]
    assert row.split()[0] == "6"
    assert row.endswith("0 (0 to 0)")
    written = pd.read_csv(tmp_path / "s" / "summary.csv")
    figure = "detection.first_s.p50"
    runs = pd.read_csv(tmp_path / "s" / "runs.csv")
    assert written[figure][0] == pytest.approx(runs[figure].mean())
    assert written[f"{figure}.low"][0] < written[figure][0] < written[f"{figure}.high"][0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--grid", "cluster.config.suspicion_mlt=2"], "did you mean suspicion_mult?"),
        (["--grid", "cluster.nodes"], "expected PATH=V1,V2,..."),
        (["--seeds", "1-"], "seeds: found '1-'; expected seeds such as 1-20 or 1,2,5-9"),
        (["--figures", "detection.false_positive"], "did you mean detection.false_positives?"),
        (["--statistic", "p100"], "--statistic: found 'p100'; expected mean, median, p1 to p99, min or max"),
        (["--confidence", "lots"], "--confidence: found 'lots'"),
        (["--set", "nodes=3"], "nodes: found an unknown key"),
        (["--scheduler", "nowhere"], "nowhere: invalid address"),
    ],
)
def test_bad_words_are_one_message_and_leave_nothing(
    sweep: Sweep, tmp_path: Path, words: list[str], message: str
) -> None:
    done = sweep(*words, "--out", "s")
    assert done.exit_code == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert not (tmp_path / "s" / "parts").exists() or list((tmp_path / "s" / "parts").iterdir()) == []


def test_failed_runs_are_listed_and_are_exit_code_1(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Simulation.run

    def sometimes(self: Simulation, *rest: Any) -> Any:
        if self.seed == 2:
            raise ArithmeticError("two is too many")
        return real(self, *rest)

    monkeypatch.setattr(Simulation, "run", sometimes)
    done = sweep("--grid", "cluster.nodes=4,5", "--seeds", "1-2", "--out", "s")
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        "failed: cluster.nodes=4 seed 2: ArithmeticError: two is too many",
        "failed: cluster.nodes=5 seed 2: ArithmeticError: two is too many",
    ]
    assert "1 (+1 failed)" in done.stdout
    assert "runs: 2 done (0 of them earlier), 2 failed" in done.stdout


def test_failed_claims_are_told_and_are_no_failure_of_the_sweep(sweep: Sweep) -> None:
    done = sweep("--set", "claims=[detection.suspicions == -1]", "--seeds", "1-2", "--out", "s", "--quiet")
    assert done.exit_code == 0
    assert "claims: failed in 2 of 2 runs" in done.stdout


def test_an_interruption_keeps_what_is_done(
    sweep: Sweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Simulation.run

    def pressed(self: Simulation, *rest: Any) -> Any:
        if self.seed == 3:
            raise KeyboardInterrupt
        return real(self, *rest)

    monkeypatch.setattr(Simulation, "run", pressed)
    done = sweep("--seeds", "1-5", "--out", "s")
    assert done.exit_code == 130
    told = "interrupted: 2 of 5 runs are done and kept in s; the same command resumes"
    assert done.stderr.splitlines()[-1] == told
    assert len(pd.read_csv(tmp_path / "s" / "runs.csv")) == 2
    assert len(list((tmp_path / "s" / "parts").iterdir())) == 2


def test_a_matrix_that_cannot_be_used_is_told_before_anything_runs(sweep: Sweep, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("0,-4\n1,0\n", encoding="utf-8")
    done = sweep("--set", "network.topology={model: matrix, file: bad.csv}", "--out", "s")
    assert done.exit_code == 2
    assert "bad.csv" in done.stderr
    assert "-4" in done.stderr
    assert not (tmp_path / "s").exists()


def test_files_that_a_grid_names_lie_beside_the_scenario(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "\n".join(",".join("0" if i == j else str(10 + i + j) for j in range(4)) for i in range(4))
    (tmp_path / "near.csv").write_text(rows, encoding="utf-8")
    (tmp_path / "far.csv").write_text(rows.replace("1", "6"), encoding="utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    words = ["--set", "network.topology={model: matrix, file: near.csv}", "--out", "s", "--workers", "1"]
    grid = ["--grid", "network.topology.file=near.csv,far.csv", "--seeds", "1", "--quiet"]
    done = CliRunner().invoke(app, ["sweep", str(file), *words, *grid])
    assert done.stderr == ""
    table = pd.read_csv(elsewhere / "s" / "runs.csv")
    assert table["network.topology.file"].tolist() == ["near.csv", "far.csv"]
    assert table["digest"].nunique() == 2

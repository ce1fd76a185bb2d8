"""`serfsim regress` from end to end, on tiny runs of a real cluster, and what it answers to mistakes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import serfsim
from serfsim.cli.app import app
from serfsim.study.regression import plots
from serfsim.study.regression.history import RECORDED, read_history
from serfsim.study.sweeps.worker import FAILED, Outcome
from tests.regression.made import TINY

Serfsim = Callable[..., Any]
SEEDS = "1-10"
CHANGELOG = "# Changelog\n\n## 0.1.0\n\n### Results may differ\n\n- Nothing came before.\n"
DRAWN = plots.save_plots
SLOWER = "cluster.config.probe_interval=2s"  # half as many probes: every run is apart from all others


def invoke(*words: str) -> Any:
    return CliRunner().invoke(app, ["regress", "--workers", "1", *words])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has a scenario and a baseline of it."""
    project = tmp_path_factory.mktemp("made")
    (project / "tiny.yaml").write_text(TINY)
    (project / "CHANGELOG.md").write_text(CHANGELOG)
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(project)
        done = invoke("--accept", "--scenarios", "tiny.yaml", "--seeds", SEEDS)
    assert done.exit_code == 0, done.output
    return project


@pytest.fixture
def serfsim_in(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serfsim:
    """The command line in a copy of that project; plots are drawn only where a test is about them."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plots, "save_plots", lambda comparison, history, folder: None)
    return invoke


@pytest.mark.slow
def test_the_same_code_is_identical_and_a_changed_setting_a_regression(
    serfsim_in: Serfsim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "save_plots", DRAWN)
    same = serfsim_in()
    assert same.exit_code == 0
    assert same.stdout.startswith("Identical: all 10 runs of 1 scenario have the digests of the baseline.")
    assert Path("results/regress/plots/tiny.png").stat().st_size > 10_000

    changed = serfsim_in("--set", SLOWER)
    assert changed.exit_code == 1
    assert changed.stdout.startswith("Changed without being accepted:")
    assert 'serfsim regress --accept --because "' in changed.stdout
    page = Path("results/regress/regress.md").read_text()
    assert page.startswith("**serfsim regress: Changed without being accepted:")
    assert "cluster.config.probe_interval: 1s then, 2s now (tiny)" in page
    told = json.loads(Path("results/regress/regress.json").read_text())
    assert told["regression"]
    assert "traffic.by_type.udp_ping.messages_per_node_s" in [test["figure"] for test in told["changed"]]
    assert {file.name for file in Path("results/regress/plots").iterdir()} == {"tiny.png", "history.png"}


def test_other_seeds_are_quiet_and_exact_wants_the_same_digests(serfsim_in: Serfsim) -> None:
    quiet = serfsim_in("--seeds", "101-110")
    assert quiet.exit_code == 0
    assert quiet.stdout.startswith("No figure of 1 scenario changed")
    assert serfsim_in("--seeds", "101-110", "--exact").exit_code == 1
    assert serfsim_in("--seeds", "1-3", "--exact").exit_code == 0


def test_only_a_recorded_run_adds_to_the_history(serfsim_in: Serfsim) -> None:
    serfsim_in("--seeds", "1-2")
    assert len(read_history(Path("results/history.jsonl"))[0]) == 1
    serfsim_in("--seeds", "1-2", "--record")
    lines, _ = read_history(Path("results/history.jsonl"))
    assert [line["kind"] for line in lines] == ["accepted", RECORDED]


def test_a_torn_line_of_the_history_is_a_warning(serfsim_in: Serfsim) -> None:
    with Path("results/history.jsonl").open("a") as file:
        file.write('{"schema_ver')
    done = serfsim_in("--seeds", "1-2")
    assert done.exit_code == 0
    assert "history.jsonl:2: truncated" in done.stderr


def test_accepting_without_anybody_to_ask_needs_a_reason(serfsim_in: Serfsim) -> None:
    refused = serfsim_in("--accept")
    assert refused.exit_code == 2
    assert "--because TEXT" in refused.stderr
    done = serfsim_in("--accept", "--because", "nothing at all")
    assert done.exit_code == 0
    assert "nothing to accept" in done.stdout
    assert Path("CHANGELOG.md").read_text() == CHANGELOG


@pytest.mark.parametrize("words", [(), ("--accept", "--because", "x")], ids=["compare", "accept"])
def test_interrupted_it_leaves_all_as_it_was(
    serfsim_in: Serfsim, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    before = {file: file.read_bytes() for file in Path("results").rglob("*.*")}
    monkeypatch.setattr("serfsim.study.regression.runs.run_all", interrupted)
    assert serfsim_in(*words).exit_code == 130
    assert {file: file.read_bytes() for file in Path("results").rglob("*.*")} == before


def test_a_run_that_fails_is_told_and_is_a_regression(
    serfsim_in: Serfsim, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(jobs: Any, **_: object) -> list[Outcome]:
        return [Outcome(job, "key", FAILED, "ZeroDivisionError: division by zero") for job in jobs]

    monkeypatch.setattr("serfsim.study.regression.runs.run_all", failing)
    done = serfsim_in("--seeds", "1-2")
    assert done.exit_code == 1
    assert done.stdout.startswith("2 runs failed, in tiny.")
    assert (
        "| tiny | 2 | ZeroDivisionError: division by zero |" in Path("results/regress/regress.md").read_text()
    )
    refused = serfsim_in("--accept", "--because", "x")
    assert refused.exit_code == 2
    assert "10 of 10 runs failed" in refused.stderr


def test_python_gets_the_comparison(serfsim_in: Serfsim) -> None:
    found = serfsim.regress(seeds=[1, 2], workers=1, progress=False)
    assert found.is_identical


MISTAKES = {
    "found 'tini'; expected a scenario of the baseline results/baseline; did you mean tiny?": (
        "--scenarios",
        "tini",
    ),
    "bassline: no such baseline": ("--baseline", "results/bassline"),
    "seeds: found 'some'": ("--seeds", "some"),
    "suspicion_mult": ("--set", "cluster.config.suspicion_molt=3"),
    "--family-wise-error: found '2 in 3'; expected a share": ("--family-wise-error", "2 in 3"),
    "--family-wise-error: found '0'": ("--family-wise-error", "0"),
    "found something that is not the outcome of serfsim regress": ("--out", "."),
    "tiny.yaml; expected a folder": ("--out", "tiny.yaml/x"),
    "--because: requires --accept": ("--because", "no reason"),
    "expected scenarios as their files are": ("--accept", "--set", "seed=3"),
    "--because: found nothing": ("--accept", "--because", " "),
    "no such file": ("--accept", "--because", "x", "--scenarios", "nothing.yaml"),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_a_mistake_is_one_message_and_exit_2(serfsim_in: Serfsim, message: str) -> None:
    done = serfsim_in(*MISTAKES[message])
    assert done.exit_code == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not Path("results/regress").exists()


def test_a_baseline_without_scenarios_is_not_taken_for_one_that_is_kept(
    serfsim_in: Serfsim, tmp_path: Path
) -> None:
    manifest = tmp_path / "results/baseline/manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "scenarios": {}}))
    done = serfsim_in()
    assert (done.exit_code, done.stdout) == (2, "")
    assert "found no scenario; expected at least one" in done.stderr


def test_nothing_is_written_into_the_baseline(serfsim_in: Serfsim, tmp_path: Path) -> None:
    done = serfsim_in("--out", "results/baseline/regress")
    assert done.exit_code == 2
    assert "expected a folder outside the baseline" in done.stderr
    assert not (tmp_path / "results/baseline/regress").exists()


def test_an_interruption_at_the_question_accepts_nothing(
    serfsim_in: Serfsim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serfsim.cli.regress._can_ask", lambda: True)
    (tmp_path / "tiny.yaml").write_text(TINY.replace("duration: 10s", "duration: 11s"))
    before = (tmp_path / "results/baseline/manifest.json").read_text()
    done = serfsim_in("--accept")  # whose input ends at once
    assert done.exit_code == 130
    assert done.stderr.endswith("interrupted: nothing was accepted\n")
    assert (tmp_path / "results/baseline/manifest.json").read_text() == before

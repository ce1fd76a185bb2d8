"""Ctrl-C at any time: exit code 130, what is finished is kept, and there is no traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serfsim import Result, Simulation, open_result
from serfsim.results.summary import score
from serfsim.scenario import Scenario

Serfsim = Callable[..., Any]

FILE = """\
name: long
cluster: {nodes: 5}
duration: 5m
warm_up: 10s
faults: [{crash: [node-03], at: 60s}]
claims: [detection.missed == 0]
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "long.yaml").write_text(FILE, encoding="utf-8")
    return "long.yaml"


def summary(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return read


def pressing_at(monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    """Press Ctrl-C when more than that share of the run is done."""
    pressed = []

    def report(fraction: float) -> None:
        if fraction > share and not pressed:
            pressed.append(fraction)
            signal.raise_signal(signal.SIGINT)

    def run(scenario: Scenario, seed: int | None = None, **_: Any) -> Result:
        return Simulation(scenario, seed).run(progress=report)

    monkeypatch.setattr("serfsim.report.runs.run", run)


@pytest.mark.parametrize("share", [0.1, 0.55])
def test_an_interrupted_join_is_one_message_and_keeps_who_had_joined(
    serfsim_in: Serfsim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    joining = "cluster: {nodes: 40, start: {spread: 1s}}\nduration: 10s\nwarm_up: 10s\n"
    (tmp_path / "join.yaml").write_text(joining, encoding="utf-8")
    pressing_at(monkeypatch, share)
    done = serfsim_in("run", "join.yaml", "--out", "r", "--quiet")
    assert done.exit_code == 130
    assert [line for line in done.stderr.splitlines() if line.startswith("interrupted: the result")]
    assert "Traceback" not in done.stderr
    found = summary(tmp_path / "r")
    assert found["complete"] is False
    assert (found["interrupted_at_s"] < 0.0) == (share < 0.5)
    kept = open_result(tmp_path / "r").member_events
    joins = kept[(kept["kind"] == "join") & (kept["observer"] != kept["subject"])]
    assert len(joins) > 40
    assert kept["t_s"].max() <= found["interrupted_at_s"]


def test_an_interrupted_run_keeps_what_came_before(
    serfsim_in: Serfsim, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pressing_at(monkeypatch, 0.5)
    done = serfsim_in("run", file, "--out", "r")
    assert done.exit_code == 130
    assert "interrupted: the result is partial" in done.stderr
    found = summary(tmp_path / "r")
    assert found["complete"] is False
    assert 120.0 < found["interrupted_at_s"] < 300.0
    # The crash at 60 s had been noticed by then.
    assert found["detection"]["first_s"]["n"] == 1
    assert open_result(tmp_path / "r").member_events["t_s"].max() <= found["interrupted_at_s"]
    # Nobody waits for figures behind Ctrl-C, unless they were asked for.
    assert not (tmp_path / "r" / "report.html").exists()


def pressing(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Press Ctrl-C so many times when the run is about to be scored."""

    def scored(*given: Any) -> dict[str, Any]:
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)
        return score(*given)

    monkeypatch.setattr("serfsim.results.run_result.score", scored)


def test_an_interruption_while_the_run_is_scored_keeps_all_but_figures(
    serfsim_in: Serfsim, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pressing(monkeypatch, 1)
    done = serfsim_in("run", file, "--out", "r")
    assert done.exit_code == 130
    assert done.stderr.startswith("interrupted: saving the partial result")
    found = summary(tmp_path / "r")
    assert (found["complete"], found["interrupted_at_s"]) == (False, None)
    assert found["detection"]["first_s"]["n"] == 1
    assert not (tmp_path / "r" / "report.html").exists()


def test_a_second_interruption_keeps_nothing(
    serfsim_in: Serfsim, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pressing(monkeypatch, 2)
    assert serfsim_in("run", file, "--out", "r").exit_code == 130
    assert not (tmp_path / "r").exists()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def pressing_while_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Press Ctrl-C whenever the log of a result is about to be written."""
    monkeypatch.setattr("serfsim.results.run_result.write_log", lambda *_: signal.raise_signal(signal.SIGINT))


@pytest.mark.parametrize("before", [0, 1])
def test_a_second_interruption_keeps_nothing_of_what_is_being_written(
    serfsim_in: Serfsim, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    pressing(monkeypatch, before)
    pressing_while_written(monkeypatch)
    assert serfsim_in("run", file, "--out", "r").exit_code == 130
    assert [path.name for path in tmp_path.iterdir()] == ["long.yaml"]


def test_an_interruption_while_figures_are_drawn_keeps_the_rest(
    serfsim_in: Serfsim, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(result: Result, folder: Path) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("serfsim.report.page.page_figures", pressed)
    done = serfsim_in("run", file, "--out", "r")
    assert done.exit_code == 130
    assert summary(tmp_path / "r")["complete"] is False
    assert len(open_result(tmp_path / "r").member_events) > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["long.yaml", "r"]


def test_an_interruption_before_the_commands_are_there_has_no_traceback() -> None:
    press = "import builtins, signal\n"
    press += "real = builtins.__import__\n"
    press += "def pressing(name, *rest):\n"
    press += "    if name == 'serfsim.cli.app': signal.raise_signal(signal.SIGINT)\n"
    press += "    return real(name, *rest)\n"
    press += "from serfsim.cli.main import main\n"
    press += "builtins.__import__ = pressing\n"
    press += "main()\n"
    done = subprocess.run(
        [sys.executable, "-c", press], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.endswith("interrupted\n")
    assert "Traceback" not in done.stderr

"""Whatever ends the command, and whenever: runs that were finished are kept, and no process stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

import serfsim

psutil = pytest.importorskip("psutil")

pytestmark = pytest.mark.slow

# Runs of about a tenth of a second, so that some are in flight at any moment.
FILE = """\
name: busy
duration: 60s
warm_up: 5s
cluster: {nodes: 20}
faults: [{crash: [node-03], at: 10s}]
"""
GRID = {"cluster.config.suspicion_mult": [2, 4]}
SEEDS = range(1, 9)
RUNS = 2 * len(SEEDS)
PATIENCE_S = 60.0

Started = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Started]:
    """Starts `serfsim sweep` in a process group of its own; all that is left of it is ended."""
    (tmp_path / "busy.yaml").write_text(FILE, encoding="utf-8")
    started: list[subprocess.Popen[str]] = []

    def begin(folder: Path, workers: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "serfsim", "sweep", "busy.yaml", "--out", str(folder), "--quiet"]
        command += [
            "--grid",
            "cluster.config.suspicion_mult=2,4",
            "--seeds",
            "1-8",
            "--workers",
            str(workers),
        ]
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        for left in of_group(process.pid):
            left.kill()
        process.wait()


def of_group(group: int) -> list[psutil.Process]:
    """The processes that a command has started, or is."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, ProcessLookupError):
            continue
    return found


def parts(folder: Path) -> dict[str, int]:
    """When each finished run was written."""
    return {file.name: file.stat().st_mtime_ns for file in (folder / "parts").glob("*.json")}


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < until
        time.sleep(0.005)


def lasting(folder: Path) -> str:
    """runs.csv without what differs from time to time."""
    table = pd.read_csv(folder / "runs.csv", dtype=str, keep_default_na=False)
    return str(table.drop(columns=["cpu_s", "wall_s"]).to_csv(index=False))


def test_the_same_command_goes_on_after_it_was_ended(start: Started, tmp_path: Path) -> None:
    serfsim.sweep(tmp_path / "busy.yaml", GRID, SEEDS, out=tmp_path / "whole", workers=1, progress=False)
    for sent in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM):
        folder = tmp_path / sent.name
        before = interrupted(start(folder, 2), folder, sent)
        out, err = start(folder, 1).communicate(timeout=PATIENCE_S)
        assert err == ""
        assert f"runs: {RUNS} done ({len(before)} of them earlier), 0 failed" in out
        after = parts(folder)
        assert {name: after[name] for name in before} == before
        assert sorted(after) == sorted(parts(tmp_path / "whole"))
        assert lasting(folder) == lasting(tmp_path / "whole")


def interrupted(command: subprocess.Popen[str], folder: Path, sent: signal.Signals) -> dict[str, int]:
    """End a command when it has finished a few runs; gives its parts."""
    wait_until(lambda: (folder / "parts").is_dir() and len(parts(folder)) >= 3)
    if sent == signal.SIGINT:
        os.killpg(command.pid, sent)  # Ctrl-C in a terminal reaches every process of the group
    else:
        os.kill(command.pid, sent)
    _, err = command.communicate(timeout=PATIENCE_S)
    wait_until(lambda: not of_group(command.pid))
    kept = parts(folder)
    assert 3 <= len(kept) < RUNS
    if sent != signal.SIGKILL:
        assert command.returncode == 130
        told = f"interrupted: {len(kept)} of {RUNS} runs are done and kept in {folder}"
        assert err == f"{told}; the same command resumes\n"
        assert len(pd.read_csv(folder / "runs.csv")) == len(kept)
    else:
        assert command.returncode == -sent
    return kept

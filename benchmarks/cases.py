"""What is measured: serfsim itself, and the peers in the folder that SERFSIM_BENCH_PEERS names.

A case runs in a process of its own and gives a `Measurement`. Peers are small programs that run one
SWIM-like protocol: FOLDER/run.py N SEED prints one line of JSON with `events`, `ev_per_s` (per second
of CPU), `rss_mb`. They always simulate 60 s. They run in a temporary copy, where C++ is built.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEASURE = Path(__file__).resolve().parent / "measure.py"
PEERS_FOLDER = "SERFSIM_BENCH_PEERS"
PEER_SECONDS = 60.0

# Simulated seconds for each size of cluster: long enough to be measured, short enough to wait for.
SECONDS = {
    "idle": {100: 600.0, 1000: 120.0, 5000: 30.0},
    "stormy": {100: 120.0, 1000: 30.0, 5000: 10.0},
}


class Unavailable(Exception):
    """This case cannot be measured here; the text says why."""


@dataclass(frozen=True)
class Measurement:
    """One run: `events` in `cpu_s` seconds of CPU for `simulated_s` seconds of `nodes` nodes."""

    nodes: int
    events: int
    cpu_s: float
    simulated_s: float
    peak_mib: float

    @property
    def events_per_s(self) -> float:
        return self.events / self.cpu_s

    @property
    def cpu_us_per_node_s(self) -> float:
        return self.cpu_s * 1e6 / (self.nodes * self.simulated_s)

    @property
    def times_real_time(self) -> float:
        return self.simulated_s / self.cpu_s


@dataclass(frozen=True)
class Ours:
    """serfsim: `tree`, where given, is another source tree than this one."""

    nodes: int
    weather: str
    seconds: float
    pure: bool = False
    tree: Path | None = None

    @property
    def program(self) -> str:
        return "serfsim, interpreted" if self.pure else "serfsim"

    @property
    def label(self) -> str:
        return f"{self.program}, {self.nodes} nodes, {self.weather}"

    def measure(self, seed: int) -> Measurement:
        measured = self.raw(seed)
        if not self.pure and not measured["compiled"]:
            raise Unavailable('serfsim is not compiled here; run "make build"')
        figures = {key: measured[key] for key in ("events", "cpu_s", "simulated_s", "peak_mib")}
        return Measurement(self.nodes, **figures)

    def raw(self, seed: int) -> dict[str, Any]:
        """What measure.py printed."""
        environment = {**os.environ, "SERFSIM_PURE": "1" if self.pure else "0"}
        if self.tree is not None:
            environment["PYTHONPATH"] = str(self.tree)
        command = [sys.executable, str(MEASURE), str(self.nodes), self.weather, str(self.seconds), str(seed)]
        return last_line(command, environment, self.tree)


@dataclass(frozen=True)
class Peer:
    """One of the other programs, in a folder where it has been built."""

    program: str
    nodes: int
    folder: Path
    wheel: bool = False
    weather: str = "as it is"

    @property
    def label(self) -> str:
        return f"{self.program}, {self.nodes} nodes"

    def measure(self, seed: int) -> Measurement:
        environment = {**os.environ, "WHEEL": "1" if self.wheel else "0"}
        command = [sys.executable, str(self.folder / "run.py"), str(self.nodes), str(seed)]
        printed = last_line(command, environment, self.folder)
        events = int(printed["events"])
        cpu_s = events / printed["ev_per_s"]
        return Measurement(self.nodes, events, cpu_s, PEER_SECONDS, printed["rss_mb"])


Case = Ours | Peer


def last_line(command: list[str], environment: dict[str, str], folder: Path | None) -> dict[str, Any]:
    """The JSON in the last line that a process prints; Unavailable with its last words where it fails."""
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = done.stderr.strip().splitlines()
        raise Unavailable(words[-1] if words else f"ended with code {done.returncode}")
    printed: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return printed


def copy_of_peers(temporary: Path) -> Path:
    """The folder of the peers, copied and built. Raises Unavailable."""
    named = os.environ.get(PEERS_FOLDER)
    if not named:
        raise Unavailable(f"{PEERS_FOLDER} names no folder")
    if not Path(named).is_dir():
        raise Unavailable(f"{PEERS_FOLDER}: no such folder: {named}")
    copy = temporary / "peers"
    shutil.copytree(named, copy, copy_function=shutil.copyfile)
    for folder in [copy, *copy.rglob("*/")]:
        folder.chmod(0o755)
    return copy


def build(folder: Path) -> None:
    """Run the peer's build.sh. Raises Unavailable."""
    if not folder.is_dir():
        raise Unavailable(f"no folder {folder.name} among the peers")
    script = folder / "build.sh"
    if script.exists():
        done = subprocess.run(["bash", str(script)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            words = (done.stderr or done.stdout).strip().splitlines()
            raise Unavailable(f"could not be built: {words[-1] if words else 'no message'}")

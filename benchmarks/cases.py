"""Cases to measure: serfsim, the C++ program for storms in `peers/`, and programs in another folder.

A case runs in its own process and gives a `Measurement`. `peers/storm` sends as many broadcasts as serfsim
does in the same case (docs/benchmarks.md). The folder SERFSIM_BENCH_PEERS contains small programs that run
one SWIM-like protocol: FOLDER/run.py N SEED prints one line of JSON with `events`, `ev_per_s` (per second of
CPU) and `rss_mb`, always for 60 simulated seconds. All are built and run in a temporary copy.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MEASURE = HERE / "measure.py"
PEERS_FOLDER = "SERFSIM_BENCH_PEERS"
PEER_SECONDS = 60.0
NOT_COMPILED = 'serfsim is not compiled here; run "make build"'


class Unavailable(Exception):
    """A case that cannot be measured here, with the reason."""


@dataclass(frozen=True)
class Load:
    """A kind of measure.py at a size.

    `seconds` are simulated, enough for a stable measurement.
    """

    kind: str
    nodes: int
    seconds: float

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.nodes}"


LOADS = {
    load.name: load
    for load in (
        Load("join", 200, 40.0),
        Load("join", 1000, 60.0),
        Load("join", 2000, 30.0),
        Load("join", 4000, 20.0),
        Load("stormy", 1000, 12.0),
        Load("stormy", 2000, 40.0),
        Load("storm", 1000, 60.0),
        Load("zone", 1000, 60.0),
        Load("idle", 100, 600.0),
        Load("idle", 1000, 120.0),
        Load("idle", 5000, 30.0),
        Load("idle", 10000, 10.0),
    )
}


@dataclass(frozen=True)
class Measurement:
    """One run.

    `cpu_s` seconds of CPU for `simulated_s` seconds of `nodes` nodes; `raw` is its whole output.
    """

    nodes: int
    cpu_s: float
    simulated_s: float
    peak_mib: float
    raw: dict[str, Any] = field(default_factory=dict)

    @property
    def cpu_us_per_node_s(self) -> float:
        """CPU microseconds per node-second, without set-up where it is known separately."""
        return float(self.raw.get("run_s", self.cpu_s)) * 1e6 / (self.nodes * self.simulated_s)


@dataclass(frozen=True)
class Ours:
    """serfsim, of this source tree or of `tree`.

    `save` writes the result too, `interrupt` does so after a Ctrl-C.
    """

    load: Load
    pure: bool = False
    tree: Path | None = None
    save: bool = False
    interrupt: bool = False

    @property
    def label(self) -> str:
        return f"serfsim{', interpreted' if self.pure else ''}: {self.load.name}"

    def command(self, seed: int) -> list[str]:
        load = self.load
        words = [sys.executable, str(MEASURE), load.kind, str(load.nodes), f"{load.seconds:g}", str(seed)]
        return words + ["--save"] * self.save + ["--interrupt"] * self.interrupt

    @property
    def environment(self) -> dict[str, str]:
        environment = {**os.environ, "SERFSIM_PURE": "1" if self.pure else "0"}
        if self.tree is not None:
            environment["PYTHONPATH"] = str(self.tree)
        return environment

    def measure(self, seed: int) -> Measurement:
        """Measure one run.

        Raises Unavailable, also where serfsim is not compiled but should be.
        """
        printed = last_line(self.command(seed), self.environment, self.tree)
        if not self.pure and not printed["compiled"]:
            raise Unavailable(NOT_COMPILED)
        peak_mib = printed["peak_mib"]
        return Measurement(self.load.nodes, printed["cpu_s"], self.load.seconds, peak_mib, printed)


@dataclass(frozen=True)
class Storm:
    """The C++ program of `peers/storm`, in the folder it was built in."""

    load: Load
    program: Path

    @property
    def label(self) -> str:
        return f"C++: {self.load.name}"

    def command(self, seed: int) -> list[str]:
        return [str(self.program), self.load.kind, str(self.load.nodes), f"{self.load.seconds:g}", str(seed)]

    def measure(self, seed: int) -> Measurement:
        printed = last_line(self.command(seed), dict(os.environ), None)
        return Measurement(self.load.nodes, printed["cpu_s"], self.load.seconds, printed["peak_mib"], printed)


@dataclass(frozen=True)
class Peer:
    """A program of the other folder, in the folder it was built in."""

    program: str
    nodes: int
    folder: Path
    wheel: bool = False

    @property
    def label(self) -> str:
        return f"{self.program}: idle-{self.nodes}"

    def measure(self, seed: int) -> Measurement:
        environment = {**os.environ, "WHEEL": "1" if self.wheel else "0"}
        command = [sys.executable, str(self.folder / "run.py"), str(self.nodes), str(seed)]
        printed = last_line(command, environment, self.folder)
        cpu_s = printed["events"] / printed["ev_per_s"]
        return Measurement(self.nodes, cpu_s, PEER_SECONDS, printed["rss_mb"], printed)


Case = Ours | Storm | Peer


def last_line(command: list[str], environment: dict[str, str], folder: Path | None) -> dict[str, Any]:
    """Return the JSON in the last line a process prints.

    Raises Unavailable with the end of its output where it fails.
    """
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = done.stderr.strip().splitlines()
        raise Unavailable(words[-1] if words else f"ended with code {done.returncode}")
    printed: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return printed


class Peers:
    """The other programs, copied to a temporary folder and built at first use."""

    def __init__(self, temporary: Path) -> None:
        self.temporary = temporary
        self._built: dict[str, Path | str] = {}  # the folder, or the reason for its absence

    def storm(self, load: Load, march: str = "native") -> Storm:
        """Return the storm program for the processor `march`.

        Raises Unavailable.
        """
        return Storm(load, self._folder(f"storm-{march}", HERE / "peers" / "storm", march) / "storm")

    def idle(self, name: str, nodes: int, wheel: bool = False) -> Peer:
        """Return a program of the folder SERFSIM_BENCH_PEERS.

        Raises Unavailable.
        """
        named = os.environ.get(PEERS_FOLDER)
        if not named:
            raise Unavailable(f"{PEERS_FOLDER} names no folder")
        if not Path(named).is_dir():
            raise Unavailable(f"{PEERS_FOLDER}: no such folder: {named}")
        if not (Path(named) / name).is_dir():
            raise Unavailable(f"{PEERS_FOLDER}: {named} has no folder {name}")
        for shared in Path(named).glob("*.py"):  # modules that the programs import
            shutil.copyfile(shared, self.temporary / shared.name)
        return Peer(name, nodes, self._folder(name, Path(named) / name), wheel)

    def _folder(self, name: str, source: Path, march: str = "native") -> Path:
        if name not in self._built:
            copy = self.temporary / name
            shutil.copytree(source, copy, copy_function=shutil.copyfile)
            copy.chmod(0o755)
            try:
                build(copy, march)
                self._built[name] = copy
            except Unavailable as error:
                self._built[name] = str(error)
        found = self._built[name]
        if isinstance(found, str):
            raise Unavailable(found)
        return found


def build(folder: Path, march: str = "native") -> None:
    """Run the peer's build.sh, which may use MARCH.

    Raises Unavailable.
    """
    script = folder / "build.sh"
    if not script.exists():
        return
    environment = {**os.environ, "MARCH": march}
    done = subprocess.run(["bash", str(script)], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise Unavailable(f"could not be built: {words[-1] if words else 'no message'}")

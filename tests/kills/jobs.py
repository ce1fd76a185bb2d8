"""Commands that are killed, and the state that each must leave."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from serfsim import open_result
from serfsim.base.errors import SerfsimError

SCENARIO = """\
name: busy
duration: 60s
warm_up: 5s
cluster: {nodes: 20}
faults: [{crash: [node-03], at: 10s}]
"""
SEEDS = "1-12"
FLEETING = ("cpu_s", "wall_s")  # columns that differ from run to run


@dataclass(frozen=True)
class Job:
    """A command whose result goes into a folder.

    `whole` returns what is finished in the folder, by name, and raises where something half-written is taken
    for whole. `final` returns what must equal the result of a command never interrupted.
    """

    name: str
    arguments: tuple[str, ...]
    whole: Callable[[Path], dict[str, bytes]]
    final: Callable[[Path], object]

    def command(self, folder: Path) -> list[str]:
        return [sys.executable, "-m", "serfsim", *self.arguments, "--out", str(folder), "--quiet"]


def complete_results(folder: Path) -> dict[str, bytes]:
    """Return the results that say that they are complete, each with its digest."""
    found = {}
    for place in sorted(folder.parent.glob(folder.name + "*")):
        if not place.is_dir():
            continue
        try:
            result = open_result(place)
        except SerfsimError:
            continue
        if result.summary["complete"]:
            found[place.name] = str(result.summary["digest"]).encode()
    return found


def digest(folder: Path) -> object:
    return open_result(folder).summary["digest"]


def parts(folder: Path) -> dict[str, bytes]:
    """Return the finished runs; each is JSON to its end."""
    found = {}
    for file in sorted((folder / "parts").glob("*.json")):
        content = file.read_bytes()
        json.loads(content)
        found[file.name] = content
    return found


def rows(file: str) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        with (folder / file).open(newline="") as lines:
            return [
                {key: value for key, value in row.items() if key not in FLEETING}
                for row in csv.DictReader(lines)
            ]

    return read


SWEEP = ("sweep", "busy.yaml", "--grid", "cluster.config.suspicion_mult=2,4", "--seeds", SEEDS)
SWARM = ("swarm", "--small", "--seeds", "1-8", "--workers", "1")
SLICE = ("configuration=SWIM", "C=1", "D=128")
REPRODUCE = ("reproduce", "lifeguard", "--seeds", "1", "--workers", "1")
REPRODUCE += tuple(word for part in SLICE for word in ("--slice", part))

JOBS: tuple[Job, ...] = (
    Job("run", ("run", "busy.yaml"), complete_results, digest),
    Job("sweep", (*SWEEP, "--workers", "1"), parts, rows("runs.csv")),
    Job("sweep, 2 workers", (*SWEEP, "--workers", "2"), parts, rows("runs.csv")),
    Job("swarm", SWARM, parts, rows("seeds.csv")),
    Job("reproduce", REPRODUCE, parts, rows("rows.csv")),
)

"""Measure the cost of a run beyond its simulation: `python -m benchmarks.first_answer`.

CPU seconds, user and system, of whole commands. Each round runs all of them once, one after another, so that
other load affects all alike; the median of the rounds is shown, after one that fills the caches of bytecode
and fonts. The yardstick is a Python that only imports matplotlib.pyplot and pandas, for `--version` one that
does nothing.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

PYTHON = (sys.executable, "-c")
SERFSIM = (sys.executable, "-m", "serfsim")
IMPORTS = "import matplotlib.pyplot, pandas"
# label, arguments of serfsim
RUNS = (
    ("serfsim run udp_blocked", ("run", "udp_blocked", "--out", "page")),
    ("serfsim run udp_blocked --no-figures", ("run", "udp_blocked", "--no-figures", "--out", "none")),
    ("serfsim list", ("list",)),
    ("serfsim --version", ("--version",)),
)
MOST_OF_IMPORTS = 2.0  # goals: a run with its page, relative to the imports
MOST_OF_NOTHING = 5.0  # the version, relative to bare Python


class Judged(NamedTuple):
    """CPU seconds of a command and of its yardstick, and the largest ratio allowed."""

    ours: float
    beside: float
    most: float

    @property
    def ratio(self) -> float:
        return self.ours / self.beside


def cpu_s(command: Sequence[str], folder: Path) -> float:
    """Return the CPU seconds of a command and its children.

    Raises CalledProcessError where it fails.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # As Python does by default: keep bytecode, for serfsim as for installed packages.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env={**kept, "COLUMNS": "80"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(rounds: int) -> dict[str, float]:
    """Return the median CPU seconds by label."""
    commands = {
        "python": (*PYTHON, "pass"),
        f"python, {IMPORTS}": (*PYTHON, IMPORTS),
        **{label: (*SERFSIM, *arguments) for label, arguments in RUNS},
    }
    found: dict[str, list[float]] = {label: [] for label in commands}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds + 1):
            for label, command in commands.items():
                seconds = cpu_s(command, Path(folder))
                if number > 0:
                    found[label].append(seconds)
    return {label: statistics.median(values) for label, values in found.items()}


def judge(found: Mapping[str, float]) -> dict[str, Judged]:
    """Return the figures with a goal, by label."""
    page, version = "serfsim run udp_blocked", "serfsim --version"
    return {
        page: Judged(found[page], found[f"python, {IMPORTS}"], MOST_OF_IMPORTS),
        version: Judged(found[version], found["python"], MOST_OF_NOTHING),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="CPU of whole commands.")
    parser.add_argument("-n", "--rounds", type=int, default=7)
    found = measure(parser.parse_args(arguments).rounds)
    bare, imports = found["python"], found[f"python, {IMPORTS}"]
    print(f"{'CPU of a command':46} {'s':>6} {'x python':>9} {'x imports':>9}")
    for label, seconds in found.items():
        print(f"{label:46} {seconds:6.2f} {seconds / bare:9.1f} {seconds / imports:9.2f}")
    for label, one in judge(found).items():
        verdict = "met" if one.ratio <= one.most else "missed"
        print(f"{label}: {one.ratio:.2f} times; goal: at most {one.most:g}: {verdict}")


if __name__ == "__main__":
    main()

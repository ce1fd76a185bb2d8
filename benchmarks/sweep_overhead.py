"""What a run in a sweep costs beyond its simulation.

    python benchmarks/sweep_overhead.py [RUNS] [WORKERS]

Sweeps of two lengths, whose runs are as short as runs can be, into a folder. What the longer one takes
more is what its further runs take, whatever it takes to start and end workers. Of that the simulation is
taken off: the time from the first event to the last, which each run measures itself. What is left is
everything else: scenario, topology and cluster are built, figures are scored, the run goes to a worker
and its answer comes back, a part is written. It is given as time of a worker (wall time times workers)
and as CPU time of all processes, which other programs on the machine do not distort.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import serfsim


class Spent(NamedTuple):
    """Seconds of a whole sweep, and those of its simulations."""

    worker_s: float
    cpu_s: float
    simulated_worker_s: float
    simulated_cpu_s: float


def tiny() -> serfsim.Scenario:
    """Five members for ten seconds: about a millisecond of simulation."""
    return serfsim.Scenario(name="tiny", duration="10s", warm_up="2s", cluster={"nodes": 5})


def cpu_s() -> float:
    """Of this process and of those that it has started and that have ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def sweep(runs: int, workers: int) -> Spent:
    grid = {"cluster.config.suspicion_mult": [2, 3, 4, 5, 6]}
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = time.perf_counter(), cpu_s()
        table = serfsim.sweep(
            tiny(), grid, range(runs // 5), out=Path(folder) / "sweep", workers=workers, progress=False
        )
        wall, cpu = time.perf_counter() - wall, cpu_s() - cpu
    assert (table["status"] == "done").all()
    return Spent(wall * workers, cpu, table["wall_s"].sum(), table["cpu_s"].sum())


def main(arguments: list[str]) -> None:
    runs = int(arguments[0]) if arguments else 500
    workers = int(arguments[1]) if len(arguments) > 1 else 2
    sweep(10, workers)  # what is imported here is imported now
    short, long = sweep(runs // 5, workers), sweep(runs // 5 + runs, workers)
    worker_ms, cpu_ms, simulated_ms, simulated_cpu_ms = (
        1e3 * (more - less) / runs for less, more in zip(short, long, strict=True)
    )
    print(f"{runs} runs on {workers} workers, load of the machine {os.getloadavg()[0]:.1f}")
    print(f"simulation of a run: {simulated_ms:6.2f} ms of a worker, {simulated_cpu_ms:6.2f} ms of CPU")
    print(
        f"beyond it:           {worker_ms - simulated_ms:6.2f} ms of a worker,"
        f" {cpu_ms - simulated_cpu_ms:6.2f} ms of CPU"
    )


if __name__ == "__main__":
    main(sys.argv[1:])

"""Measure the cost of a run in a sweep beyond its simulation, and the gain of two workers.

    python -m benchmarks.sweep_overhead [RUNS] [WORKERS]

Sweeps of two lengths, whose runs are as short as runs can be, into a folder. What the longer one takes
more is what its further runs take, whatever it takes to start and end workers. Of that the simulation is
taken off: the time from the first event to the last, which each run measures itself. What is left is
everything else: scenario, topology and cluster are built, figures are scored, the run goes to a worker
and its answer comes back, a part is written. It is given as time of a worker (wall time times workers)
and as CPU time of all processes, which other programs on the machine do not distort.

Two workers are compared with one in the same way, with runs of about three seconds. Beside it stands what the
machine permits: two processes that have nothing to do with each other, compared with one.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import serfsim

ALONE = "alone"  # the argument with which a process measures itself


class Spent(NamedTuple):
    """Seconds of a whole sweep, and those of its simulations."""

    worker_s: float
    cpu_s: float
    simulated_worker_s: float
    simulated_cpu_s: float


class Overhead(NamedTuple):
    """Milliseconds per run, of a worker and of CPU: beyond the simulation, and in it."""

    worker_ms: float
    cpu_ms: float
    simulated_worker_ms: float
    simulated_cpu_ms: float


def tiny() -> serfsim.Scenario:
    """Return five members for ten seconds: about a millisecond of simulation."""
    return serfsim.Scenario(name="tiny", duration="10s", warm_up="2s", cluster={"nodes": 5})


def long() -> serfsim.Scenario:
    """Return three hundred members that lose a fifth of their packets: about three seconds."""
    return serfsim.Scenario(
        name="long",
        duration="100s",
        warm_up="2s",
        cluster={"nodes": 300, "start": {"converged": True}},
        network={"loss": {"udp": "20%"}},
        faults=[{"block": "tcp", "nodes": "all", "at": "0s"}],
    )


def cpu_s() -> float:
    """Return the CPU seconds of this process and its finished children."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def sweep(scenario: serfsim.Scenario, runs: int, workers: int) -> Spent:
    """Run a sweep; `runs` is a multiple of five."""
    grid = {"cluster.config.suspicion_mult": [2, 3, 4, 5, 6]}
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = time.perf_counter(), cpu_s()
        out = Path(folder) / "sweep"
        table = serfsim.sweep(scenario, grid, range(runs // 5), out=out, workers=workers, progress=False)
        wall, cpu = time.perf_counter() - wall, cpu_s() - cpu
    assert (table["status"] == "done").all()
    return Spent(wall * workers, cpu, table["wall_s"].sum(), table["cpu_s"].sum())


def further_runs(short: Spent, long: Spent, runs: int) -> Overhead:
    """Return the overhead per run of the longer sweep's additional runs."""
    worker_ms, all_cpu_ms, simulated_ms, simulated_cpu_ms = (
        1e3 * (more - less) / runs for less, more in zip(short, long, strict=True)
    )
    return Overhead(worker_ms - simulated_ms, all_cpu_ms - simulated_cpu_ms, simulated_ms, simulated_cpu_ms)


def overhead(runs: int = 500, workers: int = 2) -> Overhead:
    sweep(tiny(), 10, workers)  # imports happen here, before the measurement
    less = max(5, runs // 25 * 5)
    return further_runs(sweep(tiny(), less, workers), sweep(tiny(), less + runs, workers), runs)


def times_one_worker(runs: int = 10, workers: int = 2) -> float:
    """Return the throughput of so many workers relative to one."""
    walls = {}
    for count in (1, workers):
        less, more = sweep(long(), 5, count), sweep(long(), 5 + runs, count)
        walls[count] = (more.worker_s - less.worker_s) / count
    return walls[1] / walls[workers]


def times_one_process(processes: int = 2) -> float:
    """Return the throughput of so many independent processes relative to one: what the machine permits."""
    command = [sys.executable, "-m", "benchmarks.sweep_overhead", ALONE]
    walls = {}
    for count in (1, processes):
        started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
        walls[count] = sum(float(one.communicate()[0]) for one in started) / count
    return processes * walls[1] / walls[processes]


def run_alone(runs: int = 3) -> None:
    """Print the seconds that a few long runs take here."""
    wall = time.perf_counter()
    for seed in range(runs):
        serfsim.run(long(), seed=seed, progress=lambda fraction: None)
    print(time.perf_counter() - wall)


def main(arguments: list[str]) -> None:
    if arguments == [ALONE]:
        run_alone()
        return
    runs = int(arguments[0]) if arguments else 500
    workers = int(arguments[1]) if len(arguments) > 1 else 2
    one = overhead(runs, workers)
    print(f"{runs} runs on {workers} workers, load of the machine {os.getloadavg()[0]:.1f}")
    print(
        f"simulation of a run: {one.simulated_worker_ms:6.2f} ms of a worker,"
        f" {one.simulated_cpu_ms:6.2f} ms of CPU"
    )
    print(f"beyond it:           {one.worker_ms:6.2f} ms of a worker, {one.cpu_ms:6.2f} ms of CPU")
    print(f"{workers} workers finish {times_one_worker(workers=workers):.2f} times the runs of one,")
    print(f"and as many independent processes {times_one_process(workers):.2f} times those of one")


if __name__ == "__main__":
    main(sys.argv[1:])

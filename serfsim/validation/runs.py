"""Runs of the recordings' scenarios over many seeds on several processes, with cached figures.

The figures of every (recording, seed) are kept in a file under `folder` with a digest of the sources that
produced them. A later validation repeats only missing runs and those of older sources.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from serfsim.base.atomic_files import write_whole
from serfsim.engine.streams import stream
from serfsim.engine.trace import MESSAGE, TRAFFIC_COLUMNS, USER_MESSAGE, Trace
from serfsim.results.scoring.recording import PerSecond, Recording
from serfsim.simulation import Simulation
from serfsim.simulation.recorder import BROADCASTS, LEADING, SERF
from serfsim.study.sweeps.keys import NOT_AFFECTING_RESULTS as NOT_AFFECTING_RUNS
from serfsim.study.sweeps.keys import package_digest
from serfsim.study.sweeps.pools import end_with_parent
from serfsim.validation.conversion import rounds
from serfsim.validation.figures import figures
from serfsim.validation.figures.measures import Figures
from serfsim.validation.golden import Golden, name_of, read
from serfsim.validation.noise import MachineNoise, stalls
from serfsim.validation.scenario import latency_file, scenario, warm_up

# Sources that figures do not depend on.
NOT_AFFECTING_COUNTS = (
    *(part for part in NOT_AFFECTING_RUNS if part != "validation/"),
    *(f"validation/{name}.py" for name in ("__main__", "causes", "compare", "page", "plot", "tolerances")),
)


@dataclass(frozen=True)
class Job:
    path: Path
    seed: int
    folder: Path
    sources: str

    @property
    def kept(self) -> Path:
        return self.folder / name_of(self.path) / f"seed-{self.seed:04d}.json"


def simulate(golden: Golden, seed: int, folder: Path) -> Recording:
    """Run a recording's scenario once, after writing its latencies to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    sim = Simulation(scenario(golden, latency_file(golden, folder)), seed)
    sim.network.jitter = machine_noise(sim, golden, seed)
    sim.process(polls(sim, golden))
    recording = sim.run().recording
    assert recording is not None
    return with_message_bytes(recording, sim.trace)


def machine_noise(sim: Simulation, golden: Golden, seed: int) -> MachineNoise:
    """Return the stalls of the recording's machine on top of the scenario's jitter."""
    begin = float(golden.raw["traffic"]["series_start"]) - warm_up(golden) + sim.origin
    rng = stream(seed, "machine/stalls")
    queue = sim.queue
    return MachineNoise(
        sim.network.jitter,
        stalls(golden),
        begin,
        rng,
        lambda: queue.now,
        overtaking=golden.jitter_fraction > 0.0,
    )


def with_message_bytes(recording: Recording, trace: Trace) -> Recording:
    """Add the bytes of messages to those of packets: "message/TYPE" in `traffic_bytes`."""
    table = np.array(list(trace.sizes), dtype=np.int64).reshape(-1, TRAFFIC_COLUMNS)
    known = recording.traffic_bytes
    places = {name: MESSAGE + kind for kind, name in {**LEADING, **BROADCASTS}.items()}
    places |= {name: USER_MESSAGE + kind for kind, name in SERF.items()}
    columns = [*known.columns, *(f"message/{name}" for name in places)]
    values = np.column_stack([known.values, table[:, list(places.values())]])
    return replace(recording, traffic_bytes=PerSecond(known.start, columns, values))


def polls(sim: Simulation, golden: Golden) -> Iterator[Any]:
    """Sample the coordinates at the times the recording polled them."""
    for poll in rounds(golden.raw["coords"]):
        at = poll[len(poll) // 2][0] - warm_up(golden)
        if at > sim.now:
            yield sim.env.timeout_at(at)
        sim.sampler.take()


def run_all(
    paths: list[Path], seeds: list[int], folder: Path, workers: int, progress: Callable[[int, int], None]
) -> dict[str, dict[int, Figures]]:
    """Return the figures of every recording and seed: {name: {seed: figures}}."""
    sources = package_digest(NOT_AFFECTING_COUNTS)
    # Seed by seed: an interruption leaves fewer seeds of all recordings, not all seeds of a few.
    jobs = [Job(path, seed, folder, sources) for seed in seeds for path in paths]
    found: dict[Job, Figures] = {job: known for job in jobs if (known := recall(job)) is not None}
    missing = [job for job in jobs if job not in found]
    progress(len(found), len(jobs))
    for job, values in carry_out_all(missing, workers):
        found[job] = values
        progress(len(found), len(jobs))
    ordered: dict[str, dict[int, Figures]] = {}
    for job in jobs:
        ordered.setdefault(name_of(job.path), {})[job.seed] = found[job]
    return ordered


def carry_out_all(jobs: list[Job], workers: int) -> Iterator[tuple[Job, Figures]]:
    if workers <= 1:
        for job in jobs:
            yield job, carry_out(job)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, context, end_with_parent, (os.getpid(),)) as pool:
        pending = {pool.submit(carry_out, job): job for job in jobs}
        try:
            for future in as_completed(pending):
                yield pending[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def carry_out(job: Job) -> Figures:
    """Run one job, keep its figures and return them."""
    golden = read_cached(job.path)
    # Each process writes its own latency file, so none reads a half-written one.
    recording = simulate(golden, job.seed, job.folder / "latencies" / str(os.getpid()))
    values = figures(golden, recording)
    keep(job, values)
    return values


@cache
def read_cached(path: Path) -> Golden:
    return read(path)


def keep(job: Job, values: Figures) -> None:
    job.kept.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"sources": job.sources, "figures": values}, allow_nan=True)
    write_whole(job.kept, text + "\n")


def recall(job: Job) -> Figures | None:
    """Return the figures kept by an earlier validation of the same sources, if readable."""
    try:
        kept = json.loads(job.kept.read_text(encoding="utf-8"))
        if kept["sources"] != job.sources:
            return None
        return {str(name): [float(value) for value in values] for name, values in kept["figures"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def pool_figures(runs: dict[int, Figures], figure: str) -> list[float]:
    """Return the values of one figure over all seeds, in the order of the seeds."""
    values = [value for seed in sorted(runs) for value in runs[seed].get(figure, [])]
    return [value for value in values if not math.isnan(value)]

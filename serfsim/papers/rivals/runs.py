"""A run: a detector under a situation, scored by the members that the situation leaves alone."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from serfsim.papers.rivals.coordinates import EXPERIMENT, run_coordinates
from serfsim.papers.rivals.grid import CRASH_S, DETECTORS, END_S, SITUATIONS, network_of
from serfsim.protocol import events
from serfsim.scenario.model import Scenario
from serfsim.simulation import Simulation
from serfsim.study.reproduction import Cell

if TYPE_CHECKING:
    from serfsim.results.scoring.recording import Recording


def scenario(cell: Cell) -> Scenario:
    """Return the scenario of a cell."""
    members = int(cell["N"])
    detector = DETECTORS[str(cell["detector"])]
    section, key = detector.key
    (value,) = (one for one in detector.values if str(one) == cell["setting"])
    struck, crashing = members // 8, members // 16
    cluster: dict[str, Any] = {
        **detector.cluster,
        "start": {"converged": True},
        "groups": {
            "sound": {"nodes": members - struck - crashing},
            "struck": {"nodes": struck},
            "crashing": {"nodes": crashing},
        },
        "nodes": members,
    }
    cluster[section] = {**cluster.get(section, {}), key: value}
    return Scenario(
        name="rivals",
        cluster=cluster,
        network=network_of(cell),
        faults=[
            *map(dict, SITUATIONS[str(cell["situation"])]),
            {"crash": ["crashing"], "at": f"{CRASH_S:g}s"},
        ],
        warm_up="10s",
        duration=f"{END_S:g}s",
    )


def run(cell: Cell, seed: int) -> dict[str, float]:
    """Run a cell once.

    `first_s`, `full_s`: seconds from the crash until the first, and until every, sound member has
    declared a crashed one failed, means over the crashed; `missed`: pairs of these that never did.
    `mistakes`: failed events of sound members about each other and about crashing ones that still run, and
    `about_struck` those about struck ones. `wrong`: views that are wrong at the end. `healed_s`: when views
    agreed for good, NaN if never. `packets`, `bytes`: sent a second and member. `cpu_us`: microseconds of CPU
    a member and second. Of a coordinate system: see `run_coordinates`.
    """
    if cell["situation"] == EXPERIMENT:
        return run_coordinates(cell, network_of(cell), seed)
    result = Simulation(scenario(cell), seed).run_whole()
    assert result.recording is not None
    summary = result.summary
    traffic, convergence = summary["traffic"], summary["convergence"]
    node_seconds = int(cell["N"]) * (END_S + 10.0)
    healed = convergence["one_view_s"]
    return {
        **score(result.recording),
        "wrong": float(convergence["views_disagreeing"]),
        "healed_s": math.nan if healed is None else float(healed),
        "packets": float(traffic["packets_per_node_s"]),
        "bytes": float(traffic["bytes_per_node_s"]),
        "cpu_us": 1e6 * float(summary["cpu_s"]) / node_seconds,
    }


def score(recording: Recording) -> dict[str, float]:
    """Count what sound members declared."""
    groups = np.array(recording.groups)
    sound, struck, crashing = (groups == name for name in ("sound", "struck", "crashing"))
    table = recording.events
    failed = (table.kind == events.FAILED) & (table.t >= 0.0)
    failed &= sound[table.observer]
    about = table.subject
    detects = failed & crashing[about] & (table.t >= CRASH_S)
    found: dict[int, dict[int, float]] = defaultdict(dict)
    for at, observer, subject in zip(table.t[detects], table.observer[detects], about[detects], strict=True):
        found[int(subject)].setdefault(int(observer), float(at) - CRASH_S)
    complete = [times for times in found.values() if len(times) == sound.sum()]
    pairs = sum(len(times) for times in found.values())
    return {
        "first_s": _mean([min(times.values()) for times in found.values()]),
        "full_s": _mean([max(times.values()) for times in complete]),
        "missed": float(int(crashing.sum()) * int(sound.sum()) - pairs),
        "mistakes": float(np.count_nonzero(failed & ~struck[about] & ~detects)),
        "about_struck": float(np.count_nonzero(failed & struck[about])),
    }


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else math.nan

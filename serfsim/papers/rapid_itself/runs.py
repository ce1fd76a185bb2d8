"""Rapid's experiments with itself as scenarios (USENIX ATC 2018, section 7).

Members, faults and times are those of the experiments with memberlist in `serfsim.papers.rapid`; faults
begin earlier, since nothing has to settle first. A removed member stays out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import Any, Final

from serfsim.engine.streams import stream
from serfsim.papers.rapid.experiment import FAULTY, HEALTHY, disagreeing, fault, finish, names_of, ten
from serfsim.papers.rapid.sizes import Logs
from serfsim.papers.rapid_itself.conflicts import conflicting_share
from serfsim.scenario.model import Scenario
from serfsim.simulation import Simulation
from serfsim.study.reproduction import Cell, used

FAULT_AT_S: Final = 10.0
CRASH_END_S: Final = 70.0
FAULT_END_S: Final = 190.0
SETTLED_S: Final = 60  # after the start, from when on views should be stable
PERIOD_S: Final = 20.0
SEED_ALONE_S: Final = 10.0
BOOTSTRAP_END_S: Final = 60.0
REPEATS: Final = 5  # of conflicts in a seed, and so 5000 processes
WAYS: Final = ("sent", "received")
OF: Final = ("mean", "p99", "max")
CONVERGED: Final = {"converged": True, "spread": "1s"}
Figures = dict[str, float]
PLAIN: Final[Mapping[str, Any]] = {"rejoin": "0s"}


def rival_of(cell: Cell) -> dict[str, Any]:
    """Return Rapid's settings in a cell."""
    found = dict(PLAIN)
    if used(cell, "spreading", "gossip") != "gossip":
        found["gossip"] = False
    if used(cell, "failures", "4 of 10") == "10 of 10":
        found["failures"] = 10
    found["reinforce"] = used(cell, "reinforcement", "10s")
    found["copies"] = float(used(cell, "copies", "3"))
    high, low = used(cell, "H and L", "9 and 3").split(" and ")
    return found | {"h": int(high), "l": int(low)}


def run(cell: Cell, seed: int) -> Figures:
    """Carry out one run; return its figures."""
    experiments = {
        "conflicts": conflicts,
        "crash": crash,
        "bootstrap": bootstrap,
        "flip-flop": flip_flop,
        "loss": loss,
    }
    return experiments[str(cell["experiment"])](cell, seed)


def conflicts(cell: Cell, seed: int) -> Figures:
    """Return the share of processes that propose too little."""
    rng = stream(seed, "rapid/conflicts")
    shares = [conflicting_share(int(cell["H"]), int(cell["L"]), int(cell["F"]), rng) for _ in range(REPEATS)]
    return {"share": sum(shares) / len(shares)}


def simulation(cell: Cell, faults: list[dict[str, Any]], start: dict[str, Any], end: float, seed: int) -> Any:
    """Return the simulation of a cell."""
    scenario = Scenario(
        name="rapid_itself",
        duration=f"{end}s",
        warm_up="0s",
        cluster={
            "nodes": names_of(int(cell["N"]), ""),
            "protocol": "rapid",
            "rival": rival_of(cell),
            "start": start,
        },
        network={"topology": {"model": "plane", "size": "0.3ms", "height": "50us..100us"}},
        faults=faults,
        record={"coordinates": "none"},
    )
    return Simulation(scenario, seed)


def bootstrap(cell: Cell, seed: int) -> Figures:
    """Start N - 1 processes ten seconds after the first, which they join."""
    count, rng = int(cell["N"]), Random(seed)
    starts = [f"-{SEED_ALONE_S}s", *(f"{rng.random():.6f}s" for _ in range(count - 1))]
    summary, recording = finish(simulation(cell, [], {"at": starts}, BOOTSTRAP_END_S, seed))
    found = summary["convergence"]
    return {
        "time_to_n_s": math.nan if found["time_to_n_s"] is None else found["time_to_n_s"],
        "sizes_logged": float(Logs(recording).unique()),
        "bytes_per_node": summary["traffic"]["bytes_per_node_s"] * (BOOTSTRAP_END_S + SEED_ALONE_S),
    }


def crash(cell: Cell, seed: int) -> Figures:
    """Crash ten of 1000 at once."""
    summary, recording = finish(
        simulation(cell, [fault({"crash": ten()}, at=FAULT_AT_S)], CONVERGED, CRASH_END_S, seed)
    )
    logs, traffic = Logs(recording), summary["traffic"]
    times = logs.removals(HEALTHY, FAULTY)
    return {
        "first_s": float(times.min()) - FAULT_AT_S,
        "spread_s": float(times.max() - times.min()),
        "sizes_logged": float(logs.unique()),
        "at_990": float((logs.among(HEALTHY)[-1] == len(HEALTHY)).mean()),
        "healthy_removed": float(len(logs.removals(HEALTHY, HEALTHY))),
        **{f"{way}.{of}": float(traffic[f"{way}_bytes_per_s"][of]) for way in WAYS for of in OF},
    }


def flip_flop(cell: Cell, seed: int) -> Figures:
    """Drop all that ten of 1000 would receive, for 20 seconds in each 40."""
    word = {"block": "all", "nodes": ten(), "direction": "in"}
    times = math.ceil((FAULT_END_S - FAULT_AT_S) / (2 * PERIOD_S))
    blocks = fault(word, at=FAULT_AT_S, every=2 * PERIOD_S, times=times) | {"for": f"{PERIOD_S}s"}
    return _views(cell, [blocks], seed)


def loss(cell: Cell, seed: int) -> Figures:
    """Lose 80 % of what ten of 1000 receive, send, or both."""
    word = {"loss": {"udp": "80%", "tcp": "80%"}, "nodes": ten(), "direction": str(cell["direction"])}
    return _views(cell, [fault(word, at=FAULT_AT_S)], seed)


def _views(cell: Cell, faults: list[dict[str, Any]], seed: int) -> Figures:
    """Run ten faulty members among 1000; return what the views of the others were."""
    _, recording = finish(simulation(cell, faults, CONVERGED, FAULT_END_S, seed))
    logs = Logs(recording)
    healthy, missing = logs.among(HEALTHY), logs.missing(HEALTHY, FAULTY)
    removals = logs.removals(HEALTHY, FAULTY)
    return {
        "first_s": float(removals.min()) - FAULT_AT_S if len(removals) else math.nan,
        "missing_at_end": float(missing[-1]),
        "all_missing": float((missing[SETTLED_S:] > len(FAULTY) - 0.5).mean()),
        "disagree": disagreeing(healthy[SETTLED_S:]),
        "changes": float((healthy[SETTLED_S:].max(axis=0) != healthy[SETTLED_S:].min(axis=0)).mean()),
        "sizes_logged": float(len({*healthy.flat})),
        "healthy_removed": float(len(logs.removals(HEALTHY, HEALTHY))),
        **{f"curve.{second}": float(healthy[second].mean()) for second in range(0, int(FAULT_END_S) + 1, 2)},
    }

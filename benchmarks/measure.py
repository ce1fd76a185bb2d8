"""One measurement: one cluster, one seed, in this process; one line of JSON on standard output.

    python benchmarks/measure.py KIND NODES SECONDS SEED [--save | --interrupt]

The kinds:

    idle     a converged cluster without faults
    join     all other members join one at once after 10 s
    stormy   converged, 20 % of UDP lost, TCP blocked, a fiftieth of the members crashing after 5 s
    storm    converged, 30 % of UDP lost, a twentieth crashing after 5 s
    zone     converged, a fifth of the members cut off after 5 s for 40 s

CPU seconds: `cpu_s` from the first event to the last; of these `run_s` from time 0 on; `set_up_s` for
building the cluster and for what comes before time 0, when converged members start; `scoring_s`; and with
--save `saving_s` for tables, figures and page. `sent` counts the broadcasts by type. Nothing but serfsim is
imported, so that any commit can be measured.

With --interrupt the run is interrupted INTERRUPT_AFTER_S after its start, and there are only `noticed_s`,
until the simulation stands, and `saved_s`, until what there is by then is scored and written: of wall time.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import serfsim
from serfsim.scenario.cluster import Cluster
from serfsim.speed import is_compiled

INTERRUPT_AFTER_S = 4.0
BROADCASTS = ("alive", "suspect", "dead", "join_intent")


def scenario_of(kind: str, nodes: int, seconds: float) -> serfsim.Scenario:
    sections: dict[str, Any] = {
        "name": f"{kind}_{nodes}",
        "duration": f"{seconds:g}s",
        "warm_up": "0s",
        "cluster": {"nodes": nodes, "start": {"converged": True}},
        "network": {
            "topology": {"model": "plane", "size": "50ms", "height": "1ms..3ms"},
            "jitter": {"model": "lognormal", "median": "1ms", "sigma": 0.5},
        },
        "record": {"coordinates": "none", "views": "none"},
    }
    cluster, network = sections["cluster"], sections["network"]
    if kind == "join":
        cluster["start"] = {"join": "first", "at": ["0s"] + ["10s"] * (nodes - 1)}
        # Served one after another, most would be refused, and fewer members measured.
        cluster |= {name: "0s" for name in ("push_pull_time", "push_pull_time_per_kb") if has_setting(name)}
    elif kind == "stormy":
        network["loss"] = {"udp": "20%"}
        sections["faults"] = [
            {"block": "tcp", "nodes": "all", "at": "0s"},
            {"crash": max(1, nodes // 50), "at": "5s"},
        ]
    elif kind == "storm":
        network["loss"] = {"udp": "30%"}
        sections["faults"] = [{"crash": max(1, nodes // 20), "at": "5s"}]
    elif kind == "zone":
        cluster["groups"] = {"zone": {"nodes": nodes // 5}, "others": {"nodes": nodes - nodes // 5}}
        sections["faults"] = [{"partition": [["zone"], ["others"]], "at": "5s", "for": "40s"}]
    elif kind != "idle":
        raise SystemExit(f"no such kind: {kind}")
    return serfsim.Scenario(**sections)


def has_setting(name: str) -> bool:
    return name in Cluster.model_fields


def broadcasts_sent(summary: dict[str, Any], kind: str, nodes: int, seconds: float) -> dict[str, int]:
    """Return broadcasts by type, from their rates and the time members were up."""
    down = {
        "join": 10.0 * (nodes - 1),
        "stormy": max(1, nodes // 50) * (seconds - 5.0),
        "storm": max(1, nodes // 20) * (seconds - 5.0),
    }.get(kind, 0.0)
    by_type = summary.get("traffic", {}).get("by_type", {})
    rates = {name: by_type.get(f"udp_{name}", {}).get("messages_per_node_s") or 0.0 for name in BROADCASTS}
    return {name: round(rate * (nodes * seconds - down)) for name, rate in rates.items()}


def peak_mib() -> float:
    """Return the peak memory of this process; Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def measure(kind: str, nodes: int, seconds: float, seed: int, save: bool) -> dict[str, Any]:
    began = time.process_time()
    simulation = serfsim.Simulation(scenario_of(kind, nodes, seconds), seed=seed)
    built = time.process_time()
    started = [built]

    def watch_the_start() -> Iterator[Any]:
        yield simulation.env.timeout_at(0.0)
        started.append(time.process_time())

    simulation.process(watch_the_start())
    result = simulation.run()
    scored = time.process_time()
    cpu_s = result.summary["cpu_s"]
    figures = {
        "events": result.summary["events_processed"],
        "cpu_s": cpu_s,
        "wall_s": result.summary["wall_s"],
        "set_up_s": started[-1] - began,
        "run_s": max(0.0, cpu_s - (started[-1] - built)),
        "scoring_s": max(0.0, scored - built - cpu_s),
        "simulated_s": seconds,
        "peak_mib": peak_mib(),
        "sent": broadcasts_sent(result.summary, kind, nodes, seconds),
        "compiled": is_compiled(),
        "digest": result.summary["digest"],
    }
    if save:
        with tempfile.TemporaryDirectory() as folder:
            result.save(f"{folder}/result")
        figures["saving_s"] = time.process_time() - scored
        figures["peak_saved_mib"] = peak_mib()
    return figures


def measure_interrupted(kind: str, nodes: int, seconds: float, seed: int) -> dict[str, Any]:
    """Measure an interrupted run.

    Exits where the run ended before.
    """
    simulation = serfsim.Simulation(scenario_of(kind, nodes, seconds), seed=seed)
    stands = [0.0]
    catch_up = simulation.env.catch_up

    def note_and_catch_up(*limit: float) -> float:
        stands[0] = time.perf_counter()  # the last call is the one after the interruption
        return catch_up(*limit)

    simulation.env.catch_up = note_and_catch_up  # type: ignore[method-assign]
    # By the system's timer: a thread would send it only when compiled code yields, which is to be measured.
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    sent_at = time.perf_counter() + INTERRUPT_AFTER_S
    signal.setitimer(signal.ITIMER_REAL, INTERRUPT_AFTER_S)
    result = simulation.run()
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    if result.summary["complete"]:
        raise SystemExit("the run was over before it could be interrupted")
    with tempfile.TemporaryDirectory() as folder:
        result.save(f"{folder}/result", figures=False)
        saved = time.perf_counter()
    return {
        "noticed_s": stands[0] - sent_at,
        "saved_s": saved - sent_at,
        "compiled": is_compiled(),
        "cpu_s": result.summary["cpu_s"],
        "peak_mib": peak_mib(),
    }


def main(arguments: list[str]) -> None:
    kind, nodes, seconds, seed = arguments[0], int(arguments[1]), float(arguments[2]), int(arguments[3])
    if "--interrupt" in arguments[4:]:
        found = measure_interrupted(kind, nodes, seconds, seed)
    else:
        found = measure(kind, nodes, seconds, seed, "--save" in arguments[4:])
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])

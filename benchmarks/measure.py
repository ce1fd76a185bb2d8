"""One measurement: one cluster, one seed, in this process; one line of JSON on standard output.

    python benchmarks/measure.py NODES WEATHER SECONDS SEED

WEATHER is `idle` (a converged cluster to which nothing happens) or `stormy` (the same with 20 % of UDP
lost, TCP blocked everywhere, and a fiftieth of the members crashing after 5 s: suspicions, refutations
and full gossip packets without end). It imports nothing but serfsim, so that it can measure any commit.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

import serfsim
from serfsim.speed import is_compiled


def scenario_of(nodes: int, weather: str, seconds: float) -> serfsim.Scenario:
    sections: dict[str, Any] = {
        "name": f"{weather}_{nodes}",
        "duration": f"{seconds:g}s",
        "warm_up": "0s",
        "cluster": {"nodes": nodes, "start": {"converged": True}},
        "network": {
            "topology": {"model": "plane", "size": "50ms", "height": "1ms..3ms"},
            "jitter": {"model": "lognormal", "median": "1ms", "sigma": 0.5},
        },
        "record": {"coordinates": "none", "views": "none"},
    }
    if weather == "stormy":
        sections["network"]["loss"] = {"udp": "20%"}
        sections["faults"] = [
            {"block": "tcp", "nodes": "all", "at": "0s"},
            {"crash": max(1, nodes // 50), "at": "5s"},
        ]
    elif weather != "idle":
        raise SystemExit(f"no such weather: {weather}")
    return serfsim.Scenario(**sections)


def peak_mib() -> float:
    """The most memory this process ever held; Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def main(arguments: list[str]) -> None:
    nodes, weather, seconds, seed = int(arguments[0]), arguments[1], float(arguments[2]), int(arguments[3])
    result = serfsim.run(scenario_of(nodes, weather, seconds), seed=seed)
    measured = {
        "events": result.summary["events_processed"],
        "cpu_s": result.summary["cpu_s"],
        "wall_s": result.summary["wall_s"],
        "simulated_s": seconds,
        "peak_mib": peak_mib(),
        "compiled": is_compiled(),
        "digest": result.summary["digest"],
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    main(sys.argv[1:])

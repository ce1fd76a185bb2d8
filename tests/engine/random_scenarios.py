"""Small scenarios at random: 5 to 40 members, and of everything that can be written a little.

    python -m tests.engine.random_scenarios [SEED ...]

runs them and prints {seed: digest, events, figures} as JSON, of the form that SERFSIM_PURE asks for.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Sequence
from typing import Any

import serfsim
from serfsim.scenario.faults import FAULTS
from serfsim.speed import is_compiled

SEEDS = range(1, 21)
DURATION_S = 16
RELEASES = ("0.6", "0.7", "0.8", "0.8.1", "0.8.2", "0.9", "latest")
TOPOLOGIES: tuple[dict[str, Any], ...] = (
    {"model": "plane", "size": "40ms", "height": "500us..5ms"},
    {"model": "line", "spacing": "2ms"},
    {"model": "random", "mean": "30ms", "sd": "10ms"},
)
JITTERS: tuple[Any, ...] = (
    "none",
    {"model": "lognormal", "median": "1ms", "sigma": 0.5},
    {"model": "uniform", "low": "0ms", "high": "8ms"},
)
LOSSES: tuple[dict[str, Any], ...] = (
    {},
    {"udp": "10%"},
    {"udp": "20%", "tcp": "5%"},
    {"udp": {"model": "gilbert_elliott", "good_to_bad": "2%", "bad_to_good": "30%"}},
)


def sections(seed: int) -> dict[str, Any]:
    """The scenario of a seed, as a file would say it. Faults take turns, so that few seeds have them all."""
    rng = random.Random(seed)
    nodes = rng.randint(5, 40)
    cluster: dict[str, Any] = {
        "nodes": nodes,
        "profile": rng.choice(("lan", "lan", "local")),
        "version": rng.choice(RELEASES),
        "start": rng.choice(({"converged": True}, {"spread": "1s", "join": "first"})),
    }
    if rng.random() < 0.3:
        cluster["groups"] = {"old": {"nodes": nodes // 3, "version": rng.choice(RELEASES)}}
        cluster["groups"]["rest_of_them"] = {"nodes": nodes - nodes // 3}
    verbs = list(FAULTS)
    chosen = [verbs[(seed + step) % len(verbs)] for step in range(rng.randint(1, 3))]
    return {
        "name": f"random_{seed}",
        "seed": seed,
        "duration": f"{DURATION_S}s",
        "warm_up": "4s",
        "cluster": cluster,
        "network": {
            "topology": rng.choice(TOPOLOGIES),
            "jitter": rng.choice(JITTERS),
            "loss": rng.choice(LOSSES),
        },
        "record": {"coordinates": rng.choice(("none", "2s"))},
        "faults": [fault(rng, verb) for verb in chosen],
        "workload": [work(rng) for _ in range(rng.randint(0, 2))],
    }


def fault(rng: random.Random, verb: str) -> dict[str, Any]:
    when: dict[str, Any] = {"at": f"{rng.randint(1, 6)}s"}
    lasting = {**when, "for": f"{rng.randint(3, 12)}s"}
    some = rng.choice((1, 2, "30%"))
    transport = rng.choice(("udp", "tcp", "all"))
    return {
        "block": {
            "block": transport,
            "nodes": some,
            "direction": rng.choice(("in", "out", "both")),
            **lasting,
        },
        "partition": {"partition": [rng.choice(("20%", "50%")), "rest"], **lasting},
        "loss": {"loss": {"udp": "40%"}, "nodes": some, **lasting},
        "latency": {"latency": {"add": "300ms"}, "nodes": some, **lasting},
        "crash": {"crash": some, **when, **rng.choice(({}, {"restart": "4s"}))},
        "move": {"move": 1, "address": f"10.9.{rng.randrange(256)}.{rng.randint(1, 254)}", **when},
        "pause": {"pause": some, **lasting},
        "freeze": {"freeze": some, **lasting},
        "stall": {"stall": some, **lasting},
        "clock": {"clock": {"nodes": some, "rate": rng.choice((0.8, 1.02, 1.5))}, **lasting},
        "slow": {"slow": {"nodes": some, "processing_delay": "80ms"}, **lasting},
        "leave": {"leave": 1, **when},
        "no_route": {"no_route": transport, "nodes": some, **lasting},
        "duplicate": {"duplicate": "20%", "nodes": some, **lasting},
        "reorder": {"reorder": {"share": "20%", "by": "30ms"}, "nodes": some, **lasting},
        "jitter": {"jitter": {"model": "lognormal", "median": "5ms", "sigma": 0.5}, "nodes": some, **lasting},
        "bandwidth": {"bandwidth": "64kbit", "nodes": some, **lasting},
        "terminate": {"terminate": 1, **when},
        "interrupt": {"interrupt": 1, **when},
        "forge": {"forge": {"dead": "node-03", "incarnation": 9}, "from": "node-01", **when},
        "reconfigure": {"reconfigure": some, "config": {"probe_timeout": "300ms"}, **when},
        "upgrade": {"upgrade": some, "to": rng.choice(("0.9", "latest")), **when},
    }[verb]


def work(rng: random.Random) -> dict[str, Any]:
    at = f"{rng.randint(1, 10)}s"
    return rng.choice(
        (
            {"event": "deploy", "payload": "100B", "at": at, "every": "1s", "times": 4},
            {"query": "uptime", "at": at, "request_ack": True},
            {"tags": {"role": "web"}, "nodes": 1, "at": at},
        )
    )


def outcome(seed: int) -> dict[str, Any]:
    """Digest, events and figures of a run; nothing that differs between two of them."""
    summary = serfsim.run(serfsim.Scenario(**sections(seed)), progress=lambda share: None).summary
    apart = ("versions", "wall_s", "cpu_s", "events_per_s")
    return {name: value for name, value in summary.items() if name not in apart}


def main(arguments: Sequence[str]) -> None:
    seeds = [int(seed) for seed in arguments] or SEEDS
    print(json.dumps({"compiled": is_compiled(), "runs": {seed: outcome(seed) for seed in seeds}}))


if __name__ == "__main__":
    main(sys.argv[1:])

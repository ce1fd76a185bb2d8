"""The network of a drawn scenario: topology, jitter, loss and limits, from the schema."""

from __future__ import annotations

import random
from typing import Any, Final

from serfsim.scenario.topologies import TOPOLOGIES
from serfsim.study.swarm import choices
from serfsim.study.swarm.values import Cast, Values, parts
from serfsim.topology.backbone import networks

NOT_DRAWN: Final[dict[str, str]] = {
    "matrix": "its measurements are in a file of their own, and a drawn scenario is one file",
}
"""Topologies that the swarm leaves out, and why."""

MOST_LINKS: Final = 8  # a generated graph needs more places than links from one
ROUND_TRIP_S: Final = (1e-3, 0.06)


def draw_network(rng: random.Random, cast: Cast) -> dict[str, Any]:
    """Draw the section `network`."""
    section: dict[str, Any] = {}
    values = Values(rng, cast, ROUND_TRIP_S)
    if rng.random() < 0.7:
        section["topology"] = _draw_topology(values)
    if rng.random() < 0.35:
        section["jitter"] = _draw_jitter(values)
    if rng.random() < 0.35:
        section["loss"] = _draw_loss(values)
    limits: dict[str, Any] = {
        "bandwidth": lambda: rng.choice(("1mbit", "10mbit", "1gbit")),
        "mtu": lambda: rng.choice((576, 1280, 9000)),
        "socket_buffer": lambda: rng.choice(("4KiB", "64KiB")),
        "tcp": lambda: {"syn_retries": "linear", "rto_min": "50ms", "mss": rng.choice((536, 8948))},
    }
    for key in sorted(limits):
        if rng.random() < 0.08:
            section[key] = limits[key]()
    return section


def _draw_topology(values: Values) -> dict[str, Any]:
    rng = values.rng
    name = rng.choice(sorted(TOPOLOGIES.keys() - NOT_DRAWN.keys()))
    if name == "graph":
        generators = [
            one["$ref"] for one in parts()["Graph"]["properties"]["generator"]["anyOf"] if "$ref" in one
        ]
        schema = parts()[rng.choice(generators).rpartition("/")[2]]
        places = max(MOST_LINKS, len(values.cast.nodes))
        model = schema["properties"]["model"]["const"]
        return {"model": name, "generator": {"model": model, "places": places}}
    if name == "cloud":
        return {"model": name, "provider": rng.choice(("aws", "azure", "gcp")), "zones": rng.randint(1, 3)}
    if name == "backbone":
        # Several members may share a place, between which only their access has a latency.
        return {"model": name, "network": rng.choice(networks()), "access": "200us..1ms"}
    schema = parts()[TOPOLOGIES[name].__name__]
    without = frozenset(("side", "place", "access")) if name == "grid" else frozenset(("place", "access"))
    values.hints = {key: lambda v: v.rng.randint(1, 3) for key in ("regions", "zones", "racks")}
    drawn = values.keys_of(schema, without)
    values.hints = {}
    return {"model": name, **{key: value for key, value in drawn.items() if key != "model"}}


def _draw_jitter(values: Values) -> dict[str, Any]:
    def one() -> dict[str, Any]:
        return choices.JITTER_RULES[values.rng.choice(sorted(choices.JITTER_RULES))](values)

    values.span = (1e-3, 0.02)
    drawn = one()
    if values.rng.random() < 0.2:
        drawn["pairs"] = [{"between": values.pairs(), "jitter": one()}]
    values.span = ROUND_TRIP_S
    return drawn


def _draw_loss(values: Values) -> dict[str, Any]:
    share = values.rng.choice(("1%", "3%", "10%", "20%"))
    chain = {"model": "gilbert_elliott", "good_to_bad": "1%", "bad_to_good": "30%"}
    drawn: dict[str, Any] = {"udp": values.rng.choice((share, share, chain))}
    if values.rng.random() < 0.4:
        drawn["tcp"] = values.rng.choice(("1%", "5%"))
    if values.rng.random() < 0.2:
        drawn["pairs"] = [{"between": values.pairs(), "udp": "50%"}]
    return drawn

"""Conversion of a recording to a scenario: latencies, starts, joins, faults and workload at the same times.

Scenario times count from the end of the warm-up, which ends before the first fault, a whole number of seconds
after the recording's traffic series begins, so that both count the same seconds. The latencies go into a file
that `latency_file` writes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from serfsim.scenario.model import Scenario
from serfsim.validation.golden import Golden, NotComparable
from serfsim.validation.noise import body
from serfsim.validation.releases import release_of

JITTER_SIGMA = 1.0

TRANSPORTS = {"udp": "udp", "tcp": "tcp", "any": "all"}
RULE_KEYS = {"id", "src", "dst", "sym", "proto", "loss", "ge"}

# Payload bytes, to match the recordings' messages of 50, 121 and 48 bytes. These compress: after 20 events
# the state of an exchange has 310 more bytes; with random payloads it would have 400.
EVENT_PAYLOAD, QUERY_PAYLOAD, ANSWER = 16, 1, 1

# Actions that are not faults: handled elsewhere, or the end of a fault.
NO_FAULTS = ("unrule", "cont", "route", "kill", "leave", "force-leave", "event", "query", "respond-all")


def seconds(value: float) -> str:
    """Format a duration for a scenario file, to the nanosecond."""
    return f"{value:.9f}s"


def warm_up(golden: Golden) -> float:
    """Return the seconds from the join to the zero of the scenario's clock."""
    series = float(golden.raw["traffic"]["series_start"])
    first = min([golden.scenario_start, *(t for t, _, _ in golden.actions)])
    return series + math.floor(max(first, 1.0) - series)


def latency_file(golden: Golden, folder: Path) -> Path:
    """Write the one-way latencies in seconds to the file named in `scenario`."""
    path = folder / f"{golden.name}.npz"
    np.savez(path, one_way=golden.one_way_s)
    return path


def scenario(golden: Golden, latencies: Path) -> Scenario:
    """Return the recording as a scenario.

    Raises NotComparable for actions that no scenario supports.
    """
    zero = warm_up(golden)
    return Scenario(
        name=golden.name,
        question=f"Does a simulated cluster do what the real one did ({golden.kind})?",
        duration=seconds(golden.end - zero),
        warm_up=seconds(zero),
        cluster={
            "nodes": golden.names,
            "profile": golden.profile,
            **release_of(golden).cluster,
            "start": {"join": "first", "at": [seconds(float(start)) for start in golden.starts]},
            "processing_delay": seconds(golden.answer_s if body(golden) is None else 0.0),
        },
        network={
            "topology": {"model": "matrix", "file": str(latencies), "unit": "s", "kind": "one_way"},
            "jitter": jitter(golden),
            # The recordings' kernel retransmits a lost SYN after 1, 2, 3, 4, 5 and 7 s.
            "tcp": {"syn_retries": "linear"},
        },
        faults=list(faults(golden, zero)),
        workload=[*removals(golden, zero), *announcements(golden, zero)],
        # `runs.py` polls the coordinates at the recording's times; a last sample at the end does no harm.
        record={"coordinates": seconds(golden.end)},
    )


def jitter(golden: Golden) -> dict[str, Any]:
    """Return the delay of packets beyond their latency: emulated jitter, or the agents' machine."""
    if golden.jitter_fraction:
        return {"model": "lognormal", "fraction": golden.jitter_fraction, "sigma": JITTER_SIGMA}
    noise = body(golden)
    if noise is None:
        return {"model": "none"}
    median, sigma = noise
    return {"model": "lognormal", "median": seconds(median), "sigma": sigma}


def faults(golden: Golden, zero: float) -> Iterator[dict[str, Any]]:
    """Yield every action of the timeline as a fault on the scenario's clock."""
    names = golden.names
    for t, action, arguments in golden.actions:
        at = {"at": seconds(t - zero)}
        if action == "rule":
            yield {**rule(golden, dict(arguments[0])), **at, **lasting(golden, t, arguments[0].get("id"))}
        elif action == "stop":
            resumed = (end for end, node in golden.actions_of("cont") if node == arguments[0] and end > t)
            until = next(resumed, None)
            ends = {} if until is None else {"for": seconds(until - t)}
            yield {"pause": [names[arguments[0]]], **at, **ends}
        elif action == "noroute":
            node, transport = arguments[:2]
            again = (end for end, name, args in golden.actions if name == "route" and args[0] == node)
            until = next((end for end in again if end > t), None)
            ends = {} if until is None else {"for": seconds(until - t)}
            yield {"no_route": transport, "nodes": [names[node]], **at, **ends}
        elif action not in NO_FAULTS:
            raise NotComparable(f"{golden.name}: no fault of a scenario does what '{action}' did")
    for action, verb in (("kill", "crash"), ("leave", "leave")):
        for t, node in golden.actions_of(action):
            yield {verb: [names[node]], "at": seconds(t - zero)}


def removals(golden: Golden, zero: float) -> Iterator[dict[str, Any]]:
    """Yield every forced removal of one node by another."""
    for t, action, arguments in golden.actions:
        if action == "force-leave":
            by, about = (golden.names[int(node)] for node in arguments[:2])
            yield {"force_leave": [about], "from": by, "at": seconds(t - zero)}


def announcements(golden: Golden, zero: float) -> Iterator[dict[str, Any]]:
    """Yield every user event, without coalescing, and every query, which all agents answer at once."""
    for t, kind, node, name in golden.announcements:
        sent = {kind: name, "from": golden.names[node], "at": seconds(t - zero)}
        if kind == "event":
            yield {**sent, "payload": EVENT_PAYLOAD, "fill": "zeros", "coalesce": False}
        else:
            yield {**sent, "payload": QUERY_PAYLOAD, "fill": "zeros", "request_ack": True, "response": ANSWER}


def lasting(golden: Golden, t: float, name: object) -> dict[str, Any]:
    """Return how long the named rule lasts; empty if to the end."""
    ends = [end for end, action, args in golden.actions if action == "unrule" and args[0] == name and end > t]
    return {"for": seconds(min(ends) - t)} if ends else {}


def rule(golden: Golden, told: dict[str, Any]) -> dict[str, Any]:
    """Return a rule of the switch as a fault, without its times."""
    strange = set(told) - RULE_KEYS
    if strange or told.get("proto", "any") not in TRANSPORTS:
        raise NotComparable(f"{golden.name}: found a rule {told}; expected only {sorted(RULE_KEYS)}")
    transport = TRANSPORTS[told.get("proto", "any")]
    where = around(golden, told)
    if "ge" in told:
        return {"loss": of_transport(transport, chain(told["ge"])), **where}
    share = float(told["loss"])
    if share >= 1.0 and transport == "all" and "between" in where:
        sides = [[golden.names[node] for node in told[end]] for end in ("src", "dst")]
        return {"partition": sides, "one_way": not told.get("sym")}
    if share >= 1.0:
        return {"block": transport, **where}
    return {"loss": of_transport(transport, share), **where}


def of_transport(transport: str, model: Any) -> dict[str, Any]:
    return {"udp": model, "tcp": model} if transport == "all" else {transport: model}


def chain(told: dict[str, float]) -> dict[str, Any]:
    """Return the Gilbert-Elliott model: P(good to bad), P(bad to good), loss while good, loss while bad."""
    return {
        "model": "gilbert_elliott",
        "good_to_bad": told["pgb"],
        "bad_to_good": told["pbg"],
        "loss_good": told["lg"],
        "loss_bad": told["lb"],
    }


def around(golden: Golden, told: dict[str, Any]) -> dict[str, Any]:
    """Return the nodes of a rule: packets from `src` to `dst`, all by default, and back with `sym`."""
    sources, targets, both = told.get("src"), told.get("dst"), bool(told.get("sym"))
    names = golden.names
    if sources is None and targets is None:
        return {"nodes": "all"}
    if sources is not None and targets is not None:
        pairs = [[names[a], names[b]] for a in sources for b in targets if a != b]
        return {"between": pairs, "one_way": not both}
    nodes = [names[node] for node in (sources or targets or [])]
    direction = "both" if both else ("out" if targets is None else "in")
    return {"nodes": nodes, "direction": direction}

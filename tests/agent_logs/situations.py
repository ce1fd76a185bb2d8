"""The scenarios that do what `record.SITUATIONS` did with real agents; times are those of the recordings."""

from __future__ import annotations

from typing import Any

from serfsim.native import Random
from tests.agent_logs.record import NEW_KEY, OLD_KEY

# The recordings' first agent starts at 0; the scenario's 0 is later, after all have joined.
WARM_UP = 4.0
NETWORK = {"topology": {"model": "line", "spacing": "0.02ms"}}


def at(recorded: float) -> str:
    return f"{round((recorded - WARM_UP) * 1000)}ms"


def starts(seed: int, *recorded: float) -> list[str]:
    """Start times: processes took 5 to 35 ms to start, and the rhythm of each agent's gossip begins there."""
    rng = Random(seed)
    return [f"{round(t * 1000) + 5 + rng.randrange(30)}ms" for t in recorded]


def keys(begins: list[float], *commands: Any) -> list[dict[str, Any]]:
    """Key commands of a."""
    times = [at(t) for t in begins]
    return [{"keys": what, "from": "a", "at": t} for t, what in zip(times, commands, strict=False)]


ROTATION = ({"install": NEW_KEY}, {"use": NEW_KEY}, {"remove": OLD_KEY})


def done(what: str, begins: list[float]) -> dict[str, Any]:
    """Faults and workload of a situation; `begins` are the times at which something was done."""
    last = begins[-1]
    kill = {"crash": ["c"], "at": at(begins[3]) if len(begins) > 3 else at(last)}
    query = {"query": "uptime", "request_ack": True, "timeout": "3s", "from": "a", "at": at(last)}
    since = begins[-2]
    parts: dict[str, dict[str, Any]] = {
        "join": {},
        "keys": {"workload": keys(begins[3:], "list", *ROTATION, {"remove": NEW_KEY}, {"use": OLD_KEY})},
        "old_key": {
            "faults": [{"crash": ["c"], "at": at(since), "restart": f"{last - since:.3f}s"}],
            "workload": keys(begins[3:6], *ROTATION),
        },
        "no_keyring": {"workload": keys(begins[3:], "list", {"install": NEW_KEY}, {"remove": NEW_KEY})},
        "event": {
            "workload": [{"event": "deploy", "payload": "2B", "coalesce": False, "from": "a", "at": at(last)}]
        },
        "query": {
            "workload": [
                {"query": "uptime", "request_ack": True, "timeout": "3s", "from": "a", "at": at(last)}
            ]
        },
        "relayed_query": {"workload": [query | {"relay_factor": 1}]},
        "tags": {"workload": [{"tags": {"role": "web"}, "nodes": ["b"], "at": at(last)}]},
        "leave": {"faults": [{"leave": ["c"], "at": at(last)}]},
        "killed": {"faults": [kill]},
        "reconnect": {"faults": [kill]},
        "force_leave": {"faults": [kill], "workload": [{"force_leave": ["c"], "from": "a", "at": at(last)}]},
        "prune": {
            "faults": [{"leave": ["c"], "at": at(begins[3])}] if len(begins) > 3 else [],
            "workload": [{"force_leave": ["c"], "prune": True, "from": "a", "at": at(last)}],
        },
        "paused": {"faults": [{"pause": ["c"], "at": at(since), "for": f"{last - since:.3f}s"}]},
        "restart": {"faults": [{"crash": ["b"], "at": at(since), "restart": f"{last - since:.3f}s"}]},
        "replay": {
            "workload": [
                {"event": name, "coalesce": False, "from": "a", "at": at(t)}
                for name, t in zip(("one", "two"), begins[2:4], strict=False)
            ]
        },
    }
    return parts[what]


def cluster(what: str, begins: list[float], seed: int) -> dict[str, Any]:
    three = {"nodes": ["a", "b", "c"], "start": {"join": "a", "at": starts(seed, 0.0, 0.5, 1.0)}}
    if what in ("keys", "old_key"):
        return three | {"config": {"encrypt_key": OLD_KEY}}
    if what == "restart":
        return three | {"config": {"snapshot": True}}
    if what == "replay":
        third = {"name": "c", "config": {"replay_on_join": True}}
        return {"nodes": ["a", "b", third], "start": {"join": "a", "at": starts(seed, 0.0, 0.5, begins[-1])}}
    return three


def scenario_of(what: str, begins: list[float], end: float, seed: int) -> dict[str, Any]:
    """The parts of the scenario."""
    return {
        "duration": f"{max(end - WARM_UP, 1.0):.3f}s",
        "warm_up": f"{WARM_UP}s",
        "network": NETWORK,
        "cluster": cluster(what, begins, seed),
    } | done(what, begins)

"""Faults and workload of a drawn scenario: a verb, its keys from the schema, its times within the chaos."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from serfsim.scenario import units
from serfsim.scenario.entry import Entry
from serfsim.scenario.faults import FAULTS, Departure, OnPackets
from serfsim.scenario.faults.forge import Forge
from serfsim.scenario.faults.rolling import Rolling
from serfsim.scenario.forgery import DETAILS
from serfsim.scenario.workload import WORKLOAD
from serfsim.study.swarm import choices
from serfsim.study.swarm.values import KEYS, Cast, Values, parts

TIMES: Final = frozenset(("at", "for", "until", "every", "times", "restart", "apart", "pool"))
OF_A_RESTART: Final = frozenset(("tags", "snapshot", "address", "advertise"))
FIRST_AT_S: Final = 0.5
MOST_TIMES: Final = 4
OF_STATE: Final = ("alive", "dead", "push_pull", "suspect")  # kinds with an incarnation
OUTSIDER: Final = "198.51.100.7"
FIRST_NETWORK: Final = 200  # 10.200.0.0/24 is the addresses that the first fault gives


class Stage(NamedTuple):
    """The cluster in which entries are drawn.

    `chaos_s`: all faults are over by then. `releases`: names of the releases that members may run. `speaks`:
    what its agents speak, serf or memberlist. `keeps_snapshots`, `has_keys`, `has_labels`: those of all its
    members.
    """

    cast: Cast
    chaos_s: float
    releases: tuple[str, ...]
    speaks: str = "serf"
    profile: str = "lan"
    keeps_snapshots: bool = False
    has_keys: bool = False
    has_labels: bool = False
    has_pools: bool = False
    has_addresses: bool = False


def draw_fault(rng: random.Random, verb: str, stage: Stage, position: int) -> dict[str, Any]:
    """Draw a fault of a verb that is over, with its restarts, before the chaos ends.

    `position` among the scenario's faults gives it addresses of its own.
    """
    kind = FAULTS[verb]
    values = Values(rng, stage.cast, (5e-3, 1.0), _rules(stage))
    hidden = set(TIMES)
    when = _departure_times if issubclass(kind, Departure) else _lasting_times
    if issubclass(kind, Rolling):
        when = _rolling_times
    elif kind is Forge:
        when = _moments
    times = when(rng, stage)
    if issubclass(kind, Departure):
        if "restart" not in times and "for" not in times:
            hidden |= OF_A_RESTART
        hidden |= {"advertise"} | (set() if stage.keeps_snapshots else {"snapshot"})
        if stage.has_pools or stage.has_addresses:
            hidden |= {"address"}
    given: tuple[str, ...] = ()
    if issubclass(kind, OnPackets):
        given = (rng.choice(("nodes", "nodes", "between")),)
        hidden |= {"between"} if given == ("nodes",) else {"nodes"}
    values.hints = {**_hints(stage), **_hints_of(verb, stage, position)}
    if verb == "move":  # a move has somewhere to go, whatever else it has
        times = {"at": times["at"], "restart": times.get("restart") or times.get("for") or "2s"}
        given = ("address",)
        hidden.discard("address")
    if verb == "reconfigure":
        hidden |= set() if stage.has_keys else {"keyring"}
        hidden |= {"label"}
        given = ("config",)
    drawn = values.keys_of(parts()[kind.__name__], frozenset(hidden), given)
    if verb == "forge" and "push_pull" not in drawn["forge"] and rng.random() < 0.25:
        drawn["from"] = OUTSIDER
    kept = _consistent(drawn)
    return {verb: kept.pop(verb), **kept, **times}


def draw_work(rng: random.Random, verb: str, stage: Stage) -> dict[str, Any]:
    """Draw an entry of the workload."""
    hints = {**_hints(stage), "timeout": lambda values: values.rng.choice(("1ms", "30ms", "1s", "5s"))}
    values = Values(rng, stage.cast, (0.1, 5.0), _rules(stage), hints)
    drawn = values.keys_of(parts()[WORKLOAD[verb].__name__], TIMES | frozenset(("filter_tags",)))
    if "nodes" in drawn and verb == "query":
        drawn["nodes"] = values.names(3)  # a filter of many names fills the query
    return {verb: drawn.pop(verb), **drawn, **_moments(rng, stage)}


def verbs_for(stage: Stage, verbs: Mapping[str, type[Entry]]) -> list[str]:
    """Return the verbs that the cluster can have: memberlist alone has no events, queries and keys."""
    without = set(choices.OF_SERF) if stage.speaks == "memberlist" else set()
    if stage.has_pools or stage.has_addresses:
        without |= {"move"}
    return [verb for verb in verbs if verb not in without]


# Times -------------------------------------------------------------------------------------------------


def _seconds(value: float) -> str:
    return units.write_duration(round(value, 1))


def _lasting_times(rng: random.Random, stage: Stage) -> dict[str, Any]:
    """Draw a beginning and an extent; or several, that do not overlap and end in time."""
    at = round(rng.uniform(FIRST_AT_S, stage.chaos_s * 0.6), 1)
    left = stage.chaos_s - at
    if rng.random() < 0.25:
        every = round(max(1.0, left / rng.randint(2, MOST_TIMES)), 1)
        times = max(1, int(left / every))
        lasting = round(max(0.1, every * rng.choice((0.2, 0.5, 0.9))), 1)
        return {"at": _seconds(at), "every": _seconds(every), "times": times, "for": _seconds(lasting)}
    end = round(left * rng.choice((0.2, 0.5, 0.8, 1.0)), 1)
    if rng.random() < 0.2:
        return {"at": _seconds(at), "until": _seconds(at + end)}
    return {"at": _seconds(at), "for": _seconds(end)}


def _departure_times(rng: random.Random, stage: Stage) -> dict[str, Any]:
    if rng.random() < 0.35:
        return {"at": _seconds(rng.uniform(FIRST_AT_S, stage.chaos_s * 0.8))}
    times = _lasting_times(rng, stage)
    if "for" in times and rng.random() < 0.5:
        times["restart"] = times.pop("for")
    return times


def _rolling_times(rng: random.Random, stage: Stage) -> dict[str, Any]:
    at = rng.uniform(FIRST_AT_S, stage.chaos_s * 0.4)
    apart = (stage.chaos_s - at) * 0.5 / len(stage.cast.nodes)
    return {
        "at": _seconds(at),
        "restart": _seconds(rng.uniform(0.1, (stage.chaos_s - at) * 0.4)),
        "apart": _seconds(rng.choice((0.0, apart))),
    }


def _moments(rng: random.Random, stage: Stage) -> dict[str, Any]:
    at = rng.uniform(FIRST_AT_S, stage.chaos_s * 0.8)
    times: dict[str, Any] = {"at": _seconds(at)}
    if rng.random() < 0.4:
        count = rng.randint(2, MOST_TIMES)
        times |= {"every": _seconds(max(0.1, (stage.chaos_s - at) / count)), "times": count}
    return times


# Parts and keys that depend on each other, or on the cluster ---------------------------------------------


def _consistent(drawn: dict[str, Any]) -> dict[str, Any]:
    """Drop keys that others leave no room for."""
    if "between" not in drawn and "partition" not in drawn:
        drawn.pop("one_way", None)
    if "between" in drawn:
        drawn.pop("direction", None)
    if len(drawn.get("partition", ())) > 2:
        drawn.pop("one_way", None)
    return drawn


def _rules(stage: Stage) -> Mapping[str, Callable[[Values], Any]]:
    return {
        "Forged": _draw_forged,
        "KeyChange": lambda values: {values.rng.choice(("install", "use", "remove")): values.key()},
        "serfsim__scenario__faults__latency__Added": _draw_latency,
        "serfsim__scenario__faults__loss__Added": _draw_loss,
        "WrongClock": _draw_clock,
        **choices.JITTER_RULES,
        "Settings": lambda values: choices.draw_settings(values.rng, stage.profile, stage.releases, "member"),
    }


def _hints_of(verb: str, stage: Stage, position: int) -> Mapping[str, Callable[[Values], Any]]:
    """Return what draws the keys of one verb whose names others have for something else."""

    def release(key: str) -> Callable[[Values], Any]:
        return lambda values: values.rng.choice(choices.software_of(key, stage.releases, stage.has_labels))

    if verb == "upgrade":
        return {key: release(key) for key in ("to", "serf", "memberlist", "product")}
    if verb == "forge":
        return {
            "key": lambda values: values.rng.choice(("own", "none", *KEYS)),
        }
    if issubclass(FAULTS[verb], Departure):
        return {"address": lambda values: f"10.{FIRST_NETWORK + position}.0.0/24"}
    return {}


def _hints(stage: Stage) -> Mapping[str, Callable[[Values], Any]]:
    return {
        "from": Values.node,
        "payload": lambda values: f"{values.rng.choice((0, 1, 16, 100))}B",
        "response": lambda values: "16B",
        "relay_factor": lambda values: values.rng.choice((1, 2, 5)),
        "keyring": lambda values: [values.rng.choice(choices.PRIMARY)],
        "config": lambda values: choices.draw_settings(
            values.rng, stage.profile, stage.releases, "member", least=1
        ),
        "delete": lambda values: ["role"],
    }


def _draw_forged(values: Values) -> dict[str, Any]:
    """Draw one message, with keys that may stand beside its kind."""
    schema = parts()["Forged"]["properties"]
    kind = values.rng.choice((*sorted(DETAILS), *OF_STATE, *OF_STATE))
    drawn: dict[str, Any] = {kind: values.draw(schema[kind], kind)}
    for key in sorted(DETAILS[kind]):
        if values.rng.random() < 0.4:
            drawn[key] = values.draw(schema[key], key)
    if kind in OF_STATE and values.rng.random() < 0.7:
        drawn["incarnation"] = values.rng.choice(("current", "next", 2**32 - 1, values.rng.randint(0, 20)))
    return drawn


def _draw_latency(values: Values) -> dict[str, Any]:
    drawn: dict[str, Any] = {"add": values.duration(1e-3, 1.0), "factor": values.rng.choice((1.5, 3, 10))}
    if values.rng.random() < 0.7:
        del drawn[values.rng.choice(("add", "factor"))]
    return drawn


def _draw_loss(values: Values) -> dict[str, Any]:
    drawn = {"udp": _loss(values), "tcp": _loss(values)}
    if values.rng.random() < 0.6:
        del drawn[values.rng.choice(("udp", "tcp"))]
    if values.rng.random() < 0.2:
        drawn["above"] = values.rng.choice(("200B", "576B", "1200B"))
    return drawn


def _loss(values: Values) -> Any:
    if values.rng.random() < 0.7:
        return values.share()
    return {"model": "gilbert_elliott", "good_to_bad": "5%", "bad_to_good": values.share()}


def _draw_clock(values: Values) -> dict[str, Any]:
    drawn: dict[str, Any] = {
        "nodes": values.nodes(),
        "jump": values.signed_duration(),
        "rate": values.clock_rate(),
    }
    if values.rng.random() < 0.6:
        del drawn[values.rng.choice(("jump", "rate"))]
    return drawn

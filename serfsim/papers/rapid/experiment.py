"""Rapid's experiments with memberlist as scenarios (USENIX ATC 2018, section 7).

Processes with memberlist's DefaultLANConfig and nothing above it, some to a virtual machine in one data
center. A cluster of N starts from a seed process, which the other N - 1 join ten seconds later. Faults hit
ten of 1000 members that know each other. The paper does not say which ten; here they lie evenly among all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import Any, Final

import numpy as np

from serfsim.papers.rapid.sizes import Logs
from serfsim.results.scoring.recording import Recording
from serfsim.scenario.model import Scenario
from serfsim.simulation import Simulation
from serfsim.study.reproduction import Cell

SEED_ALONE_S: Final = 10.0
BOOTSTRAP_S: Final = {1000: 150.0, 1500: 200.0, 2000: 250.0}
MEMBERS: Final = 1000
FAULTY: Final = [50 + 97 * turn for turn in range(10)]
HEALTHY: Final = [number for number in range(MEMBERS) if number not in FAULTY]
CRASH_AT_S: Final = 60.0
CRASH_END_S: Final = 180.0
FAULT_AT_S: Final = 90.0
FIRST_OFF_S: Final = 110.0  # the flip-flop begins with 20 seconds of peace
END_S: Final = 950.0
SHORT_S: Final = 500.0  # runs that vary an assumption
PERIOD_S: Final = 20.0
HEADERS: Final = 28  # of a datagram
Alternative = tuple[str, str]
Figures = dict[str, float]


def names_of(count: int, kind: str) -> list[str]:
    """Return the names of so many processes."""
    if kind == "node-0000":
        return [f"node-{number:04d}" for number in range(count)]
    if kind == "of a host in the cloud":
        return [f"worker-{number:04d}.rapid.eastus.cloudapp.azure.com" for number in range(count)]
    return [f"10.0.{number % 100}.4-{9000 + number // 100}" for number in range(count)]


def cluster(count: int, varied: Alternative) -> dict[str, Any]:
    """Return the cluster without its start."""
    parameter, value = varied
    releases = {"0.1.3": {"serf": "0.8.2"}, "0.2.2": {"serf": "0.9.4"}}
    config: dict[str, Any] = {"suspicion_mult": 4}
    release = {"serf": "0.8.1", "memberlist": "0.1.0"}
    if parameter == "release":
        release = releases[value]
    if parameter == "suspicion_mult":
        config["suspicion_mult"] = int(value)
    if parameter == "push/pull":
        config["push_pull_interval"] = "5s"  # six times that for 1000 members
    if parameter == "gossip to the dead":
        config["gossip_to_the_dead_time"] = "0s"
    found: dict[str, Any] = {
        "nodes": names_of(count, value if parameter == "names" else ""),
        "protocol": "serf" if parameter == "layer" else "memberlist",
        "config": config,
        **release,
    }
    if parameter == "cost of a push/pull":
        found |= {"push_pull_time": value, "push_pull_time_per_kb": "0s" if value == "0s" else "450us"}
    return found


def scenario(cell: Cell, faults: list[dict[str, Any]], start: dict[str, Any], duration: float) -> Scenario:
    """Return the scenario of a cell."""
    return Scenario(
        name="rapid",
        duration=f"{duration}s",
        warm_up="0s",
        cluster={**cluster(int(cell["N"]), cell.sensitivity or ("", "")), "start": start},
        network={"topology": {"model": "plane", "size": "0.3ms", "height": "50us..100us"}},
        faults=faults,
        record={"coordinates": "none"},
    )


def run(cell: Cell, seed: int) -> Figures:
    """Carry out one run; return its figures."""
    experiments = {"bootstrap": bootstrap, "crash": crash, "flip-flop": flip_flop, "loss": loss}
    return experiments[str(cell["experiment"])](cell, seed)


def finish(made: Simulation) -> tuple[dict[str, Any], Recording]:
    """Run a simulation to its end; return its summary and recording."""
    result = made.run_whole()
    assert result.recording is not None
    return result.summary, result.recording


# Bootstrap ---------------------------------------------------------------------------------------


def bootstrap(cell: Cell, seed: int) -> Figures:
    """Start N - 1 processes ten seconds after the first, which they join."""
    count = int(cell["N"])
    parameter, value = cell.sensitivity or ("", "")
    spread = float(value.removesuffix("s")) if parameter == "spread of the starts" else 1.0
    rng = Random(seed)
    starts = [f"-{SEED_ALONE_S}s", *(f"{spread * rng.random():.6f}s" for _ in range(count - 1))]
    found, recording = finish(Simulation(scenario(cell, [], {"at": starts}, BOOTSTRAP_S[count]), seed))
    found, logs = found["convergence"], Logs(recording)
    complete = np.flatnonzero((logs.sizes == count).mean(axis=1) >= 0.99)
    return {
        "time_to_n_s": math.nan if found["time_to_n_s"] is None else found["time_to_n_s"],
        "time_to_99_percent_s": float(complete[0]) if len(complete) else math.nan,
        "sizes_logged": float(logs.unique()),
        "sizes_seen": float(found["unique_sizes"]),
        **{f"curve.{second}": float(logs.sizes[second].mean()) for second in range(0, 121, 5)},
    }


# Faults ------------------------------------------------------------------------------------------


def fault(word: dict[str, Any], **times: float | int) -> dict[str, Any]:
    """Return a fault of the ten."""
    seconds = {key: value if key == "times" else f"{value}s" for key, value in times.items()}
    return {**word, **seconds}


def ten() -> list[str]:
    """Return the names of the faulty members."""
    every = names_of(MEMBERS, "")
    return [every[number] for number in FAULTY]


CONVERGED: Final = {"converged": True, "spread": "1s"}


def crash(cell: Cell, seed: int) -> Figures:
    """Crash ten of 1000 at once."""
    faults = [fault({"crash": ten()}, at=CRASH_AT_S)]
    made = Simulation(scenario(cell, faults, CONVERGED, CRASH_END_S), seed)
    windows = Windows(made)
    summary, recording = finish(made)
    logs, traffic = Logs(recording), summary["traffic"]
    times = logs.removals(HEALTHY, FAULTY)
    rates = {
        f"{way}.{of}": traffic[f"{way}_bytes_per_s"][of] for way in WAYS for of in ("mean", "p99", "max")
    }
    headers = HEADERS * sum(
        value["messages_per_node_s"] for name, value in traffic["by_type"].items() if is_datagram(name)
    )
    return {
        "first_s": float(times.min()) - CRASH_AT_S,
        "last_s": float(times.max()) - CRASH_AT_S,
        "spread_s": float(times.max() - times.min()),
        "at_990": float((logs.among(HEALTHY)[-1] == MEMBERS - len(FAULTY)).mean()),
        "healthy_removed": float(len(logs.removals(HEALTHY, HEALTHY))),
        "headers": headers,
        **{name: float(value) for name, value in rates.items()},
        **windows.figures(),
    }


WAYS: Final = ("sent", "received")
LEADING: Final = ("ping", "ack", "indirect_ping", "nack", "gossip", "user")


def is_datagram(name: str) -> bool:
    """Return whether a type of traffic counts datagrams."""
    return name in {f"udp_{kind}" for kind in LEADING}


class Windows:
    """Bytes that members send in windows of ten seconds, as a tool that averages over these would show."""

    LENGTH_S: Final = 10.0

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim
        self.samples: list[Any] = []
        sim.process(self._sample())

    def _sample(self) -> Any:
        yield self.sim.env.timeout_at(0.0)
        while True:
            self.samples.append(np.array(list(self.sim.trace.node_bytes), dtype=float))
            yield self.sim.timeout(self.LENGTH_S)

    def figures(self) -> Figures:
        """Return the 99th percentile and the largest, bytes a second."""
        rates = np.diff(np.array(self.samples), axis=0) / self.LENGTH_S
        return {"sent_10s.p99": float(np.quantile(rates, 0.99)), "sent_10s.max": float(rates.max())}


def flip_flop(cell: Cell, seed: int) -> Figures:
    """Drop all that ten of 1000 would receive, for 20 seconds in each 40."""
    parameter, value = cell.sensitivity or ("", "")
    end = SHORT_S if cell.sensitivity else END_S
    transport = "udp" if (parameter, value) == ("packets dropped", "UDP") else "all"
    rng = Random(seed)
    faults = []
    for name in ten():
        late = 2 * PERIOD_S * rng.random() if parameter == "phases of the ten" else 0.0
        word = {"block": transport, "nodes": [name], "direction": "in"}
        times = math.ceil((end - FIRST_OFF_S - late) / (2 * PERIOD_S))
        every = 2 * PERIOD_S
        faults.append(fault(word, at=FIRST_OFF_S + late, every=every, times=times) | {"for": f"{PERIOD_S}s"})
    return faulty_figures(cell, faults, seed, end)


def loss(cell: Cell, seed: int) -> Figures:
    """Lose 80 % of what ten of 1000 receive, send, or both."""
    word = {"loss": {"udp": "80%", "tcp": "80%"}, "nodes": ten(), "direction": str(cell["direction"])}
    return faulty_figures(cell, [fault(word, at=FAULT_AT_S)], seed, END_S)


def faulty_figures(cell: Cell, faults: list[dict[str, Any]], seed: int, end: float) -> Figures:
    """Run ten faulty members among 1000; return what their views and those of the others were."""
    _, recording = finish(Simulation(scenario(cell, faults, CONVERGED, end), seed))
    logs = Logs(recording)
    everybody, healthy, faulty = logs.sizes, logs.among(HEALTHY), logs.among(FAULTY)
    missing = logs.missing(HEALTHY, FAULTY)
    removals, returns = logs.removals(HEALTHY, FAULTY), logs.returns(HEALTHY, FAULTY)
    later = slice(int(FIRST_OFF_S) + 120, int(SHORT_S))
    found = {
        "first_removal_s": float(removals.min()) if len(removals) else math.nan,
        "first_return_s": float(returns.min()) if len(returns) else math.nan,
        "missing": float(missing[later].mean()),
        "all_missing": float((missing[later] > len(FAULTY) - 0.5).mean()),
        "disagree": disagreeing(everybody[later]),
        "disagree_healthy": disagreeing(healthy[later]),
        "lowest": float(everybody[later].min()),
        "lowest_healthy": float(healthy[later].min()),
        "healthy_removed_by_healthy": float(len(logs.removals(HEALTHY, HEALTHY))),
    }
    if end == END_S:
        whole = slice(int(FIRST_OFF_S) + 120, None)
        found |= {
            "whole.missing": float(missing[whole].mean()),
            "whole.all_missing": float((missing[whole] > len(FAULTY) - 0.5).mean()),
            "whole.all_missing_at_end": float(missing[-1] > len(FAULTY) - 0.5),
            "whole.disagree": disagreeing(everybody[whole]),
            "whole.disagree_healthy": disagreeing(healthy[whole]),
            "whole.lowest": float(everybody.min()),
            "whole.lowest_healthy": float(healthy.min()),
            "whole.healthy_missing_at_end": float((healthy[-1] < MEMBERS - len(FAULTY)).sum()),
            **{f"end.healthy.{of}": value for of, value in ends(healthy[900]).items()},
            **{f"end.faulty.{of}": value for of, value in ends(faulty[900]).items()},
            **curves(healthy, faulty),
        }
    return found


def disagreeing(sizes: Any) -> float:
    """Return the share of the seconds in which not all log the same size."""
    return float((sizes.min(axis=1) != sizes.max(axis=1)).mean())


def ends(sizes: Any) -> Figures:
    """Return the lowest, the median and the largest of some sizes."""
    return {"min": float(sizes.min()), "median": float(np.median(sizes)), "max": float(sizes.max())}


def curves(healthy: Any, faulty: Any) -> Figures:
    """Return the lowest, median and largest size that both kinds of members log, every ten seconds."""
    kinds: Mapping[str, Any] = {"healthy": healthy, "faulty": faulty}
    return {
        f"curve.{kind}.{of}.{second}": value
        for kind, sizes in kinds.items()
        for second in range(0, int(END_S) + 1, 10)
        for of, value in ends(sizes[second]).items()
    }

"""Lifeguard's experiments as scenarios (arXiv 1707.00788 v2, section V).

128 Consul agents on one host; C of them, drawn at random, block before they send and after they receive for
D ms at a time. In the Interval experiment blocks alternate with I ms of normal running, in the Threshold
experiment there is one. Times count from the start of the agents.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from serfsim.results.scoring.detection import anomaly_times
from serfsim.results.scoring.recording import Recording
from serfsim.results.scoring.scored_run import ScoredRun
from serfsim.results.summary import scored_views
from serfsim.scenario.model import Scenario
from serfsim.simulation import Simulation
from serfsim.study.reproduction import Cell

MEMBERS: Final = 128
QUIET_S: Final = 15.0  # section V-D1: from the start of the agents to the first block
END_S: Final = 120.0  # section V-D2: the test goes on for at least so long "since the beginning of the test"
OFF: Final = {"lha_probe": False, "lha_suspicion": False, "buddy": False}
# alpha, beta, and the parts of Lifeguard that are on: section V-C.
CONFIGURATIONS: Final[Mapping[str, tuple[int, int, tuple[str, ...]]]] = {
    "SWIM": (5, 1, ()),
    "LHA-Probe": (5, 1, ("lha_probe",)),
    "LHA-Suspicion": (5, 6, ("lha_suspicion",)),
    "Buddy System": (5, 1, ("buddy",)),
    "Lifeguard": (5, 6, tuple(OFF)),
    **{f"Lifeguard {a},{b}": (a, b, tuple(OFF)) for a in (2, 4, 5) for b in (2, 4, 6) if (a, b) != (5, 6)},
}
# The paper's own rules where they are not memberlist's: a health score of 0 to 8, a failed probe costs 1 and
# a missing nack 1 more, the probe timeout is scaled too, and a helper's nack leaves at 80 % of it.
PAPER_RULES: Final = {
    "awareness_max_multiplier": 9,
    "paper_health_score": True,
    "scale_probe_timeout": True,
    "nack_at": 0.8,
}
# Those of a Consul 0.7 client, as serf members -detailed shows them.
TAGS: Final = {
    "role": "node",
    "dc": "dc1",
    "id": "1b4e28ba-2fa1-11d2-883f-0016d3cca427",
    "vsn": "2",
    "vsn_min": "2",
    "vsn_max": "3",
    "build": "0.7.3:'a9afa0c",
}
READ_COST: Final = {"packet": "100us", "message": "10us"}
CORES: Final = {"share": 8}  # section V-E: eight agents pinned to a core
Alternative = tuple[str, str]


def config(name: str, rules: str, varied: Alternative) -> dict[str, Any]:
    """Return memberlist's settings of a configuration."""
    alpha, beta, parts = CONFIGURATIONS[name]
    found: dict[str, Any] = {
        "suspicion_mult": alpha,
        "suspicion_max_timeout_mult": beta,
        "suspicion_confirmations": 3,  # the paper's K
        **OFF,
        **dict.fromkeys(parts, True),
    }
    if "lha_probe" in parts:
        if rules == "paper":
            found |= PAPER_RULES
        if varied == ("nack", "80 % of the probe timeout"):
            found["nack_at"] = 0.8
        if varied == ("health score", "as the paper has it"):
            found |= {name: PAPER_RULES[name] for name in ("awareness_max_multiplier", "paper_health_score")}
    if varied == ("confirmations K", "alpha - 2"):
        del found["suspicion_confirmations"]
    return found


def cluster(varied: Alternative) -> dict[str, Any]:
    """Return the cluster without its settings."""
    parameter, value = varied
    found: dict[str, Any] = {
        "nodes": MEMBERS,
        "version": "0.8.1",
        "start": {"converged": True, "spread": "1s"},
        "tags": TAGS,
        "read_cost": READ_COST,
        "cores": CORES,
    }
    if parameter == "read cost":
        packet, message = value.split(" + ")
        found["read_cost"] = {"packet": packet, "message": message}
    elif parameter == "release":
        found["version"] = value
    elif parameter == "tags":
        found["tags"] = {}
    elif parameter == "cores":
        if value == "one for each agent":
            del found["cores"]
        else:
            found["cores"] = {**CORES, "send": value.split(" ")[0]}
    return found


def blocks(cell: Cell) -> tuple[int, float]:
    """Return the number of blocks, and the end of the test in seconds since the agents started."""
    if cell["experiment"] == "threshold":
        return 1, END_S
    blocked, normal = float(cell["D"]) / 1000.0, float(cell["I"]) / 1000.0
    first = 0.0 if cell.sensitivity == ("120 s count from", "the first block") else QUIET_S
    times = math.ceil(round((END_S - first + normal) / (blocked + normal), 9))
    return times, QUIET_S + times * blocked + (times - 1) * normal


def scenario(cell: Cell) -> Scenario:
    """Return the scenario of a cell; its figures count from the start of the agents."""
    varied = cell.sensitivity or ("", "")
    times, end = blocks(cell)
    first = "longest" if varied == ("thread that resumes first", "the one that blocked first") else "probe"
    stall: dict[str, Any] = {
        "stall": cell["C"],
        "at": f"{QUIET_S}s",
        "for": f"{cell['D']}ms",
        "resume_first": first,
    }
    if times > 1:
        stall |= {"every": f"{int(cell['D']) + int(cell['I'])}ms", "times": times}
    settings = config(str(cell["configuration"]), str(cell["rules"]), varied)
    return Scenario(
        name="lifeguard",
        cluster={**cluster(varied), "config": settings},
        network={"topology": {"model": "plane", "size": "1us", "height": "20us..60us"}},
        faults=[stall],
        warm_up="0s",
        duration=f"{end:.6f}s",
    )


def run(cell: Cell, seed: int) -> dict[str, float]:
    """Run a cell once.

    `fp` and `fp_healthy`: failure events about members that never blocked, and those of them that such
    members raised. `messages`, `bytes`: sent by all members. Of a threshold: `first.K` and `full.K`, the
    seconds from the block to the first and to the last healthy verdict about a blocked member.
    """
    result = Simulation(scenario(cell), seed).run_whole()
    assert result.recording is not None
    counts, load = result.summary["detection"]["lifeguard"], result.summary["traffic"]
    found = {
        "fp": float(counts["false_positives"]),
        "fp_healthy": float(counts["false_positives_at_healthy"]),
        "messages": float(load["payload_messages"]),
        "bytes": float(load["payload_bytes"]),
    }
    return found | (latencies(result.recording) if cell["experiment"] == "threshold" else {})


def latencies(recording: Recording) -> dict[str, float]:
    """Return the latencies of the blocked members that were declared failed."""
    scored = ScoredRun(recording)
    times = zip(("first", "full"), anomaly_times(scored, scored_views(scored)), strict=True)
    return {f"{name}.{place:02}": value for name, values in times for place, value in enumerate(values)}

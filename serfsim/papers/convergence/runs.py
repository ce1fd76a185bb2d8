"""The formula, and an update in a real Serf cluster: the time until a share of the members has it."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from serfsim.papers.convergence.formula import bandwidth_kbps, seconds_to
from serfsim.protocol.memberlist.broadcast import TransmitLimitedQueue
from serfsim.protocol.serf.application import RECEIVED
from serfsim.scenario.model import Scenario
from serfsim.simulation import Simulation
from serfsim.study.reproduction import Cell, used

SHARES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p9999": 0.9999}
FORMULA, SERF, GOSSIP, ENDLESS = "formula", "serf", "gossip", "endless"
SENT_AT: Final = 0.001
GOSSIP_ALONE: Final = {"probe_interval": "0s", "push_pull_interval": "0s"}
"""No probes, so nothing goes piggyback, and no push/pulls, which heal what gossip missed."""


class Endless(TransmitLimitedQueue):
    """Broadcasts that are sent again and again, as the formula assumes."""

    def retransmit_limit(self, n: int) -> int:
        return 1_000_000


def run(cell: Cell, seed: int) -> dict[str, float]:
    """Return the seconds to each of SHARES, the share reached at the end, and the bandwidth in kbps.

    `protocol`: the page's "formula", "serf" with its defaults, or "gossip" alone, which never stops
    where the assumption `stop` is varied. `n` members, of whose packets a share `loss` is lost;
    `seconds` are observed. A share that is not reached has no time. The bandwidth counts bytes sent
    and received, as the page does.
    """
    n, loss = int(cell["n"]), float(cell["loss"])
    if cell["protocol"] == FORMULA:
        found = {name: seconds_to(share, n, loss=loss) for name, share in SHARES.items()}
        return {**found, "reached": 1.0, "kbps": bandwidth_kbps()}
    scenario = Scenario(
        name="convergence",
        cluster={
            "nodes": n,
            "start": {"converged": True},
            "config": {} if cell["protocol"] == SERF else GOSSIP_ALONE,
        },
        network={"topology": {"model": "plane", "size": "1ms"}, "loss": {"udp": loss}},
        workload=[{"event": "news", "at": f"{SENT_AT}s", "from": f"node-{n - 1:02}"}],
        warm_up="2s",
        duration=f"{cell['seconds']}s",
    )
    parts = {"broadcasts": Endless} if used(cell, "stop", "") == ENDLESS else {}
    result = Simulation(scenario, seed, parts=parts).run_whole()
    assert result.recording is not None
    deliveries = result.recording.deliveries
    times = np.sort(deliveries.t[deliveries.action == RECEIVED]) - SENT_AT
    found = {name: _time_of(times, math.ceil(n * share)) for name, share in SHARES.items()}
    traffic = result.summary["traffic"]["bytes_per_node_s"]
    return {**found, "reached": len(times) / n, "kbps": 2.0 * traffic * 8.0 / 1024.0}


def _time_of(times: Any, count: int) -> float:
    return float(times[count - 1]) if len(times) >= count else math.nan

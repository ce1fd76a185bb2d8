"""SWIM's studies on the real memberlist machine, with everything off that plain SWIM does not have.

Off are Lifeguard's three parts, the TCP fallback, push/pulls and the gossip tick: what is left pings one
member a period, asks k proxies, and piggybacks updates on pings and acks, as SWIM does. Suspicion stays, but
is so long that nobody is declared dead in a run: a failed round is SWIM's detection.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from serfsim.protocol import events
from serfsim.protocol.memberlist.probe_order import ProbeOrder
from serfsim.protocol.serf.application import RECEIVED
from serfsim.results.scoring.recording import Recording
from serfsim.scenario.model import Scenario
from serfsim.simulation import Simulation
from serfsim.study.reproduction import Cell, used

PERIOD_S: Final = 1.0
PLAIN: Final = {
    "lha_probe": False,
    "lha_suspicion": False,
    "buddy": False,
    "disable_tcp_pings": True,
    "push_pull_interval": "0s",
    "gossip_nodes": 0,
    "probe_interval": f"{PERIOD_S:g}s",
    "probe_timeout": "200ms",
    "suspicion_mult": 1000,
}
PAPER, OTHERS, RING = "paper", "others", "ring"
SHARES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


class FromTheList(ProbeOrder):
    """Pick from the whole list at random, as in the paper's formula: a member that picks itself is idle."""

    def choose(self, now: float) -> int:
        members = self.core.members
        node: int = members.at(self.core.rng.randrange(members.count))
        return -1 if node == self.core.me else node


class FromTheOthers(ProbeOrder):
    """Pick one of the others at random."""

    def choose(self, now: float) -> int:
        members = self.core.members
        while True:
            node: int = members.at(self.core.rng.randrange(members.count))
            if node != self.core.me:
                return node


ORDERS: Final[Mapping[str, Mapping[str, type]]] = {
    PAPER: {"probe_order": FromTheList},
    OTHERS: {"probe_order": FromTheOthers},
    RING: {},
}


def run(cell: Cell, seed: int) -> dict[str, float]:
    """Return the figures of one cell and seed; `study` of the cell names the function."""
    return {"detection": detect, "false": accuse_falsely, "infection": infect, "load": load}[
        str(cell["study"])
    ](cell, seed)


def detect(cell: Cell, seed: int) -> dict[str, float]:
    """Crash members and return the mean time to the first failed round about each.

    `n` members, of which `crashed` crash together, `repeats` times; members pick whom to ping as the paper's
    formula has it, unless the assumption `pick` says otherwise. `seconds` runs from the crash to the end of
    the first failed round, `periods` counts begun periods until its ping. A round's end comes a period after
    its ping.
    """
    after, seconds = 12.0 * int(cell["n"]) / (int(cell["n"]) - int(cell["crashed"])), []
    parts = ORDERS[used(cell, "pick", PAPER)]
    for repeat in range(int(cell["repeats"])):
        scenario = _scenario(int(cell["n"]), after, faults=[{"crash": int(cell["crashed"]), "at": "0s"}])
        sim = Simulation(scenario, 1000 * seed + repeat, parts=parts)
        seconds += _first_failed_rounds(_recording(sim), after)
    whole = [math.ceil(second / PERIOD_S - 1.0) for second in seconds]
    return {
        "seconds": float(np.mean(seconds)),
        "periods": float(np.mean(whole)),
        "crashes": float(len(whole)),
    }


def _first_failed_rounds(recording: Recording, after: float) -> list[float]:
    """Return the seconds from each crash to the first failed round; `after` where none failed."""
    table = recording.events
    failed = table.kind == events.SUSPECT
    found = []
    for crashed_at, node in recording.truth.crashes:
        times = table.t[failed & (table.subject == node)]
        found.append(float(times.min() - crashed_at) if len(times) else after)
    return found


def accuse_falsely(cell: Cell, seed: int) -> dict[str, float]:
    """Return the share of rounds about live members that fail, where packets are lost.

    `q_ml` packets of one arrive, and `k` proxies are asked. Losses are independent of each other, unless the
    assumption `losses` has "links": members' own links are silent in turn, so that what is lost is lost
    together; as many packets arrive in all.
    """
    n, duration, q_ml = 100, float(cell["duration_s"]), float(cell["q_ml"])
    config = {"indirect_checks": int(cell["k"])}
    if used(cell, "losses", "independent") == "independent":
        more: dict[str, Any] = {"network": {"loss": {"udp": 1.0 - q_ml}}}
    else:
        # Both ends' links must work: (1 - silent)^2 of the packets arrive.
        more = {"faults": silent_in_turn(n, round(n * (1.0 - math.sqrt(q_ml))), duration)}
    recording = _recording(Simulation(_scenario(n, duration, config=config, **more), seed))
    table, counts = recording.events, recording.probe_counts
    failed = int(np.count_nonzero((table.kind == events.SUSPECT) & (table.t >= 0.0)))
    scored = np.arange(len(counts.values)) + counts.start >= 0.0
    rounds = int(counts.values[scored, counts.columns.index("probe")].sum())
    return {"failed_rounds": float(failed), "rounds": float(rounds), "failed_share": failed / rounds}


def silent_in_turn(n: int, silent: int, duration: float) -> list[dict[str, Any]]:
    """Return faults that keep the links of `silent` of `n` members silent, others every two seconds."""
    firsts = range(0, n - silent + 1, silent)
    times = math.ceil(duration / (2.0 * len(firsts)))
    return [
        {
            "block": "udp",
            "nodes": [f"node-{node:02}" for node in range(first, first + silent)],
            "at": f"{2 * turn}s",
            "for": "2s",
            "every": f"{2 * len(firsts)}s",
            "times": times,
        }
        for turn, first in enumerate(firsts)
    ]


def infect(cell: Cell, seed: int) -> dict[str, float]:
    """Return the periods until a share of `n` members has an update that only pings and acks carry.

    The update is a user event of Serf's, so that it is one update with a known beginning; `repeats` times.
    Each member passes it on `lambda` ceil(ln(n + 1)) times, 3 unless the assumption `retransmissions` has
    another.
    """
    n, after = int(cell["n"]), 30.0
    sends = int(used(cell, "retransmissions", "3")) * math.ceil(math.log(n + 1))
    retransmit_mult = math.ceil(sends / math.ceil(math.log10(n + 1)))
    found = []
    for repeat in range(int(cell["repeats"])):
        scenario = _scenario(
            n,
            after,
            cluster={"protocol": "serf"},
            config={"retransmit_mult": retransmit_mult, "indirect_checks": 0},
            workload=[{"event": "news", "at": "0s", "from": f"node-{n - 1:02}"}],
        )
        deliveries = _recording(Simulation(scenario, 1000 * seed + repeat)).deliveries
        times = np.sort(deliveries.t[deliveries.action == RECEIVED]) / PERIOD_S
        padded = np.concatenate([times, np.full(n - len(times), after)])
        found.append([padded[math.ceil(n * share) - 1] for share in (*SHARES.values(), 1.0)])
    means = np.mean(found, axis=0)
    return dict(zip((*SHARES, "all"), (float(mean) for mean in means), strict=True))


def load(cell: Cell, seed: int) -> dict[str, float]:
    """Return the messages that each of `n` members sends a period: its ping, and its ack of another's."""
    n, duration = int(cell["n"]), 40.0
    recording = _recording(Simulation(_scenario(n, duration), seed))
    counts = recording.traffic_counts
    scored = np.arange(len(counts.values)) + counts.start >= 0.0
    sent = counts.values[scored, counts.columns.index("udp/datagrams")].sum()
    return {"sent": float(sent) / (n * duration / PERIOD_S)}


def _scenario(
    n: int,
    duration: float,
    *,
    config: Mapping[str, Any] | None = None,
    cluster: Mapping[str, Any] | None = None,
    network: Mapping[str, Any] | None = None,
    **sections: Sequence[Mapping[str, Any]],
) -> Scenario:
    """Return a group of `n` that knows itself from the start, on a network of a millisecond."""
    return Scenario(
        name="swim",
        cluster={
            "protocol": "memberlist",
            "nodes": n,
            "start": {"converged": True},
            "processing_delay": "0s",
            "config": {**PLAIN, **(config or {})},
            **(cluster or {}),
        },
        network={"topology": {"model": "plane", "size": "1ms"}, **(network or {})},
        warm_up="3s",
        duration=f"{duration:g}s",
        **sections,
    )


def _recording(sim: Simulation) -> Recording:
    recording = sim.run_whole().recording
    assert recording is not None
    return recording

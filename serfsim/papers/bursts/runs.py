"""One mean loss in bursts of different lengths: how often a live member is declared failed."""

from __future__ import annotations

from typing import Any, Final

from serfsim.scenario.model import Scenario
from serfsim.simulation import Simulation
from serfsim.study.reproduction import Cell, Options, used

LOSSES: Final = (0.01, 0.05, 0.1)
BURSTS: Final = (1, 4, 12)  # packets
TCP: Final = ("open", "cut")
MEMBERS: Final = 20
MINUTES: Final = 60
SILENT_S: Final = 2
WARM_UP: Final = "10m"  # chains begin in the good state and move with the packets of their pair


def cells(options: Options) -> list[Cell]:
    """Return losses by bursts, with TCP and without it; then losses on members' own links."""
    grid = [
        Cell(loss=loss, burst=burst, tcp=tcp) for tcp in TCP for loss in reversed(LOSSES) for burst in BURSTS
    ]
    worst = [cell for cell in grid if cell["loss"] == LOSSES[-1] and cell["burst"] == BURSTS[-1]]
    return grid + [cell.varied("where", "links", most_seeds=2) for cell in worst]


def chain(loss: float, burst: int) -> dict[str, Any] | float:
    """Return Gilbert's chain of a mean loss in bursts of so many packets; 1 is no chain at all.

    All packets are lost in the bad state, none in the good one. A burst ends at each packet with 1/burst, and
    the chain is bad for a share `loss` of the packets.
    """
    if burst == 1:
        return loss
    return {
        "model": "gilbert_elliott",
        "good_to_bad": loss / (1.0 - loss) / burst,
        "bad_to_good": 1.0 / burst,
    }


def run(cell: Cell, seed: int) -> dict[str, float]:
    """Return false positives and suspicions an hour in a group of 20, and the share that was lost.

    Each ordered pair of members has its own chain. Where the assumption `where` is "links", members' own
    links are silent in turn, one of the 20 at any time, so that a tenth of all packets is lost or more.
    """
    faults: list[dict[str, Any]] = []
    lost = chain(float(cell["loss"]), int(cell["burst"]))
    if used(cell, "where", "pairs") == "links":
        lost = 0.0
        round_s = SILENT_S * MEMBERS
        each = {"for": f"{SILENT_S}s", "every": f"{round_s}s", "times": max(1, MINUTES * 60 // round_s)}
        faults += [
            {"block": "udp", "nodes": [f"node-{node:02}"], "at": f"{SILENT_S * node}s", **each}
            for node in range(MEMBERS)
        ]
    if cell["tcp"] == "cut":
        faults.append({"block": "tcp", "nodes": "all", "at": "0s"})
    scenario = Scenario(
        name="bursts",
        cluster={"nodes": MEMBERS, "start": {"converged": True}},
        network={"topology": {"model": "plane", "rtt": "1ms..20ms"}, "loss": {"udp": lost}},
        faults=faults,
        warm_up=WARM_UP,
        duration=f"{MINUTES}m",
    )
    summary = Simulation(scenario, seed).run_whole().summary
    found, hours = summary["detection"], MINUTES / 60.0
    return {
        "false_positives_per_hour": found["false_positives"] / hours,
        "suspicions_per_hour": found["suspicions"] / hours,
        "lost_share": float(summary["traffic"]["datagrams_lost_share"]),
    }

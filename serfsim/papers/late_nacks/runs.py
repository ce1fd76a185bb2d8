"""Crashes in a healthy group whose helpers send their nacks at 80 or at 100 % of the probe timeout."""

from __future__ import annotations

from typing import Final

from serfsim.protocol import events
from serfsim.scenario.model import Scenario
from serfsim.simulation import Simulation
from serfsim.study.reproduction import Cell, Options, used

MEMBERS: Final = 64
CRASHED: Final = (1, 6, 16)
NACK_AT: Final = (0.8, 1.0)
LAST_CRASH_S: Final = 8  # after the others


def cells(options: Options) -> list[Cell]:
    """Return how many crash together, by when helpers send their nacks; then the alternatives."""
    grid = [Cell(crashed=crashed, nack_at=share) for crashed in CRASHED for share in NACK_AT]
    some = [cell for cell in grid if cell["crashed"] == CRASHED[1]]
    alternatives = (("loss", "5%"), ("fallback", "off"))
    varied = [cell.varied(*one, most_seeds=3) for one in alternatives for cell in some]
    return grid + varied


def run(cell: Cell, seed: int) -> dict[str, float]:
    """Crash `crashed` members together and one more eight seconds later; return its detection and the scores.

    The survivors are healthy all the time, so that any health score above 0 is wrong.
    """
    crashed = int(cell["crashed"])
    scenario = Scenario(
        name="late_nacks",
        cluster={
            "start": {"converged": True},
            "nodes": MEMBERS,
            "config": {
                "nack_at": float(cell["nack_at"]),
                "disable_tcp_pings": used(cell, "fallback", "on") == "off",
            },
            "groups": {
                "early": {"nodes": crashed},
                "late": {"nodes": 1},
                "others": {"nodes": MEMBERS - crashed - 1},
            },
        },
        network={
            "topology": {"model": "plane", "rtt": "1ms..20ms"},
            "loss": {"udp": used(cell, "loss", "0%")},
        },
        faults=[{"crash": ["early"], "at": "0s"}, {"crash": ["late"], "at": f"{LAST_CRASH_S}s"}],
        warm_up="5s",
        duration="40s",
    )
    result = Simulation(scenario, seed).run_whole()
    recording = result.recording
    assert recording is not None
    summary = result.summary
    table = recording.events
    last = recording.groups.index("late")
    failed = table.t[(table.kind == events.FAILED) & (table.subject == last)]
    health = summary["health"]["score"]
    return {
        "score_mean": float(health["mean"]),
        "score_max": float(health["max"]),
        "last_first_s": float(failed.min()) - LAST_CRASH_S if len(failed) else float("nan"),
        "false_positives": float(summary["detection"]["false_positives"]),
    }

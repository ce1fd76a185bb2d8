"""A thousand members, forty of them behind a firewall that drops UDP both ways."""

from __future__ import annotations

from typing import Final

import numpy as np

from serfsim.protocol import events
from serfsim.scenario.model import Scenario
from serfsim.simulation import Simulation
from serfsim.study.reproduction import Cell, Options, used

MEMBERS: Final = 1000
BLOCKED: Final = 40
FALLBACK: Final = {"on": False, "off": True}  # by word: disable_tcp_pings
SAMPLES_S: Final = (*range(1, 31), 60, 120)
DURATION_S: Final = 120.0


def cells(options: Options) -> list[Cell]:
    """Return the group with the TCP fallback and without, then other shares and bare memberlist."""
    grid = [Cell(fallback=fallback) for fallback in FALLBACK]
    varied = [
        cell.varied(name, value, most_seeds=1)
        for name, value in (("blocked", "30"), ("blocked", "50"), ("protocol", "memberlist"))
        for cell in grid
    ]
    return grid + varied


def run(cell: Cell, seed: int) -> dict[str, float]:
    """Return the members declared failed of those blocked and of the others, and what the log would say.

    A member counts as declared when any other raised a failed event about it. `others_declared`: those with
    open UDP that others with open UDP declared; `believed`: those that blocked members did. `declared_at_T`:
    how many of the blocked were declared within T seconds. `warnings`: the log line "over TCP but UDP probes
    failed".
    """
    blocked = int(used(cell, "blocked", str(BLOCKED)))
    scenario = Scenario(
        name="udp_blocked",
        cluster={
            "protocol": used(cell, "protocol", "serf"),
            "start": {"converged": True},
            "config": {"disable_tcp_pings": FALLBACK[str(cell["fallback"])]},
            "groups": {"open": {"nodes": MEMBERS - blocked}, "blocked": {"nodes": blocked}},
            "nodes": MEMBERS,
        },
        network={"topology": {"model": "plane", "rtt": "1ms..20ms"}},
        faults=[{"block": "udp", "nodes": ["blocked"], "at": "0s"}],
        warm_up="2s",
        duration=f"{DURATION_S:g}s",
    )
    recording = Simulation(scenario, seed).run_whole().recording
    assert recording is not None
    table = recording.events
    failed = (table.kind == events.FAILED) & (table.t >= 0.0)
    is_blocked = np.array(recording.groups) == "blocked"
    first: dict[int, float] = {}
    others: set[int] = set()
    believed: set[int] = set()
    columns = (table.t[failed], table.observer[failed], table.subject[failed])
    for at, observer, subject in zip(*columns, strict=True):
        if is_blocked[subject]:
            first.setdefault(int(subject), float(at))
        else:
            (believed if is_blocked[observer] else others).add(int(subject))
    times = list(first.values())
    return {
        "declared": float(len(times)),
        "others_declared": float(len(others)),
        "believed": float(len(believed)),
        "warnings": float(np.count_nonzero((table.kind == events.TCP_FALLBACK_OK) & (table.t >= 0.0))),
        **{f"declared_at_{step}": float(sum(at <= step for at in times)) for step in SAMPLES_S},
    }

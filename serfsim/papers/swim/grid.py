"""The cells of SWIM's studies."""

from __future__ import annotations

from typing import Final

from serfsim.papers.swim.closed_forms import failed_round
from serfsim.papers.swim.runs import OTHERS, RING
from serfsim.study.reproduction import Cell, Options

SMALL_GROUPS: Final = (10, 15, 19, 24, 32, 37)
"""The middles of the paper's bands of sizes, whose means are digitised."""
DETECTION: Final = {8: (1, 500), 28: (1, 300), 128: (2, 150), 1000: (20, 20)}
"""Judged sizes: members that crash together, and how often in a seed."""
HALF_DOWN: Final = (128, 64, 20)
INFECTION: Final = {13: 8, 20: 8, 28: 8, 35: 8, 43: 8, 52: 8, 56: 12, 128: 8, 1000: 2}
FALSE: Final = {0.8: (0, 1, 3, 5), 0.9: (0, 1, 3), 0.95: (0, 1, 2), 0.99: (0, 1)}
"""Packets of one that arrive, and numbers of proxies."""
WANTED: Final = 400.0
"""Failed rounds expected in a seed, which decides how long a run is."""
MEMBERS: Final = 100  # of a run that counts false detections
LOAD: Final = 28


def cells(options: Options) -> list[Cell]:
    """Return the grid, then the alternatives of assumptions."""
    grid = [
        *(detection(n, crashed, repeats) for n, (crashed, repeats) in DETECTION.items()),
        *(detection(n, 1, 40) for n in SMALL_GROUPS),
        detection(*HALF_DOWN),
        *(false(q_ml, k) for q_ml, proxies in FALSE.items() for k in proxies),
        *(infection(n, repeats) for n, repeats in INFECTION.items()),
        Cell(study="load", n=LOAD),
    ]
    varied = [
        cell.varied("pick", order, most_seeds=5)
        for cell in (detection(8, *DETECTION[8]), detection(128, *DETECTION[128]))
        for order in (OTHERS, RING)
    ]
    varied += [false(0.9, k).varied("losses", "links", most_seeds=5) for k in (1, 3)]
    varied += [
        infection(n, INFECTION[n]).varied("retransmissions", factor, most_seeds=5)
        for n in (56, 1000)
        for factor in ("1", "2")
    ]
    return grid + varied


def detection(n: int, crashed: int, repeats: int) -> Cell:
    """Return the cell of crashes in a group of `n`."""
    return Cell(study="detection", n=n, crashed=crashed, repeats=repeats)


def false(q_ml: float, k: int) -> Cell:
    """Return the cell of a group that loses packets."""
    seconds = min(6000.0, max(60.0, WANTED / (failed_round(q_ml, k) * MEMBERS)))
    return Cell(study="false", q_ml=q_ml, k=k, duration_s=round(seconds))


def infection(n: int, repeats: int) -> Cell:
    """Return the cell of an update in a group of `n`."""
    return Cell(study="infection", n=n, repeats=repeats)

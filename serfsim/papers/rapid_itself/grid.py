"""The cells of Rapid's experiments with itself."""

from __future__ import annotations

from typing import Final

from serfsim.study.reproduction import Cell, Options

SIZES: Final = (1000, 1500, 2000)
DIRECTIONS: Final = ("in", "out", "both")
MARKS: Final = ((9, 3), (9, 4), (8, 4), (7, 4), (6, 4))
"""H and L of the study of conflicts, from the paper's choice to the smallest gap."""
FAILURES: Final = (2, 8)
MOST_SEEDS: Final = 1  # of runs that take minutes, as in the paper
VARIED: Final = {
    "spreading": ("to all by unicast",),
    "failures": ("10 of 10",),
    "reinforcement": ("5s", "30s"),
    "copies": ("1", "6"),
    "H and L": ("9 and 4", "7 and 3"),
}


def cells(options: Options) -> list[Cell]:
    """Return conflicts, then the crash, the bootstraps, the faults, and the crash with other settings."""
    conflicts = [
        Cell(experiment="conflicts", H=high, L=low, F=count) for count in FAILURES for high, low in MARKS
    ]
    crash = Cell(experiment="crash", N=1000)
    bootstraps = [Cell({"experiment": "bootstrap", "N": count}, most_seeds=MOST_SEEDS) for count in SIZES]
    flip_flop = Cell({"experiment": "flip-flop", "N": 1000}, most_seeds=MOST_SEEDS)
    losses = [
        Cell({"experiment": "loss", "N": 1000, "direction": direction}, most_seeds=MOST_SEEDS)
        for direction in DIRECTIONS
    ]
    varied = [crash.varied(name, value, most_seeds=1) for name, values in VARIED.items() for value in values]
    return [*conflicts, crash, *bootstraps, flip_flop, *losses, *varied]

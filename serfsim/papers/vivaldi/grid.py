"""The cells: forms of coordinates, filters, gravity, pairs left out, and static placements."""

from __future__ import annotations

from typing import Final

from serfsim.papers.vivaldi.data import SETS
from serfsim.study.reproduction import Cell, Options

PLANETLAB: Final = "PlanetLab"
DIMENSIONS: Final = (2, 3, 5, 8)
ROUNDS: Final = {"PlanetLab": 400, "Seattle": 400, "AWS": 600, "Azure": 600}
SEEDS: Final = {"PlanetLab": 2, "Seattle": 2, "AWS": 4, "Azure": 4}
GRAVITY_MS: Final = (64, 256, 1024, 2048, 4743, 0)
"""rho as the paper reckons it, in ms; Serf's 150 is 4743 there; 0: no gravity."""
FILTERS: Final = (1, 3, 5)
LEFT_OUT: Final = ("nothing", "worst hosts", "random hosts", "violations")
LADDER: Final = (
    "best for the median",
    "best for the mean",
    "least squares",
    "small steps",
    "settled",
    "400 rounds",
)
"""From the best static placement to Serf's coordinates: one source of error more at each step."""


def cells(options: Options) -> list[Cell]:
    """Return the grid, then the alternatives of assumptions."""
    forms = [
        Cell(study="forms", data=data, dimensions=d, height=h, adjustment=a, most_seeds=SEEDS[data])
        for data in SETS
        for d in DIMENSIONS
        for h in (True, False)
        for a in (True, False)
    ]
    static = [
        Cell(study="static", data=data, dimensions=d, best_for=best_for, most_seeds=1)
        for data in SETS
        for d in ((8,) if data == PLANETLAB else (2, 8))
        for best_for in ("median", "mean")
    ]
    others = [
        *(Cell(study="ladder", step=step, most_seeds=2) for step in LADDER[2:5]),
        *(
            Cell(study="filter", data=data, filter=size, most_seeds=most)
            for data, most in (("Seattle", 3), (PLANETLAB, 2))
            for size in FILTERS
        ),
        *(Cell(study="gravity", rho_ms=rho, most_seeds=3) for rho in GRAVITY_MS),
        *(Cell(study="left out", without=without, most_seeds=2) for without in LEFT_OUT),
        Cell(study="cluster", most_seeds=1),
        *(Cell(study="violations", data=data, most_seeds=1) for data in SETS),
    ]
    base = Cell(study="forms", data=PLANETLAB, dimensions=8, height=True, adjustment=True)
    alternatives = (
        ("neighbours", "32"),
        ("steps", "0.05"),
        ("rounds", "1000"),
        ("matrix", "first slice"),
    )
    varied = [base.varied(name, value, most_seeds=1) for name, value in alternatives]
    return [*static, *forms, *others, *varied]

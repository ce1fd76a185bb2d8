"""The cells: the formula, and the real protocol at the same sizes and losses."""

from __future__ import annotations

from typing import Final

from serfsim.papers.convergence.runs import ENDLESS, FORMULA, GOSSIP, SERF
from serfsim.study.reproduction import Cell, Options

CONDITIONS: Final = tuple((n, loss) for loss in (0.0, 0.5) for n in (30, 100, 1000, 10_000))
SEEDS: Final = {30: 10, 100: 10, 1000: 6, 10_000: 1}
DURATION_S: Final = {30: 60, 100: 60, 1000: 12, 10_000: 4}
"""After the update; long enough for push/pulls only up to 100 members."""


def cells(options: Options) -> list[Cell]:
    """Return the grid, then gossip that never stops."""
    formula = [Cell(protocol=FORMULA, n=n, loss=loss, most_seeds=1) for n, loss in CONDITIONS]
    real = [
        cell(protocol, n, loss)
        for n, loss in CONDITIONS
        for protocol in (SERF, GOSSIP)
        if (protocol, n, loss) != (SERF, 10_000, 0.5)
    ]
    alone = [cell(GOSSIP, n, 0.5) for n in (30, 100, 1000)]
    return formula + real + [one.varied("stop", ENDLESS, most_seeds=5) for one in alone]


def cell(protocol: str, n: int, loss: float) -> Cell:
    """Return the cell of one protocol, size and loss."""
    return Cell(protocol=protocol, n=n, loss=loss, seconds=DURATION_S[n], most_seeds=SEEDS[n])

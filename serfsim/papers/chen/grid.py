"""The settings of the detector, and the losses under which memberlist is watched."""

from __future__ import annotations

from typing import Final

from serfsim.study.reproduction import Cell, Options

SETTINGS: Final = (
    # delta, loss, mean delay, heartbeats in a seed: enough for 10,000 mistakes in ten
    (0.5, 0.01, 0.02, 110_000),
    (1.0, 0.01, 0.02, 110_000),
    (0.05, 0.01, 0.02, 36_000),
    (1.5, 0.1, 0.02, 120_000),
    (0.5, 0.1, 0.3, 20_000),
    (2.5, 0.3, 0.5, 28_000),
)
"""At eta = 1 s; the paper's simulations have eta = 1, loss 0.01 and an exponential delay of mean 0.02."""
CRASHES: Final = 300
GROUP_LOSSES: Final = (0.1, 0.2, 0.3)


def cells(options: Options) -> list[Cell]:
    """Return mistakes of NFD-S, of NFD-E, crashes of every setting, then memberlist with two members."""
    mistakes = [Cell({"study": "mistakes", **setting(row), "heartbeats": row[3]}) for row in SETTINGS]
    estimated = [Cell({"study": "estimated", **setting(row), "heartbeats": row[3]}) for row in SETTINGS]
    crashes = [Cell({"study": "crashes", **setting(row), "repeats": CRASHES}) for row in SETTINGS]
    two = [Cell(study="memberlist", loss=loss, hours=12) for loss in GROUP_LOSSES]
    varied = [
        *(mistakes[0].varied("delays", value, most_seeds=3) for value in ("constant", "uniform")),
        *(cell.varied("tcp", "cut", most_seeds=3) for cell in two),
    ]
    return [*mistakes, *estimated, *crashes, *two, *varied]


def setting(row: tuple[float, float, float, int]) -> dict[str, float]:
    """Return the factors of a row of SETTINGS."""
    return {"eta": 1.0, "delta": row[0], "loss": row[1], "delay": row[2]}

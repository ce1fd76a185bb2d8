"""The cells of Rapid's experiments with memberlist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from serfsim.study.reproduction import Cell, Options

SIZES: Final = (1000, 1500, 2000)
DIRECTIONS: Final = ("in", "out", "both")
MOST_FLIP_FLOPS: Final = 2
MOST_LOSSES: Final = 1  # the paper has one run; ours takes minutes
VARIED_BOOTSTRAP: Final = {
    "names": ("node-0000", "of a host in the cloud"),
    "release": ("0.1.3", "0.2.2"),
    "push/pull": ("30 s for 1000",),
    "spread of the starts": ("0s", "5s"),
    "cost of a push/pull": ("0s", "5ms"),
}
VARIED_FLIP_FLOP: Final = {
    "suspicion_mult": ("5",),
    "release": ("0.1.3", "0.2.2"),
    "push/pull": ("30 s for 1000",),
    "packets dropped": ("UDP",),
    "phases of the ten": ("each its own",),
    "gossip to the dead": ("none",),
    "layer": ("serf",),
}


def cells(options: Options) -> list[Cell]:
    """Return the grid."""
    found = [
        Cell(experiment="crash", N=1000),
        Cell(experiment="bootstrap", N=1000),
        Cell({"experiment": "flip-flop", "N": 1000}, most_seeds=MOST_FLIP_FLOPS),
        *(Cell(experiment="bootstrap", N=count) for count in SIZES[1:]),
        *(
            Cell({"experiment": "loss", "N": 1000, "direction": direction}, most_seeds=MOST_LOSSES)
            for direction in DIRECTIONS
        ),
    ]
    return [*found, *_varied(found[1], VARIED_BOOTSTRAP), *_varied(found[2], VARIED_FLIP_FLOP)]


def _varied(cell: Cell, alternatives: dict[str, tuple[str, ...]]) -> Iterator[Cell]:
    """Yield a cell for each alternative, with one seed."""
    for parameter, values in alternatives.items():
        for value in values:
            yield cell.varied(parameter, value, 1)

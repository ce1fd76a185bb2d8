"""The cells of Lifeguard's experiments, in the order in which they run.

Of the 48 pairs of D and I only COUNTING make SWIM's false positives: they come first, for every C.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from serfsim.papers.lifeguard.assumptions import ASSUMPTIONS
from serfsim.papers.lifeguard.experiment import CONFIGURATIONS
from serfsim.study.reproduction import Cell, Options

CS: Final = (1, 4, 8, 12, 16, 20, 24, 28, 32)
DS: Final = (128, 512, 2048, 8192, 16384, 32768)
IS: Final = (1, 4, 16, 64, 256, 1024, 4096, 16384)
COUNTING: Final = (
    *((d, i) for d in (2048, 8192) for i in (1, 4, 16)),
    *((d, i) for d in (16384, 32768) for i in (1, 4, 16, 64, 256, 1024)),
)
REST: Final = tuple((d, i) for d in DS for i in IS if (d, i) not in COUNTING)
PARTS: Final = tuple(CONFIGURATIONS)[:5]
TUNED: Final = tuple(CONFIGURATIONS)[5:]
TUNED_C: Final = 16  # false positives of the tuned configurations: in this slice alone
VARIED: Final = ("SWIM", "LHA-Probe", "Lifeguard")
VARIED_ALPHA: Final = ("SWIM", "Lifeguard 2,2", "Lifeguard 2,6")
SENSITIVITY_SEEDS: Final = 2


def interval(
    names: tuple[str, ...], cs: tuple[int, ...], pairs: tuple[tuple[int, int], ...]
) -> Iterator[Cell]:
    for c in cs:
        for name in names:
            for d, i in pairs:
                yield Cell(experiment="interval", configuration=name, C=c, D=d, I=i)


def threshold(names: tuple[str, ...], cs: tuple[int, ...], ds: tuple[int, ...]) -> Iterator[Cell]:
    for c in cs:
        for name in names:
            for d in ds:
                yield Cell(experiment="threshold", configuration=name, C=c, D=d)


def cells(options: Options) -> list[Cell]:
    """Return the grid."""
    grid = [
        *interval(PARTS, CS, COUNTING),
        *threshold((*PARTS, *TUNED), CS, DS),
        *interval(TUNED, (TUNED_C,), COUNTING),
        *interval(PARTS, CS, REST),
    ]
    found = [Cell(cell, rules=options.rules) for cell in grid]
    return [*found, *sensitivity(options.rules)]


def sensitivity(rules: str) -> Iterator[Cell]:
    """Yield the cells of every alternative: three configurations at C = 16, the pairs that count."""
    for assumption in ASSUMPTIONS:
        names = VARIED_ALPHA if assumption.parameter == "confirmations K" else VARIED
        base = [*interval(names, (TUNED_C,), COUNTING), *threshold(names, (TUNED_C,), DS[-2:])]
        for value in assumption.alternatives:
            for cell in base:
                yield Cell(cell, rules=rules).varied(assumption.parameter, value, SENSITIVITY_SEEDS)

"""Lifeguard (Dadgar, Phillips, Currey): Tables IV to VII, Figures 2 and 3."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from serfsim.papers.lifeguard.assumptions import ASSUMPTIONS
from serfsim.papers.lifeguard.experiment import run
from serfsim.papers.lifeguard.figures import figures
from serfsim.papers.lifeguard.grid import cells
from serfsim.papers.lifeguard.tables import headline, ours
from serfsim.papers.lifeguard.verdicts import verdicts
from serfsim.study.reproduction import Paper

__all__ = ["PAPER"]

PAPER: Final = Paper(
    folder=Path(__file__).parent,
    title="Lifeguard: local health awareness for more accurate failure detection",
    citation="A. Dadgar, J. Phillips, J. Currey, arXiv 1707.00788 v2, 3 April 2018.",
    question="Do Lifeguard's three parts remove the false positives that members without CPU time cause?",
    cells=cells,
    run=run,
    verdicts=verdicts,
    assumptions=ASSUMPTIONS,
    figures=figures,
    ours=ours,
    headline=headline,
)

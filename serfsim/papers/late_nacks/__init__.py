"""Lifeguard's nacks: at 80 % of the probe timeout as in the paper, or at 100 % as in memberlist."""

from pathlib import Path

from serfsim.papers.late_nacks.figures import figures
from serfsim.papers.late_nacks.runs import cells, run
from serfsim.papers.late_nacks.verdicts import ASSUMPTIONS, headline, verdicts
from serfsim.study.reproduction import Paper

__all__ = ["PAPER"]

PAPER = Paper(
    folder=Path(__file__).parent,
    title="Nacks that come too late",
    citation="A. Dadgar, J. Phillips, J. Currey: Lifeguard, arXiv 1707.00788, footnote 5;"
    " hashicorp/memberlist, state.go",
    question="Does it matter that memberlist's helpers send their nacks when the prober has given up?",
    cells=cells,
    run=run,
    verdicts=verdicts,
    assumptions=ASSUMPTIONS,
    figures=figures,
    headline=headline,
    seeds="1-10",
)

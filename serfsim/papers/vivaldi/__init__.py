"""Vivaldi's coordinates in Serf's form, on public measurements."""

from pathlib import Path

from serfsim.papers.vivaldi.assumptions import ASSUMPTIONS
from serfsim.papers.vivaldi.data import SETS
from serfsim.papers.vivaldi.figures import figures
from serfsim.papers.vivaldi.grid import cells
from serfsim.papers.vivaldi.runs import run
from serfsim.papers.vivaldi.verdicts import headline, ours, verdicts
from serfsim.study.reproduction import Paper

__all__ = ["PAPER"]

PAPER = Paper(
    folder=Path(__file__).parent,
    title="Vivaldi and Serf's coordinates",
    citation="F. Dabek, R. Cox, F. Kaashoek, R. Morris: Vivaldi, SIGCOMM 2004; J. Ledlie, P. Gardner,"
    " M. Seltzer: Network Coordinates in the Wild, NSDI 2007; measurements: Zhu et al., IEEE/ACM ToN 25,"
    " 2017",
    question="How far off are Serf's coordinates on measured latencies, and where does the error come from?",
    cells=cells,
    run=run,
    verdicts=verdicts,
    assumptions=ASSUMPTIONS,
    figures=figures,
    ours=ours,
    headline=headline,
    data=(*SETS.values(), "planetlab"),
    seeds="1-4",
)

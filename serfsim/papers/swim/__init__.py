"""SWIM's formulas (Das, Gupta and Motivala, DSN 2002), beside the real memberlist machine."""

from pathlib import Path

from serfsim.papers.swim.assumptions import ASSUMPTIONS
from serfsim.papers.swim.figures import figures
from serfsim.papers.swim.grid import cells
from serfsim.papers.swim.runs import run
from serfsim.papers.swim.verdicts import headline, ours, verdicts
from serfsim.study.reproduction import Paper

__all__ = ["PAPER"]

PAPER = Paper(
    folder=Path(__file__).parent,
    title="SWIM's formulas",
    citation="A. Das, I. Gupta, A. Motivala: SWIM: Scalable Weakly-consistent Infection-style Process Group"
    " Membership Protocol. DSN 2002",
    question="Does memberlist, without what it adds to SWIM, detect, err and spread news as SWIM's"
    " formulas say?",
    cells=cells,
    run=run,
    verdicts=verdicts,
    assumptions=ASSUMPTIONS,
    figures=figures,
    ours=ours,
    seeds="1-6",
    headline=headline,
)

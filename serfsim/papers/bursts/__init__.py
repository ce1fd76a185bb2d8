"""Bursts of losses at equal mean loss: new figures."""

from pathlib import Path

from serfsim.papers.bursts.figures import figures
from serfsim.papers.bursts.runs import cells, run
from serfsim.papers.bursts.verdicts import ASSUMPTIONS, headline, ours, verdicts
from serfsim.study.reproduction import Paper

__all__ = ["PAPER"]

PAPER = Paper(
    folder=Path(__file__).parent,
    title="Losses in bursts",
    citation="E. Gilbert: Capacity of a Burst-Noise Channel, Bell System Technical Journal 39, 1960; SWIM"
    " for independent losses; the loss rates and lengths are ours",
    question="At equal mean loss, do bursts make memberlist declare live members failed more often?",
    cells=cells,
    run=run,
    verdicts=verdicts,
    assumptions=ASSUMPTIONS,
    figures=figures,
    ours=ours,
    headline=headline,
    seeds="1-5",
)

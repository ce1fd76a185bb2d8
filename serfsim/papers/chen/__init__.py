"""The quality of service of failure detectors: NFD-S with two members (Chen, Toueg and Aguilera)."""

from pathlib import Path

from serfsim.papers.chen.assumptions import ASSUMPTIONS
from serfsim.papers.chen.figures import figures
from serfsim.papers.chen.grid import cells
from serfsim.papers.chen.runs import run
from serfsim.papers.chen.verdicts import headline, ours, verdicts
from serfsim.study.reproduction import Paper

__all__ = ["PAPER"]

PAPER = Paper(
    folder=Path(__file__).parent,
    title="The quality of service of failure detectors",
    citation="W. Chen, S. Toueg, M. Aguilera: On the Quality of Service of Failure Detectors. IEEE"
    " Transactions on Computers 51(5), 2002",
    question="Do simulated detections and mistakes follow the closed forms of NFD-S?",
    cells=cells,
    run=run,
    verdicts=verdicts,
    assumptions=ASSUMPTIONS,
    figures=figures,
    ours=ours,
    headline=headline,
    seeds="1-10",
)

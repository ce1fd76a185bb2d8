"""The convergence simulator of Serf's website, beside the real protocol."""

from pathlib import Path

from serfsim.papers.convergence.assumptions import ASSUMPTIONS
from serfsim.papers.convergence.figures import figures
from serfsim.papers.convergence.grid import cells
from serfsim.papers.convergence.runs import run
from serfsim.papers.convergence.verdicts import headline, ours, verdicts
from serfsim.study.reproduction import Paper

__all__ = ["PAPER"]

PAPER = Paper(
    folder=Path(__file__).parent,
    title="Serf's convergence simulator",
    citation="hashicorp/serf, website/source/docs/internals/simulator.html.erb and _simulator.js, as of the"
    " parent of commit 1e5befc",
    question="Does an update spread as the simulator on Serf's website said?",
    cells=cells,
    run=run,
    verdicts=verdicts,
    assumptions=ASSUMPTIONS,
    figures=figures,
    ours=ours,
    headline=headline,
    seeds="1-10",
)

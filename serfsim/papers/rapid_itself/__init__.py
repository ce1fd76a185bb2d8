"""Rapid (Suresh, Malkhi, Gopalan, Porto Carreiro, Lokhandwala): its measurements of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from serfsim.papers.rapid_itself.assumptions import ASSUMPTIONS
from serfsim.papers.rapid_itself.figures import figures
from serfsim.papers.rapid_itself.grid import cells
from serfsim.papers.rapid_itself.runs import run
from serfsim.papers.rapid_itself.verdicts import headline, ours, verdicts
from serfsim.study.reproduction import Paper

__all__ = ["PAPER"]

PAPER: Final = Paper(
    folder=Path(__file__).parent,
    title="Stable and consistent membership at scale with Rapid: Rapid in it",
    citation="L. Suresh, D. Malkhi, P. Gopalan, I. Porto Carreiro, Z. Lokhandwala, USENIX ATC 2018.",
    question="Does Rapid remove the faulty members, all at once and no others, as its authors measured?",
    cells=cells,
    run=run,
    verdicts=verdicts,
    assumptions=ASSUMPTIONS,
    figures=figures,
    ours=ours,
    headline=headline,
    seeds="1-3",
)

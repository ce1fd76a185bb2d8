"""Rapid (Suresh, Malkhi, Gopalan, Porto Carreiro, Lokhandwala): its measurements of memberlist."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from serfsim.papers.rapid.assumptions import ASSUMPTIONS
from serfsim.papers.rapid.experiment import run
from serfsim.papers.rapid.figures import figures
from serfsim.papers.rapid.grid import cells
from serfsim.papers.rapid.verdicts import headline, ours, verdicts
from serfsim.study.reproduction import Paper

__all__ = ["PAPER"]

PAPER: Final = Paper(
    folder=Path(__file__).parent,
    title="Stable and consistent membership at scale with Rapid: memberlist in it",
    citation="L. Suresh, D. Malkhi, P. Gopalan, I. Porto Carreiro, Z. Lokhandwala, USENIX ATC 2018.",
    question="Are memberlist's views as slow to converge, and as unstable under loss, as the paper measured?",
    cells=cells,
    run=run,
    verdicts=verdicts,
    assumptions=ASSUMPTIONS,
    figures=figures,
    ours=ours,
    headline=headline,
    seeds="1-5",
)

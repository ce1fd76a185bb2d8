"""Serf's failure detector beside its rivals: one network, the same faults, one score."""

from pathlib import Path

from serfsim.papers.rivals.figures import figures
from serfsim.papers.rivals.grid import ASSUMPTIONS, cells
from serfsim.papers.rivals.runs import run
from serfsim.papers.rivals.tables import tables
from serfsim.papers.rivals.verdicts import ours, verdicts
from serfsim.study.reproduction import Paper

__all__ = ["PAPER"]

PAPER = Paper(
    folder=Path(__file__).parent,
    title="Failure detectors on one bench",
    citation="measured here; docs/howto/rival.md names the source that each protocol follows",
    question="What do Serf and other detectors cost under the same faults, and what do they get for it?",
    cells=cells,
    run=run,
    verdicts=verdicts,
    assumptions=ASSUMPTIONS,
    figures=figures,
    tables=tables,
    ours=ours,
    seeds="1-20",
)

"""Members whose network drops UDP, with memberlist's TCP fallback and without it."""

from pathlib import Path

from serfsim.papers.udp_blocked.figures import figures
from serfsim.papers.udp_blocked.runs import cells, run
from serfsim.papers.udp_blocked.verdicts import ASSUMPTIONS, headline, ours, verdicts
from serfsim.study.reproduction import Paper

__all__ = ["PAPER"]

PAPER = Paper(
    folder=Path(__file__).parent,
    title="Networks that block UDP",
    citation="RFC 9308, Applicability of the QUIC Transport Protocol, section 2: 3 to 5 % of networks block"
    " UDP; the fallback: hashicorp/memberlist, state.go, DisableTcpPings",
    question="In a group of 1,000 of which 4 % have UDP blocked and TCP open, does anybody declare them"
    " failed?",
    cells=cells,
    run=run,
    verdicts=verdicts,
    assumptions=ASSUMPTIONS,
    figures=figures,
    ours=ours,
    headline=headline,
    seeds="1-2",
)

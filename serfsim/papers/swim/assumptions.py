"""Free parameters of SWIM's studies."""

from __future__ import annotations

from typing import Final

from serfsim.study.reproduction import Assumption

ASSUMPTIONS: Final = (
    Assumption(
        "pick",
        "paper",
        ("others", "ring"),
        "section 3.1; memberlist's prober",
        "the formula lets a member pick itself, and then it pings nobody; memberlist goes round"
        " a shuffled ring",
    ),
    Assumption(
        "losses",
        "independent",
        ("links",),
        "section 3.1",
        "the formula multiplies; with 'links' the same share is lost where members' own links are"
        " silent at times",
    ),
    Assumption(
        "retransmissions",
        "3",
        ("1", "2"),
        "section 5",
        "an update goes out 3 ceil(ln(N + 1)) times from each member; the logistic has no limit",
    ),
)

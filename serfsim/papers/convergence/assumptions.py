"""Free parameters of the comparison with the convergence simulator."""

from __future__ import annotations

from typing import Final

from serfsim.study.reproduction import Assumption

ASSUMPTIONS: Final = (
    Assumption(
        "stop",
        "after 4 ceil(log10(n + 1)) sends",
        ("endless",),
        "memberlist's RetransmitMult",
        "the formula has no end; gossip alone, half of the packets lost",
    ),
)

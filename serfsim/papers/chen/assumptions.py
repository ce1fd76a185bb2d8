"""Free parameters of the two-member detector."""

from __future__ import annotations

from typing import Final

from serfsim.study.reproduction import Assumption

ASSUMPTIONS: Final = (
    Assumption(
        "delays",
        "exponential",
        ("constant", "uniform"),
        "section 5",
        "the paper's own simulations; the others have the same mean",
    ),
    Assumption(
        "tcp", "lossy", ("cut",), "not stated", "Serf's TCP fallback loses as many segments as UDP packets"
    ),
)

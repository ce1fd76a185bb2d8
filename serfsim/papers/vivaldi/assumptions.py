"""Free parameters of Vivaldi's studies."""

from __future__ import annotations

from typing import Final

from serfsim.study.reproduction import Assumption

ASSUMPTIONS: Final = (
    Assumption(
        "neighbours",
        "all",
        ("32",),
        "SIGCOMM 2004",
        "Serf measures whomever memberlist probes: everybody in turn; the paper has 32 fixed neighbours",
    ),
    Assumption("steps", "0.25", ("0.05",), "SIGCOMM 2004; Serf", "c_c, in both"),
    Assumption("rounds", "400", ("1000",), "not stated", "seven minutes of a cluster; a thousand settle it"),
    Assumption(
        "matrix",
        "median",
        ("first slice",),
        "not stated",
        "the median of a pair over 18 slices is free of single outliers; the first slice has 7.9 s",
    ),
)

"""Nobody is declared failed with the fallback, everybody who is blocked without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.papers.udp_blocked.runs import BLOCKED
from serfsim.study.reproduction import Assumption, Options, Verdict, intervals_of, judge, means_of, values_of
from serfsim.study.statistics import Interval

if TYPE_CHECKING:
    import pandas as pd

ASSUMPTIONS: Final = (
    Assumption("blocked", "40", ("30", "50"), "RFC 9308: 3 to 5 %", "4 % of 1,000"),
    Assumption("protocol", "serf", ("memberlist",), "not stated", "the fallback is memberlist's own"),
)
NOBODY: Final = (0.0, 0.0)
WHY: Final = "a blocked member's accusation came by push/pull, and not all got the refutation"


def verdicts(rows: pd.DataFrame, options: Options) -> list[Verdict]:
    """Judge both settings; the expectation is exact, without tolerance."""
    on = "with the TCP fallback, blocked members declared failed"
    off = "without it, blocked members declared failed"
    others = "members with open UDP declared failed by others, {} the fallback"
    every = (float(BLOCKED), float(BLOCKED))
    return [
        judge("on", on, "0 of 40", values_of(rows, "declared", fallback="on"), NOBODY, "exact", fewest=1),
        judge("off", off, "40 of 40", values_of(rows, "declared", fallback="off"), every, "exact", fewest=1),
        *(
            judge(
                f"others.{fallback}",
                others.format(words),
                "0",
                values_of(rows, "others_declared", fallback=fallback),
                NOBODY,
                "exact",
                why=WHY,
                fewest=1,
            )
            for fallback, words in (("on", "with"), ("off", "without"))
        ),
    ]


def ours(rows: pd.DataFrame, options: Options) -> dict[str, Interval]:
    """Return the declared of both settings."""
    found = {
        "declared.open": values_of(rows, "declared", fallback="on"),
        "declared.off": values_of(rows, "declared", fallback="off"),
    }
    return intervals_of(found)


def headline(rows: pd.DataFrame) -> dict[str, float]:
    """Return the declared by setting."""
    found = {}
    for fallback in ("on", "off"):
        for figure, words in (("declared", "blocked"), ("believed", "others, by the blocked,")):
            found[f"{words} declared, fallback {fallback}"] = values_of(rows, figure, fallback=fallback)
    return means_of(found)

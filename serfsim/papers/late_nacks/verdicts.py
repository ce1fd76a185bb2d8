"""The price of nacks that come too late, which nobody has published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from serfsim.papers.late_nacks.runs import CRASHED, NACK_AT
from serfsim.study.reproduction import (
    FAILS,
    HOLDS,
    NOT_JUDGED,
    Assumption,
    Options,
    Verdict,
    judge,
    means_of,
    report,
    values_of,
)
from serfsim.study.reproduction.paper import Outcome

if TYPE_CHECKING:
    import pandas as pd

NAN: Final = float("nan")
ASSUMPTIONS: Final = (
    Assumption("loss", "0%", ("5%",), "not stated", "the nacks alone; a loss raises scores by itself"),
    Assumption("fallback", "on", ("off",), "memberlist's default", "it answers for no crashed member"),
)


def verdicts(rows: pd.DataFrame, options: Options) -> list[Verdict]:
    """Judge that healthy members' scores are nearly 0 with nacks in time, and not with late ones."""
    found = []
    for crashed in CRASHED:
        late = list(values_of(rows, "score_max", crashed=crashed, nack_at=NACK_AT[1]))
        words = f"{crashed} of 64 crash"
        mean = [list(values_of(rows, "score_mean", crashed=crashed, nack_at=share)) for share in NACK_AT]
        claim = f"nacks at 80 % leave at most a fifth of the mean score of nacks at 100 %, {words}"
        most = 0.2 * float(np.mean(mean[1])) if mean[1] else NAN
        expected = f"{5 * most:.3g} late"
        found.append(judge(f"early.{crashed}", claim, expected, mean[0], (0.0, most), "a fifth", fewest=1))
        claim = f"worst score of a healthy member with nacks at 100 %, {words}"
        found.append(report(f"late.{crashed}", claim, late))
        found.append(_slower(rows, crashed))
    false = values_of(rows, "false_positives")
    claim = "no false positives by late or early nacks, without loss"
    return [*found, judge("false", claim, "-", false, (0.0, 0.0), "none", fewest=1)]


def _slower(rows: pd.DataFrame, crashed: int) -> Verdict:
    """Judge whether a crash soon after others is found later where nacks come late."""
    early, late = (list(values_of(rows, "last_first_s", crashed=crashed, nack_at=share)) for share in NACK_AT)
    claim = f"late nacks delay the next crash's detection by less than a second, {crashed} of 64 crashed"
    rule = "< 1 s"
    if not (early and late):
        return Verdict(f"slower.{crashed}", claim, "-", NAN, NAN, NAN, rule, NOT_JUDGED, "no run")
    delay = float(np.mean(late) - np.mean(early))
    outcome: Outcome = HOLDS if delay < 1.0 else FAILS
    ours = f"{np.mean(early):.3g} s, {np.mean(late):.3g} s late"
    return Verdict(f"slower.{crashed}", claim, "-", ours, NAN, NAN, rule, outcome, f"{delay:+.2f} s")


def headline(rows: pd.DataFrame) -> dict[str, float]:
    """Return scores and detection by the time of the nack."""
    found = {}
    for share in NACK_AT:
        for figure, words in (("score_mean", "mean score"), ("last_first_s", "next crash found after, s")):
            found[f"{words}, nacks at {100 * share:g} %"] = values_of(rows, figure, nack_at=share)
    return means_of(found)

"""Each constraint at each setting: satisfied, violated or undecided, and what would decide.

| runs that | count, to show that it is satisfied | count, to show that it is violated |
|---|---|---|
| have the figure | with their value | with their value |
| have none | as violating | as violating |
| failed | as violating | as satisfying |
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from serfsim.study.statistics import bound, confidence_that, estimate, values_needed
from serfsim.study.tuning.goals import Constraint
from serfsim.study.tuning.settings import Setting

Verdict = Literal["satisfied", "violated", "undecided"]
JUDGES: Final = ("together", "in order", "each")
OPPOSITE: Final = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}


@dataclass(frozen=True)
class Judgement:
    """One constraint at one setting.

    `bound` is the one-sided bound on the constraint's side, at the confidence that one verdict needs;
    infinite where the runs are too few for one. `confidence` is the one reached for `verdict` (of an
    undecided one: that it is satisfied) after the correction for many settings. `missing`: runs
    without the figure. `needed`: runs in all that would show it satisfied, if further ones are like
    these; None where it is decided or more runs like these would not help.
    """

    constraint: Constraint
    estimate: float
    bound: float
    verdict: Verdict
    confidence: float
    missing: int
    needed: int | None


def judged(
    settings: Sequence[Setting], constraints: Sequence[Constraint], confidence: float, judge: str
) -> list[list[Judgement]]:
    """The judgements of every setting, in the order of the constraints."""
    family = len(settings) if judge == "together" else 1
    rows = [
        [judge_one(setting, one, confidence, family, len(constraints)) for one in constraints]
        for setting in settings
    ]
    return _until_one_fails(rows) if judge == "in order" else rows


def judge_one(
    setting: Setting, constraint: Constraint, confidence: float, family: int, constraints: int = 1
) -> Judgement:
    """One of `family` settings, whose verdicts are to hold together with `confidence`.

    A setting is satisfied where all its `constraints` are, so that calling it so errs only if the one that
    fails errs; it is violated where any is, and each of them may err.
    """
    upper = constraint.better == "lower"
    worst = math.inf if upper else -math.inf
    cautious = setting.values(constraint.figure, without=worst, failed=worst)
    generous = setting.values(constraint.figure, without=worst, failed=-worst)
    asked = (constraint.statistic, constraint.comparison, constraint.threshold)
    opposite = (constraint.statistic, OPPOSITE[constraint.comparison], constraint.threshold)
    level = 1.0 - (1.0 - confidence) / family
    holds = corrected(confidence_that(cautious, *asked), family)
    fails = corrected(_violation(generous, opposite), family * constraints)
    verdict: Verdict = (
        "satisfied" if holds >= confidence else "violated" if fails >= confidence else "undecided"
    )
    return Judgement(
        constraint,
        estimate(cautious, constraint.statistic),
        bound(cautious, constraint.statistic, level, upper=upper),
        verdict,
        fails if verdict == "violated" else holds,
        setting.missing(constraint.figure),
        values_needed(cautious, *asked, level) if verdict == "undecided" else None,
    )


def _violation(values: object, opposite: tuple[str, str, float]) -> float:
    """How surely a constraint fails. A mean over runs of which one has no value is no number at all."""
    statistic, comparison, threshold = opposite
    middle = estimate(values, statistic)  # type: ignore[arg-type]
    if statistic == "mean" and math.isinf(middle):
        return 1.0 if (middle > 0) == (comparison in (">", ">=", "!=")) else 0.0
    return confidence_that(values, statistic, comparison, threshold)  # type: ignore[arg-type]


def corrected(confidence: float, family: int) -> float:
    """The confidence that is left when one of `family` verdicts is taken (Bonferroni)."""
    return max(0.0, 1.0 - family * (1.0 - confidence))


def _until_one_fails(rows: list[list[Judgement]]) -> list[list[Judgement]]:
    """Once a setting is not satisfied, none after it is called so."""
    out, open_still = [], True
    for row in rows:
        kept = row
        if not open_still:
            kept = [replace(one, verdict="undecided") if one.verdict == "satisfied" else one for one in row]
        open_still = open_still and verdict_of(kept) == "satisfied"
        out.append(kept)
    return out


def verdict_of(row: Sequence[Judgement]) -> Verdict:
    """Of a setting: satisfied where all its constraints are, violated where one is."""
    verdicts = {one.verdict for one in row}
    if "violated" in verdicts:
        return "violated"
    return "undecided" if "undecided" in verdicts else "satisfied"

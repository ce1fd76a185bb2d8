"""Verdicts on each constraint at each setting: satisfied, violated or undecided.

| runs | when showing that it is satisfied | when showing that it is violated |
|---|---|---|
| with the figure | count with their value | count with their value |
| without it | count as violating | count as violating |
| failed | count as violating | count as satisfying |
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

    `bound` is the one-sided bound on the constraint's side, at the confidence a single verdict needs;
    infinite for too few runs. `confidence` is the one reached for `verdict` (if undecided: for satisfied)
    after the correction for several settings. `missing`: runs without the figure. `needed`: total runs that
    would show it satisfied if further ones are like these; None where it is decided or more such runs would
    not help.
    """

    constraint: Constraint
    estimate: float
    bound: float
    verdict: Verdict
    confidence: float
    missing: int
    needed: int | None


def judge_settings(
    settings: Sequence[Setting], constraints: Sequence[Constraint], confidence: float, judge: str
) -> list[list[Judgement]]:
    """Judge every setting; return its judgements in the order of the constraints."""
    family = len(settings) if judge == "together" else 1
    rows = [
        [judge_one(setting, one, confidence, family, len(constraints)) for one in constraints]
        for setting in settings
    ]
    return _until_one_fails(rows) if judge == "in order" else rows


def judge_one(
    setting: Setting, constraint: Constraint, confidence: float, family: int, constraints: int = 1
) -> Judgement:
    """Judge one of `family` settings, whose verdicts hold together at `confidence`.

    A setting is satisfied where all its `constraints` are, so a wrong "satisfied" requires that its violated
    constraint is judged wrongly; it is violated where any constraint is, and each of these verdicts may be
    wrong.
    """
    upper = constraint.better == "lower"
    worst = math.inf if upper else -math.inf
    cautious = setting.values(constraint.figure, without=worst, failed=worst)
    generous = setting.values(constraint.figure, without=worst, failed=-worst)
    asked = (constraint.statistic, constraint.comparison, constraint.threshold)
    opposite = (constraint.statistic, OPPOSITE[constraint.comparison], constraint.threshold)
    level = 1.0 - (1.0 - confidence) / family
    holds = correct_confidence(confidence_that(cautious, *asked), family)
    fails = correct_confidence(_violation(generous, opposite), family * constraints)
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
    """Return the confidence that a constraint is violated.

    A mean over runs with a missing value is undefined.
    """
    statistic, comparison, threshold = opposite
    middle = estimate(values, statistic)  # type: ignore[arg-type]
    if statistic == "mean" and math.isinf(middle):
        return 1.0 if (middle > 0) == (comparison in (">", ">=", "!=")) else 0.0
    return confidence_that(values, statistic, comparison, threshold)  # type: ignore[arg-type]


def correct_confidence(confidence: float, family: int) -> float:
    """Return the confidence left after `family` verdicts (Bonferroni)."""
    return max(0.0, 1.0 - family * (1.0 - confidence))


def _until_one_fails(rows: list[list[Judgement]]) -> list[list[Judgement]]:
    """Replace "satisfied" by "undecided" after the first setting that is not satisfied."""
    out, open_still = [], True
    for row in rows:
        kept = row
        if not open_still:
            kept = [replace(one, verdict="undecided") if one.verdict == "satisfied" else one for one in row]
        open_still = open_still and verdict_of(kept) == "satisfied"
        out.append(kept)
    return out


def verdict_of(row: Sequence[Judgement]) -> Verdict:
    """Return the verdict of a setting: satisfied where all its constraints are, violated where one is."""
    verdicts = {one.verdict for one in row}
    if "violated" in verdicts:
        return "violated"
    return "undecided" if "undecided" in verdicts else "satisfied"

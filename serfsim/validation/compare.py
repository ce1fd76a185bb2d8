"""Comparison of recorded and simulated figures.

Recordings of the same circumstances and release form a group: their values are pooled, as are those of their
simulated runs, equally many for each. The spread shown is the 1..99 % range of simulated values.

A figure with a tolerance agrees or differs. A miss of at most the margin itself and within chance is `open`;
the width of a figure's distribution alone makes none open. For a figure that differs, `by_chance` answers:
were the simulation right, would the mean of as many values as were recorded be this far off in more than 1
case in 100?

Figures without a tolerance are checked by `outliers.py`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
from scipy.stats import ks_2samp
from scipy.stats import t as student

from serfsim.results.scoring.recording import Floats
from serfsim.validation.figures.measures import Figures
from serfsim.validation.golden import Golden
from serfsim.validation.releases import release_of
from serfsim.validation.runs import pool_figures
from serfsim.validation.tolerances import LEAST_KS_P, STANDARD_ERRORS, Tolerance, tolerance_of

AGREES, OPEN, DIFFERS, NOT_ASKED = "agrees", "open", "differs", ""
SIGNIFICANT = 0.01  # two-sided
RANGE = (0.01, 0.99)
DRAWS = 20000
SAME = 1e-6  # values this close count as equal


@dataclass(frozen=True)
class Pair:
    """One recording: its figures, and those of its simulated runs by seed."""

    golden: Golden
    recorded: Figures
    runs: dict[int, Figures]


@dataclass(frozen=True)
class Row:
    """One figure of one group.

    `by_chance`, for a figure that does not agree: chance may account for it.
    """

    group: str
    release: str
    kind: str
    figure: str
    recorded: Floats
    simulated: Floats
    tolerance: Tolerance | None
    verdict: str
    note: str
    by_chance: bool = False

    @property
    def simulated_range(self) -> tuple[float, float]:
        low, high = np.quantile(self.simulated, RANGE)
        return float(low), float(high)


def group_of(golden: Golden) -> str:
    """Return the name without software and run number, for partitions also without the agents' start."""
    name = re.sub(r"-serf[\d.]+(-ml[\d.]+)?(?=-)", "", golden.name)
    name = re.sub(r"(-v\d+)?-s\d+$", "", name)
    return re.sub(r"-spread\d*$", "", name) if golden.kind == "partition" else name


def compare(pairs: list[Pair]) -> list[Row]:
    """Compare all figures of all groups, in the order of the recordings and of the figures."""
    groups: dict[tuple[str, str], list[Pair]] = {}
    for pair in pairs:
        groups.setdefault((group_of(pair.golden), release_of(pair.golden).name), []).append(pair)
    return [
        row
        for (group, _), members in groups.items()
        for figure in members[0].recorded
        for row in rows_of(group, members, figure)
    ]


def rows_of(group: str, members: list[Pair], figure: str) -> list[Row]:
    """Return one row, or one for each recording where the tolerance compares them separately."""
    tolerances = [tolerance_of(member.golden, figure) for member in members]
    alone = any(tolerance is not None and tolerance.check == "seconds" for tolerance in tolerances)
    if alone and len(members) > 1:
        return [
            row_of(member.golden.name, [member], figure, tolerance)
            for member, tolerance in zip(members, tolerances, strict=True)
        ]
    return [row_of(group, members, figure, tolerances[0])]


def row_of(group: str, members: list[Pair], figure: str, tolerance: Tolerance | None) -> Row:
    golden = members[0].golden
    recorded = finite([value for member in members for value in member.recorded.get(figure, [])])
    simulated = finite([value for member in members for value in pool_figures(member.runs, figure)])
    verdict, note, by_chance = NOT_ASKED, "", False
    if len(recorded) == 0 or len(simulated) == 0:
        # A figure that neither side can measure agrees.
        if len(recorded) != len(simulated):
            note = "only one side"
            verdict = NOT_ASKED if tolerance is None or tolerance.if_both else DIFFERS
    elif tolerance is not None:
        verdict, note = judge(tolerance, members, figure, recorded, simulated)
        if verdict != AGREES:
            by_chance = is_chance(recorded, simulated)
    release = release_of(golden).name
    return Row(group, release, golden.kind, figure, recorded, simulated, tolerance, verdict, note, by_chance)


def finite(values: list[float]) -> Floats:
    array = np.array(values, dtype=np.float64)
    kept: Floats = array[np.isfinite(array)]
    return kept


def judge(
    tolerance: Tolerance, members: list[Pair], figure: str, recorded: Floats, simulated: Floats
) -> tuple[str, str]:
    """Return the verdict and the evidence against agreement."""
    if tolerance.check == "factor":
        verdict, note = judge_factor(tolerance, recorded, simulated)
    elif tolerance.check in ("mean", "seconds"):
        verdict, note = judge_means(tolerance, members[0].golden, recorded, simulated)
    else:
        holds, note = CHECKS[tolerance.check](tolerance, members[0].golden, recorded, simulated)
        verdict = AGREES if holds else DIFFERS
    if tolerance.ks:
        p = float(ks_2samp(recorded, simulated).pvalue)
        if p <= LEAST_KS_P:
            verdict, note = DIFFERS, join_values(note, f"KS p = {p:.2g}")
    if tolerance.in_range:
        outside = [member.golden.name for member in members if not is_inside(member, figure)]
        if outside:
            verdict, note = DIFFERS, join_values(note, f"outside the range: {', '.join(outside)}")
    return verdict, note


def judge_means(tolerance: Tolerance, golden: Golden, recorded: Floats, simulated: Floats) -> tuple[str, str]:
    off = float(simulated.mean() - recorded.mean())
    allowed = tolerance.margin
    if tolerance.check == "mean":
        allowed = max(
            tolerance.margin * abs(float(recorded.mean())), STANDARD_ERRORS * standard_error(recorded)
        )
    if abs(off) <= allowed + 1e-12:
        return AGREES, ""
    theory = tolerance.closed_form(golden) if tolerance.closed_form else None
    if theory is not None and abs(float(simulated.mean()) - theory) <= tolerance.margin * theory:
        return AGREES, f"closed form {theory:.4g}"
    errors = standard_errors(recorded, simulated)
    note = f"off by {off / recorded.mean():+.1%}" if recorded.mean() else f"off by {off:+.3g}"
    near = abs(off) <= 2.0 * allowed and errors <= most_errors(simulated)
    return OPEN if near else DIFFERS, f"{note}, {errors:.1f} standard errors"


def judge_factor(tolerance: Tolerance, recorded: Floats, simulated: Floats) -> tuple[str, str]:
    a, b = float(recorded.mean()), float(simulated.mean())
    low, high = min(a, b), max(a, b)
    if high <= tolerance.margin * low or a == b:
        return AGREES, ""
    share = share_as_extreme(recorded, simulated)
    note = f"{share:.0%} of simulated means are as extreme"
    near = high <= tolerance.margin**2 * low and share >= 1.0 - RANGE[1]
    return OPEN if near else DIFFERS, note


def is_chance(recorded: Floats, simulated: Floats) -> bool:
    """Return True if a correct simulation would be this far off in more than 1 case in 100.

    Means of many values are normal; for rare counts, which are not, the share of simulated means decides too.
    """
    if standard_errors(recorded, simulated) <= most_errors(simulated):
        return True
    return share_as_extreme(recorded, simulated) >= 1.0 - RANGE[1]


def standard_errors(recorded: Floats, simulated: Floats) -> float:
    """Return the distance of the means, in standard errors of as many simulated values as were recorded."""
    off = abs(float(simulated.mean() - recorded.mean()))
    spread = float(simulated.std(ddof=1)) / math.sqrt(len(recorded)) if len(simulated) > 1 else 0.0
    if spread > 0.0:
        return off / spread
    return math.inf if off > 0.0 else 0.0


def most_errors(simulated: Floats) -> float:
    """Return the number of standard errors within chance: Student's, as the spread is an estimate."""
    return float(student.ppf(1.0 - SIGNIFICANT / 2.0, max(1, len(simulated) - 1)))


def share_as_extreme(recorded: Floats, simulated: Floats) -> float:
    """Return the share of means of as many random simulated values that lie as far off on the same side."""
    draws = np.random.default_rng(1).choice(simulated, (DRAWS, len(recorded))).mean(axis=1)
    above = recorded.mean() > simulated.mean()
    extreme = draws >= recorded.mean() - 1e-12 if above else draws <= recorded.mean() + 1e-12
    return float(extreme.mean())


def standard_error(values: Floats) -> float:
    """Return the standard error of the mean; 0 for a single value, which has no spread."""
    return float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else 0.0


def is_inside(member: Pair, figure: str) -> bool:
    """Return True if all recorded values lie within the range of this recording's own simulated runs."""
    low, high = np.quantile(pool_figures(member.runs, figure), RANGE)
    return all(low <= value <= high for value in member.recorded[figure])


def join_values(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


# Checks other than of means: the verdict and the evidence against agreement -----------------------


def exact(tolerance: Tolerance, golden: Golden, recorded: Floats, simulated: Floats) -> tuple[bool, str]:
    wrong = np.array([np.abs(recorded - value).min() > SAME * max(1.0, abs(value)) for value in simulated])
    return not wrong.any(), f"{int(wrong.sum())} of {len(wrong)} values differ" if wrong.any() else ""


def zero(tolerance: Tolerance, golden: Golden, recorded: Floats, simulated: Floats) -> tuple[bool, str]:
    wrong = int((simulated != 0.0).sum())
    return wrong == 0, f"{wrong} of {len(simulated)} values are not 0" if wrong else ""


def median_at(tolerance: Tolerance, golden: Golden, recorded: Floats, simulated: Floats) -> tuple[bool, str]:
    assert tolerance.expected is not None
    expected = tolerance.expected(golden)
    off = float(np.median(simulated)) - expected
    return abs(off) <= tolerance.margin, f"theory {expected:.4g} s"


def share(tolerance: Tolerance, golden: Golden, recorded: Floats, simulated: Floats) -> tuple[bool, str]:
    low, high = tolerance.between
    return low <= float(simulated.mean()) <= high, ""


def at_most(tolerance: Tolerance, golden: Golden, recorded: Floats, simulated: Floats) -> tuple[bool, str]:
    above = int((simulated > tolerance.margin).sum())
    return above == 0, f"{above} of {len(simulated)} runs have more" if above else ""


def chance(tolerance: Tolerance, golden: Golden, recorded: Floats, simulated: Floats) -> tuple[bool, str]:
    extreme = share_as_extreme(recorded, simulated)
    return extreme >= tolerance.margin, f"{extreme:.1%} of simulated means are as extreme"


CHECKS = {
    "exact": exact,
    "zero": zero,
    "median_at": median_at,
    "share": share,
    "at_most": at_most,
    "chance": chance,
}

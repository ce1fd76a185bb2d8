"""Recorded and simulated figures against each other.

Recordings of the same circumstances are one group: their values are pooled, and so are those of
their simulated runs, of which each has equally many. The spread that is shown is the 1..99 % range
of simulated values.

What misses its margin is not always wrong: one recording of a random thing has an error of its own,
and the margins cannot know it. So a missed margin of means is put to a test: were the simulation
right, how many standard errors, taken from the simulated spread and the number of recorded values,
would the recorded mean be off? Up to 2.58 (1 case in 100) the verdict is `open`, beyond `differs`.
Counts of rare things are far from normal; of them the test is how many simulated values, or means of as
many as were recorded, are as extreme.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
from scipy.stats import ks_2samp

from serfsim.scoring.recording import Floats
from serfsim.validation.figures.measures import Figures
from serfsim.validation.golden import Golden
from serfsim.validation.runs import pooled
from serfsim.validation.tolerances import LEAST_KS_P, STANDARD_ERRORS, Tolerance, tolerance_of

AGREES, OPEN, DIFFERS, NOT_ASKED = "agrees", "open", "differs", ""
SIGNIFICANT = 2.58
RANGE = (0.01, 0.99)
DRAWS = 20000
SAME = 1e-6  # what counts as equal where equality is asked for


@dataclass(frozen=True)
class Pair:
    """One recording: what it gave, and what its simulated runs gave, by seed."""

    golden: Golden
    recorded: Figures
    runs: dict[int, Figures]


@dataclass(frozen=True)
class Row:
    """One figure of one group."""

    group: str
    figure: str
    recorded: Floats
    simulated: Floats
    tolerance: Tolerance | None
    verdict: str
    note: str

    @property
    def simulated_range(self) -> tuple[float, float]:
        low, high = np.quantile(self.simulated, RANGE)
        return float(low), float(high)


def group_of(golden: Golden) -> str:
    """The name without the number of the run; partitions also without how their agents started."""
    name = re.sub(r"(-v\d+)?-s\d+$", "", golden.name)
    return re.sub(r"-spread\d*$", "", name) if golden.kind == "partition" else name


def compare(pairs: list[Pair]) -> list[Row]:
    """All figures of all groups, in the order of the recordings and of the figures."""
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(group_of(pair.golden), []).append(pair)
    return [
        row
        for group, members in groups.items()
        for figure in members[0].recorded
        for row in rows_of(group, members, figure)
    ]


def rows_of(group: str, members: list[Pair], figure: str) -> list[Row]:
    """One row; or one of every recording, where each is to be compared by itself."""
    tolerance = tolerance_of(members[0].golden, figure)
    if tolerance is not None and tolerance.check == "seconds" and len(members) > 1:
        return [row_of(member.golden.name, [member], figure, tolerance) for member in members]
    return [row_of(group, members, figure, tolerance)]


def row_of(group: str, members: list[Pair], figure: str, tolerance: Tolerance | None) -> Row:
    recorded = finite([value for member in members for value in member.recorded.get(figure, [])])
    simulated = finite([value for member in members for value in pooled(member.runs, figure)])
    if len(recorded) == 0 or len(simulated) == 0:
        # Both without a value is agreement that there is nothing to measure.
        same = len(recorded) == len(simulated)
        verdict = NOT_ASKED if same or tolerance is None or tolerance.if_both else DIFFERS
        return Row(group, figure, recorded, simulated, tolerance, verdict, "" if same else "only one side")
    if tolerance is None:
        return Row(group, figure, recorded, simulated, None, NOT_ASKED, "")
    verdict, note = judged(tolerance, members, figure, recorded, simulated)
    return Row(group, figure, recorded, simulated, tolerance, verdict, note)


def finite(values: list[float]) -> Floats:
    array = np.array(values, dtype=np.float64)
    kept: Floats = array[np.isfinite(array)]
    return kept


def judged(
    tolerance: Tolerance, members: list[Pair], figure: str, recorded: Floats, simulated: Floats
) -> tuple[str, str]:
    """Verdict and what speaks against agreement."""
    if tolerance.check == "factor":
        verdict, note = judged_factor(tolerance, recorded, simulated)
    elif tolerance.check in ("mean", "seconds"):
        verdict, note = judged_means(tolerance, members[0].golden, recorded, simulated)
    else:
        holds, note = CHECKS[tolerance.check](tolerance, members[0].golden, recorded, simulated)
        verdict = AGREES if holds else DIFFERS
    if tolerance.ks:
        p = float(ks_2samp(recorded, simulated).pvalue)
        if p <= LEAST_KS_P:
            verdict, note = DIFFERS, joined(note, f"KS p = {p:.2g}")
    if tolerance.in_range:
        outside = [member.golden.name for member in members if not inside(member, figure)]
        if outside:
            verdict, note = DIFFERS, joined(note, f"outside the range: {', '.join(outside)}")
    return verdict, note


def judged_means(
    tolerance: Tolerance, golden: Golden, recorded: Floats, simulated: Floats
) -> tuple[str, str]:
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
    spread = float(simulated.std(ddof=1)) / math.sqrt(len(recorded)) if len(simulated) > 1 else 0.0
    errors = abs(off) / spread if spread > 0.0 else math.inf
    note = f"off by {off / recorded.mean():+.1%}" if recorded.mean() else f"off by {off:+.3g}"
    return OPEN if errors <= SIGNIFICANT else DIFFERS, f"{note}, {errors:.1f} standard errors"


def judged_factor(tolerance: Tolerance, recorded: Floats, simulated: Floats) -> tuple[str, str]:
    a, b = float(recorded.mean()), float(simulated.mean())
    if max(a, b) <= tolerance.margin * min(a, b) or a == b:
        return AGREES, ""
    share = share_as_extreme(recorded, simulated)
    note = f"{share:.0%} of simulated means are as extreme"
    return OPEN if share >= 1.0 - RANGE[1] else DIFFERS, note


def share_as_extreme(recorded: Floats, simulated: Floats) -> float:
    """How often the mean of as many simulated values, drawn at random, lies as far to the same side."""
    draws = np.random.default_rng(1).choice(simulated, (DRAWS, len(recorded))).mean(axis=1)
    above = recorded.mean() > simulated.mean()
    extreme = draws >= recorded.mean() if above else draws <= recorded.mean()
    # What no run has shown may still happen about once in as many runs as there were.
    return max(float(extreme.mean()), 1.0 / (1 + len(simulated)))


def standard_error(values: Floats) -> float:
    """Of the mean; 0 where a single value tells nothing about it."""
    return float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else 0.0


def inside(member: Pair, figure: str) -> bool:
    """Whether all recorded values lie within the range of this recording's own simulated runs."""
    low, high = np.quantile(pooled(member.runs, figure), RANGE)
    return all(low <= value <= high for value in member.recorded[figure])


def joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


# Checks other than of means: does it hold, and what speaks against it -------------------------------


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


CHECKS = {
    "exact": exact,
    "zero": zero,
    "median_at": median_at,
    "share": share,
    "at_most": at_most,
}

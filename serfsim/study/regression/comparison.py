"""Runs compared with their baseline: digests first, then a test of every figure.

The same code and seeds give the same digests; then there is nothing to test. Otherwise every figure of the
family is tested for a difference between its distributions over seeds, and Holm's adjustment over all
scenarios and figures keeps the false-alarm rate of the whole call at the requested level.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from serfsim.scenario.figures import BY_TYPE, better
from serfsim.scenario.model import Scenario
from serfsim.study.regression.baseline import Baseline, Entry
from serfsim.study.regression.runs import CLAIMS_FAILED, Failure, Floats, Runs
from serfsim.study.regression.selection import differing_settings
from serfsim.study.statistics import holm

WORSE: Final = "worse"
BETTER: Final = "better"
CHANGED: Final = "changed"
FAMILY_WISE_ERROR: Final = 0.01


@dataclass(frozen=True)
class FigureTest:
    """One figure of one scenario, in the baseline and now; a run without a value counts as infinity.

    `adjusted` is the p-value adjusted over all tests of the call. `verdict` is worse, better or changed where
    `adjusted` is at most the family-wise error rate, else ''.
    """

    scenario: str
    figure: str
    then: Floats
    now: Floats
    p: float
    adjusted: float = 1.0
    verdict: str = ""


@dataclass(frozen=True)
class Compared:
    """One scenario compared.

    `same`: common seeds with equal digests. `identical`: all digests are equal, of all seeds. `settings`:
    differences between the complete scenarios. `gone` and `new`: figures that only the baseline, or only the
    current runs, have.
    """

    entry: Entry
    now: Runs
    identical: bool
    same: int
    common: int
    settings: tuple[str, ...] = ()
    tests: tuple[FigureTest, ...] = ()
    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def changed(self) -> tuple[FigureTest, ...]:
        return tuple(test for test in self.tests if test.verdict)


@dataclass(frozen=True)
class Comparison:
    """All scenarios of a call, and the runs that failed.

    `base`: the other checkout that the runs are compared with, '' for a baseline that was accepted.
    `added`: scenarios that it does not have.
    """

    scenarios: tuple[Compared, ...]
    failures: tuple[Failure, ...]
    rate: float
    base: str = ""
    added: tuple[str, ...] = ()

    @property
    def tests(self) -> list[FigureTest]:
        return [test for scenario in self.scenarios for test in scenario.tests]

    @property
    def changed(self) -> list[FigureTest]:
        """The changed figures, smallest p-value first."""
        found = [test for test in self.tests if test.verdict]
        return sorted(found, key=lambda test: (test.adjusted, test.p))

    @property
    def differing(self) -> list[str]:
        """The scenarios with a digest that differs from the baseline's."""
        return [scenario.name for scenario in self.scenarios if scenario.same < scenario.common]

    @property
    def is_identical(self) -> bool:
        return not self.failures and all(scenario.identical for scenario in self.scenarios)

    @property
    def is_regression(self) -> bool:
        """True if a figure changed in either direction and the change was not accepted."""
        return bool(self.changed or self.failures)


def compare(
    baseline: Baseline,
    scenarios: Mapping[str, Scenario],
    now: Mapping[str, Runs],
    failures: Sequence[Failure] = (),
    rate: float = FAMILY_WISE_ERROR,
) -> Comparison:
    """Compare the runs of each scenario with the baseline's of the same name."""
    found = [_compare_scenario(baseline, scenarios[name], runs) for name, runs in now.items() if runs.seeds]
    adjusted = iter(holm([test.p for scenario in found for test in scenario.tests]))
    judged = []
    for scenario in found:
        tests = tuple(_with_verdict(test, float(next(adjusted)), rate) for test in scenario.tests)
        judged.append(replace(scenario, tests=tests))
    return Comparison(tuple(judged), tuple(failures), rate)


def _compare_scenario(baseline: Baseline, scenario: Scenario, now: Runs) -> Compared:
    entry = baseline.entries[scenario.name]
    complete = scenario.to_yaml(baseline.folder)
    then, digest_of = entry.runs.digest_of, now.digest_of
    common = [seed for seed in now.seeds if seed in then]
    same = sum(then[seed] == digest_of[seed] for seed in common)
    identical = same == len(now.seeds)
    settings: tuple[str, ...] = ()
    if entry.complete != complete:
        kept = (baseline.folder / f"{entry.name}.yaml").as_posix()
        settings = tuple(differing_settings(entry.complete, complete, kept))
    return Compared(
        entry=entry,
        now=now,
        identical=identical,
        same=same,
        common=len(common),
        settings=settings,
        tests=() if identical else tuple(_tests(entry, now, claims_of(scenario) == entry.claims)),
        gone=tuple(_only(entry.runs, now)),
        new=tuple(_only(now, entry.runs)),
    )


def _tests(entry: Entry, now: Runs, same_claims: bool) -> list[FigureTest]:
    """Return the tests of a scenario; failed claims are compared only where the claims are the same."""
    return [
        FigureTest(entry.name, figure, before, after, p_value(before, after))
        for figure, before, after in family(entry.runs, now)
        if same_claims or figure != CLAIMS_FAILED
    ]


def claims_of(scenario: Scenario) -> tuple[str, ...]:
    return tuple(claim.text for claim in scenario.claims)


def _only(one: Runs, other: Runs) -> list[str]:
    """Return the figures only `one` has, except those by message type, which depend on the runs."""
    return [name for name in one.figures if name not in other.figures and not name.startswith(BY_TYPE)]


def _with_verdict(test: FigureTest, adjusted: float, rate: float) -> FigureTest:
    return replace(test, adjusted=adjusted, verdict=_verdict(test) if adjusted <= rate else "")


def _verdict(test: FigureTest) -> str:
    way = "lower" if test.figure == CLAIMS_FAILED else better(test.figure)
    moved = tendency(test.then, test.now)
    if way == "neither" or moved == 0:
        return CHANGED
    return BETTER if (moved < 0) == (way == "lower") else WORSE


def finite(values: Floats) -> Floats:
    """Return the finite values."""
    kept: Floats = values[np.isfinite(values)]
    return kept


def p_value(then: Floats, now: Floats) -> float:
    """Return the two-sided p-value; values may be infinite, not NaN."""
    # start-up: scipy is slow to import
    from scipy.stats import ks_2samp

    if np.isnan(then).any() or np.isnan(now).any():
        raise ValueError("NaN cannot be ordered")
    with warnings.catch_warnings():
        # For nearly identical samples rounding may put the sum above 1; scipy then warns and returns 1.
        warnings.simplefilter("ignore", RuntimeWarning)
        return min(1.0, float(ks_2samp(then, now, method="exact").pvalue))


def tendency(then: Floats, now: Floats) -> float:
    """Return Cliff's delta, -1 to 1: P(now > then) - P(now < then)."""
    above, below = now[:, None] > then[None, :], now[:, None] < then[None, :]
    return float(above.mean() - below.mean())


# (figures, the figure that covers them)
TOLD_BY_OTHERS: Final = (
    (r"detection\..*_per_node_hour", "the same count, over time and nodes, which the scenario fixes"),
    (r"detection\..*_s\.n", "crashes less those missed, and detection.missed is tested"),
    (r"detection\.\w+_s\.p\d+", "with a handful of crashes in a run, all between its mean and its max"),
    (
        r"detection\.first_suspect_s\.max",
        "the mean; the largest of few waits hardly varies with anything else",
    ),
    (r"coordinates\.relative_error\.(mean|max)", "p50, p90 and p99"),
    (r"coordinates\.absolute_error_ms\.(?!p50).*", "the relative errors, but for p50"),
    (r"dissemination\.\w+\.full_s", "p99_s, which few deliveries hardly tell from it"),
    (r"dissemination\.\w+\.sent", "the scenario"),
    (r"traffic\.messages_per_node_s", "the types of message, each of which is tested"),
    (r"traffic\.by_type\..*\.bytes_per_node_s", "the number of each type and the bytes of all"),
)
_OTHERS: Final = re.compile("|".join(f"(?:{pattern})" for pattern, _ in TOLD_BY_OTHERS))


def is_tested(name: str) -> bool:
    """Return True if a figure belongs to the family."""
    return _OTHERS.fullmatch(name) is None


def family(then: Runs, now: Runs) -> Iterator[tuple[str, Floats, Floats]]:
    """Yield (figure, values then, values now) for every test of one scenario.

    A run without a value counts as larger than all values. A figure that is constant over all runs of both
    sets is not tested, nor one that ranks all runs as an earlier figure does (all suspicions where every one
    is false). Both decisions use all runs together, whichever set each belongs to, so the family keeps its
    stated error rate.
    """
    seen = set()
    for name in dict.fromkeys([*then.figures, *now.figures]):
        in_both = name in then.figures and name in now.figures
        if not is_tested(name) or not (in_both or name.startswith(BY_TYPE)):
            continue
        before, after = (np.nan_to_num(runs.values(name), nan=np.inf, posinf=np.inf) for runs in (then, now))
        _, order = np.unique(np.concatenate((before, after)), return_inverse=True)
        key = order.tobytes()
        if not order.any() or key in seen:
            continue
        seen.add(key)
        yield name, before, after

"""Runs beside their baseline: what is identical, and what moved though nobody said so.

The same code and the same seeds give the same digests; then there is nothing to test. Otherwise every
figure of the family is tested for a difference between its distributions over seeds, then and now, and
Holm's adjustment over all scenarios and figures together keeps the rate of false alarms of the whole
call at what was asked.
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
    """One figure of one scenario, then and now; a run without a value has infinity.

    `adjusted` is the p-value adjusted over all tests of the call. `verdict` is worse, better or changed
    where that is at most the family-wise error rate, else ''.
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
    """One scenario. `same` of the seeds that both have gave the same digest; `identical`: all did, of all.

    `settings`: what differs between the complete scenarios, then and now. `gone` and `new`: figures that
    only the baseline, or only these runs, have.
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
    """All scenarios of a call, and the runs that came to no end."""

    scenarios: tuple[Compared, ...]
    failures: tuple[Failure, ...]
    rate: float

    @property
    def tests(self) -> list[FigureTest]:
        return [test for scenario in self.scenarios for test in scenario.tests]

    @property
    def changed(self) -> list[FigureTest]:
        """Surest first."""
        found = [test for test in self.tests if test.verdict]
        return sorted(found, key=lambda test: (test.adjusted, test.p))

    @property
    def differing(self) -> list[str]:
        """The scenarios in which some digest differs from the baseline's."""
        return [scenario.name for scenario in self.scenarios if scenario.same < scenario.common]

    @property
    def is_identical(self) -> bool:
        return not self.failures and all(scenario.identical for scenario in self.scenarios)

    @property
    def is_regression(self) -> bool:
        """Whether something moved that was not accepted, for the worse or not."""
        return bool(self.changed or self.failures)


def compare(
    baseline: Baseline,
    scenarios: Mapping[str, Scenario],
    now: Mapping[str, Runs],
    failures: Sequence[Failure] = (),
    rate: float = FAMILY_WISE_ERROR,
) -> Comparison:
    """Compare the runs of each scenario, as it ran, with the baseline's of the same name."""
    found = [_compared(baseline, scenarios[name], runs) for name, runs in now.items() if runs.seeds]
    adjusted = iter(holm([test.p for scenario in found for test in scenario.tests]))
    judged = []
    for scenario in found:
        tests = tuple(_judged(test, float(next(adjusted)), rate) for test in scenario.tests)
        judged.append(replace(scenario, tests=tests))
    return Comparison(tuple(judged), tuple(failures), rate)


def _compared(baseline: Baseline, scenario: Scenario, now: Runs) -> Compared:
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
    """Other claims fail in other runs, so that they can be compared only where they are the same."""
    return [
        FigureTest(entry.name, figure, before, after, p_value(before, after))
        for figure, before, after in family(entry.runs, now)
        if same_claims or figure != CLAIMS_FAILED
    ]


def claims_of(scenario: Scenario) -> tuple[str, ...]:
    return tuple(claim.text for claim in scenario.claims)


def _only(one: Runs, other: Runs) -> list[str]:
    """Figures of one set alone. Which types of message there are depends on the runs."""
    return [name for name in one.figures if name not in other.figures and not name.startswith(BY_TYPE)]


def _judged(test: FigureTest, adjusted: float, rate: float) -> FigureTest:
    return replace(test, adjusted=adjusted, verdict=_verdict(test) if adjusted <= rate else "")


def _verdict(test: FigureTest) -> str:
    way = "lower" if test.figure == CLAIMS_FAILED else better(test.figure)
    moved = tendency(test.then, test.now)
    if way == "neither" or moved == 0:
        return CHANGED
    return BETTER if (moved < 0) == (way == "lower") else WORSE


def finite(values: Floats) -> Floats:
    """The values without the infinity of runs that had none."""
    kept: Floats = values[np.isfinite(values)]
    return kept


def p_value(then: Floats, now: Floats) -> float:
    """Two-sided. Values may be infinite; NaN may not be."""
    # start-up: scipy is slow to import
    from scipy.stats import ks_2samp

    if np.isnan(then).any() or np.isnan(now).any():
        raise ValueError("NaN has no place in an order")
    with warnings.catch_warnings():
        # Where samples hardly differ, the sum may come out a rounding above 1; scipy says so and gives 1.
        warnings.simplefilter("ignore", RuntimeWarning)
        return min(1.0, float(ks_2samp(then, now, method="exact").pvalue))


def tendency(then: Floats, now: Floats) -> float:
    """-1 to 1: how much likelier it is that a run now lies above one then than below it (Cliff's delta)."""
    above, below = now[:, None] > then[None, :], now[:, None] < then[None, :]
    return float(above.mean() - below.mean())


# (which figures, which one tells it)
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
    """Whether a figure belongs to the family."""
    return _OTHERS.fullmatch(name) is None


def family(then: Runs, now: Runs) -> Iterator[tuple[str, Floats, Floats]]:
    """(figure, values then, values now) of every test between two sets of runs of one scenario.

    A run without a value counts as beyond all values. No test is a figure that is the same in all runs
    of both sets, nor one that orders all runs as an earlier one does (all suspicions, where every one is
    unjust). Both are decided by all runs together, whichever set each is in, so the rest of the family
    errs with the rate that it states.
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

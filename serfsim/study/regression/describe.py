"""Wording of figures and verdicts, shared by Markdown and plots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serfsim.base.english import format_count, join_names
from serfsim.scenario.figures import unit_of
from serfsim.study.regression.comparison import BETTER, CHANGED, WORSE, Comparison, FigureTest, finite
from serfsim.study.regression.runs import CLAIMS_FAILED, Floats
from serfsim.study.statistics import differences


def verdict(comparison: Comparison) -> str:
    """Return the verdict in one sentence."""
    scenarios = format_count(len(comparison.scenarios), "scenario")
    if comparison.failures:
        failed = f"{format_count(len(comparison.failures), 'run')} failed"
        return f"{failed}, in {_places([failure.scenario for failure in comparison.failures])}."
    if not comparison.scenarios:
        return f"Nothing to compare: the base does not have {_places(comparison.added)}."
    if comparison.is_identical:
        runs = sum(len(scenario.now.seeds) for scenario in comparison.scenarios)
        return f"Identical: all {runs} runs of {scenarios} have the digests of {_then(comparison)}."
    tests = f"{format_count(len(comparison.tests), 'test')}, family-wise error {comparison.rate:.3g}"
    if not comparison.changed:
        moved = f"No figure of {scenarios} changed ({tests})"
        if comparison.differing:
            return f"{moved}; digests differ in {_places(comparison.differing)}."
        return f"{moved}."
    changed = format_count(len(comparison.changed), "figure")
    kinds = [sum(test.verdict == kind for test in comparison.changed) for kind in (WORSE, BETTER, CHANGED)]
    named = zip(kinds, ("worse", "better", "neutral"), strict=True)
    told = ", ".join(f"{count} {kind}" for count, kind in named if count)
    where = _places([test.scenario for test in comparison.changed])
    begin = "Changed" if comparison.base else "Changed without being accepted"
    return f"{begin}: {changed} ({told}) in {where} of {scenarios} ({tests})."


def _then(comparison: Comparison) -> str:
    return "the base" if comparison.base else "the baseline"


def _places(names: Sequence[str]) -> str:
    """Join scenario names: 'crash, udp_blocked and 2 more'."""
    each = list(dict.fromkeys(names))
    if len(each) <= 4:
        return join_names(each)
    return f"{', '.join(each[:3])} and {len(each) - 3} more"


def unit_after(figure: str) -> str:
    """Return the unit to append: ' s', ' ms' or ''."""
    unit = unit_of(figure)
    return f" {unit}" if unit else ""


def number(value: float) -> str:
    """Format a number with four significant digits and thousands separators."""
    if not np.isfinite(value):
        return "-"
    if value and (abs(value) < 1e-4 or abs(value) >= 1e9):
        return f"{value:.3g}"
    digits = 0 if value == 0 else max(0, 3 - int(np.floor(np.log10(abs(value)))))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def spread(values: Floats, figure: str) -> str:
    """Format '5.93 [5.71, 7.2] s': median, middle 90 %, and the number of runs without a value."""
    kept = finite(values)
    none = len(values) - len(kept)
    without = f"none in {none} of {len(values)}" if none else ""
    if not len(kept):
        return without
    low, middle, high = np.quantile(kept, (0.05, 0.5, 0.95))
    text = f"{number(middle)} [{number(low)}, {number(high)}]{unit_after(figure)}"
    return f"{text}; {without}" if without else text


def difference(test: FigureTest) -> str:
    """Format the shift of the median (or of the mean, if the median did not move) and of missing values."""
    then, now = finite(test.then), finite(test.now)
    parts = []
    if len(then) and len(now):
        for name, of in (("", np.median), ("mean ", np.mean)):
            before, after = float(of(then)), float(of(now))
            if before != after:
                share = f" ({(after - before) / abs(before):+.1%})" if before else ""
                parts.append(f"{name}{_format_signed(after - before)}{unit_after(test.figure)}{share}")
                break
    shares = [1 - len(kept) / len(all_) for kept, all_ in ((then, test.then), (now, test.now))]
    if shares[0] != shares[1]:
        parts.append(f"none in {shares[0]:.0%} then, {shares[1]:.0%} now")
    return "; ".join(parts) or "spread"


def mean_differences(comparison: Comparison) -> dict[tuple[str, str], str]:
    """'+0.31 [0.22, 0.4] s' for each changed (scenario, figure): now less then.

    All intervals hold together with the confidence 1 - rate; runs without a value are left out.
    """
    found: dict[tuple[str, str], str] = {}
    scenarios = [scenario for scenario in comparison.scenarios if scenario.changed]
    for scenario in scenarios:
        changed = scenario.changed
        then, now = (
            np.array([np.where(np.isfinite(values), values, np.nan) for values in side])
            for side in ([test.then for test in changed], [test.now for test in changed])
        )
        paired = scenario.entry.runs.seeds == scenario.now.seeds
        moved = differences(then, now, paired=paired, confidence=1 - comparison.rate / len(scenarios))
        for test, estimate, low, high in zip(changed, moved.estimate, moved.low, moved.high, strict=True):
            bounds = f" [{number(low)}, {number(high)}]" if np.isfinite([low, high]).all() else ""
            text = f"{_format_signed(float(estimate))}{bounds}{unit_after(test.figure)}"
            found[test.scenario, test.figure] = text if np.isfinite(estimate) else "-"
    return found


def _format_signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{number(value)}"


def p_text(p: float) -> str:
    """Format an adjusted p-value."""
    if p >= 0.995:
        return "1"
    return f"{p:.2g}" if p >= 1e-3 else f"{p:.0e}"


def figure_text(figure: str) -> str:
    """Return a figure's name without redundant parts."""
    if figure == CLAIMS_FAILED:
        return "claims that failed"
    return figure.removeprefix("traffic.by_type.").removesuffix(".messages_per_node_s") + (
        " messages_per_node_s" if figure.startswith("traffic.by_type.") else ""
    )


def line_of(test: FigureTest) -> str:
    """Describe a change in one line."""
    then, now = spread(test.then, test.figure), spread(test.now, test.figure)
    what = f"{test.verdict:7} {test.scenario}: {figure_text(test.figure)}"
    return f"{what}: {then} then, {now} now (p {p_text(test.adjusted)})"

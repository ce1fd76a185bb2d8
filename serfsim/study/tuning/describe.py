"""Wording of a tuning's figures, intervals and verdicts for terminal, page and answer."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from serfsim.report.tables import format_number
from serfsim.study.statistics import Interval
from serfsim.study.tuning.goals import Goal
from serfsim.study.tuning.judging import Judgement
from serfsim.study.tuning.settings import short_names, value_text

if TYPE_CHECKING:
    from serfsim.study.tuning.tuning import Judged, Tuning

NO_VALUE: Final = "no value"
JUDGED: Final = {
    "together": "judged together: at that confidence no setting is wrongly called satisfied",
    "in order": "judged in the order of the grid until one is not satisfied",
    "each": "each judged by itself",
}
# For 20 lognormal values (sigma 1) a 95 % bound of the mean is too low in 12 to 18 of 100 cases.
OF_MEANS: Final = (
    " The bound of a mean knows only the rare large values seen, and may be too tight where runs are"
    " few and skewed; that of a percentile holds for any distribution."
)
# The Unicode minus sign, which cannot be mistaken for a hyphen.
SIGNS: Final = {"<=": "≤", ">=": "≥", "!=": "≠", "==": "=", "<": "<", ">": ">"}


def amount(value: float, unit: str = "") -> str:
    """Format a value with its unit; a value that is not finite gives 'none'."""
    if not math.isfinite(value):
        return NO_VALUE
    return f"{format_number(value)} {unit}".rstrip()


def brackets(interval: Interval) -> str:
    """Format an interval: '[9.5, 10.1]'; an unknown bound is '?'."""
    low, high = (
        format_number(value) if math.isfinite(value) else "?" for value in (interval.low, interval.high)
    )
    return f"[{low}, {high}]"


def percent(confidence: float) -> str:
    """Format a confidence reached: '95 %', rounded down and never 100."""
    if confidence > 0.999:
        return "> 99.9 %"
    return f"{math.floor(1000 * confidence + 1e-9) / 10:g} %"


def format_confidence(confidence: float) -> str:
    """Format the requested confidence: '95 %', '99.99 %'."""
    return f"{100 * confidence:g} %"


def statistic_text(goal: Goal, seeds: int) -> str:
    """Format a goal's statistic: 'p95 over 60 seeds'."""
    return f"{goal.statistic} over {seeds} seed{'' if seeds == 1 else 's'}"


def measured_text(goal: Goal, interval: Interval) -> str:
    """Format an estimate: '9.8 s [9.5, 10.1]'."""
    return f"{amount(interval.estimate, goal.unit)} {brackets(interval)}"


def bound_text(judgement: Judgement) -> str:
    """Format a one-sided bound: '≤ 0' or '≥ 0.9'; '?' where there is none."""
    if not math.isfinite(judgement.bound):
        return "?"
    sign = "≤" if judgement.constraint.better == "lower" else "≥"
    return f"{sign} {amount(judgement.bound, judgement.constraint.unit)}"


def verdict_text(judgement: Judgement) -> str:
    """Format a verdict: 'satisfied (95.1 %)', 'undecided (64.1 %; 59 seeds would decide)'."""
    more = f"; {judgement.needed} seeds would decide" if judgement.needed else ""
    lost = f"; {judgement.missing} without a value" if judgement.missing else ""
    return f"{judgement.verdict} ({percent(judgement.confidence)}{more}{lost})"


def headings(tuning: Tuning) -> list[str]:
    """Return the headings of the table: parameters, objective, two columns per constraint, verdict."""
    parameters = list(short_names(list(tuning.settings[0].setting.parameters)).values())
    way = "lowest" if tuning.objective.better == "lower" else "highest"
    objective = f"{tuning.objective.name} ({way})"
    asked = [text for one in tuning.constraints for text in (one.text, "verdict")]
    return [*parameters, "seeds", objective, *asked, "front"]


def cells(tuning: Tuning, one: Judged) -> list[str]:
    """Return the row of a setting under `headings`."""
    row = [value_text(value) for value in one.setting.parameters.values()]
    failed = f" ({one.setting.failed} failed)" if one.setting.failed else ""
    row += [f"{one.setting.seeds}{failed}", measured_text(tuning.objective, one.objective)]
    for judgement in one.judgements:
        found = amount(judgement.estimate, judgement.constraint.unit)
        row += [f"{found} ({bound_text(judgement)})", verdict_text(judgement)]
    return [*row, "chosen" if one is tuning.chosen else "front" if one.on_front else ""]


def method_text(tuning: Tuning) -> str:
    """Describe the method in one line below a table."""
    if not tuning.constraints:
        return (
            f"In brackets: {format_confidence(tuning.confidence)} intervals over seeds for each setting. "
            "A run without the figure counts as the worst."
        )
    count = len(tuning.settings)
    settings = f"{count} setting{'' if count == 1 else 's'}"
    return (
        f"Verdicts at {format_confidence(tuning.confidence)} confidence, {settings} {JUDGED[tuning.judge]}. "
        f"In brackets: {format_confidence(tuning.confidence)} intervals over seeds for each setting; "
        "in parentheses: the one-sided bound, and the confidence reached. "
        "A run without the figure counts as violating, or as the worst."
        f"{OF_MEANS if any(one.statistic == 'mean' for one in tuning.constraints) else ''}"
    )


def as_html(tuning: Tuning) -> str:
    """Return the answer and the table as HTML for a notebook."""
    head = "".join(f"<th>{html.escape(text)}</th>" for text in headings(tuning))
    rows = "".join(_html_row(cells(tuning, one), one is tuning.chosen) for one in tuning.settings)
    return (
        f"<p><strong>{html.escape(tuning.answer)}</strong></p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"<p><small>{html.escape(method_text(tuning))}</small></p>"
    )


def _html_row(texts: Sequence[str], strong: bool) -> str:
    tag = "th" if strong else "td"
    return "<tr>" + "".join(f"<{tag}>{html.escape(text)}</{tag}>" for text in texts) + "</tr>"


def as_markdown(tuning: Tuning) -> str:
    """Return the answer, the table and the plot as a Markdown page."""
    head = [text.replace("|", "\\|") for text in headings(tuning)]
    lines = [f"# {tuning.name}: tuning", "", f"**{tuning.answer}**", ""]
    lines += [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(cells(tuning, one))} |" for one in tuning.settings]
    lines += ["", method_text(tuning), "", "![The settings and their front](pareto.png)", ""]
    return "\n".join(lines)

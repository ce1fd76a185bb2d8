"""Figures, intervals and verdicts of a tuning in words, for the terminal, a page and the answer."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from serfsim.report.tables import number
from serfsim.study.statistics import Interval
from serfsim.study.tuning.goals import Goal
from serfsim.study.tuning.judging import Judgement
from serfsim.study.tuning.settings import short_names, value_text

if TYPE_CHECKING:
    from serfsim.study.tuning.tuning import Judged, Tuning

NO_VALUE: Final = "no value"
JUDGED: Final = {
    "together": "judged together, so that no setting is called satisfied wrongly with that confidence",
    "in order": "judged in the order of the grid until one is not satisfied",
    "each": "each judged by itself",
}
# Of 20 lognormal values (sigma 1) a bound at 95 % is too low in 12 to 18 of 100 cases; a quantile's never is.
OF_MEANS: Final = (
    " The bound of a mean knows of rare large values only those seen, and may be too near where runs are"
    " few and uneven; that of a percentile holds whatever they are."
)
# The Unicode sign, where the ASCII one would not be taken for it.
SIGNS: Final = {"<=": "≤", ">=": "≥", "!=": "≠", "==": "=", "<": "<", ">": ">"}


def amount(value: float, unit: str = "") -> str:
    """A value with its unit; one that is not finite is none."""
    if not math.isfinite(value):
        return NO_VALUE
    return f"{number(value)} {unit}".rstrip()


def brackets(interval: Interval) -> str:
    """'[9.5, 10.1]'; an unknown bound is '?'."""
    low, high = (number(value) if math.isfinite(value) else "?" for value in (interval.low, interval.high))
    return f"[{low}, {high}]"


def percent(confidence: float) -> str:
    """A confidence reached, '95 %'; never rounded up, and never to 100."""
    if confidence > 0.999:
        return "> 99.9 %"
    return f"{math.floor(1000 * confidence + 1e-9) / 10:g} %"


def stated(confidence: float) -> str:
    """A confidence asked for, as it was asked: '95 %', '99.99 %'."""
    return f"{100 * confidence:g} %"


def statistic_text(goal: Goal, seeds: int) -> str:
    """'p95 over 60 seeds'."""
    return f"{goal.statistic} over {seeds} seed{'' if seeds == 1 else 's'}"


def measured_text(goal: Goal, interval: Interval) -> str:
    """'9.8 s [9.5, 10.1]'."""
    return f"{amount(interval.estimate, goal.unit)} {brackets(interval)}"


def bound_text(judgement: Judgement) -> str:
    """'≤ 0' or '≥ 0.9': what the bound says; '?' where there is none."""
    if not math.isfinite(judgement.bound):
        return "?"
    sign = "≤" if judgement.constraint.better == "lower" else "≥"
    return f"{sign} {amount(judgement.bound, judgement.constraint.unit)}"


def verdict_text(judgement: Judgement) -> str:
    """'satisfied (95.1 %)', 'undecided (64.1 %; 59 seeds would decide)'."""
    more = f"; {judgement.needed} seeds would decide" if judgement.needed else ""
    lost = f"; {judgement.missing} without a value" if judgement.missing else ""
    return f"{judgement.verdict} ({percent(judgement.confidence)}{more}{lost})"


def headings(tuning: Tuning) -> list[str]:
    """Of the table for a reader: the parameters, the objective, two columns a constraint, the verdict."""
    parameters = list(short_names(list(tuning.settings[0].setting.parameters)).values())
    way = "lowest" if tuning.objective.better == "lower" else "highest"
    objective = f"{tuning.objective.name} ({way})"
    asked = [text for one in tuning.constraints for text in (one.text, "verdict")]
    return [*parameters, "seeds", objective, *asked, "front"]


def cells(tuning: Tuning, one: Judged) -> list[str]:
    """The row of a setting under `headings`."""
    row = [value_text(value) for value in one.setting.parameters.values()]
    failed = f" ({one.setting.failed} failed)" if one.setting.failed else ""
    row += [f"{one.setting.seeds}{failed}", measured_text(tuning.objective, one.objective)]
    for judgement in one.judgements:
        found = amount(judgement.estimate, judgement.constraint.unit)
        row += [f"{found} ({bound_text(judgement)})", verdict_text(judgement)]
    return [*row, "chosen" if one is tuning.chosen else "front" if one.on_front else ""]


def method_text(tuning: Tuning) -> str:
    """How it was judged, in one line below a table."""
    if not tuning.constraints:
        return (
            f"In brackets: {stated(tuning.confidence)} intervals over seeds, of each setting alone. "
            "A run without the figure counts as the worst."
        )
    count = len(tuning.settings)
    settings = f"{count} setting{'' if count == 1 else 's'}"
    return (
        f"Verdicts at {stated(tuning.confidence)} confidence, {settings} {JUDGED[tuning.judge]}. "
        f"In brackets: {stated(tuning.confidence)} intervals over seeds, of each setting alone; "
        "in parentheses: the one-sided bound, and the confidence reached. "
        "A run without the figure counts as violating, or as the worst."
        f"{OF_MEANS if any(one.statistic == 'mean' for one in tuning.constraints) else ''}"
    )


def as_html(tuning: Tuning) -> str:
    """The answer and the table, for a notebook."""
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
    """The answer, the table and the figure, for a page."""
    head = [text.replace("|", "\\|") for text in headings(tuning)]
    lines = [f"# {tuning.name}: tuning", "", f"**{tuning.answer}**", ""]
    lines += [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(cells(tuning, one))} |" for one in tuning.settings]
    lines += ["", method_text(tuning), "", "![The settings and their front](pareto.png)", ""]
    return "\n".join(lines)

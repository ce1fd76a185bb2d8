"""The words of a reproduction's pages: rows of their tables."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from serfsim.base.english import format_count
from serfsim.report.tables import NONE, format_number
from serfsim.study.reproduction.paper import FAILS, HOLDS, NOT_JUDGED, Verdict
from serfsim.study.reproduction.sensitivity import factor_columns
from serfsim.study.reproduction.slices import slice_text

if TYPE_CHECKING:
    from serfsim.study.reproduction.result import Reproduction

RULES_WORDS = {
    "code": "with the rules of memberlist's code",
    "paper": "with the rules that the paper describes",
}


class Figures(NamedTuple):
    """A table of published figures beside ours: one source, cells of text."""

    source: str
    rows: list[tuple[str, ...]]


FIGURE_COLUMNS = ("quantity", "cell", "published", "ours", "95 % interval", "ours / published", "unit")
VERDICT_COLUMNS = ("verdict", "claim", "published", "ours", "tolerance", "outcome")
ASSUMPTION_COLUMNS = ("parameter", "used", "alternatives", "source", "reason")
SENSITIVITY_COLUMNS = (
    "parameter",
    "used",
    "alternative",
    "figure",
    "with used",
    "with alternative",
    "change",
)


def number_text(value: Any) -> str:
    """Format a number to three digits, '-' for none."""
    if isinstance(value, str):
        return value
    return NONE if value is None or math.isnan(value) else format_number(float(value))


def range_text(low: float, high: float) -> str:
    """Format the bounds of an interval, '' where there are none."""
    return f"{number_text(low)} to {number_text(high)}" if math.isfinite(low) and math.isfinite(high) else ""


def figure_tables(found: Reproduction) -> list[Figures]:
    """Return the published figures that the rows have, by source."""
    tables: dict[str, list[tuple[str, ...]]] = {}
    for one in found.paper.published:
        ours = found.intervals.get(one.id)
        if ours is None or math.isnan(ours.estimate):
            continue
        ratio = number_text(ours.estimate / one.value) if one.value else NONE
        published = number_text(one.value) + (
            f" ({bounds})" if (bounds := range_text(one.low, one.high)) else ""
        )
        cells = (one.quantity, one.cell, published, number_text(ours.estimate))
        tables.setdefault(one.source, []).append((*cells, range_text(ours.low, ours.high), ratio, one.unit))
    return [Figures(source, rows) for source, rows in tables.items()]


def verdict_cells(verdict: Verdict) -> tuple[str, ...]:
    """Return the cells of VERDICT_COLUMNS."""
    bounds = range_text(verdict.low, verdict.high)
    ours = number_text(verdict.ours) + (f" ({bounds})" if bounds else "")
    outcome = f"{verdict.outcome}: {verdict.why}" if verdict.why else verdict.outcome
    return verdict.id, verdict.claim, verdict.published, ours, verdict.tolerance, outcome


def judged_verdicts(found: Reproduction) -> list[Verdict]:
    """Return the verdicts that hold or fail."""
    return [one for one in found.judged if one.outcome != NOT_JUDGED]


def not_judged_lines(found: Reproduction) -> list[str]:
    """Name the verdicts that were not judged, a line for each reason."""
    reasons: dict[str, list[str]] = {}
    for one in found.judged:
        if one.outcome == NOT_JUDGED:
            reasons.setdefault(one.why or "no reason given", []).append(one.id)
    return [f"Not judged, {why}: {', '.join(names)}." for why, names in reasons.items()]


def assumption_rows(found: Reproduction) -> list[tuple[str, ...]]:
    """Return the cells of ASSUMPTION_COLUMNS."""
    return [
        (one.parameter, one.value, "; ".join(one.alternatives), one.source, one.why)
        for one in found.paper.assumptions
    ]


def sensitivity_rows(found: Reproduction) -> Iterator[tuple[str, ...]]:
    """Yield the cells of SENSITIVITY_COLUMNS."""
    for row in found.sensitivity.itertuples(index=False):
        change = NONE if math.isnan(row.change) else f"{100 * row.change:+.1f} %"
        numbers = (number_text(row.with_used), number_text(row.with_alternative))
        yield (row.assumption, row.used, row.alternative, row.figure, *numbers, change)


def answer_text(found: Reproduction) -> str:
    """Return the verdict of the whole in a sentence."""
    counts = {of: sum(one.outcome == of for one in found.judged) for of in (HOLDS, FAILS, NOT_JUDGED)}
    text = f"{counts[HOLDS]} of {format_count(counts[HOLDS] + counts[FAILS], 'claim')} hold"
    return f"{text}; {counts[NOT_JUDGED]} not judged." if counts[NOT_JUDGED] else f"{text}."


def run_text(found: Reproduction) -> str:
    """Describe the runs: rules, slice, seeds, number, CPU time."""
    options = found.options
    cells = f"Slice {slice_text(options.slice)}" if options.slice else "The whole grid"
    return (
        f"{cells}, seeds {seeds_text(options.seeds)}, {RULES_WORDS[options.rules]}:"
        f" {format_count(len(found.all_rows), 'run')}, {found.cpu_s / 60:.1f} CPU minutes."
        f"{uneven_text(found)}"
    )


def uneven_text(found: Reproduction) -> str:
    """Say how many seeds the cells of the grid have, '' where all have as many."""
    if found.rows.empty:
        return ""
    seeds = found.rows.groupby(factor_columns(found.all_rows), dropna=False, sort=False)["seed"].nunique()
    cells = seeds.value_counts().sort_index(ascending=False)
    if len(cells) == 1:
        return ""
    counts = [f"{format_count(number, 'seed')} in {format_count(of, 'cell')}" for number, of in cells.items()]
    return f" Not all cells have as many: {', '.join(counts)}."


def seeds_text(seeds: tuple[int, ...]) -> str:
    """Format seeds: '1-10' for consecutive ones, else '1, 2, 5'."""
    first, last = min(seeds), max(seeds)
    if len(seeds) > 2 and sorted(seeds) == list(range(first, last + 1)):
        return f"{first}-{last}"
    return ", ".join(map(str, seeds))


def command_text(found: Reproduction) -> str:
    """Return the command that repeats the runs."""
    options = found.options
    words = ["serfsim reproduce", found.paper.name]
    for factor, values in options.slice.items():
        words.append(f"--slice {shlex.quote(slice_text({factor: values}))}")
    words.append(f"--seeds {seeds_text(options.seeds).replace(' ', '')}")
    words += ["--as paper"] if options.rules == "paper" else []
    words += ["--sensitivity"] if len(found.sensitivity) else []
    return " ".join(words)

"""The verdict of a comparison in words, and its table for terminal, notebook and page."""

from __future__ import annotations

import html
import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from serfsim.base.english import join_names
from serfsim.report.tables import NONE, format_number
from serfsim.scenario.figures import unit_of
from serfsim.study.comparison.rows import ANY, SHOWN, TELLING, Row

if TYPE_CHECKING:
    from serfsim.study.comparison.comparison import Comparison

FAR: Final = 10.0  # times the base; larger differences are given in the figure's unit
MOST_TOLD: Final = 6  # figures listed one by one for each verdict
WORDS: Final = {"same": "none shown", "differs": "no interval"}
HEADINGS: Final = ("figure", "base", "candidate", "difference", "verdict")


def verdict_text(comparison: Comparison) -> str:
    """Return the conclusion, the method, and the figures that differ."""
    lines = [conclusion(comparison), method_text(comparison)]
    lines += [f"Note: {note}." for note in comparison.notes]
    for verdict in TELLING:
        lines += _difference_lines(comparison, verdict, comparison.of(verdict))
    if comparison.kind == "results":
        lines += _difference_lines(comparison, "differs, no interval", comparison.of("differs"))
    lost = [row for row in comparison.rows if row.missing[0] != row.missing[1]]
    lines += [f"without a value: {_lost_text(comparison, row)}" for row in lost[:MOST_TOLD]]
    return "\n".join(lines)


def conclusion(comparison: Comparison) -> str:
    """Return the conclusion in one sentence."""
    if comparison.identical:
        runs = "both runs have" if comparison.kind == "results" else "the runs of both have"
        return f"Identical: {runs} the same digest{'' if comparison.kind == 'results' else 's'}."
    count = Counter(row.verdict for row in comparison.rows)
    surely = f" ({100 * comparison.confidence:g} % confidence, all figures together)"
    many = len(comparison.settings) > 1
    parts = [f"{verdict} in {_figures(count[verdict], many)}" for verdict in SHOWN if count[verdict]]
    rest = []
    if quiet := count["same"] + count["equal"]:
        rest.append(f"no difference shown in {_figures(quiet, many)}")
    if open_ := count["differs"]:
        rest.append(f"{_figures(open_, many)} differ{'s' if open_ == 1 else ''} without an interval")
    if comparison.kind == "results":
        return _of_one_run(count["apart"], rest)
    if parts:
        return f"The candidate is {'; '.join([join_names(parts) + surely, *rest])}."
    told = "; ".join(rest) or "nothing to compare: no figure has a value on both sides"
    return f"{told[0].upper()}{told[1:]}{surely if quiet else ''}."


def _of_one_run(apart: int, rest: Sequence[str]) -> str:
    """Return the conclusion for two results; it applies to the nodes of these runs only."""
    if apart:
        verb = "is" if apart == 1 else "are"
        rest = [f"{_figures(apart, False)} {verb} farther apart than nodes explain", *rest]
    return f"One run each: {'; '.join(rest) or 'no figure has a value in both'}."


def method_text(comparison: Comparison) -> str:
    """Describe the resampling in one sentence."""
    if comparison.kind == "results":
        paired = "nodes paired by name" if comparison.paired else "nodes of each run separately"
        return (
            "Intervals show the variation between nodes, not between seeds. They exist for figures that are"
            f" sums over nodes or means over pairs ({paired}, resampled) and all hold simultaneously at"
            f" {100 * comparison.confidence:g} %. Another seed alone often makes as large a difference:"
            " compare two sweeps to see whether a change matters."
        )
    runs = (
        comparison.seeds[0] if comparison.seeds[0] == comparison.seeds[1] else " and ".join(comparison.seeds)
    )
    paired = (
        "the same on both sides, paired" if comparison.paired else "not the same on both sides, so not paired"
    )
    count = len(comparison.settings)
    settings = f", every figure at each of {count} settings" if count > 1 else ""
    return f"Means over {runs} seeds ({paired}){settings}; simultaneous bootstrap intervals."


def _figures(count: int, many: bool) -> str:
    """Count figures: '3 figures'; with several settings, every figure counts once at each."""
    return f"{count} {'comparison' if many else 'figure'}{'' if count == 1 else 's'}"


def _difference_lines(comparison: Comparison, word: str, rows: Sequence[Row]) -> list[str]:
    """List the largest differences of a verdict, one line per figure, at the setting where it is largest."""
    ordered: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: -_size(row)):
        ordered.setdefault(row.figure, []).append(row)
    lines = [f"{word}: {_row_text(comparison, members)}" for members in list(ordered.values())[:MOST_TOLD]]
    left = len(ordered) - MOST_TOLD
    return [*lines, f"{word}: and {left} more"] if left > 0 else lines


def _size(row: Row) -> float:
    relative = abs(row.relative(row.difference))
    return math.inf if math.isnan(relative) else relative


def _row_text(comparison: Comparison, rows: Sequence[Row]) -> str:
    """Describe the first row of a figure, and count the other settings with the same verdict."""
    row = rows[0]
    where = f" at {row.setting}" if len(comparison.settings) > 1 else ""
    others = f", and at {len(rows) - 1} more setting{'' if len(rows) == 2 else 's'}" if len(rows) > 1 else ""
    values = f"{value_text(row, row.base)} -> {value_text(row, row.candidate)}"
    return f"{figure_text(row)}{where} {values} ({change_text(row)}){others}"


def _lost_text(comparison: Comparison, row: Row) -> str:
    where = f" at {row.setting}" if len(comparison.settings) > 1 else ""
    if comparison.kind == "results":
        return f"{row.figure}, which the {'base' if row.missing[0] else 'candidate'} lacks"
    return f"{row.figure}{where}, in {row.missing[0]} runs of the base and {row.missing[1]} of the candidate"


def value_text(row: Row, value: float) -> str:
    """Format a value with the figure's unit."""
    if row.is_share_of_runs and not math.isnan(value):
        return f"{format_number(100 * value)} %"
    return NONE if math.isnan(value) else f"{format_number(value)} {unit_of(row.figure)}".rstrip()


def difference_text(row: Row) -> str:
    """Format the difference: '+1.4 s'."""
    if math.isnan(row.difference):
        return NONE
    if row.is_share_of_runs:
        return f"{_format_signed(100 * row.difference)} points"
    return f"{_format_signed(row.difference)} {unit_of(row.figure)}".rstrip()


def interval_text(row: Row) -> str:
    """Format the interval: '[+0.9, +1.9]'; '' where there is none."""
    if not (math.isfinite(row.low) and math.isfinite(row.high)):
        return ""
    scale = 100 if row.is_share_of_runs else 1
    return f"[{_format_signed(scale * row.low)}, {_format_signed(scale * row.high)}]"


def relative_text(row: Row) -> str:
    """Format the difference as a share of the base: '+14 %'; '' where the base is 0."""
    value = math.nan if row.is_share_of_runs else row.relative(row.difference)
    return f"{_format_signed(100 * value)} %" if math.isfinite(value) else ""


def relative_interval(row: Row) -> str:
    """Format the interval in percent of the base: '[+9, +19]'; '' where there is none."""
    low, high = row.relative(row.low), row.relative(row.high)
    if row.is_share_of_runs or not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"[{_format_signed(100 * low)}, {_format_signed(100 * high)}]"


def _format_signed(value: float) -> str:
    """Format a number with its sign; zero has none."""
    if value == 0:
        return "0"
    return f"{'+' if value > 0 else '-'}{format_number(abs(value))}"


def label_text(row: Row) -> str:
    """Return a figure's name within its family."""
    name = row.figure.removeprefix(f"{row.family}.")
    return f"runs with {name.removesuffix(ANY)}" if row.is_share_of_runs else name


def figure_text(row: Row) -> str:
    """Return the dotted name, or a description for a share of runs."""
    return f"runs with {row.figure.removesuffix(ANY)}" if row.is_share_of_runs else row.figure


def change_text(row: Row) -> str:
    """Format '+14 % [+9, +19]' of the base, or '+3 [+1, +5]' in the figure's unit for a base near 0."""
    change = "" if abs(row.relative(row.difference)) > FAR else relative_text(row)
    interval = relative_interval(row) if change else interval_text(row)
    return f"{change or difference_text(row)} {interval}".rstrip()


def cells(row: Row) -> list[str]:
    """Return the cells of a row, in the order of HEADINGS."""
    return [
        figure_text(row),
        value_text(row, row.base),
        value_text(row, row.candidate),
        change_text(row),
        WORDS.get(row.verdict, row.verdict),
    ]


def notable_rows(comparison: Comparison, setting: str) -> list[Row]:
    """Return the rows of a setting except those that are equal or have no value."""
    return [
        row for row in comparison.rows if row.setting == setting and row.verdict not in ("equal", "no value")
    ]


def as_html(comparison: Comparison) -> str:
    """Return the verdict and the table as HTML for a notebook."""
    first, *others = comparison.verdict.splitlines()
    text = f"<p><strong>{html.escape(first)}</strong></p><p>{'<br>'.join(map(html.escape, others))}</p>"
    head = "".join(f"<th>{heading}</th>" for heading in HEADINGS)
    for setting in comparison.settings:
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells(row)) + "</tr>"
            for row in notable_rows(comparison, setting)
        )
        caption = f"<caption>{html.escape(setting)}</caption>" if setting else ""
        text += f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return text


def as_markdown(comparison: Comparison) -> str:
    """Return the verdict, the plot and the tables as a Markdown page."""
    first, *others = comparison.verdict.splitlines()
    lines = [f"# {comparison.names[0]}: base and candidate", "", f"**{first}**", ""]
    lines += [f"- {line}" for line in others]
    lines += ["", "![Differences of all figures](comparison.png)", ""]
    for setting in comparison.settings:
        lines += [f"## {setting}", ""] if setting else []
        lines += [f"| {' | '.join(HEADINGS)} |", "|---|---:|---:|---|---|"]
        lines += [f"| {' | '.join(cells(row))} |" for row in notable_rows(comparison, setting)]
        lines.append("")
    return "\n".join(lines)

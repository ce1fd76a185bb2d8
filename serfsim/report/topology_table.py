"""The findings of a topology survey as rows and sentences, for the terminal and notebooks."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

from markupsafe import Markup

from serfsim.report.tables import NONE, Row, format_number, format_percent
from serfsim.results.summary import finite
from serfsim.scenario.card import card_style, environment

if TYPE_CHECKING:
    from serfsim.report.topology_survey import Survey
    from serfsim.topology.report import Spread, TopologyReport

EXACT = 5e-4  # smaller relative errors are not measurable


def survey_rows(survey: Survey) -> list[Row]:
    """Return the rows in reading order, without empty ones."""
    report = survey.report
    if report.pairs == 0:
        return []
    rows = [_row("Round-trip times", name, *cells) for name, *cells in _times(report)]
    if report.slices > 1:
        rows += [_row("Over time", name, *cells) for name, *cells in _slices(report)]
    rows += [_row("Asymmetry", name, *cells) for name, *cells in _asymmetry(report)]
    rows += [_row("Triangle inequality", name, *cells) for name, *cells in _triangles(report)]
    rows += floor_rows(survey)
    return [row for row in rows if row.value != NONE]


def floor_rows(survey: Survey) -> list[Row]:
    """Return the errors of the best placements, and of the run if there was one."""
    floor = survey.floor
    if floor is None:
        return []
    section = "Best static coordinates"
    mean, median = floor.mean.relative_error, floor.median.relative_error
    rows = [
        _row(
            section, "least mean error", error_text(mean, "mean"), "%", "relative, over all placements found"
        ),
        _row(section, "  its p50, p90, p99", error_text(mean, "p50", "p90", "p99"), "%", ""),
        _row(section, "least median error", error_text(median, "p50"), "%", "of another placement"),
        _row(section, "  its p90, p99, mean", error_text(median, "p90", "p99", "mean"), "%", ""),
    ]
    run, system = survey.vivaldi, survey.system
    if run is not None and run["p50"] is not None:
        rows += [
            _row(section, f"{system}'s mean error", error_text(run, "mean"), "%", "at the end of this run"),
            _row(section, "  its p50, p90, p99", error_text(run, "p50", "p90", "p99"), "%", ""),
        ]
    return rows


def error_text(errors: dict[str, float], *names: str) -> str:
    """Format these figures in percent; rounding errors count as 0."""
    return "  ".join(format_percent(0.0 if errors[name] < EXACT else errors[name]) for name in names)


def meaning(survey: Survey) -> str:
    """Describe in sentences what the floor says about coordinates here."""
    if survey.report.pairs == 0:
        return "A single node has no round-trip times."
    if survey.floor is None:
        return ""
    mean = survey.floor.mean.relative_error["mean"]
    median = survey.floor.median.relative_error["p50"]
    if mean < EXACT:
        text = "Coordinates can fit this topology exactly, so any error here is the coordinate system's own."
    else:
        half = (
            "half of all pairs can be fitted exactly, at the expense of the others"
            if median < EXACT
            else f"the median pair's error can be {_percent(median)}, at the expense of the others"
        )
        text = f"The best coordinates found are off by {_percent(mean)} on average; {half}."
    return text + _describe_run(survey)


def _describe_run(survey: Survey) -> str:
    """Return the sentence on the surveyed run."""
    errors = survey.vivaldi
    if errors is None or errors["p50"] is None:
        return " Compare the error of a run with this."
    ended = f"{_percent(errors['mean'])} on average and {_percent(errors['p50'])} for the median pair"
    return f" In this run {survey.system} ended at {ended}."


def notes(survey: Survey) -> list[str]:
    """Return the caveats of the computation."""
    report, found = survey.report, []
    if not report.exact:
        found.append(f"From a sample of {report.pairs:,} pairs; coordinate errors cover all pairs.")
    if report.slices > 1:
        found.append(f"For the first of {report.slices} slices; network.topology.slice selects another.")
    if survey.floor is not None and not survey.floor.fitted_to_all:
        seen = f"{len(survey.floor.rtt_s)} of {report.n:,} nodes"
        found.append(f"Coordinates are fitted to the round-trip times of {seen} to all others.")
    numbers = _numbers(survey)
    if numbers and report.n * (report.n - 1) < 8 * numbers:
        found.append(
            f"{numbers} numbers place {report.n * (report.n - 1) // 2} pairs: with so few nodes the median "
            "pair can be fitted almost exactly, so the mean says more."
        )
    return found


def _numbers(survey: Survey) -> int:
    """Return how many numbers the coordinates have if they are not exact, else 0."""
    if survey.floor is None or survey.floor.mean.relative_error["mean"] < EXACT:
        return 0
    vectors = survey.floor.mean.embedding.vec
    return int(vectors.size + len(vectors))


def survey_html(survey: Survey) -> str:
    """Return the table and its meaning as HTML, for a notebook."""
    sections = [
        (name, list(rows)) for name, rows in groupby(survey_rows(survey), key=lambda row: row.section)
    ]
    template = environment("serfsim.report").get_template("topology.html.j2")
    return template.render(
        style=Markup(card_style()),
        name=survey.name,
        description=survey.described,
        meaning=meaning(survey),
        notes=notes(survey),
        sections=sections,
    )


def _times(report: TopologyReport) -> list[tuple[str, str, str, str]]:
    spread = report.rtt_s
    range_text = f"{_ms(spread.min)} to {_ms(spread.max)}" if math.isfinite(spread.min) else NONE
    return [
        ("median pair", _ms(spread.p50), "ms", "base latency, both ways"),
        ("p5, p90, p99", "  ".join(_ms(q) for q in (spread.p5, spread.p90, spread.p99)), "ms", ""),
        ("shortest to longest", range_text, "ms", ""),
    ]


def _slices(report: TopologyReport) -> list[tuple[str, str, str, str]]:
    spread = report.slice_change
    return [
        ("slices", str(report.slices), "", "all else here covers the first"),
        ("change to the next", _shares(spread), "%", "of a pair's round-trip time"),
    ]


def _asymmetry(report: TopologyReport) -> list[tuple[str, str, str, str]]:
    return [
        (
            "asymmetric pairs",
            format_percent(report.asymmetric_share),
            "%",
            "the two directions differ by more than 1 %",
        ),
        (
            "difference",
            _shares(report.asymmetry) if report.asymmetric_share else NONE,
            "%",
            "of the mean of both directions",
        ),
    ]


def _triangles(report: TopologyReport) -> list[tuple[str, str, str, str]]:
    severity = report.severity
    worst = (
        f"p50 {format_number(severity.p50)}  p99 {format_number(severity.p99)}"
        if report.violated_share
        else NONE
    )
    return [
        (
            "violated pairs",
            format_percent(report.violated_share),
            "%",
            "a path by some third node is shorter",
        ),
        (
            "  by more than a tenth",
            format_percent(report.clearly_violated_share) if report.violated_share else NONE,
            "%",
            "",
        ),
        (
            "violated triangles",
            format_percent(report.triangle_share) if report.violated_share else NONE,
            "%",
            "positions and heights cannot fit these",
        ),
        ("severity", worst, "", "direct path / shortest path by one other node"),
    ]


def _row(section: str, label: str, value: str, unit: str, meaning: str) -> Row:
    return Row(section, label, value, unit, meaning, "")


def _ms(seconds: float) -> str:
    return NONE if math.isnan(seconds) else format_number(1000.0 * seconds)


def _percent(share: float) -> str:
    return f"{format_percent(0.0 if abs(share) < EXACT else share)} %"


def _shares(spread: Spread) -> str:
    if math.isnan(spread.p50):
        return NONE
    p50, p90, most = (format_percent(share) for share in (spread.p50, spread.p90, spread.max))
    return f"p50 {p50}  p90 {p90}  max {most}"


def survey_json(survey: Survey) -> str:
    """Return all figures as JSON; seconds and shares unformatted, null for what does not exist."""
    floor = survey.floor
    document = {
        "name": survey.name,
        "seed": survey.seed,
        "description": survey.topology.description,
        "report": asdict(survey.report),
        "floor": floor
        and {
            name: {
                "relative_error": placement.relative_error,
                "absolute_error_ms": placement.absolute_error_ms,
            }
            for name, placement in (("least_mean", floor.mean), ("least_median", floor.median))
        },
        "vivaldi_relative_error": survey.vivaldi,
    }
    return json.dumps(finite(document), indent=2, allow_nan=False)

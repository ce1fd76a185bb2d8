"""`regress.md`: a comparison as a comment on a pull request.

The first line is the verdict. Changed figures are in an open table, everything else is folded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from serfsim.base.english import format_count
from serfsim.study.regression.baseline import seeds_text
from serfsim.study.regression.comparison import Compared, Comparison, FigureTest, finite
from serfsim.study.regression.describe import (
    difference,
    figure_text,
    mean_differences,
    p_text,
    spread,
    verdict,
)
from serfsim.study.regression.failing import run_command, smallest_failing
from serfsim.study.regression.runs import DIGITS, Floats
from serfsim.study.regression.selection import few
from serfsim.study.sweeps.keys import code_version

LONGEST = 60_000  # characters; a comment on GitHub may have 65,536
MOST_CHANGED = 60
MOST_FAILURES = 10


def markdown(
    comparison: Comparison,
    *,
    baseline: str,
    command: str,
    sources: Mapping[str, str] | None = None,
    settings: Sequence[str] = (),
    plots_url: str = "",
) -> str:
    """Return the whole page.

    `command`: the one that accepts what changed, '' for none. `sources`: the file of each scenario, and
    `settings` ('PATH=VALUE') those changed in all, for the commands that make a run again. `plots_url`: the
    address of the folder of plots, '' where they are nowhere.
    """
    parts = [f"**serfsim regress: {verdict(comparison)}**", ""]
    parts += _failures(comparison)
    parts += _changed_section(comparison)
    parts += _smallest(comparison, sources or {}, settings)
    parts += _plots(comparison, plots_url)
    parts += _settings(comparison)
    if command and (comparison.changed or comparison.differing):
        parts += _accepting(comparison, command)
    parts += _claims(comparison)
    parts += _scenarios(comparison, baseline)
    unchanged = _unchanged_section(comparison)
    if sum(map(len, parts + unchanged)) + len(parts) + len(unchanged) < LONGEST:
        parts += unchanged
    return "\n".join(parts).rstrip() + "\n"


def _table(headings: str, rows: list[str]) -> list[str]:
    return [headings, "|" + "---|" * (headings.count("|") - 1), *rows, ""] if rows else []


def _details_block(summary: str, lines: list[str]) -> list[str]:
    return [f"<details><summary>{summary}</summary>", "", *lines, "</details>", ""] if lines else []


def _failures(comparison: Comparison) -> list[str]:
    rows = [
        f"| {failure.scenario} | {failure.seed} | {_cell(failure.error)} |"
        for failure in comparison.failures[:MOST_FAILURES]
    ]
    left = len(comparison.failures) - MOST_FAILURES
    more = [f"... and {left} more.", ""] if left > 0 else []
    return _table("| scenario | seed | error |", rows) + more


def _changed_section(comparison: Comparison) -> list[str]:
    changed = comparison.changed[:MOST_CHANGED]
    intervals = mean_differences(comparison)
    rows = [f"| {test.verdict} | {_row(test)} {intervals[test.scenario, test.figure]} |" for test in changed]
    then = "base" if comparison.base else "baseline"
    headings = (
        f"|  | scenario | figure | {then} median [p5, p95] | now | difference | adjusted p"
        f" | mean difference [{100 * (1 - comparison.rate):.3g} %] |"
    )
    left = len(comparison.changed) - MOST_CHANGED
    more = [f"... and {left} more, in regress.json.", ""] if left > 0 else []
    return _table(headings, rows) + more


def _row(test: FigureTest) -> str:
    cells = (
        test.scenario,
        f"`{figure_text(test.figure)}`",
        spread(test.then, test.figure),
        spread(test.now, test.figure),
        difference(test),
        p_text(test.adjusted),
    )
    return " | ".join(cells) + " |"


def _smallest(comparison: Comparison, sources: Mapping[str, str], settings: Sequence[str]) -> list[str]:
    """List the smallest seed that shows each scenario's change, with the command that runs it again."""
    found = smallest_failing(comparison)
    lines = [
        f"- {one.scenario}, seed {one.seed}: {_cell(one.why)}: "
        f"`{run_command(sources.get(one.scenario, one.scenario), one.seed, settings)}`"
        for one in found
    ]
    return ["The smallest seed that shows it:", "", *lines, ""] if lines else []


def _plots(comparison: Comparison, url: str) -> list[str]:
    """Show the figure of every scenario that changed."""
    changed = [scenario.name for scenario in comparison.scenarios if scenario.changed]
    images = [f"![Every figure of {name} beside its base]({url.rstrip('/')}/{name}.png)" for name in changed]
    return _details_block("Plots", [line for image in images for line in (image, "")]) if url else []


def _settings(comparison: Comparison) -> list[str]:
    """List settings that differ from the baseline's, once for all scenarios with the same differences."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for scenario in comparison.scenarios:
        if scenario.settings:
            alike.setdefault(scenario.settings, []).append(scenario.name)
    if not alike:
        return []
    then = "the base" if comparison.base else "the baseline"
    lines = [f"- {few(list(settings))} ({', '.join(names)})" for settings, names in alike.items()]
    return [f"Settings that differ from those of {then}'s runs:", "", *lines, ""]


def _accepting(comparison: Comparison, command: str) -> list[str]:
    begin = "If this is intended"
    if not comparison.changed:
        begin = "No figure changed significantly, but a seed gives a different run. If that is intended"
    told = "accept it: the command writes the new baseline, the history and the CHANGELOG entry."
    return [f"{begin}, {told}", "", "```sh", command, "```", ""]


def _claims(comparison: Comparison) -> list[str]:
    rows = [
        f"| {scenario.name} | {_cell(claim)} | {count} of {len(scenario.now.seeds)} |"
        for scenario in comparison.scenarios
        for claim, count in sorted(scenario.now.failed_claims.items())
    ]
    return _details_block(
        f"{format_count(len(rows), 'claim')} failed in some runs",
        _table("| scenario | claim | failed in |", rows),
    )


def _scenarios(comparison: Comparison, baseline: str) -> list[str]:
    rows = [_scenario_row(scenario) for scenario in comparison.scenarios]
    headings = "| scenario | seeds | of the baseline | digests | tests | closest to a change |"
    notes = list(_notes(comparison))
    made = sorted(
        {_acceptance_text(scenario.entry.date, scenario.entry.commit) for scenario in comparison.scenarios}
    )
    since = f"The baseline `{baseline}` was accepted {', '.join(made[-3:])}." if made else ""
    if comparison.base:
        new = f" New here, not compared: {', '.join(comparison.added)}." if comparison.added else ""
        since = f"The base is the checkout `{baseline}`, simulated by the same serfsim.{new}"
    return _details_block("Scenarios", [*_table(headings, rows), *notes, since, ""])


def _acceptance_text(date: str, commit: str) -> str:
    return f"on {date[:10]} at {commit[:10]}" if commit else f"on {date[:10]}"


def _scenario_row(scenario: Compared) -> str:
    if scenario.identical:
        digests = "identical"
    elif scenario.common:
        digests = f"{scenario.same} of {scenario.common} the same"
    else:
        digests = "other seeds"
    closest = min(scenario.tests, key=lambda test: test.p, default=None)
    cells = (
        scenario.name,
        seeds_text(scenario.now.seeds),
        seeds_text(scenario.entry.runs.seeds),
        digests,
        str(len(scenario.tests)) if scenario.tests else "",
        f"`{figure_text(closest.figure)}` {p_text(closest.adjusted)}" if closest else "",
    )
    return f"| {' | '.join(cells)} |"


def _notes(comparison: Comparison) -> Iterator[str]:
    for words, names in (
        ("Figures that the baseline does not have yet", [s.new for s in comparison.scenarios]),
        ("Figures that only the baseline has", [s.gone for s in comparison.scenarios]),
    ):
        each = sorted({name for those in names for name in those})
        if each:
            yield f"{words}, not compared: {few([f'`{name}`' for name in each], 12)}."
            yield ""


def _unchanged_section(comparison: Comparison) -> list[str]:
    headings = "| scenario | figure | baseline median [p5, p95] | now | difference | adjusted p |"
    rows = [f"| {_row(test)}" for test in comparison.tests if not test.verdict]
    return _details_block(f"{format_count(len(rows), 'figure')} did not change", _table(headings, rows))


def _cell(text: str) -> str:
    """Escape text so that it neither ends its cell nor starts a tag."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


SCHEMA_VERSION = 1


def document(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison without its single runs, in types of JSON."""
    return {
        "schema_version": SCHEMA_VERSION,
        "verdict": verdict(comparison),
        "regression": comparison.is_regression,
        "identical": comparison.is_identical,
        "code": code_version(),
        "family_wise_error": comparison.rate,
        "tests": len(comparison.tests),
        "changed": [_test(test) for test in comparison.changed],
        "failures": [
            {"scenario": failure.scenario, "seed": failure.seed, "error": failure.error}
            for failure in comparison.failures
        ],
        "scenarios": {scenario.name: _scenario(scenario) for scenario in comparison.scenarios},
    }


def _scenario(scenario: Compared) -> dict[str, Any]:
    entry = scenario.entry
    return {
        "identical": scenario.identical,
        "seeds": list(scenario.now.seeds),
        "digests": dict(zip(map(str, scenario.now.seeds), scenario.now.digests, strict=True)),
        "digests_common": scenario.common,
        "digests_same": scenario.same,
        "baseline": {
            "seeds": list(entry.runs.seeds),
            "code": entry.code,
            "commit": entry.commit,
            "date": entry.date,
        },
        "settings_that_differ": list(scenario.settings),
        "claims_that_failed": dict(scenario.now.failed_claims),
        "figures_gone": list(scenario.gone),
        "figures_new": list(scenario.new),
        "tests": [_test(test) for test in scenario.tests],
    }


def _test(test: FigureTest) -> dict[str, Any]:
    return {
        "scenario": test.scenario,
        "figure": test.figure,
        "then": _spread(test.then),
        "now": _spread(test.now),
        "p": test.p,
        "p_adjusted": test.adjusted,
        "verdict": test.verdict,
    }


def _spread(values: Floats) -> dict[str, Any]:
    kept = finite(values)
    told: dict[str, Any] = {"runs": len(values), "without_value": len(values) - len(kept)}
    if len(kept):
        quantiles = np.quantile(kept, (0.05, 0.5, 0.95))
        named = zip(("p5", "median", "p95"), quantiles, strict=True)
        told.update((name, float(f"{value:.{DIGITS}g}")) for name, value in named)
        told["mean"] = float(f"{kept.mean():.{DIGITS}g}")
    return told

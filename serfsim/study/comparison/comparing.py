"""`serfsim.compare`: read both sides and compare them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from serfsim.base.errors import ResultError, ScenarioError, SerfsimError
from serfsim.results.folder import SUMMARY
from serfsim.results.run_result import RunResult
from serfsim.scenario.loading import loads
from serfsim.scenario.model import Scenario
from serfsim.scenario.overrides import read_path
from serfsim.scenario.problems import found_expected, quoted
from serfsim.scenario.unused import why_unused
from serfsim.study.comparison import of_results, of_sweeps
from serfsim.study.comparison.comparison import Comparison
from serfsim.study.statistics.intervals import check_confidence
from serfsim.study.sweeps.folder import MANIFEST, differences, existing_runs, require_runs

if TYPE_CHECKING:
    from serfsim.results.run_result import RunResult
    from serfsim.study.sweeps.folder import ExistingRuns


def compare(
    base: Any,
    candidate: Any,
    *,
    figures: Sequence[str] | None = None,
    confidence: float = 0.95,
    out: str | Path | None = None,
) -> Comparison:
    """Compare a candidate with a base, figure by figure.

    Both sides are results (`Result` or its folder) or both are sweeps (a folder, an opened sweep, or a tidy
    table). `figures`: names or patterns such as "detection.*"; by default every figure both sides have except
    the traffic of single message types. `out`: a folder for comparison.json, comparison.csv, comparison.md
    and comparison.png.

    Raises SerfsimError for a result compared with a sweep, and for two sweeps with no setting or no figure in
    common.
    """
    check_confidence(confidence)
    sides = [_read(side) for side in (base, candidate)]
    kinds = ["a result" if _is_result(side) else "a sweep" for side in sides]
    if kinds[0] != kinds[1]:
        raise SerfsimError(found_expected(f"{kinds[0]} and {kinds[1]}", "two results or two sweeps"))
    found = (
        _of_results(sides, figures, confidence)
        if kinds[0] == "a result"
        else _of_sweeps(sides, figures, confidence)
    )
    if out is not None:
        found.save(out)
    return found


def _of_results(sides: list[Any], figures: Sequence[str] | None, confidence: float) -> Comparison:
    base, candidate = sides
    digests = [result.summary["digest"] for result in sides]
    names = [result.summary["name"] for result in sides]
    rows, left_out = of_results.compare_results(base, candidate, figures, confidence)
    notes = [
        f"{result.summary['name']} is incomplete: the run was interrupted"
        for result in sides
        if not result.summary["complete"]
    ]
    return Comparison(
        rows,
        kind="results",
        names=(names[0], names[1]),
        seeds=(str(base.summary["seed"]), str(candidate.summary["seed"])),
        paired=base.truth.names == candidate.truth.names,
        identical=digests[0] == digests[1],
        confidence=confidence,
        notes=[*other_scenario(base.scenario, candidate.scenario), *notes, *left_out],
    )


def _of_sweeps(sides: list[Any], figures: Sequence[str] | None, confidence: float) -> Comparison:
    base, candidate = sides
    pairs, rows, notes = of_sweeps.compare_sweeps(base, candidate, figures, confidence)
    return Comparison(
        rows,
        kind="sweeps",
        names=(base.name, candidate.name),
        seeds=(
            _counts([pair.base.seeds for pair in pairs]),
            _counts([pair.candidate.seeds for pair in pairs]),
        ),
        paired=all(pair.paired for pair in pairs),
        identical=all(pair.identical for pair in pairs),
        confidence=confidence,
        notes=[*other_scenario(base.scenario, candidate.scenario), *notes],
    )


def _counts(seeds: Sequence[int]) -> str:
    """Format the number of seeds: '20', or '18 to 20' where settings have different numbers of runs."""
    fewest, most = min(seeds), max(seeds)
    return str(most) if fewest == most else f"{fewest} to {most}"


def _read(what: Any) -> RunResult | ExistingRuns:
    """Read a result, or the runs of a sweep.

    Raises SerfsimError for anything else.
    """
    if _is_result(what):
        result: RunResult = what
        return result
    if isinstance(what, (str, Path)):
        if not Path(what).is_dir():
            raise ResultError(f"{what}: {found_expected('no such folder', 'a result or a sweep')}")
        if (Path(what) / SUMMARY).is_file():
            return RunResult.open(what)
        if not any((Path(what) / place).is_file() for place in (MANIFEST, f"sweep/{MANIFEST}")):
            found = f"a folder without {SUMMARY} and without {MANIFEST}"
            raise ResultError(f"{what}: {found_expected(found, 'a result or a sweep')}")
    runs = existing_runs(what)
    if runs is None:
        raise SerfsimError(found_expected(quoted(what), "a result or a sweep"))
    require_runs(runs.table, runs.name)
    return runs


def _is_result(what: Any) -> bool:
    return hasattr(what, "summary") and hasattr(what, "truth")


MOST_TOLD: Final = 3
# Sections of a scenario that do not affect its runs.
NOT_AFFECTING_RESULTS: Final = ("name", "question", "situation", "seed", "claims")


def other_scenario(base: Any, candidate: Any) -> list[str]:
    """Return notes on differing names, on settings that differ, and on differences without effect.

    Empty where a side has no scenario.
    """
    before, now = _complete(base), _complete(candidate)
    notes = []
    names = [getattr(scenario, "name", None) for scenario in (base, candidate)]
    if names[0] != names[1] and None not in names:
        notes.append(f"the scenarios have different names: {names[0]} and {names[1]}")
    if before is None or now is None:
        return notes
    changes: dict[str, list[str]] = {}
    for path, old, new in differences(before, now):
        if not path.startswith(NOT_AFFECTING_RESULTS):
            why = why_unused(read_path(path), old, new)
            changes.setdefault(why, []).append(f"{path} {quoted(old)} -> {quoted(new)}")
    effective = changes.pop("", [])
    if effective:
        notes.append(f"the scenarios differ in {_few(effective)}")
    notes += [f"no effect: {_few(ineffective)}: {why}" for why, ineffective in changes.items()]
    return notes


def _few(changes: list[str]) -> str:
    left = len(changes) - MOST_TOLD
    return ", ".join(changes[:MOST_TOLD]) + (f" and {left} more" if left > 0 else "")


def _complete(scenario: Any) -> dict[str, Any] | None:
    """Return every value of a scenario given as an object or as text."""
    if isinstance(scenario, Scenario):
        return scenario.complete()
    try:
        return loads(scenario.to_yaml(), kept=True).complete()
    except (AttributeError, ScenarioError):
        return None

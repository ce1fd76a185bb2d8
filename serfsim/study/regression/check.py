"""`regress`: run the scenarios of a baseline with the current code, compare, and report."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from serfsim.base import manifest
from serfsim.base.atomic_folders import Owned, check_replaceable, replacing
from serfsim.base.errors import BaselineError
from serfsim.base.progress import runs_bar
from serfsim.scenario.model import Scenario
from serfsim.scenario.problems import found_expected, quoted
from serfsim.study.regression import checkout
from serfsim.study.regression.baseline import Baseline, Entry, read_baseline
from serfsim.study.regression.comparison import FAMILY_WISE_ERROR, Comparison, compare
from serfsim.study.regression.history import FILE, read_history
from serfsim.study.regression.markdown import document, markdown
from serfsim.study.regression.plots import save_plots
from serfsim.study.regression.runs import Failure, Runs, run_scenarios
from serfsim.study.regression.selection import load_scenarios, locate_source, select_entries
from serfsim.study.sweeps.grid import check_seeds
from serfsim.study.sweeps.worker import FAILED, Outcome

BASELINE: Final = Path("results") / "baseline"
OUT: Final = Path("results") / "regress"
PAGE: Final = "regress.md"
DOCUMENT: Final = "regress.json"
PLOTS: Final = "plots"
_KIND: Final = "regression"


def _own_files(folder: Path) -> set[str]:
    kept = manifest.read(folder)
    return manifest.own_files(folder) if kept is not None and kept.kind == _KIND else set()


_OWNED: Final = Owned(
    "the outcome of serfsim regress",
    _own_files,
    partial(manifest.seal, kind=_KIND),
    (PAGE, DOCUMENT, manifest.FILE),
)


def regress(
    baseline: str | Path = BASELINE,
    *,
    scenarios: Sequence[str] = (),
    seeds: Iterable[int] | str | None = None,
    settings: Sequence[str] = (),
    out: str | Path | None = None,
    family_wise_error: float = FAMILY_WISE_ERROR,
    workers: int | None = None,
    progress: bool = True,
    base: str | Path | None = None,
    plots_url: str = "",
    allow_code: bool = False,
) -> Comparison:
    """Compare current runs with a baseline, or with another checkout's scenarios.

    `scenarios`: names or files of scenarios in the baseline; all by default. `seeds`: whole numbers or a text
    such as '1-20'; those of the baseline by default. `settings`: 'PATH=VALUE' overrides for every scenario.
    `out`: a folder for regress.md, regress.json and plots. `family_wise_error`: the false-alarm rate of the
    whole call, 0 to 1. `base`: the folder of another checkout, whose files of the same `scenarios` are
    simulated in place of the baseline. `plots_url`: the future address of the plots, for the page.
    `allow_code`: import the code of the user's own that scenarios name.

    Raises BaselineError where the baseline or `out` cannot be used, ScenarioError and SweepError for invalid
    scenarios, seeds and settings.
    """
    if not 0.0 < family_wise_error < 1.0:
        expected = "a rate between 0 and 1, such as 1%"
        raise BaselineError(f"family-wise error: {found_expected(f'{family_wise_error:g}', expected)}")
    if base is not None:
        return _with_checkout(
            Path(base),
            scenarios,
            seeds,
            settings,
            None if out is None else Path(out),
            family_wise_error,
            workers,
            progress,
            plots_url,
            allow_code,
        )
    kept = read_baseline(Path(baseline))
    if not kept.entries:
        expected = "at least one; serfsim regress --accept --scenarios NAME adds it"
        raise BaselineError(f"{kept.folder}: {found_expected('no scenario', expected)}")
    if out is not None and Path(out).resolve().is_relative_to(kept.folder.resolve()):
        expected = "a folder outside the baseline, which the next acceptance replaces"
        raise BaselineError(f"out: {found_expected(quoted(str(out)), expected)}")
    entries = select_entries(kept, scenarios)
    present = load_scenarios(kept.folder, entries, settings, allow_code=allow_code)
    if out is not None:
        check_replaceable(Path(out), _OWNED, BaselineError)
    now, failures = run(present, seeds_of(entries, seeds), workers, not progress)
    comparison = compare(kept, present, now, failures, family_wise_error)
    if out is not None:
        write(comparison, kept, Path(out), settings, plots_url)
    return comparison


def _with_checkout(
    base: Path,
    names: Sequence[str],
    seeds: Iterable[int] | str | None,
    settings: Sequence[str],
    out: Path | None,
    rate: float,
    workers: int | None,
    progress: bool,
    plots_url: str,
    allow_code: bool,
) -> Comparison:
    found = checkout.sides(base, names, settings, allow_code=allow_code)
    if out is not None:
        check_replaceable(out, _OWNED, BaselineError)
    wanted = checkout.wanted_seeds(found, seeds)
    both = {name: side for name, side in found.items() if side.there is not None}
    now, failures = run({name: side.here for name, side in both.items()}, wanted, workers, not progress)
    differing = {
        name: side.there
        for name, side in both.items()
        if side.there is not None and not side.is_same(base) and now[name].seeds
    }
    then, broken = run(differing, wanted, workers, not progress)
    if broken:
        first = f"{broken[0].scenario} with seed {broken[0].seed} first: {broken[0].error}"
        raise BaselineError(f"{base}: {len(broken)} runs of the base failed, {first}")
    kept = checkout.baseline_of(base, both, {**now, **then})
    compared = compare(kept, {name: side.here for name, side in both.items()}, now, failures, rate)
    added = tuple(name for name in found if name not in both)
    comparison = replace(compared, base=base.as_posix(), added=added)
    if out is not None:
        write(comparison, kept, out, settings, plots_url)
    return comparison


def seeds_of(entries: Iterable[Entry], seeds: Iterable[int] | str | None) -> dict[str, list[int]]:
    """Return the seeds of each scenario: those given, or those of the baseline."""
    if seeds is None:
        return {entry.name: list(entry.runs.seeds) for entry in entries}
    wanted = check_seeds(seeds)
    return {entry.name: wanted for entry in entries}


def run(
    scenarios: Mapping[str, Scenario],
    seeds: Mapping[str, Sequence[int]],
    workers: int | None = None,
    quiet: bool = False,
) -> tuple[dict[str, Runs], list[Failure]]:
    """Run the scenarios, showing progress unless `quiet`."""
    total = sum(len(seeds[name]) for name in scenarios)
    with runs_bar("regress", total, quiet, lines=True) as tell:

        def on_done(outcome: Outcome) -> None:
            tell(failed=outcome.status == FAILED)

        return run_scenarios(scenarios, seeds, workers, on_done)


def write(
    comparison: Comparison,
    baseline: Baseline,
    out: Path,
    settings: Sequence[str] = (),
    plots_url: str = "",
) -> None:
    """Write the folder `out`, whole or not at all."""
    history = [] if comparison.base else read_history(history_of(baseline.folder))[0]
    page = markdown(
        comparison,
        baseline=comparison.base or baseline.folder.as_posix(),
        command="" if comparison.base else accept_command(baseline.folder),
        sources={
            name: locate_source(baseline.folder, entry.source) for name, entry in baseline.entries.items()
        },
        settings=settings,
        plots_url=plots_url,
    )
    with replacing(out, _OWNED, BaselineError) as folder:
        (folder / PAGE).write_text(page, encoding="utf-8")
        text = json.dumps(document(comparison), indent=2, allow_nan=False) + "\n"
        (folder / DOCUMENT).write_text(text, encoding="utf-8")
        save_plots(comparison, history, folder / PLOTS)


def history_of(baseline: Path) -> Path:
    """Return the path of the history, beside the baseline."""
    return baseline.absolute().parent / FILE


def accept_command(baseline: Path) -> str:
    """Return the command that accepts the change."""
    where = "" if baseline == BASELINE else f"--baseline {baseline.as_posix()} "
    return f'serfsim regress {where}--accept --because "what changed, and why it should"'

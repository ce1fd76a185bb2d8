"""`regress`: run the scenarios of a baseline with the current code, compare, and report."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from serfsim.base import manifest
from serfsim.base.atomic_folders import Owned, check_replaceable, replacing
from serfsim.base.errors import BaselineError
from serfsim.base.progress import runs_bar
from serfsim.scenario.model import Scenario
from serfsim.scenario.problems import found_expected, quoted
from serfsim.study.regression.baseline import Baseline, Entry, read_baseline
from serfsim.study.regression.comparison import FAMILY_WISE_ERROR, Comparison, compare
from serfsim.study.regression.history import FILE, read_history
from serfsim.study.regression.markdown import document, markdown
from serfsim.study.regression.plots import save_plots
from serfsim.study.regression.runs import Failure, Runs, run_scenarios
from serfsim.study.regression.selection import load_scenarios, select_entries
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
    return manifest.own(folder) if kept is not None and kept.kind == _KIND else set()


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
) -> Comparison:
    """Compare current runs with a baseline.

    `scenarios`: names or files of scenarios in the baseline; all by default. `seeds`: whole numbers or a text
    such as '1-20'; those of the baseline by default. `settings`: 'PATH=VALUE' overrides for every scenario.
    `out`: a folder for regress.md, regress.json and plots. `family_wise_error`: the false-alarm rate of the
    whole call, 0 to 1.

    Raises BaselineError where the baseline or `out` cannot be used, ScenarioError and SweepError for invalid
    scenarios, seeds and settings.
    """
    if not 0.0 < family_wise_error < 1.0:
        expected = "a rate between 0 and 1, such as 1%"
        raise BaselineError(f"family-wise error: {found_expected(f'{family_wise_error:g}', expected)}")
    kept = read_baseline(Path(baseline))
    if not kept.entries:
        expected = "at least one; serfsim regress --accept --scenarios NAME adds it"
        raise BaselineError(f"{kept.folder}: {found_expected('no scenario', expected)}")
    if out is not None and Path(out).resolve().is_relative_to(kept.folder.resolve()):
        expected = "a folder outside the baseline, which the next acceptance replaces"
        raise BaselineError(f"out: {found_expected(quoted(str(out)), expected)}")
    entries = select_entries(kept, scenarios)
    present = load_scenarios(kept.folder, entries, settings)
    if out is not None:
        check_replaceable(Path(out), _OWNED, BaselineError)
    now, failures = run(present, seeds_of(entries, seeds), workers, not progress)
    comparison = compare(kept, present, now, failures, family_wise_error)
    if out is not None:
        write(comparison, kept, Path(out))
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


def write(comparison: Comparison, baseline: Baseline, out: Path) -> None:
    """Write the folder `out` atomically."""
    history, _ = read_history(history_of(baseline.folder))
    page = markdown(comparison, baseline=baseline.folder.as_posix(), command=accept_command(baseline.folder))
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

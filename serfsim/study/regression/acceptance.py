"""Accepting a change: a new baseline, a line in the history, an entry in the CHANGELOG.

All scenarios run first. Then the three are written atomically, the baseline first and the history last. A
call after an interruption adds what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from serfsim.base.atomic_files import write_whole
from serfsim.base.atomic_folders import check_replaceable
from serfsim.base.errors import BaselineError
from serfsim.scenario.library import shipped
from serfsim.scenario.loading import load
from serfsim.scenario.model import Scenario
from serfsim.study.regression import changelog
from serfsim.study.regression.baseline import (
    MANIFEST,
    OWNED,
    Acceptance,
    Baseline,
    Entry,
    read_baseline,
    write_baseline,
)
from serfsim.study.regression.check import history_of, run
from serfsim.study.regression.comparison import claims_of
from serfsim.study.regression.history import ACCEPTED, append, commit_here, line_of, read_history
from serfsim.study.regression.runs import SEEDS, Runs
from serfsim.study.regression.selection import comparable_fields, entry_of, locate_source, source_of
from serfsim.study.sweeps.grid import check_seeds
from serfsim.study.sweeps.keys import code_version, own_code_of

FIRST: Final = "first baseline"


@dataclass(frozen=True)
class Accepted:
    """The outcome of an acceptance.

    `moved`: unchanged scenarios whose runs differ from the baseline's or share no seed with them. `edited`:
    scenarios that changed themselves. `renewed`: others written anew (more seeds, new figures, other claims).
    `added` and `dropped`: scenarios. `line` is the CHANGELOG entry, '' where nothing moved, and `changelog`
    the file that contains it now, None where the user has to paste it. `warnings` concern the history.
    """

    baseline: Baseline
    moved: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    renewed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    line: str = ""
    changelog: Path | None = None
    warnings: tuple[str, ...] = ()

    @property
    def is_nothing(self) -> bool:
        return not (self.moved or self.edited or self.renewed or self.added or self.dropped)


def accept(
    folder: Path,
    ask: Callable[[Sequence[str]], str],
    *,
    scenarios: Sequence[str] = (),
    seeds: Iterable[int] | str | None = None,
    workers: int | None = None,
    quiet: bool = False,
    allow_code: bool = False,
) -> Accepted:
    """Write the baseline anew, or only its `scenarios`, which may be new to it.

    `ask` is called with the scenarios that moved or were edited, and returns the reason. A scenario whose
    file is gone is dropped when all are accepted. Raises BaselineError where a run fails or nothing can be
    written; the baseline then stays unchanged.
    """
    former = read_baseline(folder) if (folder / MANIFEST).is_file() else Baseline(folder, {})
    check_replaceable(folder, OWNED, BaselineError)
    present, dropped = _find_scenarios(former, scenarios, allow_code)
    wanted = {name: _seeds(former.entries.get(name), seeds) for name in present}
    runs, failures = run({name: scenario for name, (_, scenario) in present.items()}, wanted, workers, quiet)
    if failures:
        first = f"{failures[0].scenario} with seed {failures[0].seed} first: {failures[0].error}"
        count = f"{len(failures)} of {sum(map(len, wanted.values()))} runs"
        raise BaselineError(f"{count} failed, {first}; nothing was accepted")
    made = {name: _entry(folder, name, *present[name], runs[name]) for name in present}
    accepted = _classify_changes(former, made, dropped)
    if not accepted.is_nothing:
        baseline = _baseline(former, made, accepted, ask)
        write_baseline(baseline)
        accepted = replace(accepted, baseline=baseline)
    return _record_acceptance(accepted)


def _classify_changes(former: Baseline, made: Mapping[str, Entry], dropped: Sequence[str]) -> Accepted:
    """Classify how each scenario changed."""
    kinds: dict[str, list[str]] = {kind: [] for kind in ("moved", "edited", "renewed", "added")}
    for name, entry in made.items():
        kind = _kind(former.entries.get(name), entry)
        if kind:
            kinds[kind].append(name)
    moved, edited, renewed, added = (tuple(names) for names in kinds.values())
    return Accepted(former, moved, edited, renewed, added, tuple(dropped))


def _kind(former: Entry | None, made: Entry) -> str:
    if former is None:
        return "added"
    if former.given != made.given:
        return "edited"
    then, now = former.runs.digest_of, made.runs.digest_of
    common = [seed for seed in now if seed in then]
    if not common or any(then[seed] != now[seed] for seed in common):
        return "moved"
    ours, theirs = (
        (one.complete, one.source, one.claims, one.own_code, one.runs.seeds, set(one.runs.figures))
        for one in (made, former)
    )
    return "renewed" if ours != theirs else ""


def _baseline(
    former: Baseline, made: Mapping[str, Entry], accepted: Accepted, ask: Callable[[Sequence[str]], str]
) -> Baseline:
    """Return the new baseline, in which unchanged entries keep the date of their acceptance."""
    asked = (*accepted.moved, *accepted.edited)
    because = ask(asked) if asked else _reason_for(accepted, bool(former.entries))
    last = Acceptance(**about_now(because), moved=bool(accepted.moved))
    entries = {name: entry for name, entry in former.entries.items() if name not in accepted.dropped}
    for name in (*asked, *accepted.renewed, *accepted.added):
        entries[name] = made[name]
    return Baseline(former.folder, dict(sorted(entries.items())), last)


def _reason_for(accepted: Accepted, had_some: bool) -> str:
    """Return the reason where the user need not be asked for one."""
    if not had_some:
        return FIRST
    named = (("added", accepted.added), ("dropped", accepted.dropped), ("renewed", accepted.renewed))
    return ", ".join(f"{word} {', '.join(names)}" for word, names in named if names)


def _find_scenarios(
    former: Baseline, names: Sequence[str], allow_code: bool
) -> tuple[dict[str, tuple[str, Scenario]], tuple[str, ...]]:
    """Return {name: (source, scenario)} of the scenarios to run, and the entries whose files are gone."""
    if not names and not former.entries:
        raise BaselineError(f"{former.folder}: no baseline yet; name its scenarios with --scenarios")
    dropped: list[str] = []
    sources = []
    for name in names:
        entry = entry_of(former, name)
        sources.append(entry.source if entry else source_of(former.folder, name))
    for entry in () if names else former.entries.values():
        file = locate_source(former.folder, entry.source)
        if Path(file).exists() or file in shipped():
            sources.append(entry.source)
        else:
            dropped.append(entry.name)
    found: dict[str, tuple[str, Scenario]] = {}
    for source in sources:
        scenario = load(locate_source(former.folder, source), allow_code=allow_code)
        if scenario.name in found and found[scenario.name][0] != source:
            raise BaselineError(
                f"{source}: found a second scenario named {scenario.name}; expected each name once"
            )
        found[scenario.name] = (source, scenario)
    dropped += [
        entry.name for entry in former.entries.values() if entry.source in sources and entry.name not in found
    ]
    return found, tuple(dropped)


def _seeds(entry: Entry | None, seeds: Iterable[int] | str | None) -> list[int]:
    if seeds is None and entry is not None:
        return list(entry.runs.seeds)
    return check_seeds(SEEDS if seeds is None else seeds)


def _entry(folder: Path, name: str, source: str, scenario: Scenario, runs: Runs) -> Entry:
    return Entry(
        name=name,
        source=source,
        given=comparable_fields(scenario),
        claims=claims_of(scenario),
        complete=scenario.to_yaml(folder),
        runs=runs,
        code=code_version(),
        commit=commit_here(),
        date=_now(),
        own_code=own_code_of([scenario]),
    )


def about_now(because: str) -> dict[str, str]:
    """Return the date, code version, commit and reason of an acceptance."""
    return {"date": _now(), "commit": commit_here(), "code": code_version(), "because": because}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _record_acceptance(accepted: Accepted) -> Accepted:
    """Write the last acceptance to the CHANGELOG, then to the history.

    The line in the history marks the acceptance as complete.
    """
    baseline, last = accepted.baseline, accepted.baseline.last
    if last is None:
        return accepted
    path = history_of(baseline.folder)
    lines, warnings = read_history(path)
    accepted = replace(accepted, warnings=tuple(warnings))
    about = {"kind": ACCEPTED, **asdict(last)}
    if any(about.items() <= line.items() for line in lines):
        return accepted
    if last.moved:
        line, file = _add_to_changelog(baseline.folder, last.because)
        accepted = replace(accepted, line=line, changelog=file)
    append(path, line_of({name: entry.runs for name, entry in baseline.entries.items()}, about))
    return accepted


def _add_to_changelog(folder: Path, because: str) -> tuple[str, Path | None]:
    """Add the entry to the CHANGELOG; return the entry and the file that contains it now."""
    line = changelog.entry_of(because)
    path = changelog.find(folder)
    try:
        text = changelog.with_entry(path.read_text(encoding="utf-8"), because) if path else None
    except (OSError, UnicodeDecodeError):
        text = None
    if path is None or text is None:
        return line, None
    write_whole(path, text, BaselineError)
    return line, path

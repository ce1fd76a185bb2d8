"""Comparison of two sweeps: settings matched by their parameters, figures by their means over seeds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from serfsim.base.errors import SerfsimError
from serfsim.scenario.figures import unit_of
from serfsim.scenario.problems import found_expected, listed
from serfsim.study.comparison.rows import ANY, Row, distinct, select_figures, verdict_of
from serfsim.study.statistics import Differences, differences
from serfsim.study.statistics.intervals import Floats
from serfsim.study.tuning.goals import figures_of
from serfsim.study.tuning.settings import Setting, settings_of

if TYPE_CHECKING:
    from serfsim.study.sweeps.folder import ExistingRuns


@dataclass(frozen=True)
class Pair:
    """A setting both sides have.

    `paired`: both sides ran the same seeds.
    """

    name: str
    base: Setting
    candidate: Setting

    @property
    def paired(self) -> bool:
        return sorted(self.base.runs["seed"]) == sorted(self.candidate.runs["seed"])

    @property
    def identical(self) -> bool:
        """True if every run of both sides has the same digest."""
        if not self.paired or not all("digest" in side.runs for side in (self.base, self.candidate)):
            return False
        first, second = (side.runs.sort_values("seed")["digest"] for side in (self.base, self.candidate))
        return bool((first.to_numpy() == second.to_numpy()).all() and (first != "").all())


def compare_sweeps(
    base: ExistingRuns, candidate: ExistingRuns, figures: Sequence[str] | None, confidence: float
) -> tuple[list[Pair], list[Row], list[str]]:
    """Return (settings, rows, notes on what was left out).

    Raises SerfsimError where the sweeps have nothing in common.
    """
    pairs, notes = match_settings(base, candidate)
    known = [name for name in figures_of(list(base.table.columns)) if name in candidate.table.columns]
    valued = [name for name in known if base.table[name].notna().any() or candidate.table[name].notna().any()]
    names = select_figures(figures, valued)
    if not names:
        raise SerfsimError(found_expected("two sweeps without a figure in common", "at least one figure"))
    tables = (base.table, candidate.table)
    names, doubled = distinct(
        names, lambda name, other: all(table[name].equals(table[other]) for table in tables), figures or ()
    )
    notes = [*notes, *doubled]
    level = 1.0 - (1.0 - confidence) / len(pairs)
    rows = [row for pair in pairs for row in rows_of(pair, names, level)]
    return pairs, rows, notes


def match_settings(base: ExistingRuns, candidate: ExistingRuns) -> tuple[list[Pair], list[str]]:
    """Return the settings both sides have, and notes on those left out.

    Two single settings are compared whatever their parameters are.
    """
    sides = [settings_of(table, parameters) for _, table, parameters, _ in (base, candidate)]
    if all(len(side) == 1 for side in sides):
        first, second = sides[0][0], sides[1][0]
        same = first.parameters == second.parameters
        if not first.parameters and not second.parameters:
            return [Pair("", first, second)], []
        return [Pair(first.name if same else f"{first.name} -> {second.name}", first, second)], []
    common = [path for path in base.parameters if path in candidate.parameters]
    for (name, _, parameters, _), settings in zip((base, candidate), sides, strict=True):
        for path in parameters:
            if path not in common and len({json.dumps(one.parameters[path]) for one in settings}) > 1:
                expected = f"a path both sweeps vary ({listed(common) or 'none'}), or a single value"
                raise SerfsimError(found_expected(f"{path}, which only {name} varies", expected))
    keyed = [{_key(one, common): one for one in side} for side in sides]
    pairs = [Pair(one.name, one, keyed[1][key]) for key, one in keyed[0].items() if key in keyed[1]]
    if not pairs:
        examples = " and ".join(f"'{side[0].name}'" for side in sides)
        raise SerfsimError(
            found_expected(f"no setting in common, but {examples}", "a setting both sweeps have")
        )
    notes = [
        f"{label} alone has {', '.join(left)}"
        for label, side, other in (("the base", 0, 1), ("the candidate", 1, 0))
        if (left := [one.name for key, one in keyed[side].items() if key not in keyed[other]])
    ]
    return pairs, notes


def _key(setting: Setting, common: Sequence[str]) -> str:
    return json.dumps([setting.parameters[path] for path in common])


def rows_of(pair: Pair, names: Sequence[str], confidence: float) -> list[Row]:
    """Return a row for each figure; all intervals hold simultaneously at `confidence`.

    A count that is 0 in only some runs gets a second row, the share of runs in which it is not 0: a few runs
    with large counts make an uninformative mean.
    """
    base, candidate = (_values(side, names) for side in (pair.base, pair.candidate))
    counts = [at for at, name in enumerate(names) if is_rare_count(name, base[at], candidate[at])]
    labels = [*names, *(f"{names[at]}{ANY}" for at in counts)]
    base, candidate = (np.vstack((side, *(_any(side[at]) for at in counts))) for side in (base, candidate))
    missing = [np.isnan(side).sum(axis=1) for side in (base, candidate)]
    if pair.paired:
        lost = np.isnan(base) | np.isnan(candidate)
        base[lost], candidate[lost] = np.nan, np.nan
    found = differences(base, candidate, paired=pair.paired, confidence=confidence)
    lacking = list(zip(*(side.tolist() for side in missing), strict=True))
    rows = {
        label: _row(pair, label, base[at], candidate[at], found, at, lacking[at])
        for at, label in enumerate(labels)
    }
    return [rows[label] for name in names for label in (name, f"{name}{ANY}") if label in rows]


def is_rare_count(name: str, base: Floats, candidate: Floats) -> bool:
    """Return True for a count that is 0 in some runs."""
    values = np.concatenate((base, candidate))
    values = values[~np.isnan(values)]
    whole = bool((values == np.round(values)).all())
    return whole and not unit_of(name) and bool((values == 0).any()) and bool((values > 0).any())


def _any(values: Floats) -> Floats:
    shares: Floats = np.where(np.isnan(values), np.nan, values > 0)
    return shares


def _row(
    pair: Pair,
    name: str,
    base: Floats,
    candidate: Floats,
    found: Differences,
    at: int,
    missing: tuple[int, int],
) -> Row:
    equal = pair.paired and missing[0] == missing[1] and bool(np.array_equal(base, candidate, equal_nan=True))
    difference, low, high = (float(each[at]) for each in (found.estimate, found.low, found.high))
    if name.endswith(ANY):
        low, high = max(low, -1.0), min(high, 1.0)  # a share cannot change by more
    some = int(found.n[at]) > 1
    return Row(
        setting=pair.name,
        figure=name,
        base=_mean(base),
        candidate=_mean(candidate),
        difference=difference,
        low=low if some else float("nan"),
        high=high if some else float("nan"),
        n=int(found.n[at]),
        missing=missing,
        verdict=verdict_of(name.removesuffix(ANY), difference, low, high, equal=equal),
    )


def _values(side: Setting, names: Sequence[str]) -> Floats:
    """Return values of shape (figures, runs), by ascending seed; NaN for a run without the figure."""
    runs = side.runs.sort_values("seed")
    values: Any = runs[list(names)].to_numpy(dtype=np.float64).T.copy()
    if "status" in runs:
        values[:, np.asarray(runs["status"] != "done")] = np.nan
    found: Floats = values
    return found


def _mean(values: Floats) -> float:
    kept = values[~np.isnan(values)]
    return float(kept.mean()) if kept.size else float("nan")

"""Another checkout as the baseline: the same scenario files there, simulated now.

For a change of scenarios and settings, which a committed baseline refuses: what differs between the two
files is part of the answer. Both sides are simulated by this serfsim; files that say the same once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from serfsim.base.errors import BaselineError
from serfsim.scenario.library import shipped
from serfsim.scenario.loading import load
from serfsim.scenario.model import Scenario
from serfsim.scenario.problems import found_expected, quoted
from serfsim.study.regression.baseline import Baseline, Entry
from serfsim.study.regression.comparison import claims_of
from serfsim.study.regression.runs import SEEDS, Runs
from serfsim.study.regression.selection import comparable_fields
from serfsim.study.sweeps.grid import check_seeds
from serfsim.study.sweeps.keys import code_version, own_code_of


@dataclass(frozen=True)
class Side:
    """One scenario file, here and in the other checkout; `there` is None for a file that is new."""

    source: str
    here: Scenario
    there: Scenario | None

    def is_same(self, base: Path) -> bool:
        """Return True if both files say the same about their runs and claims."""
        if self.there is None:
            return False
        fields = comparable_fields(self.here) == comparable_fields(self.there)
        code = own_code_of([self.here]) == own_code_of([self.there])
        return fields and code and self.here.to_yaml(Path()) == self.there.to_yaml(base)


def sides(
    base: Path, names: Sequence[str], settings: Sequence[str] = (), *, allow_code: bool = False
) -> dict[str, Side]:
    """Return both sides of each scenario by its name here. `settings` ('PATH=VALUE') change this side only.

    Raises:
        BaselineError: no such folder, no names, a file outside the current folder, or a name twice.
        ScenarioError: a file that is no scenario.
    """
    if not base.is_dir():
        raise BaselineError(f"--base: {found_expected(quoted(str(base)), 'the folder of another checkout')}")
    if not names:
        raise BaselineError(f"--base: {found_expected('no scenarios', '--scenarios FILE,... beside it')}")
    found: dict[str, Side] = {}
    for name in names:
        here = load(name, settings, allow_code=allow_code)
        if here.name in found:
            message = found_expected(f"a second scenario named {here.name}", "each name once")
            raise BaselineError(f"{name}: {message}")
        found[here.name] = Side(name, here, _there(base, name, allow_code))
    return found


def _there(base: Path, name: str, allow_code: bool) -> Scenario | None:
    if not Path(name).exists() and name in shipped():
        return load(name)
    inside = os.path.relpath(name)
    if inside.startswith(os.pardir):
        expected = "a file below the current folder, of which --base is another checkout"
        raise BaselineError(f"--scenarios: {found_expected(quoted(name), expected)}")
    other = base / inside
    return load(other, allow_code=allow_code) if other.exists() else None


def wanted_seeds(names: Iterable[str], seeds: Iterable[int] | str | None) -> dict[str, list[int]]:
    """Return the seeds of every scenario, the same for all."""
    wanted = check_seeds(SEEDS if seeds is None else seeds)
    return dict.fromkeys(names, wanted)


def baseline_of(base: Path, found: dict[str, Side], runs: dict[str, Runs]) -> Baseline:
    """Return the baseline that the other checkout's `runs` make."""
    entries = {
        name: Entry(
            name=name,
            source=side.source,
            given=comparable_fields(side.there),
            claims=claims_of(side.there),
            complete=side.there.to_yaml(base),
            runs=runs[name],
            code=code_version(),
            commit="",
            date="",
            own_code=own_code_of([side.there]),
        )
        for name, side in found.items()
        if side.there is not None
    }
    return Baseline(Path(), entries)

"""Measure the detections and false alarms of `serfsim regress` with planted changes.

    python -m benchmarks.planted_changes [--no-edits] [--page docs/regress.md]

Five changes of the simulator are planted one by one, as other defaults in every scenario of the baseline
that does not fix the setting itself, and once more each by an edit of the code in a copy of this
checkout. Ten sets of seeds that the baseline does not have are run with nothing changed. Each is compared
at full size (all scenarios of the baseline, twenty seeds) and at the size of this project's CI. Last, the
clean runs are shuffled into baselines and candidates a thousand times: how often is there a false alarm?

Runs are kept in results/planted_changes, so that the same command goes on where it stopped. All of it takes
about half an hour of two processors.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.compare_commits import check_out
from serfsim.scenario.model import Scenario
from serfsim.study.regression.baseline import Baseline, read_baseline
from serfsim.study.regression.comparison import FAMILY_WISE_ERROR, Comparison, compare, family, p_value
from serfsim.study.regression.describe import figure_text, number, p_text
from serfsim.study.regression.runs import Floats, Runs, run_scenarios
from serfsim.study.regression.selection import load_scenarios
from serfsim.study.sweeps.store import Store

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "results" / "planted_changes"
PAGE = ROOT / "docs" / "regress.md"
HEADING = "## What it catches, and how quiet it is"

# The size of this project's CI; `make regress` has the same.
CI_SCENARIOS = ("all_at_once", "crash", "event_spread", "packet_loss", "udp_blocked")
CI_SEEDS = 16
FULL_SEEDS = 20
CLEAN_SETS = 10
FIRST_CLEAN_SEED = 1001
SHUFFLES = 1000


@dataclass(frozen=True)
class Change:
    """A change of a `setting` of `cluster.config` from its default to `value`; `file` has its row."""

    words: str
    setting: str
    value: object
    file: str

    def edited(self, text: str) -> str:
        """Return the text of `file` with the changed default.

        Raises SystemExit where it has no such row.
        """
        row = re.compile(rf'(Setting\(\s+"{self.setting}",\s+\w+,\s+)[^,\s]+')
        found, count = row.subn(rf"\g<1>{self.value!r}", text)
        if count != 1:
            raise SystemExit(f"{self.file}: found {count} rows of {self.setting}; expected one")
        return found


MEMBERLIST = "serfsim/protocol/memberlist/config.py"
VIVALDI = "serfsim/protocol/vivaldi/config.py"
CHANGES = (
    Change("`suspicion_mult` 4 to 3", "suspicion_mult", 3, MEMBERLIST),
    Change("TCP fallback off (`disable_tcp_pings`)", "disable_tcp_pings", True, MEMBERLIST),
    Change("`vivaldi_ce` 0.25 to 0.5", "vivaldi_ce", 0.5, VIVALDI),
    Change("`retransmit_mult` 4 to 2", "retransmit_mult", 2, MEMBERLIST),
    Change("`indirect_checks` 3 to 2", "indirect_checks", 2, MEMBERLIST),
)


# Running and comparing ------------------------------------------------------------------------------


def main(words: Sequence[str] | None = None) -> int:
    given = arguments(words)
    baseline = read_baseline(ROOT / "results" / "baseline")
    scenarios = load_scenarios(baseline.folder, list(baseline.entries.values()))
    store = Store(KEPT)
    planted = {}
    for change in CHANGES:
        runs = run_all(with_change(scenarios, change), own_seeds(baseline), store, given.workers)
        planted[change.words] = sizes(baseline, with_change(scenarios, change), runs)
        say(change.words, planted[change.words])
    clean, pools = {}, {name: [entry.runs] for name, entry in baseline.entries.items()}
    for number_ in range(CLEAN_SETS):
        seeds = clean_seeds(number_)
        runs = run_all(scenarios, dict.fromkeys(scenarios, seeds), store, given.workers)
        label = f"{seeds[0]} to {seeds[-1]}"
        clean[label] = sizes(baseline, scenarios, runs)
        say(label, clean[label])
        for name, those in runs.items():
            pools[name].append(those)
    edited = {} if given.no_edits else by_edits()
    shuffled = [
        (names_words, size, false_alarms({name: join_runs(pools[name]) for name in names}, baseline, size))
        for names_words, names, size in (
            ("full size", list(baseline.entries), FULL_SEEDS),
            ("CI", list(CI_SCENARIOS), CI_SEEDS),
        )
    ]
    write_page(given.page, baseline, planted, edited, clean, shuffled)
    print(given.page)
    caught = all(size.is_regression for pair in planted.values() for size in pair)
    quiet = not any(size.is_regression for pair in clean.values() for size in pair)
    return 0 if caught and quiet and all(told["regression"] for told in edited.values()) else 1


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planted_changes", description=__doc__)
    parser.add_argument("--workers", type=int, default=None, help="processes at a time")
    parser.add_argument("--no-edits", action="store_true", help="leave out the edits of the code")
    parser.add_argument("--page", type=Path, default=PAGE, help="whose last section is written")
    return parser.parse_args(words)


def own_seeds(baseline: Baseline) -> dict[str, list[int]]:
    return {name: list(entry.runs.seeds[:FULL_SEEDS]) for name, entry in baseline.entries.items()}


def clean_seeds(number_: int) -> list[int]:
    """Return the seeds of a clean set, disjoint from the baseline's."""
    first = FIRST_CLEAN_SEED + number_ * FULL_SEEDS
    return list(range(first, first + FULL_SEEDS))


def with_change(scenarios: Mapping[str, Scenario], change: Change) -> dict[str, Scenario]:
    """Return the scenarios with another default; those that set the value themselves are unchanged."""
    path = f"cluster.config.{change.setting}"
    return {
        name: scenario
        if change.setting in scenario.cluster.config.model_fields_set
        else scenario.with_settings({path: change.value})
        for name, scenario in scenarios.items()
    }


def run_all(
    scenarios: Mapping[str, Scenario], seeds: Mapping[str, list[int]], store: Store, workers: int | None
) -> dict[str, Runs]:
    runs, failures = run_scenarios(scenarios, seeds, workers, store=store)
    if failures:
        raise SystemExit(f"{failures[0].scenario} with seed {failures[0].seed}: {failures[0].error}")
    return runs


def sizes(
    baseline: Baseline, scenarios: Mapping[str, Scenario], runs: Mapping[str, Runs]
) -> tuple[Comparison, Comparison]:
    """Return the comparison at full size, and at CI's size: fewer scenarios, the first seeds of each."""
    few = {name: first_runs(runs[name], CI_SEEDS) for name in CI_SCENARIOS}
    return compare(baseline, scenarios, runs), compare(baseline, scenarios, few)


def first_runs(runs: Runs, count: int) -> Runs:
    figures = {name: values[:count] for name, values in runs.figures.items()}
    return Runs(runs.seeds[:count], runs.digests[:count], figures)


def by_edits() -> dict[str, dict[str, object]]:
    """Return CI's regress.json for each change, made by an edit in a copy of the checkout.

    An edit of a compiled file makes the copy run interpreted, which is only slower.
    """
    told = {}
    with tempfile.TemporaryDirectory() as folder:
        place = check_out(None, Path(folder) / "edited")
        for change in CHANGES:
            file = place / change.file
            text = file.read_text(encoding="utf-8")
            file.write_text(change.edited(text), encoding="utf-8")
            told[change.words] = regress_in(place)
            file.write_text(text, encoding="utf-8")
            print(f"{change.words}, edited: {told[change.words]['verdict']}", flush=True)
    return told


def regress_in(place: Path) -> dict[str, object]:
    """Return the report of `serfsim regress` in another checkout, at CI's size."""
    command = [sys.executable, "-m", "serfsim", "regress", "--quiet", "--out", "results/regress"]
    command += ["--scenarios", ",".join(CI_SCENARIOS), "--seeds", f"1-{CI_SEEDS}"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr)
    told: dict[str, object] = json.loads((place / "results/regress/regress.json").read_text("utf-8"))
    return {**told, "exit": done.returncode}


# Rate of false alarms -------------------------------------------------------------------------------


def join_runs(parts: Iterable[Runs]) -> Runs:
    """Join the runs of several sets of seeds."""
    sets = list(parts)
    names = dict.fromkeys(name for runs in sets for name in runs.figures)
    figures = {name: np.concatenate([runs.values(name) for runs in sets]) for name in names}
    seeds = tuple(seed for runs in sets for seed in runs.seeds)
    return Runs(seeds, tuple(digest for runs in sets for digest in runs.digests), figures)


def pick(runs: Runs, places: Sequence[int]) -> Runs:
    figures = {name: values[places] for name, values in runs.figures.items()}
    return Runs(tuple(runs.seeds[at] for at in places), tuple(runs.digests[at] for at in places), figures)


def false_alarms(pools: Mapping[str, Runs], baseline: Baseline, size: int) -> list[float]:
    """Return the smallest adjusted p-value of each shuffle: seeds dealt at random to baseline and candidate.

    All scenarios are dealt alike, since runs of the same seed are correlated.
    """
    rng = np.random.default_rng(1)
    entries = [baseline.entries[name] for name in pools]
    then, total = len(entries[0].runs.seeds), min(len(runs.seeds) for runs in pools.values())
    smallest = []
    for _ in range(SHUFFLES):
        deal = rng.permutation(total)
        tests = [
            one[1:]
            for runs in pools.values()
            for one in family(pick(runs, deal[:then].tolist()), pick(runs, deal[then : then + size].tolist()))
        ]
        # All samples have the same sizes, so the largest distance has the smallest p-value.
        smallest.append(min(1.0, p_value(*max(tests, key=lambda pair: distance(*pair))) * len(tests)))
    return smallest


def distance(then: Floats, now: Floats) -> float:
    """Return the Kolmogorov-Smirnov statistic."""
    places = np.concatenate((then, now))
    shares = [np.searchsorted(np.sort(one), places, "right") / len(one) for one in (then, now)]
    return float(np.abs(shares[0] - shares[1]).max())


# The page -------------------------------------------------------------------------------------------


def say(what: str, pair: tuple[Comparison, Comparison]) -> None:
    words = [f"{len(size.changed)} of {len(size.tests)} changed, p {p_text(smallest(size))}" for size in pair]
    print(f"{what}: full size {words[0]}; CI {words[1]}", flush=True)


def smallest(comparison: Comparison) -> float:
    return min((test.adjusted for test in comparison.tests), default=1.0)


def write_page(
    page: Path,
    baseline: Baseline,
    planted: Mapping[str, tuple[Comparison, Comparison]],
    edited: Mapping[str, Mapping[str, object]],
    clean: Mapping[str, tuple[Comparison, Comparison]],
    shuffled: Sequence[tuple[str, int, list[float]]],
) -> None:
    """Replace the last section of the page."""
    text = page.read_text(encoding="utf-8").split(HEADING)[0].rstrip() if page.exists() else "# Regress"
    seeds = len(next(iter(baseline.entries.values())).runs.seeds)
    full, small = next(iter(clean.values()))
    lines = [
        HEADING,
        "",
        "`python -m benchmarks.planted_changes` does all of this again and writes this section.",
        "",
        f"Full size: {len(full.scenarios)} scenarios, {FULL_SEEDS} seeds beside the baseline's {seeds}, about"
        f" {len(full.tests)} tests. CI: {len(small.scenarios)} scenarios, {CI_SEEDS} seeds, about"
        f" {len(small.tests)} tests. The family-wise error is {FAMILY_WISE_ERROR:.0%} each.",
        "",
        "### Planted changes",
        "",
        "Each is planted as another default, in every scenario that does not fix the setting itself, with the"
        " seeds of the baseline. The surest figures are named with their adjusted p-values.",
        "",
        "| change | size | caught | figures | in scenarios | surest |",
        "|---|---|---|---|---|---|",
    ]
    lines += [row for words, pair in planted.items() for row in _planted_rows(words, pair)]
    if edited:
        lines += ["", "The same by an edit of the code in a copy of this checkout, at the size of CI:", ""]
        lines += ["| change | edited file | exit code | verdict |", "|---|---|---|---|"]
        files = {change.words: change.file for change in CHANGES}
        lines += [
            f"| {words} | `{files[words]}` | {told['exit']} | {told['verdict']} |"
            for words, told in edited.items()
        ]
    lines += ["", "### Clean reruns", "", "Other seeds than the baseline's, nothing changed.", ""]
    lines += [
        "| seeds | full size | smallest adjusted p | CI | smallest adjusted p |",
        "|---|---|---|---|---|",
    ]
    lines += [_clean_row(label, pair) for label, pair in clean.items()]
    lines += ["", "### False alarms", ""]
    lines += [_shuffled_line(*one, seeds=seeds) for one in shuffled]
    page.write_text(text + "\n\n" + "\n".join(lines) + "\n", encoding="utf-8")


def _planted_rows(words: str, pair: tuple[Comparison, Comparison]) -> list[str]:
    rows = []
    for size, comparison in zip(("full", "CI"), pair, strict=True):
        changed = comparison.changed
        names = list(dict.fromkeys(test.scenario for test in changed))
        surest = "; ".join(
            f"{test.scenario} `{figure_text(test.figure)}` {p_text(test.adjusted)}" for test in changed[:3]
        )
        caught = "yes" if comparison.is_regression else "**no**"
        rows.append(f"| {words} | {size} | {caught} | {len(changed)} | {len(names)} | {surest} |")
    return rows


def _clean_row(label: str, pair: tuple[Comparison, Comparison]) -> str:
    cells = [label]
    for comparison in pair:
        cells += ["**alarm**" if comparison.is_regression else "quiet", p_text(smallest(comparison))]
    return f"| {' | '.join(cells)} |"


def _shuffled_line(words: str, size: int, smallest_p: list[float], *, seeds: int) -> str:
    from scipy.stats import binomtest

    alarms = sum(p <= FAMILY_WISE_ERROR for p in smallest_p)
    ten = sum(p <= 0.1 for p in smallest_p) / len(smallest_p)
    bounds = binomtest(alarms, len(smallest_p)).proportion_ci(0.95)
    rate = f"{number(alarms / len(smallest_p))} (95 % interval {number(float(bounds.low))} to"
    return (
        f"- {words}: {len(smallest_p)} times all clean runs were dealt at random to a baseline of {seeds}"
        f" and a candidate of {size} seeds. {alarms} of them gave an alarm, {rate}"
        f" {number(float(bounds.high))}) where {FAMILY_WISE_ERROR:g} is stated; at a stated rate of 10 % it"
        f" would have been {ten:.1%}."
    )


if __name__ == "__main__":
    sys.exit(main())

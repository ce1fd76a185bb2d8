"""Measure what the fix of each open defect is worth, and renew the tables of docs/open_defects.md.

`python -m tools.open_defects [D1 ...]` runs the studies named, or all; finished runs are kept in
`build/open_defects`, so that the same command goes on after an interruption. All of them take some 25
minutes of one processor; `--seeds 4` has a quick look.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

import serfsim
from serfsim.study.statistics.differences import differences

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "open_defects.md"
RUNS: Final = ROOT / "build" / "open_defects"


Settings = Mapping[str, Any]
"""Values by their paths in a scenario."""
Axes = Mapping[str, Mapping[str, Settings]]
"""Heads of columns; below each the words of its cells, with what they set."""


class Study(NamedTuple):
    """One defect: the settings under which it is measured, with the library's rule and with the fix.

    `fix`: path, value of the release, value with the fix. `few`: axes of dear points, which run with
    at most `few_seeds`.
    """

    name: str
    fix: tuple[str, Any, Any]
    scenario: Mapping[str, Any]
    axes: Axes
    figures: Mapping[str, str] = MappingProxyType({})
    few: Axes = MappingProxyType({})
    few_seeds: int = 1


class Point(NamedTuple):
    """One row of a table: its words by column, what they set, and the most seeds that it runs with."""

    words: dict[str, str]
    settings: dict[str, Any]
    seeds: int


MANY: Final = 1_000_000
FIGURES: Final = {
    "false positives": "detection.false_positives",
    "broadcasts lost": "traffic.lost_broadcasts",
    "members stuck dead": "convergence.members_stuck_dead",
}
NO_TCP: Final = [{"block": "tcp", "nodes": "all", "at": "0s"}]
PLANE: Final = {"topology": {"model": "plane", "size": "1ms"}}


def members(*counts: int) -> dict[str, Settings]:
    """Return the cells of the column of members."""
    return {str(count): {"cluster.nodes": count} for count in counts}


def loss(*shares: int) -> dict[str, Settings]:
    """Return the cells of the column of UDP loss, from shares in percent."""
    return {f"{share} %": {"network.loss.udp": share / 100} for share in shares}


def tcp(*faults: Mapping[str, Any]) -> dict[str, Settings]:
    """Return the cells of TCP cut from the beginning and open, with the other faults."""
    return {"cut": {"faults": [*faults, *NO_TCP]}, "open": {"faults": [*faults]}}


def restarted(count: int) -> Settings:
    """Return a cluster of which the last three quarters are to restart, and join the very last of them."""
    old = count // 4
    cluster = {
        "nodes": count,
        "start": {"converged": True, "join": [f"node-{count - 1:02}"]},
        "groups": {"old": {"nodes": old}, "restarted": {"nodes": count - old}},
    }
    return {"cluster": cluster}


RESTART: Final = (
    {"block": "tcp", "nodes": "all", "at": "0s", "for": "30s"},
    {"loss": {"udp": "30%"}, "nodes": "all", "at": "0s", "for": "30s"},
    {"crash": ["restarted"], "at": "40s", "restart": "8s"},
)
LATE: Final = (
    {"reorder": {"share": "20%", "by": "15s"}, "nodes": "all", "at": "0s"},
    {"crash": 1, "at": "20s", "every": "5s", "times": 20},
)


def forged(incarnation: int) -> Settings:
    """Return the fault of one forged death."""
    forge = {"forge": {"dead": "node-01", "incarnation": incarnation}, "from": "node-02", "at": "10s"}
    return {"faults": [forge]}


STUDIES: Final = (
    Study(
        "D1",
        ("cluster.config.queue_ids", "restart", "continue"),
        {
            "name": "queue_ids",
            "duration": "240s",
            "warm_up": "10s",
            "cluster": {"start": {"converged": True}},
            "network": PLANE,
        },
        {"members": members(5, 32, 128), "UDP loss": loss(10, 20, 30), "TCP": tcp()},
        {"flaps": "detection.flaps"},
        few={
            "members": {"1000, 2 min": {"cluster.nodes": 1000, "duration": "120s"}},
            "UDP loss": loss(20),
            "TCP": tcp(),
        },
    ),
    Study(
        "D2",
        ("cluster.config.regossip_accusations", False, True),
        {"name": "mass_restart", "duration": "6m", "warm_up": "10s", "network": PLANE},
        {
            "members": {str(count): restarted(count) for count in (8, 32, 128)},
            "TCP": {
                "cut after 1 min": {"faults": [*RESTART, {"block": "tcp", "nodes": "all", "at": "60s"}]},
                "open": {"faults": [*RESTART]},
            },
        },
        {
            "one view after (s)": "convergence.one_view_s",
            "views that disagree at the end": "convergence.views_disagreeing",
        },
    ),
    Study(
        "D3",
        ("cluster.config.monotone_incarnation", False, True),
        {
            "name": "resurrection",
            "duration": "3m",
            "warm_up": "10s",
            "cluster": {"start": {"converged": True}},
            "network": PLANE,
        },
        {"members": members(32, 128), "UDP loss": loss(10, 30), "TCP": tcp(*LATE)},
        {
            "dead members revived": "detection.revivals",
            "views that disagree at the end": "convergence.views_disagreeing",
        },
    ),
    Study(
        "D4",
        ("cluster.config.incarnation_limit", None, 2**31),
        {
            "name": "overflow",
            "duration": "10m",
            "warm_up": "10s",
            "cluster": {"start": {"converged": True}},
            "network": PLANE,
        },
        {
            "members": members(5, 32, 128),
            "incarnation": {"2^32 - 1": forged(2**32 - 1), "2^31": forged(2**31), "100": forged(100)},
        },
        {
            "a false death lasts (s)": "detection.mistake_duration_s",
            "views that disagree at the end": "convergence.views_disagreeing",
        },
        few={"members": members(1000), "incarnation": {"2^32 - 1": forged(2**32 - 1)}},
        few_seeds=3,
    ),
    Study(
        "D5",
        ("cluster.config.nack_at", 1.0, 0.8),
        {
            "name": "late_nacks",
            "duration": "240s",
            "warm_up": "10s",
            "cluster": {"start": {"converged": True}},
            "network": PLANE,
        },
        {
            "members": members(5, 32, 128),
            "UDP loss": loss(0, 10, 20),
            "TCP": tcp({"crash": 1, "at": "20s"}),
        },
        {
            "health score, mean": "health.score.mean",
            "health score, worst": "health.score.max",
            "first failed (s)": "detection.first_s.mean",
        },
    ),
)


def points(study: Study) -> Iterator[Point]:
    """Yield the points of a study, those with few seeds last."""
    for axes, seeds in ((study.axes, MANY), (study.few, study.few_seeds)):
        for words in itertools.product(*axes.values()) if axes else ():
            chosen = dict(zip(axes, words, strict=True))
            settings = {
                path: value for axis, word in chosen.items() for path, value in axes[axis][word].items()
            }
            yield Point(chosen, settings, seeds)


def measured(study: Study, point: Point, seeds: int, workers: int | None) -> pd.DataFrame:
    """Run one point with and without the fix, or take what was run before."""
    sections = deepcopy(dict(study.scenario))
    for path, value in point.settings.items():
        *parts, last = path.split(".")
        section = sections
        for part in parts:
            section = section.setdefault(part, {})
        section[last] = value
    path, without, fixed = study.fix
    folder = RUNS / study.name / "-".join(point.words.values()).replace(" %", "").replace(" ", "_")
    return serfsim.sweep(
        serfsim.Scenario(**sections),
        {path: [without, fixed]},
        range(1, min(seeds, point.seeds) + 1),
        out=folder,
        workers=workers,
        allow_large=True,
    )


def row_of(study: Study, point: Point, table: pd.DataFrame) -> list[str]:
    """Return a row of the page: the point, and each figure without and with the fix.

    `table`: a row for each run, in the order of seeds.
    """
    halves = [arm for _, arm in table.groupby(study.fix[0], sort=False, dropna=False)]  # as in the grid
    cells = [*point.words.values(), str(table["seed"].nunique())]
    for figure in [*FIGURES.values(), *study.figures.values()]:
        arms = np.array([arm[figure] for arm in halves], dtype=float)
        means = [digits(np.nanmean(arm), 3) if np.isfinite(arm).any() else "-" for arm in arms]
        cells.append(f"{means[0]} → {means[1]}{difference_of(arms)}")
    return cells


def digits(value: float, count: int, sign: bool = False) -> str:
    """Return a number with that many significant digits, never with an exponent."""
    return np.format_float_positional(
        value, precision=count, unique=False, fractional=False, trim="-", sign=sign
    )


def difference_of(arms: Any) -> str:
    """Return the interval of the mean of the paired differences; '' if all are zero or it has no bounds."""
    if not np.isfinite(arms).all(axis=0).any() or (arms[0] == arms[1]).all():
        return ""
    found = differences(arms[:1], arms[1:], paired=True)
    if not np.isfinite([found.low[0], found.high[0]]).all():
        return ""
    return f" ({digits(found.low[0], 2, True)} to {digits(found.high[0], 2, True)})"


def table_of(study: Study, seeds: int, workers: int | None = None) -> str:
    """Return a study's table in Markdown."""
    heads = [*study.axes, "seeds", *FIGURES, *study.figures]
    rows = [row_of(study, point, measured(study, point, seeds, workers)) for point in points(study)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [heads, ["---"] * len(heads), *rows])


def with_table(page: str, name: str, table: str) -> str:
    """Return the page with the table between a study's two comments."""
    begin, end = f"<!-- table of {name} -->", f"<!-- end of {name} -->"
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="studies to run, such as D1; all by default")
    parser.add_argument("--seeds", type=int, default=40, help="seeds of each point, at most")
    parser.add_argument("--workers", type=int, help="processes, one per processor by default")
    options = parser.parse_args()
    chosen = [study for study in STUDIES if not options.names or study.name in options.names]
    for study in chosen:
        table = table_of(study, options.seeds, options.workers)
        print(f"{study.name}\n{table}\n", flush=True)
        PAGE.write_text(with_table(PAGE.read_text(), study.name, table))


if __name__ == "__main__":
    main()

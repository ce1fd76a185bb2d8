"""Measure what the fix of each open defect is worth, and renew the tables of docs/open_defects.md.

`python -m tools.open_defects [D1 ...]` runs the studies named, or all; finished runs are kept in
`build/open_defects`, so that the same command goes on after an interruption. All of them take some two hours
of one processor; `--seeds 4` has a quick look.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

import serfsim
from serfsim.study.statistics.differences import differences

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "open_defects.md"
RUNS: Final = ROOT / "build" / "open_defects"


class Study(NamedTuple):
    """One defect: the settings under which it is measured, with the library's rule and with the fix.

    `axes` are paths of the scenario and their values by the words of the table; `words` are heads of the
    table other than WORDS.
    """

    name: str
    fix: tuple[str, Any, Any]
    scenario: Mapping[str, Any]
    axes: Mapping[str, Mapping[str, Any]]
    figures: Mapping[str, str]
    words: Mapping[str, str] = {}


MEMBERS: Final = "cluster.nodes"
NO_TCP: Final = [{"block": "tcp", "nodes": "all", "at": "0s"}]
PLANE: Final = {"topology": {"model": "plane", "size": "1ms"}}


def restarted(members: int) -> dict[str, Any]:
    """Return a cluster of which the last three quarters are to restart, and join the very last of them."""
    old = members // 4
    return {
        "nodes": members,
        "start": {"converged": True, "join": [f"node-{members - 1:02}"]},
        "groups": {"old": {"nodes": old}, "restarted": {"nodes": members - old}},
    }


STUDIES: Final = (
    Study(
        "D1",
        ("cluster.config.queue_ids", "restart", "continue"),
        {
            "name": "queue_ids",
            "duration": "240s",
            "warm_up": "10s",
            "cluster": {"nodes": 32, "start": {"converged": True}},
            "network": PLANE,
        },
        {
            MEMBERS: {"5": 5, "32": 32, "128": 128},
            "network.loss.udp": {"10 %": 0.1, "20 %": 0.2, "30 %": 0.3},
            "faults": {"cut": NO_TCP, "open": []},
        },
        {
            "false positives": "detection.false_positives",
            "broadcasts lost": "traffic.lost_broadcasts",
            "flaps": "detection.flaps",
        },
    ),
    Study(
        "D2",
        ("cluster.config.regossip_accusations", False, True),
        {
            "name": "mass_restart",
            "duration": "6m",
            "warm_up": "10s",
            "network": PLANE,
            "faults": [
                {"block": "tcp", "nodes": "all", "at": "0s", "for": "30s"},
                {"loss": {"udp": "30%"}, "nodes": "all", "at": "0s", "for": "30s"},
                {"crash": ["restarted"], "at": "40s", "restart": "8s"},
            ],
        },
        {"cluster": {str(members): restarted(members) for members in (8, 32, 128)}},
        {
            "false positives": "detection.false_positives",
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
            "cluster": {"nodes": 32, "start": {"converged": True}},
            "network": PLANE,
        },
        {
            MEMBERS: {"32": 32, "128": 128},
            "network.loss.udp": {"10 %": 0.1, "30 %": 0.3},
            "faults": {
                words: [
                    {"reorder": {"share": "20%", "by": "15s"}, "nodes": "all", "at": "0s"},
                    {"crash": 1, "at": "20s", "every": "5s", "times": 20},
                    *tcp,
                ]
                for words, tcp in {"cut": NO_TCP, "open": []}.items()
            },
        },
        {
            "dead members revived": "detection.revivals",
            "false positives": "detection.false_positives",
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
            MEMBERS: {"5": 5, "32": 32, "128": 128},
            "faults": {
                words: [
                    {"forge": {"dead": "node-01", "incarnation": accused}, "from": "node-02", "at": "10s"}
                ]
                for words, accused in {"2^32 - 1": 2**32 - 1, "2^31": 2**31, "100": 100}.items()
            },
        },
        {
            "false positives": "detection.false_positives",
            "a false death lasts (s)": "detection.mistake_duration_s",
            "views that disagree at the end": "convergence.views_disagreeing",
        },
        words={"faults": "incarnation"},
    ),
    Study(
        "D5",
        ("cluster.config.nack_at", 1.0, 0.8),
        {
            "name": "late_nacks",
            "duration": "240s",
            "warm_up": "10s",
            "cluster": {"nodes": 32, "start": {"converged": True}},
            "network": PLANE,
            "faults": [{"crash": 1, "at": "20s"}],
        },
        {
            MEMBERS: {"5": 5, "32": 32, "128": 128},
            "network.loss.udp": {"0 %": 0.0, "10 %": 0.1, "20 %": 0.2},
            "faults": {
                "open": [{"crash": 1, "at": "20s"}],
                "cut": [{"crash": 1, "at": "20s"}, *NO_TCP],
            },
        },
        {
            "health score, mean": "health.score.mean",
            "health score, worst": "health.score.max",
            "false positives": "detection.false_positives",
            "first failed (s)": "detection.first_s.mean",
        },
    ),
)

WORDS: Final = {MEMBERS: "members", "cluster": "members", "network.loss.udp": "UDP loss", "faults": "TCP"}


def points(study: Study) -> Iterator[dict[str, str]]:
    """Yield the points of a study: by path, the words of the value."""
    for words in itertools.product(*study.axes.values()):
        yield dict(zip(study.axes, words, strict=True))


def measured(study: Study, point: Mapping[str, str], seeds: int) -> pd.DataFrame:
    """Run one point with and without the fix, or take what was run before."""
    sections = deepcopy(dict(study.scenario))
    for axis, words in point.items():
        *parts, last = axis.split(".")
        section = sections
        for part in parts:
            section = section.setdefault(part, {})
        section[last] = study.axes[axis][words]
    path, without, fixed = study.fix
    folder = RUNS / study.name / "-".join(point.values()).replace(" %", "")
    scenario = serfsim.Scenario(**sections)
    return serfsim.sweep(
        scenario, {path: [without, fixed]}, range(1, seeds + 1), out=folder, allow_large=True
    )


def row_of(study: Study, point: Mapping[str, str], table: pd.DataFrame) -> list[str]:
    """Return a row of the page: the point, and each figure without, with, and the difference.

    `table`: a row for each run, in the order of seeds.
    """
    halves = [arm for _, arm in table.groupby(study.fix[0], sort=False)]  # in the order of the grid
    cells = [*point.values(), str(table["seed"].nunique())]
    for figure in study.figures.values():
        arms = np.array([arm[figure] for arm in halves], dtype=float)
        means = [f"{np.nanmean(arm):.3g}" if np.isfinite(arm).any() else "-" for arm in arms]
        cells += [f"{means[0]} → {means[1]}", difference_of(arms)]
    return cells


def difference_of(arms: Any) -> str:
    """Return the interval of the mean of the paired differences, which is zero where all are."""
    if not np.isfinite(arms).all(axis=0).any():
        return "-"
    if (arms[0] == arms[1]).all():
        return "0"
    found = differences(arms[:1], arms[1:], paired=True)
    return f"{found.low[0]:+.2g} to {found.high[0]:+.2g}"


def table_of(study: Study, seeds: int) -> str:
    """Return a study's table in Markdown."""
    heads = [study.words.get(axis, WORDS[axis]) for axis in study.axes] + ["seeds"]
    for figure in study.figures:
        heads += [figure, "difference"]
    rows = [row_of(study, point, measured(study, point, seeds)) for point in points(study)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [heads, ["---"] * len(heads), *rows])


def with_table(page: str, name: str, table: str) -> str:
    """Return the page with the table between a study's two comments."""
    begin, end = f"<!-- table of {name} -->", f"<!-- end of {name} -->"
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="studies to run, such as D1; all by default")
    parser.add_argument("--seeds", type=int, default=40, help="seeds of each point")
    options = parser.parse_args()
    chosen = [study for study in STUDIES if not options.names or study.name in options.names]
    for study in chosen:
        table = table_of(study, options.seeds)
        print(f"{study.name}\n{table}\n", flush=True)
        PAGE.write_text(with_table(PAGE.read_text(), study.name, table))


if __name__ == "__main__":
    main()

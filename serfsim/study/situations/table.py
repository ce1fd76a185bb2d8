"""The table of answers: situations.json with all that was found, and situations.md and .csv made from it.

Situations that were not checked this time keep what the file says of them; those no longer shipped go.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from serfsim.base.atomic_files import write_whole
from serfsim.base.errors import ResultError
from serfsim.scenario.library import KINDS
from serfsim.scenario.shelf import situations
from serfsim.study.situations.checking import Checked, PointValues, point_text
from serfsim.study.statistics import share
from serfsim.study.sweeps.overview import figure_text

JSON, CSV, MARKDOWN, IMAGES = "situations.json", "situations.csv", "situations.md", "images/situations"
SCHEMA_VERSION: Final = 1
DIGITS: Final = 6

Found = dict[str, Any]


def found(checked: Checked) -> Found:
    """Return what a check found, for JSON."""
    planned = checked.planned
    return {
        "name": planned.name,
        "kind": planned.kind,
        "question": planned.scenario.question,
        "answer": planned.situation.answer,
        "threads": list(planned.situation.threads),
        "promised": planned.situation.holds,
        "seeds": len(planned.seeds),
        "hold": len(checked.holding),
        "claims": [{"claim": one.claim, "at": one.at, "holds": one.holds} for one in checked.claims],
        "points": [
            {
                "at": point_text(planned, point),
                "figures": {name: _interval(point, name) for name in planned.figures},
            }
            for point in checked.points
        ],
        "cpu_s": round(checked.cpu_s, 1),
    }


def _interval(point: PointValues, figure: str) -> dict[str, Any]:
    values, mean = point.values[figure], point.interval(figure)
    numbers = {"mean": mean.estimate, "low": mean.low, "high": mean.high}
    if values:
        numbers |= {"min": min(values), "max": max(values)}
    rounded = {name: float(f"{value:.{DIGITS}g}") for name, value in numbers.items()}
    return {name: value if math.isfinite(value) else None for name, value in rounded.items()} | {
        "n": len(values)
    }


def read(folder: Path) -> list[Found]:
    """Return the situations in a folder's situations.json, [] where there is none."""
    file = folder / JSON
    if not file.exists():
        return []
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        listed: list[Found] = data["situations"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ResultError(f"{file}: cannot be read; expected the table of `serfsim situations`") from None
    return listed


def renew(folder: Path, checked: Iterable[Checked]) -> list[Found]:
    """Write the table with what was checked beside what it said of the others, and return all of it."""
    known = {one["name"]: one for one in read(folder)}
    known |= {one.planned.name: found(one) for one in checked}
    rows = [known[entry.name] for entry in situations() if entry.name in known]
    folder.mkdir(parents=True, exist_ok=True)
    document = {"schema_version": SCHEMA_VERSION, "situations": rows}
    write_whole(folder / JSON, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    write_whole(folder / CSV, as_csv(rows))
    write_whole(folder / MARKDOWN, as_markdown(rows))
    return rows


def as_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a line for each figure at each point of each situation."""
    out = io.StringIO()
    columns = ["situation", "kind", "at", "figure", "mean", "low", "high", "min", "max", "n"]
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        for point in row["points"]:
            for figure, values in point["figures"].items():
                where = {"situation": row["name"], "kind": row["kind"], "at": point["at"], "figure": figure}
                writer.writerow(where | values)
    return out.getvalue()


def as_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the page: a table for each kind."""
    seeds = max((row["seeds"] for row in rows), default=0)
    minutes = sum(row["cpu_s"] for row in rows) / 60
    links = "\n".join(f"situations/{kind}" for kind in KINDS if any(row["kind"] == kind for row in rows))
    parts = [
        _HEAD.format(count=len(rows), seeds=seeds, minutes=f"{minutes:.0f}"),
        f"```{{toctree}}\n:hidden:\n\n{links}\n```\n",
    ]
    for kind, holds in KINDS.items():
        of_kind = [row for row in rows if row["kind"] == kind]
        if of_kind:
            parts.append(f"## [{kind}](situations/{kind}.md): {holds}\n\n{_table(of_kind)}")
    return "\n".join(parts)


_HEAD: Final = """\
# Answers to operators' questions

{count} situations from public threads, each run with {seeds} seeds. A seed holds where every claim of the
situation holds in its run, at every point of its study; brackets hold the exact 95 % interval of the share.
Figures are means over the seeds with their 95 % intervals. `make situations` renews this page in {minutes}
minutes of CPU time; `serfsim answer WORDS` finds the situation nearest to a question or a line of a log. All
figures and claims are in [situations.json](https://github.com/serfsim/serfsim/blob/main/docs/situations.json)
and [situations.csv](https://github.com/serfsim/serfsim/blob/main/docs/situations.csv).
"""


def _table(rows: Iterable[Mapping[str, Any]]) -> str:
    lines = ["| situation | question | seeds that hold | figures | CPU |", "|---|---|---|---|---|"]
    for row in rows:
        link = f"[{row['name']}](situations/{row['kind']}.md#{anchor(row['name'])})"
        cells = (
            link,
            row["question"],
            share_text(row),
            "<br>".join(figures_of(row)),
            f"{row['cpu_s']:.0f} s",
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def share_text(row: Mapping[str, Any]) -> str:
    """Return '20 of 20 (83 % to 100 %)'."""
    found = share(row["hold"], row["seeds"])
    return f"{row['hold']} of {row['seeds']} ({100 * found.low:.0f} % to {100 * found.high:.0f} %)"


def figures_of(row: Mapping[str, Any]) -> list[str]:
    """Return the figures in words: of a study the first at each point, else each."""
    points = row["points"]
    if len(points) == 1:
        return [f"`{name}` {_words(values)}" for name, values in points[0]["figures"].items()]
    first = next(iter(points[0]["figures"]))
    return [f"`{first}`"] + [f"{point['at']}: {_words(point['figures'][first])}" for point in points]


def _words(values: Mapping[str, Any]) -> str:
    if values["mean"] is None:
        return "-"
    low, high = values["low"], values["high"]
    named = {"x": values["mean"], "x.low": _bound(low, -math.inf), "x.high": _bound(high, math.inf)}
    if named["x.low"] == named["x.high"]:
        return f"{values['mean']:.4g}"
    return figure_text(named, "x")


def _bound(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def anchor(name: str) -> str:
    """Return the anchor of a situation's section."""
    return name.replace("_", "-")

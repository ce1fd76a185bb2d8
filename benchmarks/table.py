"""The table of a benchmark, in the terminal and in docs/benchmarks.md, and the machine that produced it."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from benchmarks.goals import Row, number

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- table -->", "<!-- end of the table -->"
HEADINGS = ("figure", "serfsim", "beside it", "value", "95 %", "goal", "")


def cells(row: Row) -> tuple[str, ...]:
    value = "" if row.value is None else number(row.value)
    between = "" if row.interval is None else f"{number(row.interval[0])} to {number(row.interval[1])}"
    return (row.figure, row.ours, row.beside, value, between, str(row.goal or ""), row.verdict)


def as_table(rows: Sequence[Row]) -> Table:
    table = Table()
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading in ("value", "95 %") else "left")
    colours = {"met": "green", "missed": "red"}
    for row in rows:
        *first, verdict = cells(row)
        colour = colours.get(verdict, "dim")
        table.add_row(*first, f"[{colour}]{verdict}[/]")
    return table


def as_markdown(rows: Sequence[Row]) -> str:
    lines = [f"| {' | '.join(HEADINGS)} |", "|---|---|---|--:|--:|---|---|"]
    lines += [f"| {' | '.join(cells(row))} |" for row in rows]
    return "\n".join(lines)


def processor() -> str:
    """Return the processor's name where the system reports it."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", told, flags=re.MULTILINE)
    return found[1] if found else platform.machine()


def machine() -> str:
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return (
        f"{processor()}, {os.cpu_count()} processors, {platform.system()} {platform.machine()},"
        f" Python {platform.python_version()}, commit {commit.stdout.strip() or 'unknown'},"
        f" load of the machine {os.getloadavg()[0]:.1f}"
    )


def with_table(page: str, rows: Sequence[Row], where: str) -> str:
    """Return the page with a new table and machine between the marks."""
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"{PAGE}: found no '{BEGIN}' with an '{END}' after it")
    return f"{before}{BEGIN}\n\n{as_markdown(rows)}\n\n{where}\n\n{END}{after}"


def write(rows: Sequence[Row]) -> None:
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), rows, machine()), encoding="utf-8")

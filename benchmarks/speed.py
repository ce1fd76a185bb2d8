"""How fast serfsim runs, beside programs that mark the ends of the scale.

    python -m benchmarks.speed [--nodes 100,1000,5000] [--repeats 3] [--quick] [--all] [--pure] [--json FILE]

Every measurement is a process of its own. The programs take turns, all of them once in every round, so
that a machine that is slow for a while is slow for all of them; the table shows medians. Times are CPU
seconds of the run itself, without start-up, scoring and writing.

The peers (SERFSIM_BENCH_PEERS names their folder) run a much smaller protocol than serfsim does, with
2 % loss and without faults but for some crashes: naive SimPy is what most people would write, C++ is
about what the machine can do. Read the ratios within one table, never figures across tables.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.cases import (
    PEERS_FOLDER,
    SECONDS,
    Case,
    Measurement,
    Ours,
    Peer,
    Unavailable,
    build,
    copy_of_peers,
)

# SimPy with a process for every node needs minutes and gigabytes above this.
NAIVE_UP_TO = 1000


@dataclass
class Row:
    """One case and what was measured of it, or why not."""

    case: Case
    measurements: list[Measurement] = field(default_factory=list)
    why_not: str = ""

    def measure(self, seed: int) -> None:
        if self.why_not:
            return
        try:
            self.measurements.append(self.case.measure(seed))
        except Unavailable as error:
            self.why_not = str(error)

    def median(self, figure: str) -> float:
        return float(statistics.median(getattr(measured, figure) for measured in self.measurements))

    def as_json(self) -> dict[str, Any]:
        row: dict[str, Any] = {
            "program": self.case.program,
            "nodes": self.case.nodes,
            "weather": self.case.weather,
        }
        if self.why_not:
            return {**row, "skipped": self.why_not}
        for figure in ("events", "events_per_s", "cpu_us_per_node_s", "times_real_time", "peak_mib"):
            row[figure] = self.median(figure)
        return {**row, "runs": [asdict(measured) for measured in self.measurements]}


def our_cases(sizes: list[int], pure: bool) -> list[Case]:
    cases: list[Case] = []
    for nodes in sizes:
        for weather, seconds in SECONDS.items():
            long = seconds[min(seconds, key=lambda size: abs(size - nodes))]
            cases.append(Ours(nodes, weather, long))
            if pure:
                cases.append(Ours(nodes, weather, long / 10, pure=True))
    return cases


def peer_rows(sizes: list[int], temporary: Path, everything: bool) -> list[Row]:
    """A row for every peer and size, with the reason where it cannot be measured."""
    programs = [("naive SimPy", "naive_simpy", False), ("C++ with a wheel", "cpp_limit", True)]
    rows = []
    for program, name, wheel in programs:
        why_not = ""
        folder = temporary / "peers" / name
        try:
            if not (temporary / "peers").exists():
                copy_of_peers(temporary)
            build(folder)
        except Unavailable as error:
            why_not = str(error)
        for nodes in sizes:
            row = Row(Peer(program, nodes, folder, wheel), why_not=why_not)
            if name == "naive_simpy" and nodes > NAIVE_UP_TO and not everything and not why_not:
                row.why_not = "takes minutes and gigabytes; --all runs it"
            rows.append(row)
    return rows


def measure_all(rows: list[Row], repeats: int, console: Console) -> None:
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("measuring", total=repeats * len(rows))
        for repeat in range(repeats):
            for row in rows:
                progress.update(task, description=row.case.label)
                row.measure(seed=1 + repeat)
                progress.advance(task)


def table_of(rows: list[Row]) -> Table:
    table = Table(title="medians; CPU time of one core")
    for heading in ("program", "nodes", "weather"):
        table.add_column(heading, justify="right" if heading == "nodes" else "left")
    for heading in ("events", "M events/s", "CPU us per node-second", "x real time", "peak MiB"):
        table.add_column(heading, justify="right")
    for row in sorted(rows, key=lambda row: row.case.nodes):
        start = (row.case.program, str(row.case.nodes), row.case.weather)
        if row.why_not:
            table.add_row(*start, f"[dim]{row.why_not}[/dim]")
            continue
        table.add_row(
            *start,
            f"{row.median('events'):,.0f}",
            f"{row.median('events_per_s') / 1e6:.2f}",
            f"{row.median('cpu_us_per_node_s'):.2f}",
            f"{row.median('times_real_time'):,.1f}",
            f"{row.median('peak_mib'):,.0f}",
        )
    return table


def main() -> None:
    about = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=about)
    parser.add_argument("--nodes", default="100,1000,5000", help="sizes of clusters, with commas between")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one repeat, up to 1000 nodes")
    parser.add_argument("--all", action="store_true", help="the slowest peers too")
    parser.add_argument("--pure", action="store_true", help="the interpreted form too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured")
    options = parser.parse_args()
    sizes = [int(size) for size in options.nodes.split(",")]
    if options.quick:
        options.repeats, sizes = 1, [size for size in sizes if size <= 1000]

    console = Console()
    with tempfile.TemporaryDirectory() as temporary:
        rows = [Row(case) for case in our_cases(sizes, options.pure)]
        rows += peer_rows(sizes, Path(temporary), options.all)
        measure_all(rows, options.repeats, Console(stderr=True))
    console.print(table_of(rows))
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    console.print(f"[dim]{machine}; the folder of the peers is named by {PEERS_FOLDER}[/dim]")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps([row.as_json() for row in rows], indent=2)
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Measure the speed of serfsim against its goals: `make bench`.

    python -m benchmarks.speed [NAME ...] [--quick] [--pairs 5] [--json FILE] [--write]

Every measurement is a process of its own. What is compared takes turns, and ratios are those of pairs that
ran one after the other, so that a machine that is slow for a while is slow for both: the table has their
median and its 95 % interval. In full it takes a quarter of an hour on a machine that does nothing else,
--quick some two minutes: one pair each, and none of what takes longest. NAMES select what is measured; a
part of a name is enough (`join`, `zone`). --write puts the table into docs/benchmarks.md.

Beside serfsim run the C++ program of benchmarks/peers and, of the folder that SERFSIM_BENCH_PEERS names,
`cpp_limit` (a much smaller protocol in C++) and `naive_simpy` (the same with a SimPy process for every node).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from rich.console import Console

from benchmarks import first_answer, goals, sweep_overhead
from benchmarks.cases import LOADS, NOT_COMPILED, Case, Load, Measurement, Ours, Peers, Unavailable
from benchmarks.goals import Row
from benchmarks.instructions import MARCH, instructions
from benchmarks.pairs import in_turns
from benchmarks.table import PAGE, as_table, machine, write
from serfsim.speed import is_compiled

NAIVE_UP_TO = 1000  # above, SimPy with a process per node needs minutes and gigabytes
SAVED = ("join-2000", "join-4000", "stormy-2000", "zone-1000")  # cases whose result is saved too
INTERRUPTED = Load("stormy", 2000, 120.0)
COUNTED = Load("join", 200, 40.0)  # case whose instructions are counted,
UNCOUNTED = Load("join", 200, 1.0)  # minus those of its start


class Bench:
    """The measurements of one call.

    `idle` keeps the values that rows of several sizes need.
    """

    def __init__(self, peers: Peers, pairs: int, quick: bool, begins: Callable[[str], None]) -> None:
        self.peers = peers
        self.pairs = pairs
        self.quick = quick
        self.begins = begins
        self.idle: dict[int, Sequence[Measurement]] = {}

    def in_turns(self, cases: Sequence[Case], rounds: int) -> list[list[Measurement]]:
        return in_turns(cases, 1 if self.quick else rounds, lambda case: self.begins(case.label))

    def storm(self, load: Load) -> list[Row]:
        ours = Ours(load, save=load.name in SAVED)
        mine, theirs = self.in_turns([ours, self.peers.storm(load)], self.pairs)
        rows = goals.cpu_rows(load, mine, theirs)
        rows.append(goals.memory_row(load, mine))
        if ours.save:
            rows.append(goals.share_row(load, mine))
        return rows

    def alone(self, load: Load) -> list[Row]:
        (mine,) = self.in_turns([Ours(load, save=True)], 1)
        return [goals.memory_row(load, mine), goals.share_row(load, mine)]

    def interruption(self) -> list[Row]:
        load = INTERRUPTED
        (found,) = self.in_turns([Ours(load, interrupt=True)], self.pairs)
        return goals.interruption_rows(load, found)

    def calm(self, load: Load) -> list[Row]:
        rounds = min(3, self.pairs)
        try:
            cases: list[Case] = [Ours(load), self.peers.idle("cpp_limit", load.nodes, wheel=True)]
            if load.nodes <= NAIVE_UP_TO:
                cases.append(self.peers.idle("naive_simpy", load.nodes))
        except Unavailable as error:
            (self.idle[load.nodes],) = self.in_turns([Ours(load)], rounds)
            cost = goals.median([one.cpu_us_per_node_s for one in self.idle[load.nodes]])
            figure = f"{goals.titled(load)}: CPU a node-second"
            return [Row(figure, goal=goals.IDLE, ours=f"{goals.number(cost)} us", why_not=str(error))]
        found = self.in_turns(cases, rounds)
        self.idle[load.nodes] = found[0]
        return [goals.idle_row(load, *found)]

    def large(self, load: Load) -> list[Row]:
        (mine,) = self.in_turns([Ours(load)], min(3, self.pairs))
        self.idle[load.nodes] = mine
        return goals.large_rows(load, mine)

    def flat(self) -> list[Row]:
        return [goals.flat_row(self.idle)] if len(self.idle) > 1 else []

    def instructions(self) -> list[Row]:
        self.begins("instructions")
        counts = []
        for made in (Ours, lambda load: self.peers.storm(load, MARCH)):
            whole, start = (made(load) for load in (COUNTED, UNCOUNTED))
            counts.append(instructions(whole.command(1)) - instructions(start.command(1)))
        mine, theirs = counts
        sent = sum(Ours(COUNTED).measure(seed=1).raw["sent"].values())
        words = f"{mine / sent:,.0f} a broadcast", f"C++ {theirs / sent:,.0f} a broadcast"
        return [Row(f"{goals.titled(COUNTED)}: instructions", mine / theirs, None, *words)]

    def sweep(self) -> list[Row]:
        require_compiled()
        self.begins("a sweep's overhead")
        one = sweep_overhead.overhead(100 if self.quick else 500)
        ours = f"{one.cpu_ms:.1f} ms of CPU, {one.worker_ms:.1f} ms of a worker"
        return [Row("sweep: overhead of a run", one.cpu_ms, goals.OVERHEAD, ours)]

    def workers(self) -> list[Row]:
        require_compiled()
        self.begins("two workers")
        times = sweep_overhead.times_one_worker()
        beside = f"two processes {goals.number(sweep_overhead.times_one_process())}"
        return [Row("sweep: two workers by one", times, goals.TWO_WORKERS, beside=beside)]

    def commands(self) -> list[Row]:
        require_compiled()
        self.begins("whole commands")
        return [
            Row(f"{label}: CPU", one.ratio, goals.Goal(one.most), f"{one.ours:.2f} s", f"{one.beside:.2f} s")
            for label, one in first_answer.judge(first_answer.measure(1 if self.quick else 7)).items()
        ]


def require_compiled() -> None:
    """Raise Unavailable where this process runs interpreted."""
    if not is_compiled():
        raise Unavailable(NOT_COMPILED)


def parts(bench: Bench) -> dict[str, Callable[[], list[Row]]]:
    """Return the measurements by name, in the order of the table."""

    def of(measure: Callable[[Load], list[Row]], *names: str) -> dict[str, Callable[[], list[Row]]]:
        return {name: partial(measure, LOADS[name]) for name in names}

    return {
        **of(bench.storm, "join-200", "join-1000", "join-2000", "stormy-1000", "storm-1000", "zone-1000"),
        "instructions": bench.instructions,
        **of(bench.alone, "stormy-2000", "join-4000"),
        "interruption": bench.interruption,
        **of(bench.calm, "idle-100", "idle-1000", "idle-5000"),
        **of(bench.large, "idle-10000"),
        "idle-growth": bench.flat,
        "sweep": bench.sweep,
        "workers": bench.workers,
        "commands": bench.commands,
    }


LONG = (
    "join-2000",
    "stormy-2000",
    "join-4000",
    "interruption",
    "idle-5000",
    "storm-1000",
    "instructions",
    "workers",
)


def select(names: Sequence[str], wanted: Sequence[str], quick: bool) -> list[str]:
    """Return the selected `names` in order.

    Raises SystemExit (2) where a word matches none.
    """
    if not wanted:
        return [name for name in names if not (quick and name in LONG)]
    found: set[str] = set()
    for word in wanted:
        meant = {word} & set(names) or {name for name in names if word in name}
        if not meant:
            print(f"found nothing called {word}; expected one of {', '.join(names)}", file=sys.stderr)
            raise SystemExit(2)
        found |= meant
    return [name for name in names if name in found]


def measure(bench: Bench, wanted: Sequence[str]) -> tuple[list[Row], bool]:
    """Return the rows, and True if all was measured; after an interruption, the rows so far."""
    everything = parts(bench)
    rows: list[Row] = []
    for name in select(list(everything), wanted, bench.quick):
        try:
            rows += everything[name]()
        except Unavailable as error:
            rows.append(Row(name, why_not=str(error)))
        except KeyboardInterrupt:
            return rows, False
    return rows, True


def main(arguments: Sequence[str] | None = None) -> int:
    about = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=about)
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to measure; all unless given")
    parser.add_argument("--quick", action="store_true", help="one pair each, and not what takes longest")
    parser.add_argument("--pairs", type=int, default=5, help="of each storm; three of calm at most")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows as JSON too")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.name} too")
    options = parser.parse_args(arguments)
    if options.pairs < 1:
        parser.error(f"found {options.pairs} pairs; expected at least 1")
    progress = Console(stderr=True)
    with tempfile.TemporaryDirectory() as temporary, progress.status("building") as status:
        bench = Bench(Peers(Path(temporary)), options.pairs, options.quick, status.update)
        rows, complete = measure(bench, options.names)
    # Without a terminal (a file, a pipe) there is no limit of 80 columns.
    console = Console()
    (console if console.is_terminal else Console(width=150)).print(as_table(rows))
    print(machine())
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps([{**asdict(row), "verdict": row.verdict} for row in rows], indent=2)
        options.json.write_text(text + "\n", encoding="utf-8")
    if options.write and complete:
        write(rows)
    if not complete:
        print("interrupted: the table has what was measured before", file=sys.stderr)
    return 0 if complete else 130


if __name__ == "__main__":
    sys.exit(main())

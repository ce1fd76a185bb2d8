"""Goals for the speed of serfsim, and the rows of the table that measure it.

A row has a value and usually a goal. Values are ratios wherever serfsim is compared with another program: CPU
seconds in the same case, measured alternately; a machine twice as slow gives the same ratio.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.cases import Load, Measurement
from benchmarks.pairs import Ratio, ratio


@dataclass(frozen=True)
class Goal:
    """A goal: exactly one of `at_most` and `at_least` is given."""

    at_most: float | None = None
    at_least: float | None = None
    unit: str = "times"

    def is_met(self, value: float) -> bool:
        if self.at_most is not None:
            return value <= self.at_most
        return self.at_least is None or value >= self.at_least

    def __str__(self) -> str:
        if self.at_most is not None:
            return f"at most {number(self.at_most)} {self.unit}"
        return f"at least {number(self.at_least or 0.0)} {self.unit}"


@dataclass(frozen=True)
class Row:
    """One row.

    Without `value` it shows `why_not`; with both, the value is not judged.
    """

    figure: str
    value: float | None = None
    goal: Goal | None = None
    ours: str = ""
    beside: str = ""
    interval: tuple[float, float] | None = None
    why_not: str = ""

    @property
    def verdict(self) -> str:
        if self.why_not:
            return self.why_not
        if self.value is None or self.goal is None:
            return ""
        return "met" if self.goal.is_met(self.value) else "missed"


# CPU of commit f9082de, the reference of these goals, relative to peers/storm: medians of five pairs.
BEFORE = {"stormy-1000": 5.37, "zone-1000": 6.85}

STORMS = {"join-200": Goal(4.0), "join-1000": Goal(3.0), "join-2000": Goal(3.0)}
OF_BEFORE = Goal(0.4)
IDLE = Goal(3.0)
REAL_TIME = Goal(at_least=10.0)
SET_UP = Goal(3.0, unit="s")
FLAT = Goal(3.0)
MEMORY = {
    "join-1000": Goal(200.0, unit="MiB"),
    "join-4000": Goal(1.2 * 1024, unit="MiB"),
    "idle-10000": Goal(900.0, unit="MiB"),
}
SHARE = Goal(0.2, unit="of the simulation's CPU")
LONG_S = 10.0  # SHARE applies to runs of more CPU seconds than this
NOTICED = Goal(0.3, unit="s")
KEPT = Goal(4.0, unit="s")
OVERHEAD = Goal(20.0, unit="ms")
TWO_WORKERS = Goal(at_least=1.9)


def number(value: float) -> str:
    """Format a number with three significant digits, and at least its whole digits."""
    if abs(value) >= 100.0:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def median(values: Sequence[float]) -> float:
    return float(statistics.median(values))


def title(load: Load) -> str:
    return f"{load.kind} {load.nodes:,}, {load.seconds:g} s"


def cpu_rows(load: Load, ours: Sequence[Measurement], yardstick: Sequence[Measurement]) -> list[Row]:
    """Return CPU relative to the C++ program, and relative to commit f9082de by way of that program."""
    mine, theirs = [one.cpu_s for one in ours], [one.cpu_s for one in yardstick]
    found = ratio(mine, theirs)
    words = f"{number(median(mine))} s", f"C++ {number(median(theirs))} s"
    rows = [Row(f"{title(load)}: CPU", found.median, STORMS.get(load.name), *words, interval_of(found))]
    before = BEFORE.get(load.name)
    if before:
        of_before = Ratio(*(figure / before for figure in found[:3]), found.pairs)
        beside = f"{number(before)} times C++"
        figure = f"{title(load)}: CPU, of that of f9082de"
        now = f"{number(found.median)} times C++"
        rows.append(Row(figure, of_before.median, OF_BEFORE, now, beside, interval_of(of_before)))
    return rows


def interval_of(found: Ratio) -> tuple[float, float] | None:
    """Return the interval; None for too few pairs."""
    return (found.low, found.high) if found.pairs > 2 else None


def memory_row(load: Load, ours: Sequence[Measurement]) -> Row:
    peak = median([one.peak_mib for one in ours])
    return Row(f"{title(load)}: peak memory", peak, MEMORY.get(load.name), f"{number(peak)} MiB")


def share_row(load: Load, ours: Sequence[Measurement]) -> Row:
    """Return the CPU of scoring, saving and the page as a share of the simulation's, for saved runs."""
    cpu = median([one.cpu_s for one in ours])
    after = [one.raw["scoring_s"] + one.raw["saving_s"] for one in ours]
    share = median([seconds / one.cpu_s for seconds, one in zip(after, ours, strict=True)])
    short = "" if cpu > LONG_S else f"not judged: the run took no more than {LONG_S:g} s"
    words = f"{number(median(after))} s", f"simulation {number(cpu)} s"
    return Row(f"{title(load)}: scoring, saving, page", share, SHARE, *words, why_not=short)


def idle_row(
    load: Load,
    ours: Sequence[Measurement],
    limit: Sequence[Measurement],
    naive: Sequence[Measurement] = (),
) -> Row:
    """Return the CPU per node-second, compared with mini-SWIM in C++ and in SimPy."""
    mine, theirs = ([one.cpu_us_per_node_s for one in runs] for runs in (ours, limit))
    found = ratio(mine, theirs)
    beside = f"C++ {number(median(theirs))} us"
    if naive:
        beside += f", SimPy {number(median([one.cpu_us_per_node_s for one in naive]))} us"
    figure = f"{title(load)}: CPU a node-second"
    return Row(figure, found.median, IDLE, f"{number(median(mine))} us", beside, interval_of(found))


def large_rows(load: Load, ours: Sequence[Measurement]) -> list[Row]:
    """Return the speed and the set-up time of a large idle cluster."""
    factor = median([one.simulated_s / one.raw["run_s"] for one in ours])
    set_up = median([one.raw["set_up_s"] for one in ours])
    run = median([one.raw["run_s"] for one in ours])
    return [
        Row(f"{title(load)}: times real time", factor, REAL_TIME, f"{number(run)} s"),
        Row(f"{title(load)}: set-up", set_up, SET_UP, f"{number(set_up)} s"),
        memory_row(load, ours),
    ]


def interruption_rows(load: Load, interrupted: Sequence[Measurement]) -> list[Row]:
    """Return wall times from Ctrl-C on."""
    noticed, saved = (median([one.raw[name] for one in interrupted]) for name in ("noticed_s", "saved_s"))
    return [
        Row(f"{title(load)}: Ctrl-C noticed", noticed, NOTICED, f"{number(noticed)} s"),
        Row(f"{title(load)}: all saved after Ctrl-C", saved, KEPT, f"{number(saved)} s"),
    ]


def flat_row(idle: dict[int, Sequence[Measurement]]) -> Row:
    """Return the growth of the cost of a node-second with the number of nodes."""
    cost = {nodes: median([one.cpu_us_per_node_s for one in runs]) for nodes, runs in sorted(idle.items())}
    spans = min(cost) <= 100 and max(cost) >= 10_000
    words = ", ".join(f"{nodes:,}: {number(us)}" for nodes, us in cost.items())
    why_not = "" if spans else "not judged: from 100 to 10,000 nodes it is"
    growth = max(cost.values()) / min(cost.values())
    return Row("idle: most by least CPU a node-second", growth, FLAT, f"{words} us", why_not=why_not)

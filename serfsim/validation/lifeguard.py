"""`python -m serfsim.validation.lifeguard`: Lifeguard's anomaly, beside recordings of the real memberlist.

Each recording has some members whose sends and receives blocked again and again, and every failure event that
memberlist's delegate told. It becomes a scenario of memberlist alone with the fault `stall`, which runs over
many seeds; the recorded counts should lie within the simulated range.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, NamedTuple

from serfsim.base.atomic_files import write_whole
from serfsim.engine.streams import stream
from serfsim.protocol import events
from serfsim.scenario.model import Scenario
from serfsim.simulation import Simulation

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / "tests" / "golden" / "lifeguard"
PAGE: Final = ROOT / "docs" / "validation_lifeguard.md"
SEEDS: Final = 40
QUIET: Final = 15.0  # seconds between the last join and the first block
GAPS: Final = (0.020, 0.040)  # seconds from one start to the next
# Chosen so that the blocked members of the windows of 16 ms are found alive as often as recorded.
READ_COST: Final = {"packet": "500us", "message": "10us"}


@dataclass(frozen=True)
class Recording:
    """One recorded run. Times in seconds; `config` as the library was set."""

    name: str
    members: int
    anomalous: tuple[str, ...]
    blocked: float
    open: float
    blocks: int
    config: dict[str, Any]
    figures: dict[str, int]
    lateness: float

    @property
    def duration(self) -> float:
        """Seconds from the first block to the end of the last."""
        return self.blocks * self.blocked + (self.blocks - 1) * self.open


class Counts(NamedTuple):
    """Failure events: about healthy members, those that healthy members raised, about blocked ones."""

    false: int
    at_healthy: int
    true: int


def read(path: Path) -> Recording:
    """Read a recording."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        data = json.load(file)
    return Recording(
        path.name.removesuffix(".json.gz"),
        data["members"],
        tuple(data["anomalous"]),
        data["blocked_s"],
        data["open_s"],
        data["blocks"],
        data["config"],
        data["figures"],
        data["machine"]["worst_lateness_s"],
    )


def recorded(recording: Recording) -> Counts:
    """Return the counts of a recording."""
    found = recording.figures
    return Counts(found["false_positives"], found["false_positives_at_healthy"], found["true_positives"])


def seconds(value: float) -> str:
    """Return a duration as a scenario has it, to the microsecond."""
    return f"{value:.6f}s"


def scenario(recording: Recording, seed: int, read_cost: dict[str, str]) -> Scenario:
    """Return the scenario of a recording: members join the first, one after the other, and then are quiet."""
    draws = stream(seed, "lifeguard/starts")
    starts = [0.0]
    while len(starts) < recording.members:
        starts.append(starts[-1] + GAPS[0] + (GAPS[1] - GAPS[0]) * draws.random())
    names = [f"agent-{number:03}" for number in range(recording.members)]
    chosen = ("suspicion_mult", "suspicion_max_timeout_mult", "awareness_max_multiplier")
    period = recording.blocked + recording.open
    stall = {"at": "0s", "for": seconds(recording.blocked), "every": seconds(period)}
    return Scenario(
        cluster={
            "protocol": "memberlist",
            "memberlist": "0.2.2",
            "nodes": names,
            "start": {"at": [seconds(start) for start in starts]},
            "config": {key: recording.config[key] for key in chosen},
            "read_cost": read_cost,
            "processing_delay": "20us",
        },
        network={"topology": {"model": "plane", "rtt": "80us"}},
        faults=[{"stall": list(recording.anomalous), "times": recording.blocks, **stall}],
        warm_up=seconds(starts[-1] + QUIET),
        duration=seconds(recording.duration),
    )


def simulate(recording: Recording, read_cost: dict[str, str], seed: int) -> Counts:
    """Run a recording's scenario once, and count as the recording does."""
    sim = Simulation(scenario(recording, seed, read_cost), seed)
    result = sim.run()
    assert result.recording is not None
    table = result.recording.events
    blocked = {int(number[-3:]) for number in recording.anomalous}
    counts = [0, 0, 0]
    for kind, t, observer, subject in zip(table.kind, table.t, table.observer, table.subject, strict=True):
        if kind == events.FAILED and 0.0 <= t <= recording.duration:
            if int(subject) in blocked:
                counts[2] += 1
            else:
                counts[0] += 1
                counts[1] += int(observer) not in blocked
    return Counts(*counts)


# The page --------------------------------------------------------------------------------------------

_SHARED: Final = "Four members that wake at once share two cores: with 1ms a packet the ranges hold it"
_HASTE: Final = "Probably a real process does not wake all its threads in so short a window; here it does"
REASONS: Final[dict[str, str]] = {
    "n20-C4-D12288-I16-all-s2": _SHARED,
    "n20-C4-D12288-I16-none-s1": _SHARED,
    "n20-C4-D12288-I16-none-s2": "One healthy member failed at 15 others at once, as in runs with 700us",
    "n20-C4-D2048-I1-all-s1": _HASTE,
    "n20-C4-D2048-I1-none-s1": _HASTE,
    "n20-C4-D8192-I4-all-s1": _HASTE,
    "n20-C4-D8192-I4-none-s1": _HASTE,
    "n32-C4-D16384-I256-suspicion-s1": "One member was not found alive in one window, as in rows before",
}
"""Why a recorded count is outside, as far as runs at other costs show it, by the recording's name."""


def is_inside(real: int, simulated: Iterable[int]) -> bool:
    """Return whether a count lies within the simulated range."""
    values = sorted(simulated)
    return values[0] <= real <= values[-1]


def row(recording: Recording, runs: Sequence[Counts]) -> str:
    """Return the line of a recording: its counts, and the simulated medians and ranges."""
    cells = [recording.name, f"{1e3 * recording.lateness:.1f}"]
    outside = []
    columns = zip(Counts._fields, recorded(recording), zip(*runs, strict=True), strict=True)
    for name, real, simulated in columns:
        values = sorted(simulated)
        middle = values[len(values) // 2]
        cells += [str(real), f"{middle} ({values[0]} to {values[-1]})"]
        if not is_inside(real, simulated):
            outside.append(name.replace("_", " "))
    verdict = "inside"
    if outside:
        reason = REASONS.get(recording.name, "")
        verdict = f"outside: {', '.join(outside)}" + (f". {reason}" if reason else "")
    return f"| {' | '.join([*cells, verdict])} |"


BEGINNING: Final = """# Lifeguard's anomaly beside the real memberlist

The Lifeguard paper (arXiv 1707.00788) blocks members before they send and after they receive any message,
while their clocks run on. {count} runs of the real memberlist 0.2.2 behind a transport that does this were
recorded, 20 or 32 members in one process. Each became a scenario of `protocol: memberlist` with the fault
`stall`, the same members, blocks and settings; it ran over {seeds} seeds. `python -m
serfsim.validation.lifeguard` writes this page.

A recording is one run, in real time on a shared machine of two cores, so its counts are to lie within the
simulated range. Counts are failure events that any member raised: false ones are about members that were
never blocked, and those "at healthy" were raised by such members too. "Late" is how late, at worst, a gate
of the recording opened or shut: where that is not small beside the time that it stood open, the recorded
window was another than the simulated one. Names say how many members, how many blocked, for how many ms,
how many ms between blocks, and the parts of Lifeguard that were on; the buddy system always was.

{inside} of {count} recordings lie inside with all three counts.

A packet costs its reader {packet} here, and a message in it its worker {message}. The first was chosen:
with it members in windows of 16 ms are found alive again as often as recorded, where all members shared two
cores. With 100us they always are (95 true failures where 57 were recorded), with 1ms too seldom; windows of
256 ms and more hardly depend on it. With 1ms for a message, in the worker as in the library, the ranges
hardly move.

| recording | late, ms | false | simulated | at healthy | simulated | true | simulated | verdict |
|---|---:|---:|---:|---:|---:|---:|---:|---|
"""


def page(rows: Sequence[str], seeds: int, read_cost: dict[str, str]) -> str:
    """Return the page in Markdown."""
    inside = sum(line.endswith("| inside |") for line in rows)
    head = BEGINNING.format(count=len(rows), seeds=seeds, inside=inside, **read_cost)
    return head + "\n".join(rows) + "\n"


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m serfsim.validation.lifeguard", description=__doc__)
    parser.add_argument("--recordings", default="*", metavar="GLOB", help="only recordings whose names match")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="simulated runs per recording")
    parser.add_argument("--workers", type=int, default=2, help="number of processes")
    parser.add_argument("--packet", default=READ_COST["packet"], help="what a packet costs its reader")
    parser.add_argument("--message", default=READ_COST["message"], help="what a message costs the worker")
    parser.add_argument("--page", type=Path, help=f"page to write (default for all recordings: {PAGE.name})")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> None:
    """Compare the recordings with simulated runs; print a line for each, and write the page."""
    given = arguments(words)
    read_cost = {"packet": given.packet, "message": given.message}
    paths = sorted(FOLDER.glob("*.json.gz"))
    rows = []
    with ProcessPoolExecutor(given.workers, mp_context=get_context("spawn")) as pool:
        for path in paths:
            recording = read(path)
            if fnmatchcase(recording.name, given.recordings):
                runs = list(pool.map(partial(simulate, recording, read_cost), range(1, given.seeds + 1)))
                rows.append(row(recording, runs))
                print(rows[-1], flush=True)
    where = given.page or (PAGE if len(rows) == len(paths) else None)
    if where is not None:
        write_whole(where, page(rows, given.seeds, read_cost))


if __name__ == "__main__":
    main()

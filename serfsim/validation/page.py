"""The validation page: agreement, differences and causes, then every judged figure by release."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from serfsim.validation.causes import BY_CHANCE, UNKNOWN, cause_of, cause_of_outlier
from serfsim.validation.compare import AGREES, OPEN, Pair, Row, standard_errors
from serfsim.validation.noise import early_stall
from serfsim.validation.outliers import LEAST, Outlier, outliers
from serfsim.validation.plot import FIGURES, save_figures
from serfsim.validation.releases import order_of, release_of
from serfsim.validation.tally import (
    OTHERS,
    SIZES,
    ZEROS,
    share_of,
    shares_by_release,
    sort_of,
    table,
    with_tolerance,
)

INTRODUCTION = """\
# Simulated clusters beside real ones

Real Serf agents ran on an emulated network: {recordings} recordings of {smallest} to {largest} agents each
({releases}), with crashes, blocked UDP, isolated nodes, lost packets, stopped processes,
partitions, user events, queries and leaves. Each recording became a scenario with the same
latencies, start times and fault times, and with the stalls that the recording's machine noted; it ran {seeds}
times with different seeds, each as the release that the recording names. Recordings and runs were then
measured by the same code. `make golden` does all of this again and writes this page.

How far each figure may differ was laid down with the recordings, before anything was simulated, from how
repeatable the figure is among real clusters (`serfsim/validation/tolerances.py`, which names those that came
later). "2 se" are two standard errors of the recorded mean, known where there is more than one recorded
value. Verdicts:

- **agrees**: within the tolerance;
- **open**: the margin is missed by no more than the margin itself, and no further than chance accounts for;
- **differs**: everything else. Chance may account for it where a right simulation would be as far from so few
  recorded values in more than 1 case in 100.

{share}

{releases_agree}
"""

TOPICS = (
    (
        "baseline",
        "No faults",
        "Rates, sizes and coordinates. Coordinate errors are medians over pairs.",
    ),
    ("crash", "Crashes", "Seconds from the kill of each victim."),
    ("udp_blocked", "UDP blocked, TCP allowed", "The TCP fallback saves every probe: nobody is suspected."),
    ("isolated", "Everything blocked", "Seconds from the block."),
    ("no_route", "No route at one agent", "X cannot send, by UDP or at all. Seconds from then on."),
    ("loss", "Lost packets", "Of the whole cluster, from 10 s after the loss began. `notcp`: TCP blocked."),
    ("pause", "Stopped processes", "Members stopped for 8 to 16 s, again and again."),
    ("partition", "Partitions", "Seconds from the cut to failed, and from the healing to alive again."),
    ("dissemination", "User events and queries", "Seconds from the command. Copies are those on the wire."),
    ("leave", "Leaves", "Seconds from the command. `leavehalf`: 8 of 16 leave within 4 s."),
)


def write_page(path: Path, rows: list[Row], pairs: list[Pair], skipped: dict[str, str]) -> None:
    """Write the page, and its figures beside it under images/."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_figures(path.parent / "images", pairs)
    path.write_text("\n".join(lines(rows, pairs, skipped)) + "\n", encoding="utf-8")


def lines(rows: list[Row], pairs: list[Pair], skipped: dict[str, str]) -> Iterator[str]:
    yield INTRODUCTION.format(
        recordings=len(pairs),
        smallest=min(pair.golden.n for pair in pairs),
        largest=max(pair.golden.n for pair in pairs),
        releases=", ".join(software(pairs)),
        seeds=len(pairs[0].runs),
        share=share_of(rows),
        releases_agree="\n".join(f"- {share}" for share in shares_by_release(rows)),
    )
    yield from table(rows)
    yield ""
    for name, (title, _) in FIGURES.items():
        yield f"![{title}](images/{name}.png)\n"
    causes = Causes()
    yield from differences(rows, causes)
    yield from list_outliers(*outliers(pairs), causes)
    yield from causes.lines()
    yield from list_stalls(pairs)
    for kind, title, words in TOPICS:
        asked = [row for row in with_tolerance(rows) if row.kind == kind]
        if asked:
            yield f"## {title}\n\n{words}\n"
            yield from by_release([row for row in asked if sort_of(row) == OTHERS])
            yield from zeros([row for row in asked if sort_of(row) == ZEROS])
    yield from sizes([row for row in with_tolerance(rows) if sort_of(row) == SIZES])
    yield from list_skipped(skipped)


def software(pairs: list[Pair]) -> Iterator[str]:
    """Yield '60 of Serf 0.9.4' for each software."""
    names = [release_of(pair.golden).name for pair in pairs]
    for name in sorted(set(names), key=lambda name: -names.count(name)):
        yield f"{names.count(name)} of Serf {name.replace('-ml', ' with memberlist ')}"


# What does not agree ----------------------------------------------------------------------------------


class Causes:
    """Causes, numbered in the order of first use and listed once."""

    def __init__(self) -> None:
        self.known: list[str] = []

    def number(self, cause: str) -> str:
        if cause in (UNKNOWN, BY_CHANCE):
            return cause
        if cause not in self.known:
            self.known.append(cause)
        return f"[{self.known.index(cause) + 1}](#causes)"

    def lines(self) -> Iterator[str]:
        if self.known:
            yield "## Causes\n"
            yield from (f"{number}. {cause}." for number, cause in enumerate(self.known, 1))
            yield ""


def differences(rows: list[Row], causes: Causes) -> Iterator[str]:
    """Yield the figures that do not agree: one by one, or by figure where chance may account for them."""
    found = [row for row in with_tolerance(rows) if row.verdict != AGREES]
    yield "## What does not agree\n"
    sure = [row for row in found if not row.by_chance]
    if sure:
        yield "| circumstances | release | figure | verdict | how far | cause |"
        yield "|---|---|---|---|---|---|"
    for row in sure:
        cause = causes.number(cause_of(row))
        yield f"| {row.group} | {row.release} | {row.figure} | {row.verdict} | {row.note} | {cause} |"
    yield "" if sure else "Nothing beyond chance.\n"
    yield from perhaps([row for row in found if row.by_chance], with_tolerance(rows), causes)


def perhaps(found: list[Row], asked: list[Row], causes: Causes) -> Iterator[str]:
    """Yield the figures that chance may account for, with the deviation over all groups of a kind."""
    if not found:
        return
    yield "Chance may account for these, group by group. The last column but one is of all groups of the"
    yield "kind together, those that agree too: by how many standard errors recorded values lie above"
    yield "simulated ones.\n"
    yield "| kind | figure | open | differs | all together | cause |"
    yield "|---|---|---:|---:|---:|---|"
    for kind, figure in dict.fromkeys((row.kind, row.figure) for row in found):
        mine = [row for row in found if (row.kind, row.figure) == (kind, figure)]
        every = [row for row in asked if (row.kind, row.figure) == (kind, figure)]
        known = dict.fromkeys(cause_of(row) for row in mine if cause_of(row) not in (BY_CHANCE, UNKNOWN))
        are_open = sum(row.verdict == OPEN for row in mine)
        yield (
            f"| {kind} | {figure} | {are_open} | {len(mine) - are_open} of {len(every)} |"
            f" {together(every):+.1f} | {', '.join(map(causes.number, known))} |"
        )
    yield ""


def together(rows: list[Row]) -> float:
    """Combine the standard errors of several groups (Stouffer et al. 1949), leaving out constant figures."""
    errors = []
    for row in rows:
        if len(row.recorded) and len(row.simulated) > 1 and row.simulated.std() > 0.0:
            sign = 1.0 if row.recorded.mean() > row.simulated.mean() else -1.0
            errors.append(sign * standard_errors(row.recorded, row.simulated))
    return sum(errors) / math.sqrt(len(errors)) if errors else 0.0


def list_outliers(found: list[Outlier], looked_at: int, causes: Causes) -> Iterator[str]:
    """Yield the figures without a tolerance that the recordings contradict."""
    yield "## What else recordings contradict\n"
    yield f"No agreement was laid down for {looked_at} values. Each was held against the 1..99 % range of its"
    yield "own recording's simulated runs, outside which one in fifty lies by chance. Here are the figures"
    yield f"that lie outside in {LEAST} recordings of a kind or more, to the same side.\n"
    if not found:
        yield "None.\n"
        return
    sure = [one for one in found if not one.by_chance]
    if sure:
        yield "| kind | figure | recorded | recordings | recorded, simulated mean | cause |"
        yield "|---|---|---|---:|---|---|"
    for one in sure:
        values = "; ".join(f"{a:.4g}, {b:.4g}" for a, b in zip(one.recorded, one.simulated, strict=True))
        cause = causes.number(cause_of_outlier(one))
        yield f"| {one.kind} | {one.figure} | {' | '.join(where(one))} | {values} | {cause} |"
    yield ""
    for kind in dict.fromkeys(one.kind for one in found):
        mine = [" ".join((one.figure, *where(one))) for one in found if one.kind == kind and one.by_chance]
        if mine:
            yield f"Chance may account for these of {kind}: {', '.join(mine)}.\n"


def where(one: Outlier) -> tuple[str, str]:
    """Return ('above', '2 of 17')."""
    return ("above" if one.above else "below"), f"{len(one.recordings)} of {one.of}"


def list_stalls(pairs: list[Pair]) -> Iterator[str]:
    found = [(pair.golden.name, early_stall(pair.golden)) for pair in pairs]
    told = [f"{name} ({1000 * length:.0f} ms)" for name, length in found if length > 0.0]
    if told:
        yield "## Recordings whose machine stalled during the join\n"
        yield "Pings that wait for such a stall stay in the latency filters of the coordinates and come back"
        yield "in the second round of probes: coordinates converge later. The runs stall as long:"
        yield f"{', '.join(told)}.\n"


# Every judged figure ----------------------------------------------------------------------------------


def by_release(rows: list[Row]) -> Iterator[str]:
    """Yield a line for each figure of a group, with a column for each release."""
    releases = sorted({row.release for row in rows}, key=order_of)
    yield "Recorded mean (how many values, of several) / simulated mean [middle 98 % of simulated values].\n"
    yield f"| circumstances | figure | tolerance | {' | '.join(releases)} |"
    yield f"|---|---|---|{'---|' * len(releases)}"
    found: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        found.setdefault((row.group, row.figure), {})[row.release] = row
    for (group, figure), mine in found.items():
        cells = [cell(mine[release]) if release in mine else "" for release in releases]
        tolerance = next(iter(mine.values())).tolerance
        assert tolerance is not None
        yield f"| {group} | {figure} | {tolerance.text()} | {' | '.join(cells)} |"
    yield ""


def cell(row: Row) -> str:
    recorded = f"{row.recorded.mean():.4g}" if len(row.recorded) else "-"
    count = f" ({len(row.recorded)})" if len(row.recorded) > 1 else ""
    text = f"{recorded}{count} / -"
    if len(row.simulated):
        low, high = row.simulated_range
        text = f"{recorded}{count} / {row.simulated.mean():.4g} [{low:.4g}, {high:.4g}]"
    return text if row.verdict == AGREES else f"{text} **{row.verdict}**"


def zeros(rows: list[Row]) -> Iterator[str]:
    """Summarise figures that are always 0 in a sentence; others are listed as differences."""
    if rows:
        right = [row for row in rows if row.verdict == AGREES]
        names = ", ".join(dict.fromkeys(row.figure for row in right))
        yield f"Always 0, as recorded, in {len(right)} of {len(rows)}: {names}.\n"


def sizes(rows: list[Row]) -> Iterator[str]:
    """Yield one line for each message type, over all groups that had it."""
    yield "## Sizes of messages\n"
    yield "Mean bytes of a message without headers, in every group in which real and simulated agents sent"
    yield "any: exact, to a millionth. Acks only where none came by way of a helper, without a coordinate.\n"
    yield "| message | groups | recorded | simulated | agree |"
    yield "|---|---:|---|---|---:|"
    for figure in dict.fromkeys(row.figure for row in rows):
        mine = [row for row in rows if row.figure == figure]
        told = {f"{value:.4g}" for row in mine for value in row.recorded}
        ours = {f"{value:.4g}" for row in mine for value in row.simulated}
        agreeing = sum(row.verdict == AGREES for row in mine)
        name = figure.removesuffix("_message_bytes")
        yield f"| {name} | {len(mine)} | {', '.join(sorted(told))} | {', '.join(sorted(ours))} | {agreeing} |"
    yield ""


def list_skipped(skipped: dict[str, str]) -> Iterator[str]:
    """Yield each reason once, with the recordings it excludes."""
    if skipped:
        yield "## Not simulated\n"
    for why in dict.fromkeys(skipped.values()):
        names = ", ".join(name for name, reason in skipped.items() if reason == why)
        yield f"- {names}: {why}"

"""The comparison as a page: verdicts first, then every figure that has a tolerance, then all the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from serfsim.validation.causes import cause_of
from serfsim.validation.compare import AGREES, DIFFERS, OPEN, Pair, Row
from serfsim.validation.plot import FIGURES, save_figures

INTRODUCTION = """\
# Simulated clusters beside real ones

Real Serf agents (0.9.4, memberlist 0.2.2) ran on an emulated network: {recordings} recordings of
{smallest} to {largest} agents each, with crashes, blocked UDP, isolated nodes, lost packets, stopped
processes, partitions, user events, queries and leaves. Each recording became a scenario with the same
latencies, start times and fault times, which ran {seeds} times with different seeds. Recordings
and runs were then measured by the same code.
`make golden` does all of this again and writes this page.

How far each figure may differ was laid down with the recordings, before anything was simulated, from how
repeatable the figure is among real clusters (`serfsim/validation/tolerances.py`, which names the few that
were not). "2 se" are two standard errors of the recorded mean, known where there is more than one recorded
value. The range holds the middle 98 % of simulated values. Verdicts:

- **agrees**: within the tolerance ({agrees} figures, {sizes} of them sizes of messages);
- **open**: the margin is missed, but the recorded mean is so uncertain that a right simulation would be
  off as far in more than 1 case in 100 ({open} figures);
- **differs**: beyond the tolerance, and not by chance ({differs} figures).
"""

TOPICS = (
    ("a-", "Nothing happens", "Rates, sizes and coordinates. Coordinate errors are medians over all pairs."),
    ("b-", "Crashes", "Seconds from the kill of each victim."),
    ("c-", "UDP blocked, TCP allowed", "The TCP fallback saves every probe: nobody is ever suspected."),
    ("d-", "Everything blocked", "Seconds from the block."),
    ("e-", "Lost packets", "Of the whole cluster, from 10 s after the loss began. `notcp`: TCP blocked."),
    ("f-", "Stopped processes", "Members stopped for 8 to 16 s, again and again."),
    ("g-", "Partitions", "Seconds from the cut to failed, and from the healing to alive again."),
    ("h-", "User events and queries", "Seconds from the command. Copies are all those of one on the wire."),
    ("i-", "Leaves", "Seconds from the command."),
)
HEAD = (
    "| group | figure | recorded | simulated | 1..99 % | tolerance | verdict |",
    "|---|---|---:|---:|---|---|---|",
)


def write_page(path: Path, rows: list[Row], pairs: list[Pair], skipped: dict[str, str]) -> None:
    """Write the page, and its figures beside it under images/."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_figures(path.parent / "images", pairs)
    path.write_text("\n".join(lines(rows, pairs, skipped)) + "\n", encoding="utf-8")


def lines(rows: list[Row], pairs: list[Pair], skipped: dict[str, str]) -> Iterator[str]:
    verdicts = [row.verdict for row in rows]
    yield INTRODUCTION.format(
        recordings=len(pairs),
        smallest=min(pair.golden.n for pair in pairs),
        largest=max(pair.golden.n for pair in pairs),
        seeds=len(pairs[0].runs),
        agrees=verdicts.count(AGREES),
        sizes=sum(row.verdict == AGREES and is_size(row) for row in rows),
        open=verdicts.count(OPEN),
        differs=verdicts.count(DIFFERS),
    )
    for name, (title, _) in FIGURES.items():
        yield f"![{title}](images/{name}.png)\n"
    yield from differences(rows)
    for prefix, title, words in TOPICS:
        judged = [row for row in rows if row.group.startswith(prefix) and row.verdict and not is_size(row)]
        if judged:
            yield f"## {title}\n\n{words}\n"
            yield from HEAD
            yield from map(judged_line, judged)
            yield ""
    yield from sizes([row for row in rows if row.verdict and is_size(row)])
    yield from everything_else(rows)
    if skipped:
        yield "## Left out\n"
    for name, why in skipped.items():
        yield f"- {name}: {why}"


def is_size(row: Row) -> bool:
    return row.figure.endswith("_message_bytes")


def sizes(rows: list[Row]) -> Iterator[str]:
    """One line for each type of message, over all groups that had it."""
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


def differences(rows: list[Row]) -> Iterator[str]:
    """What does not agree, and why."""
    yield "## What does not agree\n"
    found = [row for row in rows if row.verdict in (OPEN, DIFFERS)]
    if not found:
        yield "Nothing.\n"
        return
    yield "| group | figure | verdict | how far | cause |"
    yield "|---|---|---|---|---|"
    for row in found:
        cause = cause_of(row.group, row.figure)
        yield f"| {row.group} | {row.figure} | {row.verdict} | {row.note} | {cause} |"
    yield ""


def judged_line(row: Row) -> str:
    assert row.tolerance is not None
    verdict = row.verdict if row.verdict == AGREES else f"**{row.verdict}**"
    return f"| {row.group} | {row.figure} | {values(row)} | {row.tolerance.text()} | {verdict} |"


def values(row: Row) -> str:
    if len(row.recorded) == 0 or len(row.simulated) == 0:
        return f"{mean(row.recorded)} | {mean(row.simulated)} |"
    low, high = row.simulated_range
    count = f" ({len(row.recorded)})" if len(row.recorded) > 1 else ""
    return f"{mean(row.recorded)}{count} | {mean(row.simulated)} | {low:.4g} .. {high:.4g}"


def mean(numbers: object) -> str:
    from numpy import asarray

    array = asarray(numbers, dtype=float)
    return f"{array.mean():.4g}" if len(array) else "-"


def everything_else(rows: list[Row]) -> Iterator[str]:
    """Figures without a tolerance, folded away."""
    yield "## All other figures\n"
    yield "No agreement was laid down for these. A number in parentheses counts the recorded values, where"
    yield "there are several.\n"
    others: dict[str, list[Row]] = {}
    for row in rows:
        if not row.verdict and len(row.recorded) + len(row.simulated):
            others.setdefault(row.group, []).append(row)
    for group, members in others.items():
        yield f"<details><summary>{group}</summary>\n"
        yield "| figure | recorded | simulated | 1..99 % |"
        yield "|---|---:|---:|---|"
        for row in members:
            yield f"| {row.figure} | {values(row)} |"
        yield "\n</details>\n"

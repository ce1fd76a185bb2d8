"""Counts of figures that agree: in total, by sort, by release, by kind and release."""

from __future__ import annotations

from collections.abc import Iterator

from serfsim.validation.compare import AGREES, DIFFERS, OPEN, Row
from serfsim.validation.releases import order_of

SIZES, ZEROS, OTHERS = "sizes of messages", 'figures that are to be "0"', "all others"
SORTS = (SIZES, ZEROS, OTHERS)


def sort_of(row: Row) -> str:
    if row.figure.endswith("_message_bytes"):
        return SIZES
    return ZEROS if row.tolerance is not None and row.tolerance.check == "zero" else OTHERS


def with_tolerance(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.verdict]


def agreeing(rows: list[Row]) -> str:
    """Format '12 of 14 (86 %)'; a dash without rows."""
    agree = sum(row.verdict == AGREES for row in rows)
    return f"{agree} of {len(rows)} ({100 * agree / len(rows):.1f} %)" if rows else "-"


def share_of(rows: list[Row]) -> str:
    """Return one sentence with the share of agreement, in total and for each sort of figure."""
    asked = with_tolerance(rows)
    parts = [f"{sort}: {agreeing([row for row in asked if sort_of(row) == sort])}" for sort in SORTS]
    return f"{agreeing(asked)} judged figures agree; {'; '.join(parts)}."


def shares_by_release(rows: list[Row]) -> Iterator[str]:
    """Yield 'Serf 0.10.2: 12 of 14 (86 %)' for each release, with what chance accounts for of the rest."""
    asked = with_tolerance(rows)
    for release in sorted({row.release for row in asked}, key=order_of):
        mine = [row for row in asked if row.release == release]
        rest = [row for row in mine if row.verdict != AGREES]
        chance = sum(row.by_chance for row in rest)
        yield (
            f"Serf {release.replace('-ml', ' with memberlist ')}: {agreeing(mine)} agree;"
            f" chance may account for {chance} of the other {len(rest)}"
        )


def table(rows: list[Row]) -> Iterator[str]:
    """Yield a Markdown table of verdicts by kind and release, with sizes and zeros in separate columns."""
    yield "| kind | release | sizes agree | zeros agree | others agree | open | differ | of these by chance |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|"
    asked = with_tolerance(rows)
    keys = dict.fromkeys((row.kind, row.release) for row in asked)
    for kind, release in [*sorted(keys), ("all", "")]:
        mine = [row for row in asked if kind == "all" or (row.kind, row.release) == (kind, release)]
        cells = [agreement_of([row for row in mine if sort_of(row) == sort]) for sort in SORTS]
        differing = [row for row in mine if row.verdict == DIFFERS]
        cells += [
            str(sum(row.verdict == OPEN for row in mine)),
            str(len(differing)),
            str(sum(row.by_chance for row in differing)),
        ]
        yield f"| {kind} | {release} | {' | '.join(cells)} |"


def agreement_of(rows: list[Row]) -> str:
    return f"{sum(row.verdict == AGREES for row in rows)} of {len(rows)}" if rows else "-"

"""`python -m serfsim.validation`: compare simulated clusters with the recordings of real ones."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from serfsim.errors import SerfsimError
from serfsim.speed import is_compiled
from serfsim.validation.compare import DIFFERS, Pair, Row, compare
from serfsim.validation.conversion import as_recording
from serfsim.validation.figures import figures
from serfsim.validation.golden import Golden, read, recordings_in
from serfsim.validation.runs import run_all
from serfsim.validation.scenario import NotComparable, faults, warm_up

ROOT = Path(__file__).resolve().parents[2]
PAGE = Path("docs") / "validation.md"
QUICK_SEEDS = 3


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m serfsim.validation", description=__doc__)
    parser.add_argument("--recordings", type=Path, default=ROOT / "tests" / "golden", help="their folder")
    parser.add_argument("--only", default="", help="only recordings whose names contain this")
    parser.add_argument("--seeds", type=int, default=20, help="simulated runs of each recording")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time")
    parser.add_argument(
        "--quick", action="store_true", help=f"{QUICK_SEEDS} seeds, and no page unless asked for"
    )
    parser.add_argument("--cache", type=Path, default=Path("results") / "golden", help="kept figures")
    parser.add_argument("--page", type=Path, help=f"what is written (all seeds of all: {PAGE})")
    return parser.parse_args(words)


def comparable(paths: list[Path]) -> tuple[list[tuple[Path, Golden]], dict[str, str]]:
    """The recordings to compare, and why the others are left out."""
    kept, skipped = [], {}
    for path in paths:
        golden = read(path)
        try:
            list(faults(golden, warm_up(golden)))
        except NotComparable as error:
            skipped[golden.name] = str(error)
            continue
        kept.append((path, golden))
    return kept, skipped


def show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} of {total} runs", end="" if done < total else "\n", file=sys.stderr, flush=True)


def print_rows(rows: list[Row]) -> None:
    for row in rows:
        if row.tolerance is not None and len(row.recorded) and len(row.simulated):
            low, high = row.simulated_range
            print(
                f"{row.verdict:8} {row.group:32} {row.figure:34}"
                f" {row.recorded.mean():10.4g} {row.simulated.mean():10.4g} [{low:.4g}, {high:.4g}]"
                f"  {row.tolerance.text()}  {row.note}"
            )


def main(words: list[str] | None = None) -> int:
    given = arguments(words)
    begun = time.monotonic()
    kept, skipped = comparable([p for p in recordings_in(given.recordings) if given.only in p.name])
    if not kept:
        print(f"{given.recordings}: found no recording to compare whose name contains '{given.only}'")
        return 2
    if not is_compiled():
        print("running interpreted, some ten times slower than compiled (make build)", file=sys.stderr)
    seeds = list(range(1, (QUICK_SEEDS if given.quick else given.seeds) + 1))
    runs = run_all([path for path, _ in kept], seeds, given.cache, given.workers, show_progress)
    pairs = [
        Pair(golden, figures(golden, as_recording(golden, warm_up(golden))), runs[golden.name])
        for _, golden in kept
    ]
    rows = compare(pairs)
    print_rows(rows)
    for name, why in skipped.items():
        print(f"left out {name}: {why}")
    differing = sum(row.verdict == DIFFERS for row in rows)
    judged = sum(row.verdict != "" for row in rows)
    took = time.monotonic() - begun
    print(f"{judged - differing} of {judged} figures agree or are open; {took:.0f} s, {len(seeds)} seeds")
    page = given.page or (None if given.quick or given.only else PAGE)
    if page is not None:
        from serfsim.validation.page import write_page

        write_page(page, rows, pairs, skipped)
        print(page)
    return 1 if differing else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SerfsimError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted; what has run is kept", file=sys.stderr)
        sys.exit(130)

"""`python -m serfsim.validation`: compare simulated clusters with recordings of real ones."""

from __future__ import annotations

import argparse
import sys
import time
from fnmatch import fnmatchcase
from pathlib import Path

from serfsim.base.errors import SerfsimError
from serfsim.speed import is_compiled
from serfsim.validation.compare import AGREES, Pair, Row, compare
from serfsim.validation.conversion import as_recording
from serfsim.validation.figures import figures
from serfsim.validation.golden import Golden, NotComparable, RecordingError, name_of, read, recordings_in
from serfsim.validation.outliers import outliers
from serfsim.validation.releases import release_of
from serfsim.validation.runs import run_all
from serfsim.validation.scenario import faults, warm_up
from serfsim.validation.tally import share_of, shares_by_release, table

ROOT = Path(__file__).resolve().parents[2]
PAGE = Path("docs") / "validation.md"
QUICK_SEEDS = 3

Chosen = list[tuple[Path, Golden]]


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m serfsim.validation", description=__doc__)
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "tests" / "golden", help="folder of the recordings"
    )
    parser.add_argument("--recordings", default="*", metavar="GLOB", help="only recordings whose names match")
    parser.add_argument("--kind", help="only recordings of this kind, such as crash or leave")
    parser.add_argument("--release", help="only recordings of this release, such as 0.9.4 or 0.10.2")
    parser.add_argument("--seeds", type=int, default=20, help="simulated runs per recording")
    parser.add_argument("--workers", type=int, default=2, help="number of processes")
    parser.add_argument(
        "--quick", action="store_true", help=f"{QUICK_SEEDS} seeds, and no page without --out"
    )
    parser.add_argument(
        "--cache", type=Path, default=Path("results") / "golden", help="folder of cached figures"
    )
    parser.add_argument("--page", type=Path, help=f"page to write (default for a full run: {PAGE})")
    return parser.parse_args(words)


def comparable(paths: list[Path]) -> tuple[Chosen, dict[str, str]]:
    """Return the recordings to compare, and the reasons for leaving out the others."""
    kept, skipped = [], {}
    for path in paths:
        golden = read(path)
        try:
            release_of(golden)
            list(faults(golden, warm_up(golden)))
        except NotComparable as error:
            skipped[golden.name] = str(error).removeprefix(f"{golden.name}: ")
            continue
        kept.append((path, golden))
    return kept, skipped


def select_recordings(given: argparse.Namespace) -> tuple[Chosen, dict[str, str]]:
    """Return the selected recordings in the form of `comparable`.

    Raises RecordingError, listing the names available, where nothing is selected.
    """
    paths = recordings_in(given.folder)
    kept, skipped = comparable([path for path in paths if fnmatchcase(name_of(path), given.recordings)])
    if not kept and not skipped:
        raise RecordingError(
            f"--recordings: found '{given.recordings}', which matches none of {len(paths)} names; "
            f" expected a pattern such as '{name_of(paths[0])[:9]}*'"
        )
    for option, value, has in (
        ("--kind", given.kind, lambda golden: golden.kind),
        ("--release", given.release, lambda golden: release_of(golden).name),
    ):
        if value is None:
            continue
        there = sorted({has(golden) for _, golden in kept})
        if value not in there:
            raise RecordingError(f"{option}: found '{value}'; expected one of {', '.join(there) or 'none'}")
        kept = [(path, golden) for path, golden in kept if has(golden) == value]
    return kept, skipped


def show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} of {total} runs", end="" if done < total else "\n", file=sys.stderr, flush=True)


def print_rows(rows: list[Row]) -> None:
    for row in rows:
        if row.tolerance is not None and len(row.recorded) and len(row.simulated):
            low, high = row.simulated_range
            print(
                f"{row.verdict:8} {row.group:28} {row.release:9} {row.figure:34}"
                f" {row.recorded.mean():10.4g} {row.simulated.mean():10.4g} [{low:.4g}, {high:.4g}]"
                f"  {row.tolerance.text()}  {row.note}{' (chance)' if row.by_chance else ''}"
            )


def main(words: list[str] | None = None) -> int:
    given = arguments(words)
    begun = time.monotonic()
    kept, skipped = select_recordings(given)
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
    listed, looked_at = outliers(pairs)
    for one in listed:
        side = "above" if one.above else "below"
        may = " (chance)" if one.by_chance else ""
        print(f"listed   {one.kind:12} {one.figure:34} {side} in {len(one.recordings)} of {one.of}{may}")
    for name, why in skipped.items():
        print(f"left out {name}: {why}")
    print("\n".join(table(rows)))
    print("\n".join(shares_by_release(rows)))
    took = time.monotonic() - begun
    print(f"{share_of(rows)} {looked_at} figures without a tolerance. {took:.0f} s, {len(seeds)} seeds")
    whole = not (given.quick or given.kind or given.release or given.recordings != "*")
    page = given.page or (PAGE if whole else None)
    if page is not None:
        # start-up: it imports matplotlib
        from serfsim.validation.page import write_page

        write_page(page, rows, pairs, skipped)
        print(page)
    return 1 if any(row.verdict not in (AGREES, "") and not row.by_chance for row in rows) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SerfsimError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted; finished runs are kept", file=sys.stderr)
        sys.exit(130)

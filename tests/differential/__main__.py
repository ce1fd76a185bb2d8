"""Replay vectors of the real library and count what differs: `python -m tests.differential [FOLDER]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.differential.replaying import VECTORS, Count, find, replay
from tests.differential.replays import REPLAYS

ROW = "{:<8} {:>9} {:>9} {:>10}  {}"
LEAST_SHOWN = 5


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=VECTORS,
        help="a folder with vectors NAME.jsonl or NAME.jsonl.gz; the committed ones unless given",
    )
    parser.add_argument("--most", type=int, help="replay at most so many vectors of a file")
    parser.add_argument("--names", help="replay only these kinds, with commas between them")
    chosen = parser.parse_args(arguments)
    names = chosen.names.split(",") if chosen.names else [kind.name for kind in REPLAYS]
    kinds = [kind for kind in REPLAYS if kind.name in names and find(chosen.folder, kind.name)]
    if not kinds:
        known = ", ".join(kind.name for kind in REPLAYS)
        print(f"{chosen.folder}: no vectors here; expected NAME.jsonl.gz of {known}", file=sys.stderr)
        return 2
    print(ROW.format("vectors", "sequences", "steps", "different", "what the real library did"))
    total = Count()
    differences: list[str] = []
    for kind in kinds:
        file = find(chosen.folder, kind.name)
        assert file is not None
        count = replay(kind, file, chosen.most, differences.append)
        print(ROW.format(kind.name, count.vectors, count.steps, count.different, kind.what), flush=True)
        total.vectors += count.vectors
        total.steps += count.steps
        total.different += count.different
    print(ROW.format("all", total.vectors, total.steps, total.different, ""))
    for difference in differences[:LEAST_SHOWN]:
        print(difference)
    if len(differences) > LEAST_SHOWN:
        print(f"and {len(differences) - LEAST_SHOWN} more")
    return 1 if differences else 0


sys.exit(main(sys.argv[1:]))

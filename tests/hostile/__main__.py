"""Give every reader changed and broken inputs and count what goes wrong: `python -m tests.hostile`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.hostile.fuzzing import MOST_MEMORY, Tally, fuzz, limit_memory
from tests.hostile.targets import TARGETS

ROW = "{:<9} {:>9} {:>9} {:>9} {:>11} {:>7}  {}"


def share(weight: int, inputs: int) -> int:
    return max(1, round(inputs * weight / sum(target.weight for target in TARGETS)))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000, help="in all, shared by the readers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--names", help="only these readers, with commas between them")
    parser.add_argument("--keep", type=Path, help="a folder for the first input of each fault")
    chosen = parser.parse_args(arguments)
    names = chosen.names.split(",") if chosen.names else [target.name for target in TARGETS]
    limit_memory(4 * MOST_MEMORY)
    print(ROW.format("reader", "inputs", "taken", "faults", "slowest s", "MB", "what it reads"))
    total = Tally()
    faults: list[str] = []
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else None) as scratch:
        for target in TARGETS:
            if target.name not in names:
                continue
            folder = Path(scratch) / target.name
            folder.mkdir()
            tally = fuzz(target, share(target.weight, chosen.inputs), chosen.seed, folder)
            cells = (
                tally.inputs,
                tally.taken,
                len(tally.faults),
                f"{tally.slowest_s:.3f}",
                tally.memory >> 20,
            )
            print(ROW.format(target.name, *cells, target.what), flush=True)
            total.inputs += tally.inputs
            total.taken += tally.taken
            for number, (fault, data) in enumerate(tally.faults.items()):
                faults.append(f"{target.name}: {fault}: {data[:120]!r}")
                if chosen.keep:
                    chosen.keep.mkdir(parents=True, exist_ok=True)
                    (chosen.keep / f"{target.name}-{number}").write_bytes(data)
    print(ROW.format("all", total.inputs, total.taken, len(faults), "", "", ""))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

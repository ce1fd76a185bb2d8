"""Kill commands at random moments and look at what is left: `python -m tests.kills --kills 200`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.kills.jobs import JOBS
from tests.kills.killing import SIGNALS, torment
from tests.kills.machine import faults as machine_faults

ROW = "| {} | {} | {} | {} | {} | {} |"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="in all, shared by the commands")
    parser.add_argument("--seed", type=int, default=1, help="of the moments and signals")
    parser.add_argument("--names", help="only these commands, with semicolons between them")
    parser.add_argument("--machine", action="store_true", help="also try a full disk and its like")
    chosen = parser.parse_args(arguments)
    jobs = [job for job in JOBS if not chosen.names or job.name in chosen.names.split(";")]
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        if jobs and chosen.kills:
            print(ROW.format("command", *(sent.name for sent in SIGNALS), "resumed, equal", "faults"))
            print("|---" * 6 + "|")
        for number, job in enumerate(jobs if chosen.kills else []):
            share = chosen.kills // len(jobs) + (number < chosen.kills % len(jobs))
            tally = torment(job, share, chosen.seed, scratch / str(number))
            counts = [tally.kills[sent.name] for sent in SIGNALS]
            print(ROW.format(job.name, *counts, tally.resumed, len(tally.faults)), flush=True)
            faults += [f"{job.name}: {fault}" for fault in tally.faults]
        if chosen.machine:
            print("| fault of the machine | outcome |\n|---|---|")
            for number, (words, act) in enumerate(machine_faults()):
                wrong = act(scratch / f"machine-{number}")
                print(f"| {words} | {wrong.splitlines()[0] if wrong else 'nothing lost'} |", flush=True)
                if wrong and not wrong.startswith("skipped"):
                    faults.append(f"{words}: {wrong}")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Compare the speed of two commits, built and then run alternately in pairs: `make bench-pair`.

    python -m benchmarks.compare_commits BASE [CANDIDATE] [--cases join-200,idle-1000] [--pairs 5]

Without CANDIDATE the files of this checkout are compared with BASE. Each case has the
median of the pairs' ratios of CPU time with a 95 % interval (bootstrap over the pairs), and that of peak
memory: below 1 the candidate takes less. Whether both gave the same digests is said too; where they did not,
they computed something else, and the ratio may be that of other work.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cases import LOADS, Load, Measurement, Ours, Unavailable
from benchmarks.goals import median
from benchmarks.pairs import in_turns, ratio

ROOT = Path(__file__).resolve().parent.parent
CASES = (
    "join-200",
    "join-1000",
    "stormy-1000",
    "storm-1000",
    "zone-1000",
    "idle-100",
    "idle-1000",
    "idle-5000",
)
COLUMNS = "{:<12} {:>9} {:>9} {:>7} {:>16} {:>8} {:>8} {:>7}  {}"


def check_out(commit: str | None, place: Path) -> Path:
    """Write the files of a commit, or of this checkout, to `place` and compile them."""
    place.mkdir()
    if commit is None:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        names = [name for name in listed.stdout.split(b"\0") if name and (ROOT / name.decode()).exists()]
        packed = ["tar", "--create", "--null", "--files-from=-"]
        archive = subprocess.run(packed, cwd=ROOT, input=b"\0".join(names), capture_output=True, check=True)
    else:
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
        if archive.returncode != 0:
            raise SystemExit(archive.stderr.decode().strip())
    subprocess.run(["tar", "--extract"], cwd=place, input=archive.stdout, check=True)
    command = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
    if subprocess.run(command, cwd=place, check=False).returncode != 0:
        raise SystemExit(f"{commit or 'this checkout'} could not be compiled")
    return place


def line(load: Load, base: Sequence[Measurement], candidate: Sequence[Measurement]) -> str:
    """Format both medians in CPU seconds and MiB, their ratios, and the equality of digests."""
    before, after = [one.cpu_s for one in base], [one.cpu_s for one in candidate]
    cpu = ratio(after, before)
    memory = ratio([one.peak_mib for one in candidate], [one.peak_mib for one in base])
    digests = [[one.raw["digest"] for one in runs] for runs in (base, candidate)]
    between = f"{cpu.low:.3f} to {cpu.high:.3f}" if cpu.pairs > 2 else "too few pairs"
    return COLUMNS.format(
        load.name,
        f"{median(before):.2f} s",
        f"{median(after):.2f} s",
        f"{cpu.median:.3f}",
        between,
        f"{median([one.peak_mib for one in base]):.0f} MiB",
        f"{median([one.peak_mib for one in candidate]):.0f} MiB",
        f"{memory.median:.3f}",
        "same" if digests[0] == digests[1] else "DIFFERENT",
    )


def loads_named(names: str) -> list[Load]:
    """Return the cases of a comma-separated list.

    Raises SystemExit for an unknown name.
    """
    unknown = [name for name in names.split(",") if name not in LOADS]
    if unknown:
        print(f"found case {unknown[0]}; expected some of {', '.join(LOADS)}", file=sys.stderr)
        raise SystemExit(2)
    return [LOADS[name] for name in names.split(",")]


def main(arguments: Sequence[str] | None = None) -> None:
    about = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare_commits", description=about)
    parser.add_argument("base")
    parser.add_argument("candidate", nargs="?")
    parser.add_argument("--cases", default=",".join(CASES), help="with commas between")
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args(arguments)
    if options.pairs < 1:
        parser.error(f"found {options.pairs} pairs; expected at least 1")
    loads = loads_named(options.cases)
    with tempfile.TemporaryDirectory() as temporary:
        trees = [
            check_out(options.base, Path(temporary, "base")),
            check_out(options.candidate, Path(temporary, "candidate")),
        ]
        print(COLUMNS.format("case", "base", "now", "ratio", "95 %", "base", "now", "ratio", "digests"))
        for load in loads:
            try:
                base, candidate = in_turns([Ours(load, tree=tree) for tree in trees], options.pairs)
            except Unavailable as error:
                print(f"{load.name:<12} {error}", flush=True)
            else:
                print(line(load, base, candidate), flush=True)


if __name__ == "__main__":
    main()

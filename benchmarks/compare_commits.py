"""Is one commit faster than another? Both are built, then run in turns, pair by pair.

    python -m benchmarks.compare_commits BASE [CANDIDATE] [--nodes 1000] [--weather idle] [--pairs 9]

Without CANDIDATE the files as they lie in this checkout are compared with BASE. The answer is the
median of the pairs' ratios of CPU time with a 95 % interval (bootstrap over the pairs): below 1 the
candidate is faster. Whether both gave the same digest is said too.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.cases import SECONDS, Ours

ROOT = Path(__file__).resolve().parent.parent


def check_out(commit: str | None, place: Path) -> Path:
    """The files of a commit, or of this checkout, in `place`, compiled."""
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
    subprocess.run([sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"], cwd=place, check=True)
    return place


def interval(ratios: list[float], draws: int = 2000) -> tuple[float, float]:
    """The middle 95 % of the medians of resampled ratios."""
    rng = random.Random(0)
    medians = sorted(statistics.median(rng.choices(ratios, k=len(ratios))) for _ in range(draws))
    return medians[draws // 40], medians[-draws // 40]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare_commits", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("base")
    parser.add_argument("candidate", nargs="?")
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--weather", choices=sorted(SECONDS), default="idle")
    parser.add_argument("--seconds", type=float, default=30.0, help="simulated seconds of one run")
    parser.add_argument("--pairs", type=int, default=9)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as temporary:
        trees = [
            check_out(options.base, Path(temporary, "base")),
            check_out(options.candidate, Path(temporary, "candidate")),
        ]
        base, candidate = (Ours(options.nodes, options.weather, options.seconds, tree=tree) for tree in trees)
        ratios, same = [], True
        for pair in range(options.pairs):
            # Who goes first changes with every pair.
            order = [base, candidate] if pair % 2 == 0 else [candidate, base]
            printed = {case: case.raw(seed=1 + pair) for case in order}
            cpu = {case: printed[case]["cpu_s"] for case in order}
            ratios.append(cpu[candidate] / cpu[base])
            same = same and printed[base]["digest"] == printed[candidate]["digest"]
            print(f"base {cpu[base]:.3f} s, candidate {cpu[candidate]:.3f} s, ratio {ratios[-1]:.3f}")
    low, high = interval(ratios)
    print(f"candidate / base: {statistics.median(ratios):.3f} (95 %: {low:.3f} to {high:.3f})")
    print("same digests" if same else "the digests differ: the two do not compute the same")


if __name__ == "__main__":
    main()

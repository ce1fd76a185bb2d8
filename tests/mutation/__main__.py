"""Change the sources in small ways and count the changes that tests notice: `python -m tests.mutation`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from tests.mutation.mutants import AREAS, ROOT, Mutant, sample
from tests.mutation.running import CAUGHT, HANGS, Verdict, copy_tree, judge, reach

NOTICED = (CAUGHT, HANGS)


def area_of(mutant: Mutant) -> str:
    return next(area for area, folder in AREAS.items() if mutant.file.startswith(folder + "/"))


def earlier(file: Path) -> dict[Mutant, Verdict]:
    """Return the verdicts that an interrupted run has left."""
    if not file.exists():
        return {}
    found: dict[Mutant, Verdict] = {}
    for line in file.read_text().splitlines():
        fields = json.loads(line)
        mutant = Mutant(**fields.pop("mutant"))
        found[mutant] = Verdict(mutant, **fields)
    return found


def table(verdicts: list[Verdict]) -> str:
    rows = [
        "| area | mutants | caught | hang | survive | not reached | noticed |",
        "|---|---|---|---|---|---|---|",
    ]
    for area in [*AREAS, "all"]:
        of_area = [one for one in verdicts if area in ("all", area_of(one.mutant))]
        count = Counter(one.outcome for one in of_area)
        noticed = sum(count[outcome] for outcome in NOTICED)
        share = f"{noticed / len(of_area):.0%}" if of_area else "-"
        cells = [
            area,
            len(of_area),
            count[CAUGHT],
            count[HANGS],
            count["survives"],
            count["not reached"],
            share,
        ]
        rows.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(rows)


def survivors(verdicts: list[Verdict]) -> str:
    lines = []
    for one in sorted(verdicts, key=lambda one: one.mutant):
        if one.outcome not in NOTICED:
            before, after = one.mutant.shown((ROOT / one.mutant.file).read_text(encoding="utf-8"))
            lines.append(f"{one.mutant.file}:{one.mutant.line}: {one.outcome}\n    {before}\n    {after}")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--mutants", type=int, default=320, help="how many are drawn")
    parser.add_argument("--seed", type=int, default=1, help="of the draw")
    parser.add_argument("--areas", default=",".join(AREAS), help="with commas between them")
    parser.add_argument("--minutes", type=float, default=60.0, help="begin no mutant after so long")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "build" / "mutation", help="for the copy and the verdicts"
    )
    chosen = parser.parse_args(arguments)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    noted = chosen.folder / "verdicts.jsonl"
    known = earlier(noted)
    ends_at = time.monotonic() + chosen.minutes * 60
    tree = copy_tree(chosen.folder)
    mutants = sample(chosen.mutants, chosen.seed, chosen.areas.split(","))
    verdicts: list[Verdict] = []
    for mutant in mutants:
        verdict = known.get(mutant)
        if verdict is None:
            if time.monotonic() > ends_at:
                print(f"time is over after {len(verdicts)} of {len(mutants)} mutants", file=sys.stderr)
                break
            reached = reach(tree, area_of(mutant), chosen.folder)
            tests = reached.tests_for(mutant)
            verdict = judge(mutant, tree, tests, reached.patience(tests))
            with noted.open("a") as lines:
                lines.write(json.dumps(asdict(verdict)) + "\n")
        verdicts.append(verdict)
    print(table(verdicts))
    print(survivors(verdicts))
    return 0


sys.exit(main(sys.argv[1:]))

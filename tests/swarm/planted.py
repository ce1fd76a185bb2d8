"""Plant each defect of `defects` in a copy of serfsim, and count the seeds until the swarm finds it.

    python -m tests.swarm.planted [NAME ...] [--seeds N] [--write]

The copy runs interpreted. `--write` renews the table in docs/swarm.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.swarm.defects import DEFECTS, Defect

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = ROOT / "serfsim"
PAGE: Final = ROOT / "docs" / "swarm.md"
BEGIN: Final = "<!-- begin: planted -->\n"
END: Final = "<!-- end: planted -->\n"
SEEDS: Final = 300
SEARCH: Final = """
import json, sys
from serfsim.study.swarm.drawing import SMALL, draw
from serfsim.study.swarm.findings import examine
for number in range(1, int(sys.argv[1]) + 1):
    seen = examine(draw(number, SMALL))
    broken = [one for one in seen.findings if not one.known]
    if broken:
        print(json.dumps([number, broken[0].rule, broken[0].text]))
        break
else:
    print(json.dumps([0, "", ""]))
"""


class Found(NamedTuple):
    """A planted defect, the seeds until it was found (0: in none), and the rule that it broke there."""

    defect: Defect
    seeds: int
    rule: str
    text: str


def plant(defect: Defect, folder: Path) -> None:
    """Copy the package's sources to a folder, with the defect in them."""
    shutil.copytree(
        PACKAGE, folder / "serfsim", ignore=shutil.ignore_patterns("*.so", "_build.json", "__pycache__")
    )
    file = folder / "serfsim" / defect.file
    text = file.read_text(encoding="utf-8")
    for old, new in ((defect.old, defect.new), *defect.also):
        if text.count(old) != 1:
            raise ValueError(
                f"{defect.name}: found its line {text.count(old)} times in {defect.file}; expected 1"
            )
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def search(defect: Defect, seeds: int = SEEDS) -> Found:
    """Run the swarm on a copy with the defect until a seed fails."""
    with tempfile.TemporaryDirectory() as name:
        plant(defect, Path(name))
        environment = {**os.environ, "PYTHONPATH": name, "SERFSIM_PURE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, "-c", SEARCH, str(seeds)],
            cwd=name,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    number, rule, text = json.loads(done.stdout.splitlines()[-1])
    return Found(defect, number, rule, text)


def table(found: Iterable[Found]) -> str:
    """Return the table as Markdown."""
    rows = [
        f"| `{one.defect.name}` | {one.defect.what} | {one.seeds or 'not found'} | {rule_of(one)} |\n"
        for one in found
    ]
    return "| defect | effect | seeds until found | rule |\n|---|---|---:|---|\n" + "".join(rows)


def rule_of(one: Found) -> str:
    return f"`{one.rule}`" if one.rule else ""


def renew(text: str) -> None:
    """Put the table into the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}{text}{END}{after}", encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="defects; default: all")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="most seeds for each")
    parser.add_argument("--write", action="store_true", help="renew docs/swarm.md")
    given = parser.parse_args(arguments)
    found = []
    for defect in DEFECTS:
        if not given.names or defect.name in given.names:
            found.append(search(defect, given.seeds))
            one = found[-1]
            print(f"{defect.name}: {one.seeds or 'not found'} {one.rule} {one.text}", flush=True)
    print(f"found: {sum(one.seeds > 0 for one in found)} of {len(found)}")
    if given.write:
        renew(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

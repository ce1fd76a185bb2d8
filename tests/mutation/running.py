"""Runs of tests against one mutant, each in a process of its own, interpreted."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from tests.mutation.mutants import ROOT, Mutant

# The fast tests of each area. Tests elsewhere notice more, but not in a second.
TESTS = {
    "protocol": [
        "tests/memberlist",
        "tests/serf",
        "tests/machines",
        "tests/vivaldi",
        "tests/wire",
        "tests/differential",
        "tests/versions/test_rules.py",
        "tests/versions/test_probing.py",
        "tests/versions/test_gossip.py",
        "tests/versions/test_serf.py",
        "tests/versions/test_suspicion.py",
        "tests/scenario/test_settings_table.py",
        "tests/simulation/test_packet_transport.py",
        "tests/simulation/test_security.py",
        "tests/simulation/test_zones.py",
        "tests/capture/test_capture.py",
    ],
    "network": ["tests/network", "tests/machines", "tests/simulation/test_addresses.py"],
    "scoring": ["tests/scoring"],
}
PATIENCE = 5  # times as long as the tests take without a mutant, before a mutant counts as hanging
LEAST_PATIENCE_S = 20.0
MOST = 120  # tests of a mutant

CAUGHT, HANGS, SURVIVES, UNREACHED = "caught", "hangs", "survives", "not reached"


@dataclass(frozen=True)
class Verdict:
    mutant: Mutant
    outcome: str
    by: str  # the test that noticed
    tests: int  # how many ran


def copy_tree(folder: Path) -> Path:
    """Copy sources and tests, without anything compiled."""
    tree = folder / "tree"
    if tree.exists():
        shutil.rmtree(tree)
    tree.mkdir(parents=True)
    ignored = shutil.ignore_patterns("*.so", "__pycache__", "_build.json")
    for part in ("serfsim", "tests", "scenarios", "tools"):
        shutil.copytree(ROOT / part, tree / part, ignore=ignored)
    for file in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(ROOT / file, tree / file)
    return tree


def environment(tree: Path) -> dict[str, str]:
    return os.environ | {
        "SERFSIM_PURE": "1",
        "PYTHONPATH": str(tree),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@dataclass(frozen=True)
class Reach:
    """Which tests reach which lines, the fastest first, and how long each takes in seconds."""

    lines: dict[str, dict[str, list[str]]]
    durations: dict[str, float]

    def tests_for(self, mutant: Mutant) -> list[str]:
        """Return the tests that reach the mutant's line, or its whole file where it runs on import.

        Those in a file of a like name come first, then the fastest of each file in turn.
        """
        lines = self.lines.get(mutant.file, {})
        if is_on_import(mutant):
            found = {test for tests in lines.values() for test in tests} or set(self.durations)
        else:
            found = set(lines.get(str(mutant.line), []))
        by_file: dict[str, list[str]] = {}
        for test in sorted(found, key=lambda test: (self.durations[test], test)):
            by_file.setdefault(test.partition("::")[0], []).append(test)
        words = set(Path(mutant.file).stem.split("_"))
        files = sorted(by_file, key=lambda file: (not words & set(Path(file).stem.split("_")), file))
        turns = zip_longest(*(by_file[file] for file in files))
        alike = [test for file in files[:1] for test in by_file[file][: MOST // 3]]
        return list(dict.fromkeys([*alike, *(test for turn in turns for test in turn if test)]))[:MOST]

    def patience(self, tests: list[str]) -> float:
        """Return the seconds after which a mutant hangs."""
        return max(LEAST_PATIENCE_S, PATIENCE * sum(self.durations.get(test, 0.1) for test in tests))


def reach(tree: Path, area: str, folder: Path) -> Reach:
    """Run the area's tests once, without a mutant, and note which reach which line."""
    noted = folder / f"reach-{area}.json"
    if not noted.exists():
        command = [sys.executable, "-m", "tests.mutation.reach", str(noted.resolve()), *TESTS[area]]
        subprocess.run(command, cwd=tree, env=environment(tree), check=False, stdout=subprocess.DEVNULL)
    found = json.loads(noted.read_text())
    return Reach(found["lines"], found["durations"])


def is_on_import(mutant: Mutant) -> bool:
    """Return whether a line runs when the module is imported: it is in no function."""
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.body[0].lineno <= mutant.line <= (node.end_lineno or 0):
            return False
    return True


def judge(mutant: Mutant, tree: Path, tests: list[str], longest: float) -> Verdict:
    """Put the mutant into the tree, run the tests until one fails, and put the tree right again."""
    if not tests:
        return Verdict(mutant, UNREACHED, "", 0)
    place = tree / mutant.file
    whole = place.read_text(encoding="utf-8")
    place.write_text(mutant.apply(whole), encoding="utf-8")
    try:
        return run(mutant, tree, tests, longest)
    finally:
        place.write_text(whole, encoding="utf-8")


def run(mutant: Mutant, tree: Path, tests: list[str], longest: float) -> Verdict:
    listed = tree / "chosen.txt"
    listed.write_text("\n".join(tests))
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.mutation.chosen", str(listed)],
        cwd=tree,
        env=environment(tree),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=longest)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Verdict(mutant, HANGS, "", len(tests))
    if process.returncode == 0:
        return Verdict(mutant, SURVIVES, "", len(tests))
    failed = [line for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return Verdict(mutant, CAUGHT, failed[0].split(" - ")[0] if failed else "import", len(tests))

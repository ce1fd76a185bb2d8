"""serfsim does what the real library did, step by step, in a sample of the vectors."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from tests.differential.replaying import ENDING, VECTORS, Replay, find, read, replay
from tests.differential.replays import REPLAYS

SAMPLE = 60  # sequences of each kind
SAMPLES = {"net": 12, "rpc": 25, "vp": 500, "ef": 500}
ROOT = Path(__file__).resolve().parents[2]


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.differential", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("kind", REPLAYS, ids=lambda kind: kind.name)
def test_nothing_differs_from_the_real_library(kind: Replay) -> None:
    file = find(VECTORS, kind.name)
    assert file is not None
    differences: list[str] = []
    count = replay(kind, file, SAMPLES.get(kind.name, SAMPLE), differences.append)
    assert differences == []
    assert count.steps > 0


def test_the_command_counts_the_vectors_of_any_folder_and_names_what_differs(tmp_path: Path) -> None:
    vectors = list(islice(read(VECTORS / f"ml{ENDING}"), 3))
    vectors[1][5]["s"]["inc"] += 1
    with gzip.open(tmp_path / f"ml{ENDING}", "wt") as out:
        out.writelines(json.dumps(vector) + "\n" for vector in vectors)
    done = command(tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines()[1].split()[:4] == ["ml", "3", str(80 + 6 + 80), "1"]
    assert "ml 1, step 6" in done.stdout


def test_a_folder_without_vectors_is_a_mistake_with_the_names_that_are_expected(tmp_path: Path) -> None:
    done = command(tmp_path)
    assert done.returncode == 2
    assert "ml" in done.stderr
    assert "Traceback" not in done.stderr

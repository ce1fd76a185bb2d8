"""What a command imports: no more than it needs, since imports are most of the time of a short one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import serfsim

SMALL = (
    "{cluster: {nodes: 5}, duration: 10s, warm_up: 5s, workload: [{query: uptime, from: node-00, at: 1s}]}"
)
LIST_MODULES = """
import json, sys
from serfsim.cli.main import main
sys.argv = ["serfsim", *sys.argv[1:]]
try:
    main()
except SystemExit:
    pass
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


def imported(folder: Path, *arguments: str) -> set[str]:
    """The packages that a command leaves imported."""
    # The same serfsim as this one, however it was installed, and whatever else is where the command runs.
    places = [str(Path(serfsim.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-c", LIST_MODULES, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    return tmp_path


def test_the_version_is_told_without_any_library(tmp_path: Path) -> None:
    assert not imported(tmp_path, "--version") & {
        "typer",
        "rich",
        "pydantic",
        "numpy",
        "pandas",
        "matplotlib",
    }


def test_validate_needs_no_numbers(small: Path) -> None:
    assert not imported(small, "validate", "small.yaml") & {"pandas", "matplotlib", "pyarrow", "scipy"}


@pytest.mark.slow
def test_a_run_and_its_page_need_no_pandas(small: Path) -> None:
    unneeded = {"pandas", "scipy", "networkx", "cryptography", "joblib"}
    assert not imported(small, "run", "small.yaml", "--out", "r") & unneeded
    assert (small / "r" / "report.html").is_file()
    assert not imported(small, "report", "r") & unneeded


@pytest.mark.slow
def test_a_run_without_figures_needs_no_matplotlib(small: Path) -> None:
    assert "matplotlib" not in imported(small, "run", "small.yaml", "--no-figures", "--out", "r")

"""The check of kills notices what it is for; `python -m tests.kills` kills."""

from __future__ import annotations

import json
from pathlib import Path

from tests.kills.jobs import JOBS, parts
from tests.kills.killing import look, traceback_in

SWEEP = JOBS[1]


def test_a_finished_run_that_is_lost_or_cut_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    for name in ("a.json", "b.json"):
        (folder / name).write_text(json.dumps({"run": name}))
    whole, wrong = look(SWEEP, tmp_path, {})
    assert wrong == ""
    assert whole == parts(tmp_path)
    (folder / "a.json").unlink()
    assert "a.json" in look(SWEEP, tmp_path, whole)[1]
    (folder / "a.json").write_text('{"run": ')
    assert "cannot be read" in look(SWEEP, tmp_path, whole)[1]


def test_a_traceback_counts_unless_python_itself_was_interrupted() -> None:
    ours = 'Traceback (most recent call last):\n  File "x/serfsim/cli/run.py", line 1\nKeyboardInterrupt\n'
    assert traceback_in(ours) != ""
    assert traceback_in("Traceback (most recent call last):\nValueError: x\n") != ""
    assert traceback_in("Traceback (most recent call last):\n  File site.py\nKeyboardInterrupt\n") == ""

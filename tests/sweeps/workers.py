"""Runs that go wrong, for worker processes: what a seed meets stands in the name of its scenario.

`kill-3` has the worker of seed 3 killed whenever it runs, `once-3` only the first time, `raise-3` raises.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from serfsim.study.sweeps.worker import Answer, carry_out

MARKS = "SERFSIM_TEST_MARKS"  # a folder that remembers which seeds began, in every process


def misfortune(text: str, seed: int, code: str) -> Answer:
    name = json.loads(text)["name"]
    first = begun(seed) == 1
    if f"kill-{seed}" in name or (first and f"once-{seed}" in name):
        os.kill(os.getpid(), signal.SIGKILL)
    if f"exit-{seed}" in name:
        raise SystemExit(3)
    return carry_out(text, seed, code)


def begun(seed: int) -> int:
    """How often this seed has begun, counting this time."""
    marks = Path(os.environ[MARKS])
    (marks / f"{seed}-{os.getpid()}-{os.urandom(4).hex()}").touch()
    return len(list(marks.glob(f"{seed}-*")))

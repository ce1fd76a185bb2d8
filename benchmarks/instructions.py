"""Count the instructions of a command: exact, unlike seconds.

`perf stat` counts at no cost where the processor's counters are readable, which few virtual machines allow;
otherwise valgrind's cachegrind counts, some forty times slower. Its processor has no AVX-512, so programs for
it are built for MARCH.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache

from benchmarks.cases import Unavailable

MARCH = "x86-64-v3"
PERF = ("perf", "stat", "-x;", "-e", "instructions:u", "--")
CACHEGRIND = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")


def read_count(printed: str) -> int | None:
    """Return the count printed by perf stat -x; or cachegrind; None without one."""
    for pattern in (r"^(\d+);;instructions", r"^==\d+== I +refs: +([\d,]+)$"):
        found = re.search(pattern, printed, flags=re.MULTILINE)
        if found:
            return int(found[1].replace(",", ""))
    return None


@cache
def counter() -> tuple[str, ...]:
    """Return the prefix of a command that counts its instructions.

    Raises Unavailable.
    """
    for words in (PERF, CACHEGRIND):
        if shutil.which(words[0]):
            done = subprocess.run([*words, "true"], capture_output=True, text=True, check=False)
            if read_count(done.stderr) is not None:
                return words
    raise Unavailable("instructions cannot be counted: perf has no counters here, and valgrind is missing")


def instructions(command: Sequence[str], environment: dict[str, str] | None = None) -> int:
    """Return the instructions of a command.

    Raises Unavailable where they cannot be counted, or the command fails.
    """
    surroundings = {**(environment or os.environ), "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [*counter(), *command], env=surroundings, capture_output=True, text=True, check=False
    )
    found = read_count(done.stderr)
    if done.returncode != 0 or found is None:
        words = done.stderr.strip().splitlines()
        raise Unavailable(f"not counted: {words[-1] if words else 'no message'}")
    return found

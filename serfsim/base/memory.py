"""Available memory: the machine's, or a lower limit set by a container or the user."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final

from serfsim.base.errors import SerfsimError

SETTING: Final = "SERFSIM_MEMORY_GIB"
UNKNOWN: Final = 16.0 * 2**30  # bytes, where the system does not say
# location of the limits in both cgroup versions
FIRST: Final = ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
SECOND: Final = ("sys/fs/cgroup", "memory.max")


def allowance() -> tuple[float, str]:
    """Return the limit in bytes and its source in words.

    Raises SerfsimError where the user's own limit is invalid.
    """
    own = os.environ.get(SETTING)
    if own:
        return _read(own), f"as {SETTING} says"
    machine = _physical()
    group = min(of_groups(Path("/")), default=math.inf)
    return (
        (group, "the limit of this control group") if group < machine else (machine, "this machine's memory")
    )


def _read(text: str) -> float:
    with suppress(ValueError):
        gib = float(text)
        if 0.0 < gib < math.inf:
            return gib * 2**30
    raise SerfsimError(f"{SETTING}: found '{text}'; expected a number of GiB above 0")


def _physical() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return UNKNOWN


def of_groups(root: Path) -> Iterator[float]:
    """Yield the limits of this process's control groups, versions 1 and 2 (cgroups(7))."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number != "0" and "memory" not in controllers.split(","):
            continue
        folder, file = SECOND if number == "0" else FIRST
        own = PurePosixPath(path.lstrip("/"))
        for group in (own, *own.parents):
            with suppress(OSError, ValueError):  # "max" means no limit
                yield float(int((root / folder / group / file).read_text(encoding="ascii")))

"""How much memory a process may take: the machine's, or less where a container or the user says so."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final

from serfsim.base.errors import SerfsimError

SETTING: Final = "SERFSIM_MEMORY_GIB"
UNKNOWN: Final = 16.0 * 2**30  # bytes, where the system does not tell
FIRST: Final = ("sys/fs/cgroup/memory", "memory.limit_in_bytes")  # where the limits are, of either version
SECOND: Final = ("sys/fs/cgroup", "memory.max")


def allowance() -> tuple[float, str]:
    """Bytes, and in words whose limit that is. Raises SerfsimError where the user's own is no limit."""
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
    """The limits of the control groups that this process is in, of either version (cgroups(7))."""
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
            with suppress(OSError, ValueError):  # "max", which is no limit, is no number either
                yield float(int((root / folder / group / file).read_text(encoding="ascii")))

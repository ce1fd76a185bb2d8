"""Releases of a recording's agents, and the simulated release for each.

A recording names its software in words: "Serf 0.10.2, memberlist 0.5.2, ...", both of which are simulated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from serfsim.protocol.rules import MEMBERLIST_RELEASES, SERF_RELEASES
from serfsim.protocol.versions import PINNED
from serfsim.validation.golden import Golden, NotComparable

EXPECTED = f"Serf up to {SERF_RELEASES[-1]} and memberlist up to {MEMBERLIST_RELEASES[-1]}"


@dataclass(frozen=True)
class Release:
    """A release.

    `name` is the usual one, "0.10.2" or "0.10.2-ml0.6.0"; `cluster` has the keys of a scenario's cluster.
    """

    name: str
    cluster: dict[str, str]


def release_of(golden: Golden) -> Release:
    """Return the release of a recording.

    Raises NotComparable where its software is none that can be simulated.
    """
    software = str(golden.raw.get("software"))
    found = re.match(r"Serf (\d+\.\d+\.\d+).*?memberlist (\d+\.\d+\.\d+)", software)
    if found is None:
        raise NotComparable(f"{golden.name}: found software '{software}'; expected Serf and memberlist")
    serf, memberlist = found.groups()
    if serf not in PINNED or memberlist not in MEMBERLIST_RELEASES:
        raise NotComparable(f"{golden.name}: found software '{software}'; expected {EXPECTED}")
    if PINNED[serf] == memberlist:
        return Release(serf, {"version": serf})
    return Release(f"{serf}-ml{memberlist}", {"serf": serf, "memberlist": memberlist})


def order_of(release: str) -> tuple[list[int], str]:
    """Return a sort key that puts 0.9.4 before 0.10.2."""
    serf, _, memberlist = release.partition("-ml")
    return [int(part) for part in serf.split(".")], memberlist

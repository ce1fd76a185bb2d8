"""Releases of a recording's agents, and the simulated release for each.

A recording names its software in words: "Serf 0.10.2, memberlist 0.5.2, ...". One table maps it to a column
of `protocol.versions`; a new column needs one line here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from serfsim.validation.golden import Golden, NotComparable

# (Serf, memberlist), by major and minor number: the column.
COLUMNS = {
    ("0.9", "0.2"): "0.9",
    ("0.10", "0.5"): "latest",
    ("0.10", "0.6"): "latest",
}
# The memberlist shipped with each release of Serf; another one is part of the release's name.
USUAL_MEMBERLIST = {"0.9": "0.2", "0.10": "0.5"}


@dataclass(frozen=True)
class Release:
    """A release.

    `name` is the usual one, "0.10.2" or "0.10.2-ml0.6.0"; `version` is that of a scenario's cluster.
    """

    name: str
    version: str


def release_of(golden: Golden) -> Release:
    """Return the release of a recording.

    Raises NotComparable where no column matches its software.
    """
    software = str(golden.raw.get("software"))
    found = re.match(r"Serf (\d+\.\d+)(\S*?),? .*?memberlist (\d+\.\d+)([.\d]*)", software)
    if found is None:
        raise NotComparable(f"{golden.name}: found software '{software}'; expected Serf and memberlist")
    serf, patch, memberlist, rest = found.groups()
    if (serf, memberlist) not in COLUMNS:
        known = ", ".join(f"Serf {a} with memberlist {b}" for a, b in COLUMNS)
        raise NotComparable(f"{golden.name}: found software '{software}'; expected one of {known}")
    name = serf + patch
    if USUAL_MEMBERLIST.get(serf) != memberlist:
        name += f"-ml{memberlist}{rest}"
    return Release(name, COLUMNS[serf, memberlist])


def order_of(release: str) -> tuple[list[int], str]:
    """Return a sort key that puts 0.9.4 before 0.10.2."""
    serf, _, memberlist = release.partition("-ml")
    return [int(part) for part in serf.split(".")], memberlist

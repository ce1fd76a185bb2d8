"""Selection of members: those that gossip and periodic push/pulls may choose from.

The NodeSelectionDelegate of Grafana's memberlist (33ccfdb 2025-10-23, 58416ce 2025-11-26), which the original
does not have. Probes, direct and indirect, are of all members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serfsim.native import i64, mypyc_attr

if TYPE_CHECKING:
    from serfsim.protocol.memberlist.core import Core

NOBODY = -1


@mypyc_attr(allow_interpreted_subclasses=True)
class NodeSelection:
    """The delegate of one node. `preferred`: the member that every choice takes along, or NOBODY."""

    def __init__(self) -> None:
        self.preferred: i64 = NOBODY
        self.push_pull_nodes: i64 = 1  # partners of a periodic push/pull, where no setting says how many

    def select(self, core: Core, now: float) -> list[int]:
        """Return the members to choose from, whatever their states, and set `preferred`."""
        raise NotImplementedError

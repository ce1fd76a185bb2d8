"""`upgrade`: members get another release of Serf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from serfsim.scenario.cluster import Version
from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.rolling import APART, RESTART, Rolling
from serfsim.scenario.keys import label_words
from serfsim.scenario.phrases import with_verb
from serfsim.scenario.problems import Path, Problem, found_expected
from serfsim.scenario.roster import Roster, protocol_problems
from serfsim.scenario.selection import Nodes
from serfsim.scenario.units import Duration, PositiveDuration


class Upgrade(Rolling):
    """Install another release of Serf: each node's process ends, and after `restart` the new one joins.

    An older release is as good as a newer one.
    """

    verb: ClassVar = "upgrade"
    example: ClassVar = "{upgrade: all, to: latest, at: 30s, apart: 10s}"

    upgrade: Nodes = Field(description="members that get the release")
    to: Version = Field(description="the release")
    restart: PositiveDuration = RESTART
    apart: Duration = APART

    def problems(self, roster: Roster, path: Path) -> Iterator[Problem]:
        yield from super().problems(roster, path)
        newer = [member.at_release(self.to) for member in roster.members]
        yield from protocol_problems(newer, (*path, "to"))
        words = next((words for member in newer if (words := label_words(member))), ())
        if words:
            yield Problem((*path, "to"), found_expected(*words))

    def describe(self) -> str:
        return f"{with_verb(self.upgrade, 'gets', 'get')} Serf {self.to}{self._describe_turns()}"

    def change(self, controls: Controls, node: int) -> None:
        controls.install(node, self.to)

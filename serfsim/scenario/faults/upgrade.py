"""`upgrade`: members get another release of Serf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import ConfigDict, Field, model_validator

from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.rolling import APART, RESTART, Rolling
from serfsim.scenario.keys import label_words
from serfsim.scenario.phrases import with_verb
from serfsim.scenario.problems import Path, Problem, found_expected, invalid
from serfsim.scenario.releases import (
    MemberlistRelease,
    Product,
    SerfRelease,
    Version,
    pair_problem,
    replaced,
)
from serfsim.scenario.roster import Roster, protocol_problems
from serfsim.scenario.selection import Nodes
from serfsim.scenario.units import Duration, PositiveDuration


class Upgrade(Rolling):
    """Install another release: each node's process ends, and after `restart` the new one joins.

    An older release is as good as a newer one. `to` names both layers, as `cluster.version` does; `serf`,
    `memberlist` and `product` are those of the cluster, and `memberlist` alone leaves Serf as it is.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "dependentRequired": {"times": ["every"]},
            "anyOf": [{"required": [key]} for key in ("to", "serf", "memberlist", "product")],
        }
    )

    verb: ClassVar = "upgrade"
    example: ClassVar = "{upgrade: all, to: latest, at: 30s, apart: 10s}"

    upgrade: Nodes = Field(description="members that get the release")
    to: Version | None = Field(default=None, description="the release of Serf, with its memberlist")
    serf: SerfRelease | None = Field(default=None, description="the release of Serf, beside `memberlist`")
    memberlist: MemberlistRelease | None = Field(default=None, description="the release of memberlist")
    product: Product | None = Field(default=None, description="the product whose releases of both they get")
    restart: PositiveDuration = RESTART
    apart: Duration = APART

    @model_validator(mode="after")
    def _one_release(self) -> Upgrade:
        given = [key for key in ("to", "serf", "product") if getattr(self, key) is not None]
        if len(given) > 1:
            raise invalid(
                "one of to, serf and product, with memberlist beside it",
                found=f"`{given[1]}` beside `{given[0]}`",
                inside=(given[1],),
            )
        if not given and self.memberlist is None:
            raise invalid("a release: to, serf, memberlist or product", found="nothing", inside=("to",))
        return self

    def release_after(self, release: str) -> str:
        """Return the release of a member that ran `release` before."""
        return replaced(release, self.to or self.serf or self.product or "", self.memberlist or "")

    def problems(self, roster: Roster, path: Path) -> Iterator[Problem]:
        yield from super().problems(roster, path)
        touched = self.upgrade if isinstance(self.upgrade, tuple) else ()
        found = roster.named(roster.known(touched)) if touched else range(len(roster.members))
        members = [roster.members[number] for number in found]
        newer = [member.at_release(self.release_after(member.version)) for member in members]
        key = next(key for key in ("memberlist", "serf", "product", "to") if getattr(self, key) is not None)
        wrong = next(filter(None, (pair_problem(one) for one in dict.fromkeys(m.version for m in newer))), "")
        if wrong:
            yield Problem((*path, key), wrong)
            return
        yield from protocol_problems(newer, (*path, key))
        words = next((words for member in newer if (words := label_words(member))), ())
        if words:
            yield Problem((*path, key), found_expected(*words))

    def describe(self) -> str:
        names = [self.product or "", f"Serf {self.to or self.serf}" if self.to or self.serf else ""]
        names.append(f"memberlist {self.memberlist}" if self.memberlist else "")
        what = " with ".join(filter(None, names))
        return f"{with_verb(self.upgrade, 'gets', 'get')} {what}{self._describe_turns()}"

    def change(self, controls: Controls, node: int) -> None:
        controls.install(node, self.release_after(controls.release(node)))

"""`reconfigure`: members restart with other settings, keys or labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field, model_validator

from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.rolling import APART, RESTART, Rolling
from serfsim.scenario.keys import KEYRING, LABEL, Keyring, Label, label_words
from serfsim.scenario.phrases import with_verb
from serfsim.scenario.problems import Path, Problem, found_expected, invalid
from serfsim.scenario.roster import Roster
from serfsim.scenario.selection import Nodes
from serfsim.scenario.settings import Overrides
from serfsim.scenario.units import Duration, PositiveDuration


class Reconfigure(Rolling):
    """Give members another configuration: each node's process ends, and after `restart` the new one joins."""

    verb: ClassVar = "reconfigure"
    example: ClassVar = "{reconfigure: all, config: {probe_timeout: 1s}, at: 30s, apart: 10s}"

    reconfigure: Nodes = Field(description="members that get the configuration")
    config: Overrides = Field(default_factory=dict, description="settings that differ from then on")
    keyring: Keyring | None = Field(default=None, description=KEYRING)
    label: Label | None = Field(default=None, description=LABEL)
    restart: PositiveDuration = RESTART
    apart: Duration = APART

    @model_validator(mode="after")
    def _something(self) -> Reconfigure:
        if not self.config and self.keyring is None and self.label is None:
            raise invalid("`config`, `keyring` or `label` beside `reconfigure`", found="nothing that differs")
        if self.keyring is not None and "encrypt_key" in self.config:
            found = "`config.encrypt_key` beside `keyring`"
            raise invalid("only one of them", found=found, inside=("keyring",))
        return self

    def problems(self, roster: Roster, path: Path) -> Iterator[Problem]:
        yield from super().problems(roster, path)
        changed = (member.configured(self.config, self.keyring, self.label) for member in roster.members)
        words = next((words for member in changed if (words := label_words(member))), ())
        if words:
            yield Problem((*path, "label"), found_expected(*words))

    def describe(self) -> str:
        given = [name for name in ("keyring", "label") if getattr(self, name) is not None]
        what = " and ".join([*self.config, *given])
        members = with_verb(self.reconfigure, "restarts", "restart")
        return f"{members} with another {what}{self._describe_turns()}"

    def change(self, controls: Controls, node: int) -> None:
        controls.reconfigure(node, self.config, self.keyring, self.label)

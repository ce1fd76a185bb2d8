"""`event`: a member sends a user event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from serfsim.native import Random
from serfsim.protocol import log_lines
from serfsim.protocol.serf.events import encoded_too_long, too_long
from serfsim.protocol.serf.messages import UserEvent
from serfsim.scenario.controls import Controls
from serfsim.scenario.entry import CheckContext
from serfsim.scenario.phrases import format_size
from serfsim.scenario.problems import Path, Problem
from serfsim.scenario.roster import Roster
from serfsim.scenario.units import Switch
from serfsim.scenario.workload.work import Sent, Title, check_accepted

if TYPE_CHECKING:
    from serfsim.protocol.serf.node import SerfNode


class Event(Sent):
    """Send a user event to all members, as `serf event` does."""

    verb: ClassVar = "event"
    example: ClassVar = "{event: deploy, payload: 100B, from: node-00, at: 10s, every: 5s, times: 20}"

    event: Title = Field(description="its name")
    coalesce: Switch = Field(
        default=True, description="agents hold it back a little and pass on only the newest of its name"
    )

    @classmethod
    def joint_problems(cls, entries: Sequence[tuple[Path, Any]], context: CheckContext) -> Iterator[Problem]:
        """Events that are too long, with Lamport times as long as they can become in the run."""
        ltime = 1 + sum(work.count_occurrences(context.duration) for _, work in entries)
        for path, work in entries:
            sender, payload = work.sender(context.roster), bytes(work.payload)
            limit = sender.config.user_event_size_limit
            event = UserEvent(sender.index, ltime, work.event, payload, work.coalesce)
            refused = too_long(work.event, payload, limit) or encoded_too_long(event, limit)
            if refused:
                yield Problem((*path, "payload"), f"found {work.payload} bytes for '{work.event}': {refused}")

    def describe(self) -> str:
        return f"{self._describe_sender()} sends the user event {self.event} ({format_size(self.payload)})"

    def prepare(self, roster: Roster, random: Random) -> bytes:
        return self.content()

    def act(self, controls: Controls, machine: SerfNode, prepared: bytes) -> None:
        now = controls.now_at(controls.number_of(machine))
        machine.log(now, log_lines.SENDING_EVENT, -1, int(self.coalesce), self.payload, self.event)
        machine.user_event(self.event, prepared, self.coalesce, now)
        check_accepted(machine.last_error, f"'{self.event}'", controls)

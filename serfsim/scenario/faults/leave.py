"""`leave`: members leave as they should."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import Field

from serfsim.protocol import events, log_lines
from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.fault import Departure, Undo
from serfsim.scenario.phrases import with_verb
from serfsim.scenario.selection import Nodes


class Absence:
    """The members that have gone by one occurrence, and whether the time to come back is over."""

    def __init__(self) -> None:
        self.gone: list[int] = []
        self.is_over = False


class Leave(Departure):
    """Leave gracefully, as `serf leave` does, then end the process."""

    verb: ClassVar = "leave"
    example: ClassVar = "{leave: [node-05], at: 30s}"

    leave: Nodes = Field(description="members that leave")

    def describe(self) -> str:
        return with_verb(self.leave, "leaves", "leave") + self._describe_restart()

    def begin(self, controls: Controls, prepared: list[int]) -> Undo:
        absence = Absence()
        for node in prepared:
            if controls.machines[node] is not None:
                controls.process(_leave(self, controls, node, absence))

        def come_back() -> None:
            absence.is_over = True
            self.come_back(controls, absence.gone)

        return come_back


def _leave(fault: Departure, controls: Controls, node: int, absence: Absence) -> Iterator[Any]:
    """Have the agent leave once it runs; its process ends when the leave is known or times out."""
    life = controls.lives[node]
    if controls.hosts[node].paused:
        yield controls.until_resumed(node)
    machine = controls.machines[node]
    if machine is None or controls.lives[node] != life:
        return
    done = controls.until(events.LEAVE_DONE, observer=node)
    controls.record_leave(node)
    machine.log(controls.engine_now, log_lines.LEAVING, -1)
    machine.leave(controls.engine_now)
    yield done
    if controls.lives[node] != life or controls.machines[node] is not machine:
        return
    machine.log(controls.engine_now, log_lines.SHUTTING_DOWN, -1)
    machine.shut_down(controls.engine_now)
    machine.log(controls.engine_now, log_lines.SHUT_DOWN, -1)
    controls.kill(node)
    absence.gone.append(node)
    if absence.is_over:
        fault.come_back(controls, [node])

"""`leave`: members leave as they should."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from serfsim.protocol import events, log_lines
from serfsim.protocol.serf.intents import STAYING
from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.fault import Departure, Undo
from serfsim.scenario.phrases import with_verb
from serfsim.scenario.selection import Nodes
from serfsim.scenario.units import Switch

if TYPE_CHECKING:
    from serfsim.protocol.serf.node import SerfNode


class Absence:
    """The members gone by one occurrence of a fault, and whether the time to come back is over.

    `stayed` are those whose process goes on after the leave, with its number.
    """

    def __init__(self, fault: Departure, controls: Controls, prepared: list[int]) -> None:
        self.fault = fault
        self.prepared = prepared
        self.controls = controls
        self.gone: list[int] = []
        self.stayed: dict[int, int] = {}
        self.is_over = False

    def end(self, node: int, machine: SerfNode) -> None:
        """End a member's process as the agent does."""
        shut_down(self.controls, machine)
        self.controls.kill(node)
        self._left(node)

    def stay(self, node: int) -> None:
        """Let the process of a member that has left go on."""
        self.controls.withdraw(node)
        self.stayed[node] = self.controls.lives[node]
        self._left(node)

    def _left(self, node: int) -> None:
        self.gone.append(node)
        if self.is_over:
            self.over()

    def over(self) -> None:
        """Have the members come back; those that still leave do so when they are gone."""
        self.is_over = True
        gone, self.gone = self.gone, []
        for node in gone:
            machine = self.controls.machines[node]
            if machine is not None and self.stayed.get(node) == self.controls.lives[node]:
                shut_down(self.controls, machine)
                self.controls.kill(node)
        self.fault.come_back(self.controls, gone, self.prepared)


def shut_down(controls: Controls, machine: SerfNode) -> None:
    """Have an agent stop, with its log lines."""
    now = controls.now_at(controls.number_of(machine))
    machine.log(now, log_lines.SHUTTING_DOWN, -1)
    machine.shut_down(now)
    machine.log(now, log_lines.SHUT_DOWN, -1)


def begin_leave(controls: Controls, machine: SerfNode) -> object:
    """Have an agent leave; return the SimPy event of the leave's end."""
    node = controls.number_of(machine)
    done = controls.until(events.LEAVE_DONE, observer=node)
    controls.record_leave(node)
    now = controls.now_at(node)
    machine.log(now, log_lines.LEAVING, -1)
    machine.leave(now)
    return done


class ByAgent(Departure):
    """A departure that each running agent carries out; a paused process does once it resumes."""

    def begin(self, controls: Controls, prepared: list[int]) -> Undo:
        absence = Absence(self, controls, prepared)
        for node in prepared:
            if controls.machines[node] is not None:
                controls.process(self._depart(controls, node, absence))
        return absence.over

    def _depart(self, controls: Controls, node: int, absence: Absence) -> Iterator[Any]:
        life = controls.lives[node]
        if controls.hosts[node].paused:
            yield controls.until_resumed(node)
        machine = controls.machines[node]
        if machine is None or controls.lives[node] != life:
            return
        is_over = yield from self.act(controls, node, machine)
        if is_over and controls.lives[node] == life and controls.machines[node] is machine:
            self.finish(absence, node, machine)

    def act(self, controls: Controls, node: int, machine: Any) -> Generator[Any, Any, bool]:
        """Carry the departure out; return whether `finish` follows, if the process still runs."""
        raise NotImplementedError

    def finish(self, absence: Absence, node: int, machine: Any) -> None:
        """End the process, unless it stays."""
        absence.end(node, machine)


class Leave(ByAgent):
    """Leave gracefully, as `serf leave` does, then end the process.

    With `stay` the process goes on, as that of a program with Serf inside may: the others hold it as left,
    and it refuses to join again; `restart` gives it a new Serf, which joins.
    """

    verb: ClassVar = "leave"
    example: ClassVar = "{leave: [node-05], at: 30s}"

    leave: Nodes = Field(description="members that leave")
    stay: Switch = Field(default=False, description="whether the process goes on after the leave")

    def describe(self) -> str:
        verbs = ("leaves and stays", "leave and stay") if self.stay else ("leaves", "leave")
        return with_verb(self.leave, *verbs) + self._describe_restart()

    def act(self, controls: Controls, node: int, machine: Any) -> Generator[Any, Any, bool]:
        if machine.leave_phase == STAYING:
            yield begin_leave(controls, machine)
        return True

    def finish(self, absence: Absence, node: int, machine: Any) -> None:
        if self.stay:
            absence.stay(node)
        else:
            absence.end(node, machine)

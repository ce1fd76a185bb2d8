"""`terminate` and `interrupt`: members' processes get SIGTERM or SIGINT.

The agent leaves or not, as its settings say, and then ends. A leave has GRACEFUL_TIMEOUT; another signal
meanwhile ends the process at once (spec serf.md section 16).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any, ClassVar, Final

import simpy
from pydantic import Field

from serfsim.protocol.serf.intents import STAYING
from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.leave import ByAgent, begin_leave
from serfsim.scenario.phrases import with_verb
from serfsim.scenario.roster import Member
from serfsim.scenario.selection import Nodes

GRACEFUL_TIMEOUT: Final = 3.0  # seconds; the agent's


class Leaving:
    """The agents that leave because of a signal: the SimPy process of each, by member."""

    def __init__(self) -> None:
        self.processes: dict[int, Any] = {}


class Signal(ByAgent):
    """A signal to a process; a paused process gets it once it resumes."""

    def leaves(self, member: Member) -> bool:
        """Return whether a member's agent leaves first."""
        raise NotImplementedError

    def act(self, controls: Controls, node: int, machine: Any) -> Generator[Any, Any, bool]:
        leaving = controls.shared(Leaving).processes
        if node in leaving:
            leaving[node].interrupt()
            return False
        if machine.leave_phase == STAYING and self.leaves(controls.roster.members[node]):
            leaving[node] = process = controls.process(self._leave(controls, machine))
            yield process
            leaving.pop(node, None)
        elif machine.leave_phase == STAYING:
            controls.record_crash(node)
        return True

    def _leave(self, controls: Controls, machine: Any) -> Iterator[Any]:
        """Wait for the leave, its time limit or another signal; a leave that failed is waited for in vain."""
        limit: Any = controls.timeout(GRACEFUL_TIMEOUT)
        try:
            yield begin_leave(controls, machine) | limit
            if not machine.departure.has_left:
                yield limit
        except simpy.Interrupt:
            pass


class Terminate(Signal):
    """Send SIGTERM: with the setting `leave_on_terminate` the agent leaves, else it stops without a word."""

    verb: ClassVar = "terminate"
    example: ClassVar = "{terminate: [node-05], at: 30s, restart: 10s}"

    terminate: Nodes = Field(description="members whose process gets the signal")

    def describe(self) -> str:
        return with_verb(self.terminate, "gets SIGTERM", "get SIGTERM") + self._describe_restart()

    def leaves(self, member: Member) -> bool:
        return bool(member.config.leave_on_terminate)


class Interrupt(Signal):
    """Send SIGINT, as Ctrl-C does: the agent leaves, except with the setting `skip_leave_on_interrupt`."""

    verb: ClassVar = "interrupt"
    example: ClassVar = "{interrupt: [node-05], at: 30s, restart: 10s}"

    interrupt: Nodes = Field(description="members whose process gets the signal")

    def describe(self) -> str:
        return with_verb(self.interrupt, "gets SIGINT", "get SIGINT") + self._describe_restart()

    def leaves(self, member: Member) -> bool:
        return not member.config.skip_leave_on_interrupt

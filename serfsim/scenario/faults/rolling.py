"""The base of what restarts members one after the other with something else: `upgrade`, `reconfigure`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pydantic import Field, model_validator

from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.fault import OnNodes, Undo, nothing
from serfsim.scenario.phrases import format_duration
from serfsim.scenario.problems import invalid

RESTART: Final[Any] = Field(default=1.0, description="time from a process to the next")
APART: Final[Any] = Field(
    default=0.0, description="time from one node to the next, in the order of the nodes; 0s is all at once"
)


class Rolling(OnNodes):
    """A restart of members, each with something else from then on."""

    ends_processes: ClassVar[bool] = True

    if TYPE_CHECKING:  # each verb has them behind its own keys
        restart: float
        apart: float

    def needs_an_end(self) -> bool:
        return False

    @model_validator(mode="after")
    def _only_once(self) -> Rolling:
        for key, value in (("for", self.for_), ("until", self.until), ("every", self.every)):
            if value is not None:
                expected = f"`at`, `restart` and `apart` beside `{self.verb}`"
                raise invalid(expected, found=f"`{key}`", inside=(key,))
        return self

    @property
    def strikes_at_once(self) -> bool:
        return not self.apart

    def restarts(self) -> bool:
        return True

    def cost(self, nodes: int) -> float:
        return float(nodes)

    def _describe_turns(self) -> str:
        return f", one every {format_duration(self.apart)}" if self.apart else ""

    def change(self, controls: Controls, node: int) -> None:
        """Change what a member's processes start with."""
        raise NotImplementedError

    def begin(self, controls: Controls, prepared: list[int]) -> Undo:
        for turn, node in enumerate(prepared):
            controls.process(self._restart(controls, node, turn * self.apart))
        return nothing

    def _restart(self, controls: Controls, node: int, delay: float) -> Iterator[Any]:
        """One that is down already only finds the change when it comes back."""
        yield controls.timeout(delay)
        died = controls.kill(node)
        self.change(controls, node)
        if died:
            yield controls.timeout(self.restart)
            controls.restart([node])

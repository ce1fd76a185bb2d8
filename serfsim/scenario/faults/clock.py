"""`clock`: members' clocks jump, or run too fast or too slow."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from serfsim.network.standstill import set_clock_rate
from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.fault import OnNodes, Undo
from serfsim.scenario.part import Part
from serfsim.scenario.phrases import format_duration, with_verb
from serfsim.scenario.problems import invalid
from serfsim.scenario.selection import Nodes
from serfsim.scenario.units import ClockRate, SignedDuration


class ClockRates:
    """The rates of each host's clock that hold beside each other, the last given last."""

    def __init__(self) -> None:
        self.of_host: dict[int, dict[int, float]] = {}
        self.given = 0


class WrongClock(Part):
    """Some members, and what is wrong with their clocks."""

    nodes: Nodes = Field(default="all", description="members whose clocks are wrong")
    jump: SignedDuration | None = Field(
        default=None,
        description="time by which the wall clock jumps, and at the end back; it moves no timer, only the"
        " dates of log lines",
    )
    rate: ClockRate | None = Field(
        default=None,
        description="seconds that the clock shows in a second; timers and measured round trips change with"
        " it",
    )

    @model_validator(mode="after")
    def _something_wrong(self) -> WrongClock:
        if self.jump is None and self.rate is None:
            raise invalid("`jump`, `rate` or both", found="neither")
        if self.jump == 0.0:
            raise invalid("a jump of more or less than 0s", found="'0s'", inside=("jump",))
        return self


class Clock(OnNodes):
    """Set clocks wrong: a jump of the wall clock, another rate of the clock that timers run on.

    Go's timers and differences of times run on the monotonic clock, which never jumps. Of several rates the
    last given holds, instead of `clock_rate`.
    """

    verb: ClassVar = "clock"
    example: ClassVar = "{clock: {nodes: [node-03], rate: 1.02}, at: 30s, for: 1m}"
    place: ClassVar = ("clock", "nodes")

    clock: WrongClock = Field(description="whose clocks are wrong, and in which way")

    def describe(self) -> str:
        jump, rate = self.clock.jump, self.clock.rate
        wrong = []
        if jump is not None:
            wrong.append(f"set {format_duration(abs(jump))} {'ahead' if jump > 0.0 else 'back'}")
        if rate is not None:
            wrong.append(f"running at {rate:g} times the true rate")
        return with_verb(self.clock.nodes, "has a clock ", "have clocks ") + " and ".join(wrong)

    def needs_an_end(self) -> bool:
        return self.clock.rate is not None

    def begin(self, controls: Controls, prepared: list[int]) -> Undo:
        rate = self.clock.rate
        hosts, rates = controls.hosts, controls.shared(ClockRates)
        rates.given += 1
        turn = rates.given
        for node in prepared if rate is not None else ():
            own = controls.roster.members[node].clock_rate
            rates.of_host.setdefault(node, {0: own})[turn] = rate or own
            set_clock_rate(hosts[node], rate or own, controls.engine_now)

        def undo() -> None:
            for node in prepared if rate is not None else ():
                del rates.of_host[node][turn]
                set_clock_rate(hosts[node], list(rates.of_host[node].values())[-1], controls.engine_now)

        return undo

    def unhealthy(self, prepared: list[int]) -> list[int]:
        return prepared if self.clock.rate is not None else []

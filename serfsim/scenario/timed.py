"""When something happens: at, for or until, every and times. The base of faults and workload."""

from __future__ import annotations

from pydantic import Field, model_validator

from serfsim.scenario.part import Part
from serfsim.scenario.problems import invalid
from serfsim.scenario.units import Duration, Positive, PositiveDuration, write_duration


class Timed(Part):
    """`at` is from the end of the warm-up. `every` repeats, `times` in all or while before `until`."""

    at: Duration = 0.0
    until: PositiveDuration | None = None
    every: PositiveDuration | None = None
    times: Positive | None = None

    def end_of(self, start: float) -> float | None:
        """When the occurrence that began at `start` ends; None: with the run, or it has no extent."""
        return None

    @model_validator(mode="after")
    def _sensible_repetition(self) -> Timed:
        if self.times is not None and self.every is None:
            raise invalid("`every` beside `times`", found="`times` alone", inside=("times",))
        if self.until is not None and self.until <= self.at:
            expected = f"a time after `at`, {write_duration(self.at)}"
            raise invalid(expected, write_duration(self.until), inside=("until",))
        return self


class Lasting(Timed):
    """What also ends: after `for`, or at `until`, or with the run."""

    for_: PositiveDuration | None = Field(default=None, alias="for")

    def end_of(self, start: float) -> float | None:
        if self.for_ is not None:
            return start + self.for_
        return self.until if self.every is None else None

    @model_validator(mode="after")
    def _sensible_end(self) -> Lasting:
        if self.for_ is not None and self.until is not None and self.every is None:
            raise invalid("only one of `for` and `until`", found="both", inside=("until",))
        return self

"""The start of members, and their first join."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, Strict, model_validator

from serfsim.protocol.settings import MOST_KEPT
from serfsim.scenario.names import ANY_NAME_SCHEMA, NAMES_SCHEMA, read_name_or_pattern
from serfsim.scenario.part import Part
from serfsim.scenario.problems import invalid
from serfsim.scenario.settings import Interval
from serfsim.scenario.units import Duration, Kind, SignedDuration, Switch

JOIN_WORDS: Final = ("first", "all", "random", "none")


def _read_join(value: object) -> object:
    """Read a word, one name or pattern, or a list of these."""
    expected = f"{', '.join(JOIN_WORDS)}, or names of nodes such as [node-00, node-01]"
    if value is None or value == () or value == []:
        raise invalid(f"{expected}; `none` joins nobody", value)
    if isinstance(value, (list, tuple)):
        return tuple(read_name_or_pattern(name) for name in value)
    if not isinstance(value, str):
        raise invalid(expected, value)
    return value if value in JOIN_WORDS else read_name_or_pattern(value)


Join = Annotated[
    Any,
    BeforeValidator(_read_join),
    Kind(
        f"{', '.join(JOIN_WORDS)}, or names of nodes",
        {"anyOf": [{"enum": list(JOIN_WORDS)}, *ANY_NAME_SCHEMA, NAMES_SCHEMA]},
    ),
]
"""One of JOIN_WORDS, a name or pattern, or tuple[str, ...] of these."""


class Start(Part):
    """The start of the members and their first join. Time 0 of this part is the moment of the join."""

    spread: Duration = Field(
        default=1.0, description="time before the join within which each node starts, at random"
    )
    join: Join = Field(
        default="first",
        description="whom they join: `first`, `all` (each joins every other), `random` (each joins another at"
        " random), `none`, the name of a node, or a list of names, which each tries in this order, its own"
        " included, as agents that share a configuration do",
    )
    once: Switch = Field(
        default=False, description="the process of a member whose join reaches nobody ends, as with -join"
    )
    tries: Annotated[int, Strict(), Field(ge=1, le=MOST_KEPT)] | None = Field(
        default=None, description="joins that may reach nobody before the process ends; no limit unless given"
    )
    retry_interval: Interval | None = Field(
        default=None, description="time until a join that reached nobody is tried again; 30s unless given"
    )
    at: Annotated[tuple[SignedDuration, ...] | None, Kind("a list of durations, one for each node")] = Field(
        default=None,
        description="start of each node instead of `spread`, in order; negative is before the join, a later"
        " one joins when it starts",
    )
    converged: Switch = Field(
        default=False, description="begin with complete views of all members; nobody joins"
    )

    @model_validator(mode="after")
    def _once_or_again(self) -> Start:
        again = [key for key in ("tries", "retry_interval") if getattr(self, key) is not None]
        if self.once and again:
            raise invalid("only one of them", found=f"`{again[0]}` beside `once`", inside=(again[0],))
        return self

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that these words stand for, those that were given."""
        found: dict[str, Any] = {}
        if self.once or self.tries == 1:
            found["retry_join"] = False
        elif self.tries is not None:
            found["retry_max_attempts"] = self.tries - 1
        if self.retry_interval is not None:
            found["retry_interval"] = self.retry_interval
        return found

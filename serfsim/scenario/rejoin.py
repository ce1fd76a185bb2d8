"""`rejoin`: periodic joins of running members."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer

from serfsim.protocol.settings import SHORTEST_INTERVAL
from serfsim.scenario.names import ANY_NAME_SCHEMA, NAMES_SCHEMA, read_members
from serfsim.scenario.part import Part
from serfsim.scenario.problems import invalid
from serfsim.scenario.units import DURATION_SCHEMA, LONGEST_S, Kind, Share, duration_between, write_duration


def _read_seeds(value: object) -> object:
    if value == "all" or (value is not None and not isinstance(value, (str, list, tuple))):
        raise invalid("names of nodes or groups such as [seeds]", value)
    return None if value is None else read_members(value)


RejoinSeeds = Annotated[
    Any,
    BeforeValidator(_read_seeds),
    Kind("names of nodes or groups such as [seeds]", {"anyOf": [*ANY_NAME_SCHEMA, NAMES_SCHEMA]}),
]
"""tuple[str, ...] of names and patterns."""
Never = Annotated[
    float,
    duration_between(SHORTEST_INTERVAL, LONGEST_S, zero=True),
    PlainSerializer(write_duration),
    Kind(f"a duration of at least {write_duration(SHORTEST_INTERVAL)}, or 0s", DURATION_SCHEMA),
]
"""Seconds between what is done again and again; 0 is never."""


class Rejoin(Part):
    """Periodic joins of a running member, as programs with memberlist inside call Join again and again."""

    every: Never = Field(description="time from one join to the next; 0s is never")
    jitter: Share = Field(
        default=0.0,
        description="share of `every` by which the first join of a process may come earlier, at random; the"
        " others follow each other in `every`. 100% spreads members that start together over all of it",
    )
    seeds: RejoinSeeds | None = Field(
        default=None,
        description="names of the members that it contacts, each of them; those that it joins at its start"
        " unless given",
    )

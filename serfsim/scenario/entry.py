"""The base of faults and workload: what an entry of either declares of itself, and when it happens.

One class a verb. It holds the keys that a file may have, their checks, the sentence for pages, the action,
and its part of the reference: the docstring, `example`, and a description with each key. `read_by_verb`
finds the class of a mapping by the verb among its keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import ConfigDict, Field, model_validator

from serfsim.base.english import nearest
from serfsim.native import Random
from serfsim.scenario.cluster import DEFAULT_POOL
from serfsim.scenario.other_words import FAULTS
from serfsim.scenario.part import Part
from serfsim.scenario.phrases import format_duration
from serfsim.scenario.problems import Path, Problem, invalid, listed
from serfsim.scenario.roster import Roster
from serfsim.scenario.units import LARGEST_COUNT, Duration, Kind, Positive, PositiveDuration, write_duration

MOST_OCCURRENCES = 1_000_000  # of all entries of a scenario together

Occurrence = tuple[float, float | None]
"""(start, end) in seconds from the end of the warm-up; end None: no end of its own."""


class CheckContext(NamedTuple):
    """The cluster and run that the entries of one verb are checked against. `duration` in seconds.

    `processes_end`: some fault ends processes, which start anew as they are configured.
    """

    roster: Roster
    duration: float
    processes_end: bool


class Entry(Part):
    """An entry of `faults` or `workload`, led by its verb.

    A class of a verb gives `verb`, the key that names it, and `example`, an entry for the starter file, which
    may end in a comment.
    """

    model_config = ConfigDict(json_schema_extra={"dependentRequired": {"times": ["every"]}})

    verb: ClassVar[str]
    example: ClassVar[str]

    at: Duration = Field(default=0.0, description="time of the first occurrence, after the warm-up")
    pool: Annotated[str, Kind("the name of a pool")] | None = Field(
        default=None,
        description="the pool whose agents it is about; `default` is the cluster's own. Without, a fault hits"
        " every agent of its hosts, and work is that of the cluster's own agents",
    )
    until: PositiveDuration | None = Field(
        default=None,
        description="time from which it does not begin again; of a fault without `every`, its end",
    )
    every: PositiveDuration | None = Field(default=None, description="time from one beginning to the next")
    times: Positive | None = Field(default=None, description="number of occurrences, with `every`")

    @model_validator(mode="after")
    def _sensible_repetition(self) -> Entry:
        if self.times is not None and self.every is None:
            raise invalid("`every` beside `times`", found="`times` alone", inside=("times",))
        if self.until is not None and self.until <= self.at:
            expected = f"a time after `at`, {write_duration(self.at)}"
            raise invalid(expected, write_duration(self.until), inside=("until",))
        return self

    # Checks --------------------------------------------------------------------------------------

    def problems(self, roster: Roster, path: Path) -> Iterator[Problem]:
        """Mistakes that show beside the members. `path` is the entry's own."""
        yield from ()

    @classmethod
    def joint_problems(cls, entries: Sequence[tuple[Path, Any]], context: CheckContext) -> Iterator[Problem]:
        """Mistakes that show only when all entries of this verb are seen together."""
        yield from ()

    # Words ---------------------------------------------------------------------------------------

    def describe(self) -> str:
        """Describe the entry in a sentence without its times: 'node-03 crashes'."""
        raise NotImplementedError

    def describe_with_pool(self) -> str:
        """Describe the entry and its pool: 'node-03 crashes in pool wan'."""
        if self.pool is None:
            return self.describe()
        pool = "the cluster's own pool" if self.pool == DEFAULT_POOL else f"pool {self.pool}"
        return f"{self.describe()} in {pool}"

    def describe_times(self) -> str:
        """'at 1 min, for 5 min'; 'from 30 s, every 15 s, for 10 s each, 12 times'."""
        parts = [f"{'from' if self.every is not None else 'at'} {format_duration(self.at)}"]
        if self.every is not None:
            parts.append(f"every {format_duration(self.every)}")
        parts += self._describe_extent()
        if self.until is not None:
            parts.append(f"until {format_duration(self.until)}")
        if self.times is not None:
            parts.append(f"{self.times} times")
        return ", ".join(parts)

    def _describe_extent(self) -> list[str]:
        return []

    # Times ---------------------------------------------------------------------------------------

    def end_of(self, start: float) -> float | None:
        """Return the end of the occurrence that began at `start`; None for the run's end, or no extent."""
        return None

    def _limit(self, duration: float) -> float:
        """Before when an occurrence begins."""
        return min(duration, self.until) if self.every is not None and self.until is not None else duration

    def occurrences(self, duration: float) -> list[Occurrence]:
        """All that begin in a run of `duration` seconds, in order.

        Without `every` there is one. With it the k-th begins at `at + k * every`, for `times` of them, or
        while before `until`, or to the end of the run. An end may lie after the end of the run.
        """
        limit = self._limit(duration)
        found: list[Occurrence] = []
        start = self.at
        while start < limit and (self.times is None or len(found) < self.times):
            found.append((start, self.end_of(start)))
            if self.every is None:
                break
            start = self.at + len(found) * self.every
        return found

    def count_occurrences(self, duration: float) -> int:
        """Return the length of `occurrences`, at most LARGEST_COUNT, without making them."""
        limit = self._limit(duration)
        if self.at >= limit:
            return 0
        if self.every is None:
            return 1
        count = int(min((limit - self.at) / self.every, LARGEST_COUNT))
        if count < LARGEST_COUNT and self.at + count * self.every < limit:
            count += 1
        return count if self.times is None else min(count, self.times)

    # Action --------------------------------------------------------------------------------------

    def prepare(self, roster: Roster, random: Random) -> Any:
        """Make once, before the run, what all occurrences share, such as members picked at random."""
        return None


class Happening(NamedTuple):
    """An entry in words: it begins at `at_s`; `when` are its times, `what` it does."""

    at_s: float
    when: str
    what: str


def describe_entries(entries: Sequence[Entry]) -> list[Happening]:
    """Entries in order of their first occurrence, otherwise as given."""
    happenings = [
        Happening(entry.at, entry.describe_times(), entry.describe_with_pool()) for entry in entries
    ]
    return sorted(happenings, key=lambda happening: happening.at_s)


def read_by_verb(classes: Mapping[str, type[Entry]], what: str, value: Any) -> Any:
    """Read the entry that a mapping describes, by the verb among its keys."""
    if isinstance(value, Part):
        return value
    expected = f"{what}: a mapping with one of {listed(classes)}"
    if not isinstance(value, Mapping):
        raise invalid(expected, value)
    verbs = [key for key in value if key in classes]
    if len(verbs) != 1:
        near = [name for name in (nearest(str(key), classes) for key in value) if name]
        near = [FAULTS[str(key)] for key in value if FAULTS.get(str(key)) in classes] + near
        meant = near[0] if near and not verbs else None
        raise invalid(expected, value, found=listed(verbs).replace(" or ", " and ") or None, meant=meant)
    return classes[verbs[0]].model_validate(dict(value))

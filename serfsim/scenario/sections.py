"""The sections of a scenario as data, which `checks`, `card` and `writing` take.

`model.Scenario` adds the checks across sections and the ways in and out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, Strict
from pydantic_core import PydanticCustomError

from serfsim.base.english import nearest
from serfsim.protocol.settings import SHORTEST_INTERVAL
from serfsim.scenario.claims import Claim
from serfsim.scenario.cluster import Cluster
from serfsim.scenario.faults import AnyFault, Upgrade
from serfsim.scenario.network import Network
from serfsim.scenario.own_code import Code
from serfsim.scenario.part import Part
from serfsim.scenario.problems import invalid
from serfsim.scenario.rivals import is_rival
from serfsim.scenario.roster import Roster, build_roster, profiles_of, releases_of
from serfsim.scenario.settings import PROFILES, release_settings
from serfsim.scenario.situation import Situation
from serfsim.scenario.units import (
    DURATION_SCHEMA,
    POSITIVE_SCHEMA,
    Kind,
    PositiveDuration,
    read_duration,
    write_duration,
)
from serfsim.scenario.workload import AnyWork
from serfsim.scenario.zones import has_zones

LONGEST_QUESTION = 10_000  # characters
LARGEST_SEED = 2**63 - 1
SETTLED: Final = "settled"
SETTLE_LIMIT_S: Final = 600.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def _read_name(value: Any) -> Any:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise invalid("a name that can be a folder: letters, digits, '-', '.' and '_'", value)


def _read_sampling(value: Any) -> Any:
    """Read the interval of samples in seconds, None for never."""
    if value is None or value == "none":
        return None
    seconds = read_duration(value)
    if seconds < SHORTEST_INTERVAL:
        raise invalid(f"an interval of at least {write_duration(SHORTEST_INTERVAL)}, or none", value)
    return seconds


def _write_sampling(seconds: float | None) -> str:
    return "none" if seconds is None else write_duration(seconds)


def _read_warm_up(value: Any) -> Any:
    if value == SETTLED:
        return SETTLED
    try:
        return read_duration(value)
    except PydanticCustomError:
        if isinstance(value, str) and not any(letter.isdigit() for letter in value):
            raise invalid(f"a duration, or {SETTLED}", value, meant=nearest(value, [SETTLED])) from None
        raise


def _write_warm_up(value: float | str) -> str:
    return value if isinstance(value, str) else write_duration(value)


WarmUp = Annotated[
    float | Literal["settled"],
    BeforeValidator(_read_warm_up),
    PlainSerializer(_write_warm_up),
    Kind("a duration such as 30s, or settled", {"anyOf": [DURATION_SCHEMA, {"const": SETTLED}]}),
]
"""Seconds, or until queues are empty and views agree, at most SETTLE_LIMIT_S."""


class RecordOptions(Part):
    """The records kept of a run beside its figures."""

    coordinates: Annotated[
        float | None,
        BeforeValidator(_read_sampling),
        PlainSerializer(_write_sampling),
        Kind("a duration such as 5s, or none", {"anyOf": [POSITIVE_SCHEMA, {"enum": ["none", None]}]}),
    ] = Field(default=5.0, description="time between samples of all coordinates; `none` takes none")
    views: Literal["changes", "none"] = Field(
        default="changes", description="changes of views, which are always kept: `none` has no effect"
    )
    packets: Literal["counts", "pcap", "pcapng", "none"] = Field(
        default="counts",
        description="packets: only counted, which `none` changes nothing of, or every one in a capture file:"
        " `pcap`, or `pcapng` with the nodes' names and a comment on each packet that is lost",
    )
    replay: Annotated[bool, Strict()] = Field(
        default=False,
        description="keep what `serfsim replay` shows: a table of every packet and the queues of each member",
    )


class Sections(Part):
    """The keys of a scenario file; `model.Scenario` says what they mean together."""

    name: Annotated[
        str,
        BeforeValidator(_read_name),
        Kind(
            "a name of letters, digits, '-', '.' and '_'", {"type": "string", "pattern": f"^{_NAME.pattern}$"}
        ),
    ] = Field(default="scenario", description="name of the scenario and its results; the file's unless given")
    question: Annotated[str, Field(max_length=LONGEST_QUESTION)] = Field(
        default="", description="question that the scenario answers"
    )
    situation: Situation | None = Field(
        default=None, description="the answer, its threads and its study: what makes it one of the library"
    )
    seed: Annotated[int, Strict(), Field(ge=0, le=LARGEST_SEED)] = Field(
        default=1, description="seed of all that is random: same scenario and seed, same result"
    )
    duration: PositiveDuration = Field(
        default=300.0, description="time that the run lasts, from the end of the warm-up"
    )
    warm_up: WarmUp = Field(
        default=30.0,
        description="time after the join that is not scored; `settled` ends it when every member runs, sees"
        f" all others and has nothing left to tell, after {SETTLE_LIMIT_S:.0f} s at the latest",
    )
    cluster: Cluster = Field(default_factory=Cluster, description="the members, their settings and start")
    network: Network = Field(default_factory=Network, description="the network that they talk over")
    # Before the sections that may use its words: fields are read in order.
    code: Code | None = Field(default=None, description="Python of your own; needs --allow-code")
    faults: tuple[AnyFault, ...] = Field(default=(), description="what goes wrong, and when")
    workload: tuple[AnyWork, ...] = Field(default=(), description="what members are asked to do, and when")
    claims: tuple[Claim, ...] = Field(
        default=(),
        description="conditions on the figures; where one does not hold, `serfsim run` exits with code 1",
    )
    record: RecordOptions = Field(default_factory=RecordOptions, description="what is kept of a run")

    def __repr__(self) -> str:
        """Short: all of it is what `to_yaml` is for."""
        nodes = self.cluster.nodes if isinstance(self.cluster.nodes, int) else len(self.cluster.nodes)
        parts = [f"{nodes} node{'' if nodes == 1 else 's'}", write_duration(self.duration)]
        for what, entries in (("fault", self.faults), ("job", self.workload), ("claim", self.claims)):
            if entries:
                parts.append(f"{len(entries)} {what}{'' if len(entries) == 1 else 's'}")
        return f"<Scenario {self.name}: {', '.join(parts)}>"

    __str__ = __repr__

    def roster(self) -> Roster:
        """Return the members with their groups and effective settings, computed anew."""
        return build_roster(self.cluster)

    def given(self) -> dict[str, Any]:
        """Only what was given, in the words of a scenario file; `Scenario(**given)` is equal to this."""
        written: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return written

    def complete(self) -> dict[str, Any]:
        """Everything, defaults filled in, in the words of a scenario file."""
        written: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        # Everywhere else None means "not given"; here it is a choice.
        written["record"]["coordinates"] = _write_sampling(self.record.coordinates)
        del written["cluster"]["config" if is_rival(self.cluster) else "rival"]
        if not self.cluster.coordinate_settings:
            del written["cluster"]["coordinate_settings"]
        if is_rival(self.cluster):
            return written
        # Written down, the cluster's own defaults would hold for members of other releases and profiles too.
        for name in self._defaults_that_differ():
            if name not in self.cluster.config.model_fields_set:
                written["cluster"]["config"].pop(name, None)
        return written

    def _defaults_that_differ(self) -> Iterator[str]:
        """Yield the settings whose defaults are not the same for all members."""
        if self._mixes_releases():
            yield from release_settings(self.cluster.profile, self.cluster.release)
        profiles = profiles_of(self.cluster)
        if len(profiles) > 1:
            for profile in sorted(profiles):
                yield from PROFILES[profile]
        if has_zones(self.cluster):
            yield "zone_aware_routing"

    def _mixes_releases(self) -> bool:
        upgrades = any(isinstance(fault, Upgrade) for fault in self.faults)
        return upgrades or len(releases_of(self.cluster)) > 1

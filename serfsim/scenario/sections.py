"""The sections of a scenario as data, which `checks`, `card` and `writing` take.

`model.Scenario` adds the checks across sections and the ways in and out.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, Strict
from pydantic_core import PydanticCustomError

from serfsim.base.english import nearest
from serfsim.protocol.settings import SHORTEST_INTERVAL
from serfsim.scenario.claims import Claim
from serfsim.scenario.cluster import Cluster
from serfsim.scenario.faults import AnyFault, Upgrade
from serfsim.scenario.network import Network
from serfsim.scenario.part import Part
from serfsim.scenario.problems import invalid
from serfsim.scenario.roster import Roster, build_roster, releases_of
from serfsim.scenario.settings import release_settings
from serfsim.scenario.units import PositiveDuration, read_duration, write_duration
from serfsim.scenario.workload import AnyWork

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
    """The interval of samples in seconds, None for never."""
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
    float | Literal["settled"], BeforeValidator(_read_warm_up), PlainSerializer(_write_warm_up)
]
"""Seconds, or until queues are empty and views agree, at most SETTLE_LIMIT_S."""


class RecordOptions(Part):
    """The records kept of a run beside its figures.

    `coordinates`: the interval of their samples, or `none`. `packets`: only counted, or every one in
    a capture file (`pcap`, or `pcapng` with the nodes' names and a comment on each packet that is lost).
    Changes of views are always kept and packets always counted: `views` and `packets` may be `none`, which
    has no effect.
    """

    coordinates: Annotated[
        float | None, BeforeValidator(_read_sampling), PlainSerializer(_write_sampling)
    ] = 5.0
    views: Literal["changes", "none"] = "changes"
    packets: Literal["counts", "pcap", "pcapng", "none"] = "counts"


class Sections(Part):
    """The keys of a scenario file; `model.Scenario` says what they mean together."""

    name: Annotated[str, BeforeValidator(_read_name)] = "scenario"
    question: Annotated[str, Field(max_length=LONGEST_QUESTION)] = ""
    seed: Annotated[int, Strict(), Field(ge=0, le=LARGEST_SEED)] = 1
    duration: PositiveDuration = 300.0
    warm_up: WarmUp = 30.0
    cluster: Cluster = Field(default_factory=Cluster)
    network: Network = Field(default_factory=Network)
    faults: tuple[AnyFault, ...] = ()
    workload: tuple[AnyWork, ...] = ()
    claims: tuple[Claim, ...] = ()
    record: RecordOptions = Field(default_factory=RecordOptions)

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
        """The members with their groups and effective settings, worked out afresh."""
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
        if self._mixes_releases():
            # Written down, the cluster's own defaults would hold for members of other releases too.
            for name in release_settings(self.cluster.profile, self.cluster.version):
                if name not in self.cluster.config.model_fields_set:
                    written["cluster"]["config"].pop(name, None)
        return written

    def _mixes_releases(self) -> bool:
        upgrades = any(isinstance(fault, Upgrade) for fault in self.faults)
        return upgrades or len(releases_of(self.cluster)) > 1

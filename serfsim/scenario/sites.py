"""Topologies of places on Earth and in buildings: real backbones, public clouds, data centres.

Each class's docstring gives the round-trip time, `rtt`, between two nodes without jitter. How nodes stand
on the places is said as for measured networks (`measured.Measured`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from serfsim.base.english import format_count
from serfsim.base.errors import ScenarioError
from serfsim.scenario.measured import Measured
from serfsim.scenario.phrases import format_names
from serfsim.scenario.problems import custom_error, invalid, quoted, unknown_name
from serfsim.scenario.units import Duration, Kind, Number, Positive, PositiveDuration

Factor = Annotated[Number, Field(ge=1.0, le=1000.0)]
Level = Annotated[Positive, Field(le=1000)]


def _read_network(value: object) -> object:
    """Read the full name of a network of topohub."""
    if not isinstance(value, str):
        raise invalid("a network such as topozoo/Abilene", value)
    # topohub is asked only by those who want it.
    # start-up: it imports networkx and numpy
    from serfsim.topology.backbone import full_name

    try:
        return full_name(value)
    except ScenarioError as error:
        message = str(error).removeprefix("topology.network: ")
        raise custom_error({"message": message, "inside": ()}) from None


class Backbone(Measured):
    """A real network of topohub; one way = the fastest way through its fibres, `hop` more a router.

    A link is as long as ITU-T G.826 reckons for its air distance, unless a factor is given.
    """

    model: Literal["backbone"] = "backbone"
    network: Annotated[str, BeforeValidator(_read_network)] = Field(
        description="network by name, such as topozoo/Abilene (`serfsim topology --list`)"
    )
    path_factor: Factor | None = Field(
        default=None, description="length of a link as a multiple of its air distance"
    )
    hop: Duration = Field(default=20e-6, description="one-way latency that each router adds")

    def describe_places(self) -> str:
        return f"on the backbone {self.network}"


_REGIONS_SCHEMA: Final = {
    "anyOf": [
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
        {"type": "null"},
    ]
}


class Cloud(Measured):
    """Zones of cloud regions; rtt = in_zone, between_zones, or overhead + path_factor * light in fibre."""

    model: Literal["cloud"] = "cloud"
    provider: Literal["aws", "azure", "gcp"] = Field(default="aws", description="whose regions they are")
    regions: Annotated[tuple[str, ...], Kind("names of regions, or all", _REGIONS_SCHEMA)] = Field(
        default=(), description="regions by name, or `all`; a handful unless given"
    )
    zones: Level = Field(default=3, description="zones of a region, at most as many as it has")
    path_factor: Factor = Field(
        default=1.65, description="length of the fibre between regions as a multiple of their air distance"
    )
    overhead: Duration = Field(default=6e-3, description="round trip between regions beside that of light")
    in_zone: PositiveDuration = Field(default=300e-6, description="round trip within a zone")
    between_zones: PositiveDuration = Field(default=1e-3, description="round trip between zones of a region")

    def describe_places(self) -> str:
        zones = format_count(self.zones, "zone") + (" each" if len(self.regions) > 1 else "")
        regions = f"{format_count(len(self.regions), 'region')} of {self.provider}"
        return f"in {regions}, {zones} ({format_names(self.regions)})"

    @model_validator(mode="before")
    @classmethod
    def _list_regions(cls, value: Any) -> Any:
        """Return the regions by name, for the scenario that a result keeps."""
        # start-up: it imports numpy
        from serfsim.topology.regions import DEFAULT_REGIONS, PROVIDERS

        provider = value.get("provider", "aws") if isinstance(value, dict) else None
        if not isinstance(provider, str) or provider not in PROVIDERS:
            return value
        regions = value.get("regions")
        if regions is None:
            regions = DEFAULT_REGIONS[provider]
        elif regions == "all":
            regions = tuple(PROVIDERS[provider])
        elif isinstance(regions, str):
            regions = (regions,)
        return {**value, "regions": _known_regions(provider, regions)}

    @model_validator(mode="after")
    def _place_somewhere(self) -> Cloud:
        if isinstance(self.place, Mapping):
            # start-up: it imports numpy
            from serfsim.topology.cloud import known_places

            _check_places(self.place, known_places(self.provider, self.regions, self.zones))
        return self


def _check_places(place: Mapping[str, str], known: list[str]) -> None:
    for name, label in place.items():
        if label not in known:
            message = unknown_name(label, "a place of this topology", known)
            raise custom_error({"message": message, "inside": ("place", name)})


def _known_regions(provider: str, regions: Any) -> Any:
    # start-up: it imports numpy
    from serfsim.topology.regions import PROVIDERS, canonical

    if not isinstance(regions, (list, tuple)) or not regions:
        raise invalid("a list of regions, or all", regions, inside=("regions",))
    found: list[str] = []
    for position, region in enumerate(regions):
        name = canonical(provider, region) if isinstance(region, str) else ""
        if name not in PROVIDERS[provider]:
            message = unknown_name(
                region if isinstance(region, str) else quoted(region),
                f"a region of {provider}",
                list(PROVIDERS[provider]),
            )
            raise custom_error({"message": message, "inside": ("regions", position)})
        if name in found:
            raise invalid("each region once", region, inside=("regions", position))
        found.append(name)
    return tuple(found)


class Datacenter(Measured):
    """Racks of zones of regions; rtt is that of the narrowest of these that two nodes share."""

    model: Literal["datacenter"] = "datacenter"
    regions: Level = Field(default=1, description="number of regions")
    zones: Level = Field(default=3, description="zones in each region")
    racks: Level = Field(default=4, description="racks in each zone")
    in_rack: PositiveDuration = Field(default=60e-6, description="round trip within a rack")
    in_zone: PositiveDuration = Field(default=200e-6, description="round trip between racks of a zone")
    between_zones: PositiveDuration = Field(
        default=800e-6, description="round trip between zones of a region"
    )
    between_regions: PositiveDuration = Field(default=30e-3, description="round trip between regions")

    @field_validator("racks")
    @classmethod
    def _bounded(cls, racks: int, info: Any) -> int:
        total = racks * info.data.get("zones", 1) * info.data.get("regions", 1)
        if total > MOST_RACKS:
            raise invalid(f"at most {MOST_RACKS} racks in all", found=f"{total} racks in all")
        return racks

    @model_validator(mode="after")
    def _place_somewhere(self) -> Datacenter:
        if isinstance(self.place, Mapping):
            # start-up: it imports numpy
            from serfsim.topology.datacenter import known_places

            _check_places(self.place, known_places(self.regions, self.zones, self.racks))
        return self

    def describe_places(self) -> str:
        levels = ((self.regions, "region"), (self.zones, "zone"), (self.racks, "rack"))
        return f"in {' of '.join(format_count(count, level) for count, level in levels)}"


MOST_RACKS = 100_000

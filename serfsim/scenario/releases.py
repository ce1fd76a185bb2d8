"""The releases that members run, as a scenario names them.

`version` names a release of Serf, which brings the memberlist of its go.mod; `serf` and `memberlist` name
the layers apart; `product` names both by what people run. The narrowest of cluster, group and node decides,
for each layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BeforeValidator, Field, model_validator

from serfsim.base.english import nearest
from serfsim.protocol.rules import MEMBERLIST, MEMBERLIST_RELEASES, SERF, SERF_RELEASES
from serfsim.protocol.versions import (
    ALIASES,
    BASELINE,
    LATEST,
    PRODUCTS,
    cannot_pair,
    combined,
    full_name,
    is_release,
    layers_of,
    releases_of,
    written_out,
)
from serfsim.scenario.part import Part
from serfsim.scenario.problems import found_expected, invalid, listed
from serfsim.scenario.units import Kind

HOW_TO_LIST: Final = "`serfsim versions` lists them"
_NEAREST: Final = 3  # releases that a message names


def short_names(releases: tuple[str, ...]) -> list[str]:
    """Return the short names of a layer's releases: 0.8, 0.9, 0.10."""
    return list(dict.fromkeys(name.rpartition(".")[0] for name in releases if "." in name))


SERF_NAMES: Final = (*short_names(SERF_RELEASES), *SERF_RELEASES)
MEMBERLIST_NAMES: Final = (*short_names(MEMBERLIST_RELEASES), *MEMBERLIST_RELEASES)


def read_release(value: object, layer: str, words: tuple[str, ...] = ()) -> str:
    """Read a release of a layer, or one of `words`; an error names the nearest that there are."""
    expected, releases = f"a release of {layer}", releases_of(layer)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise invalid(f"{expected} in quotes, such as '{releases[-1]}'; {HOW_TO_LIST}", value)
    name = str(value)
    if name in words or is_release(name, layer):
        return name
    if isinstance(value, float) and is_release(f"{name}0", layer):
        raise invalid(
            f"{expected} in quotes: without them YAML reads {name}0 as the number {name}",
            value,
            meant=f'"{name}0"',
        )
    near = nearest_releases(name, layer)
    found = f"the nearest are {listed(near)}" if len(near) > 1 else f"the nearest is {near[0]}"
    raise invalid(f"{expected}; {found}; {HOW_TO_LIST}", value)


def nearest_releases(name: str, layer: str) -> list[str]:
    """Return the releases around a name, by number; the newest where it is no number."""
    if is_release(name.removeprefix("v"), layer):
        return [name.removeprefix("v")]
    asked = _numbers(name)
    dated = [release for release in releases_of(layer) if "." in release]
    if not asked:
        return dated[-_NEAREST:]
    at = sum(_numbers(release) < asked for release in dated)
    low = max(0, min(at - 1, len(dated) - 2))
    return dated[low : low + 2]


def _numbers(name: str) -> list[int]:
    parts = name.strip().removeprefix("v").split(".")
    return [int(part) for part in parts] if all(part.isdecimal() for part in parts) else []


def _read_version(value: object) -> str:
    return read_release(value, SERF, (LATEST, *PRODUCTS))


def _read_serf(value: object) -> str:
    return read_release(value, SERF)


def _read_memberlist(value: object) -> str:
    return read_release(value, MEMBERLIST)


def _read_product(value: object) -> str:
    if isinstance(value, str) and value in PRODUCTS:
        return value
    why, name = "", value.lower() if isinstance(value, str) else ""
    meant = name if name in PRODUCTS else nearest(name, PRODUCTS) if name else None
    if name.partition("-")[0] in {product.partition("-")[0] for product in PRODUCTS}:
        why = ", or `serf` and `memberlist` as `go version -m` of its binary shows them"
    raise invalid(f"one of {', '.join(PRODUCTS)}{why}; {HOW_TO_LIST}", value, meant=meant)


def _schema(names: tuple[str, ...]) -> dict[str, Any]:
    # Without quotes 0.9 is a number; 0.10 would be the number 0.1.
    numbers = [float(one) for one in names if one.count(".") == 1 and _numbers(one) and not one.endswith("0")]
    return {"enum": [*names, *numbers]}


Version = Annotated[
    str,
    BeforeValidator(_read_version),
    Kind("a release of Serf such as '0.10.2'", _schema((*SERF_NAMES, LATEST, *PRODUCTS))),
]
"""A release of Serf in full or short, `latest`, or a product."""
SerfRelease = Annotated[
    str, BeforeValidator(_read_serf), Kind("a release of Serf such as '0.10.2'", _schema(SERF_NAMES))
]
MemberlistRelease = Annotated[
    str,
    BeforeValidator(_read_memberlist),
    Kind("a release of memberlist such as '0.6.0'", _schema(MEMBERLIST_NAMES)),
]
Product = Annotated[
    str, BeforeValidator(_read_product), Kind("a product such as nomad-1.11", {"enum": list(PRODUCTS)})
]


OwnVersion = Annotated[
    Version | None,
    Field(description="release of Serf that it runs; its group's or the cluster's unless given"),
]
OwnSerf = Annotated[
    SerfRelease | None,
    Field(description="release of Serf beside `memberlist`; without that the same as `version`"),
]
OwnMemberlist = Annotated[
    MemberlistRelease | None,
    Field(description="release of memberlist, instead of the one in Serf's go.mod"),
]
OwnProduct = Annotated[
    Product | None,
    Field(description="product whose releases of Serf and memberlist it runs, such as nomad-1.11"),
]


class Software(Part):
    """A part that says what members run; without any of its keys, what the wider part says."""

    if TYPE_CHECKING:
        version: str | None
        serf: str | None
        memberlist: str | None
        product: str | None

    @model_validator(mode="after")
    def _one_name(self) -> Software:
        given = [key for key in ("version", "serf", "product") if key in self.model_fields_set]
        given = [key for key in given if getattr(self, key) is not None]
        if len(given) > 1:
            raise invalid(
                "one of version, serf and product, with memberlist beside it",
                found=f"`{given[1]}` beside `{given[0]}`",
                inside=(given[1],),
            )
        return self

    @property
    def names_serf(self) -> str:
        """The release or product that brings a release of each layer; "" where none is given."""
        return self.product or self.serf or self.version or ""


def release_of(*levels: Software) -> str:
    """Return the name of the release that results from levels, the widest first."""
    name, memberlist = BASELINE, ""
    for level in levels:
        if level.names_serf:
            name, memberlist = _settled(level.names_serf), ""
        memberlist = level.memberlist or memberlist
    return combined(name, memberlist)


def replaced(name: str, other: str, memberlist: str) -> str:
    """Return what a member runs that ran `name` once it gets another release, or another memberlist alone."""
    return combined(_settled(other) if other else name.partition(" with memberlist ")[0], memberlist)


def pair_problem(name: str) -> str:
    """Return the message about a release whose layers never run together; "" for any other."""
    serf, memberlist = layers_of(name)
    why = cannot_pair(serf, memberlist)
    if not why:
        return ""
    return found_expected(written_out(name), f"memberlist {layers_of(serf)[1]} or newer: {why}")


def _settled(name: str) -> str:
    """Return the full name of a short one, but for those that eras are called by."""
    if name in ALIASES or name == LATEST or name in PRODUCTS:
        return name
    return full_name(name, SERF)

"""`zones`: the availability zones of the members, and which of them are bridges between zones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple

from pydantic import BeforeValidator, Field, Strict

from serfsim.protocol.versions import release_with, value_in
from serfsim.scenario.names import NAME_SCHEMA, is_name, read_name
from serfsim.scenario.part import Part
from serfsim.scenario.problems import Path, Problem, found_expected, invalid
from serfsim.scenario.units import Kind

if TYPE_CHECKING:
    from serfsim.scenario.cluster import Cluster, Group, Node
    from serfsim.scenario.roster import Member

LONGEST_ZONE: Final = 16  # bytes, as in dskit
MOST_ZONES: Final = 100
EXPECTED: Final = f"the name of a zone, of at most {LONGEST_ZONE} characters"
BRIDGES: Final = "bridges"  # the bridges of all zones, where entries name members


def _read_zone(value: Any) -> str:
    if not isinstance(value, str) or not is_name(value) or len(value) > LONGEST_ZONE:
        raise invalid(EXPECTED, value)
    return read_name(value)


def _read_zones(value: Any) -> Any:
    if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= MOST_ZONES:
        raise invalid("a list of names of zones such as [zone-a, zone-b]", value)
    names = tuple(_read_zone(name) for name in value)
    for position, name in enumerate(names):
        if name in names[:position]:
            raise invalid("each zone once", found=f"'{name}' twice", inside=(position,))
    return names


Zone = Annotated[str, BeforeValidator(_read_zone), Kind(EXPECTED, NAME_SCHEMA)]
Role = Literal["member", "bridge"]

OWN_ZONE: Final = "availability zone that it is in and announces as its tag `zone`, instead of its group's"
OWN_ROLE: Final = "`bridge`: takes news to other zones; `member`: keeps to its own; its tag `role`"


class Zones(Part):
    """The zones of a cluster. Members without a `zone` of their own are dealt to them in turn."""

    names: Annotated[
        tuple[str, ...],
        BeforeValidator(_read_zones),
        Kind("a list of names of zones", {"type": "array", "items": NAME_SCHEMA, "minItems": 1}),
    ] = Field(
        description="names of the zones, which also stand for their members wherever nodes are named;"
        " `NAME-bridges` are a zone's bridges, `bridges` those of all zones"
    )
    bridges: Annotated[int, Strict(), Field(ge=0, le=1000)] = Field(
        default=2, description="how many of the members that each zone is dealt are bridges: its first"
    )


class Place(NamedTuple):
    """The zone of a member, "" for none, and its role, "" where it has no zone."""

    zone: str = ""
    role: str = ""

    @property
    def tags(self) -> dict[str, str]:
        """The tags that announce it."""
        return {"zone": self.zone, "role": self.role} if self.zone else {}


def zones_of(cluster: Cluster, words: Sequence[tuple[Group, Group | Node]]) -> list[Place]:
    """Return the place of each member, from the words of its group and its own."""
    places: list[Place] = []
    names = cluster.zones.names if cluster.zones is not None else ()
    dealt = 0
    for group, node in words:
        zone, role = node.zone or group.zone or "", node.role or group.role or ""
        if not zone and names and cluster.zones is not None:
            turn, at = divmod(dealt, len(names))
            dealt += 1
            zone = names[at]
            role = role or ("bridge" if turn < cluster.zones.bridges else "member")
        places.append(Place(zone, role or "member") if zone else Place())
    return places


def has_zones(cluster: Cluster) -> bool:
    """Return whether any member may be in a zone."""
    nodes = cluster.nodes if isinstance(cluster.nodes, tuple) else ()
    own = [*(group.zone for group in cluster.groups.values()), *(node.zone for node in nodes)]
    return cluster.zones is not None or any(own)


def groups_of_zones(cluster: Cluster, places: Sequence[Place]) -> dict[str, list[int]]:
    """Return the numbers of each zone's members and of its bridges, by the names that stand for them."""
    if cluster.zones is None:
        return {}
    found: dict[str, list[int]] = {BRIDGES: []}
    for name in cluster.zones.names:
        found[name] = [number for number, place in enumerate(places) if place.zone == name]
        bridges = [number for number in found[name] if places[number].role == "bridge"]
        found[f"{name}-{BRIDGES}"] = bridges
        found[BRIDGES] = sorted({*found[BRIDGES], *bridges})
    return found


def zone_problems(
    cluster: Cluster, nodes: Sequence[str], words: Sequence[tuple[Group, Group | Node]]
) -> Iterator[Problem]:
    """Yield names of zones that a node or group has, and roles without a zone.

    `nodes`: the names of all nodes. `words`: those of each node's group and of the node itself.
    """
    if cluster.zones is not None:
        taken = {*nodes, *cluster.groups}
        for position, name in enumerate(cluster.zones.names):
            for own in (name, f"{name}-{BRIDGES}", BRIDGES):
                if own in taken:
                    found = f"'{own}', which a node or group is called"
                    expected = f"another name of the zone, or of them: '{own}' stands for members by zone"
                    yield Problem(("cluster", "zones", "names", position), found_expected(found, expected))
        return
    for name, group in cluster.groups.items():
        if group.role and not group.zone:
            yield _no_zone(("cluster", "groups", name, "role"))
    for number, (group, node) in enumerate(words):
        if node.role and not (node.zone or group.zone):
            yield _no_zone(("cluster", "nodes", number, "role"))


def _no_zone(path: Path) -> Problem:
    return Problem(path, found_expected("a role without a zone", "`zone` beside it, or `cluster.zones`"))


def routing_problems(members: Iterable[Member]) -> Iterator[Problem]:
    """Yield zone-aware routing of a member without a zone, with which dskit does not start.

    A member whose release has no such routing is refused for that (`needs`).
    """
    for member in members:
        has_rule = value_in("selects_nodes", member.version)
        if has_rule and member.config.zone_aware_routing and "zone" not in member.tags:
            found = f"zone_aware_routing of {member.name}, which is in no zone"
            path: Path = ("cluster", "config", "zone_aware_routing")
            yield Problem(path, found_expected(found, "`cluster.zones`, or its own `zone`"))
            return


def zone_warnings(cluster: Cluster, members: Iterable[Member]) -> Iterator[str]:
    """Warn of zones that no member routes by, though nobody switched the routing off."""
    if cluster.zones is None or any(
        member.config.zone_aware_routing or "zone_aware_routing" in member.given for member in members
    ):
        return
    yield (
        "cluster.zones: no member routes by zones, so they are names and tags alone; those of"
        f" {release_with('selects_nodes')}, do"
    )

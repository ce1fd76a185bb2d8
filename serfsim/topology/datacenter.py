"""A tree of regions, zones and racks; the round-trip time is that of the smallest place two nodes share.

| nodes | round-trip time |
|---|---|
| in one rack | in_rack |
| in two racks of a zone | in_zone |
| in two zones of a region | between_zones |
| in two regions | between_regions |

The metric of a tree: every triangle has two equal longest sides, so that no detour is ever shorter, and
no plane holds more than three regions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from serfsim.base.english import format_count
from serfsim.native import Random
from serfsim.topology.places import Place, place_nodes, topology_at_places
from serfsim.topology.topology import Topology
from serfsim.topology.tree import Leaf, interleave, narrow_places


def datacenter(
    names: Sequence[str],
    rng: Random,
    regions: int = 1,
    zones: int = 3,
    racks: int = 4,
    in_rack: float = 60e-6,
    in_zone: float = 200e-6,
    between_zones: float = 800e-6,
    between_regions: float = 30e-3,
    place: Place = "auto",
    access: tuple[float, float] = (0.0, 0.0),
) -> Topology:
    """Place nodes in racks: `zones` per region and `racks` per zone; times are round trips in seconds.

    Racks are named 'zone-2/rack-03', with a prefix 'region-1/' if there are several regions. With `in_order`,
    consecutive nodes are as far apart as possible. A `place` by name may be a rack, a zone or a region. For
    `access`: see `places`; it is added.
    """
    leaves = interleave(_leaves(regions, zones, racks), place)
    labels = [label for _, label in leaves]
    where = place_nodes(names, labels, narrow_places(names, labels, _wider(leaves), place), rng)
    used = [leaves[at] for at in sorted(set(where))]
    levels = np.array([path for path, _ in used])
    rtt = np.full((len(used), len(used)), between_regions)
    same = np.ones(rtt.shape, dtype=bool)
    for level, seconds in enumerate((between_zones, in_zone, in_rack)):
        same &= np.equal.outer(levels[:, level], levels[:, level])
        rtt[same] = seconds
    homes = {name: labels[at] for name, at in zip(names, where, strict=True)}
    placed = topology_at_places(
        names, [label for _, label in used], rtt / 2.0, homes, access, rng, "datacenter"
    )
    size = f"{format_count(len(leaves), 'rack')} in {format_count(regions * zones, 'zone')}"
    description = (
        f"datacenter of {size}: {format_count(len(names), 'node')} in {format_count(len(used), 'rack')}"
    )
    return replace(placed, description=description)


def known_places(regions: int, zones: int, racks: int) -> list[str]:
    """Return all valid `place` names, the widest first."""
    leaves = _leaves(regions, zones, racks)
    return [*_wider(leaves), *(label for _, label in leaves)]


def _leaves(regions: int, zones: int, racks: int) -> list[Leaf]:
    paths = product(range(regions), range(zones), range(racks))
    return [(path, _label(path, regions, zones, racks)) for path in paths]


def _wider(leaves: Sequence[Leaf]) -> dict[str, list[str]]:
    """Return the racks of each zone and region by its name, interleaved."""
    wider: dict[str, list[str]] = {}
    for _, label in interleave(leaves, "auto"):
        parts = label.split("/")
        for depth in range(1, len(parts)):
            wider.setdefault("/".join(parts[:depth]), []).append(label)
    return wider


def _label(path: tuple[int, ...], regions: int, zones: int, racks: int) -> str:
    """Return a label; numbers start at 1 and are zero-padded, so that labels sort like places."""
    levels = zip(("region", "zone", "rack"), path, (regions, zones, racks), strict=True)
    parts = [f"{kind}-{number + 1:0{len(str(count))}d}" for kind, number, count in levels]
    return "/".join(parts if regions > 1 else parts[1:])

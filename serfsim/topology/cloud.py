"""Regions and zones of a public cloud, with latencies from the length of fibre between them.

| nodes | round-trip time |
|---|---|
| in one zone | in_zone |
| in two zones of a region | between_zones |
| in two regions | overhead + path_factor * great circle, there and back, at the speed of light in fibre |

The defaults of the last row are fitted to measurements: AWS (cloudping.co, 33 regions, medians) and
Azure (Microsoft's monthly medians, 51 regions), 1753 pairs together. With an overhead of 6 ms, the median
path factor is 1.69 for AWS, 1.63 for Azure and 1.65 for both; of a predicted round trip the median error
is 14 %, the 90th percentile 34 %, and the logarithm of measured / predicted has a standard deviation of
0.24. The overhead is not a cable: without it the nearest regions come out at half of the measured time. One
factor cannot capture geography: Israel to the Gulf goes by way of Europe, and South America to Africa
by way of North America; these are the largest errors.

With one factor for all, no detour is shorter than the direct path, as it is for one measured pair in four.
If that matters, use the measured matrices themselves (`datasets`: aws, azure).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from serfsim.base.english import format_count
from serfsim.base.errors import ScenarioError
from serfsim.native import Random
from serfsim.topology.fibre import fibre_s, great_circle_km
from serfsim.topology.places import Place, topology_at_places
from serfsim.topology.regions import DEFAULT_REGIONS, PROVIDERS, Region, canonical
from serfsim.topology.topology import Floats, Topology
from serfsim.topology.tree import interleave, narrow_places

PATH_FACTOR = 1.65
OVERHEAD_S = 0.006


def find_regions(provider: str, names: Sequence[str] | str | None) -> list[Region]:
    """Return the regions of these names; None: a handful; "all": all. Raises KeyError for an unknown name."""
    known = PROVIDERS[provider]
    if names is None:
        names = DEFAULT_REGIONS[provider]
    elif isinstance(names, str):
        names = tuple(known) if names == "all" else (names,)
    return [known[canonical(provider, name)] for name in names]


def cloud(
    names: Sequence[str],
    rng: Random,
    provider: str = "aws",
    regions: Sequence[str] | str | None = None,
    zones: int = 3,
    path_factor: float = PATH_FACTOR,
    overhead: float = OVERHEAD_S,
    in_zone: float = 300e-6,
    between_zones: float = 1e-3,
    place: Place = "auto",
    access: tuple[float, float] = (0.0, 0.0),
) -> Topology:
    """Place nodes in the first `zones` zones of each region, or in all zones of a region with fewer.

    Times are round trips in seconds. With `in_order`, consecutive nodes are in different regions, and a
    region's nodes cycle through its zones. A `place` by name may be a zone ('eu-west-1a') or a region. For
    `access`: see `places`; it is added. Raises ScenarioError for an unknown provider or region.
    """
    if provider not in PROVIDERS:
        raise ScenarioError(f"topology.provider: found '{provider}'; expected {', '.join(PROVIDERS)}")
    try:
        chosen = find_regions(provider, regions)
    except KeyError as error:
        raise ScenarioError(f"topology.regions: found {error}; expected a region of {provider}") from None
    one_way = _between(chosen, path_factor, overhead) / 2.0
    leaves = [
        ((r, z), zone) for r, region in enumerate(chosen) for z, zone in enumerate(zones_of(region, zones))
    ]
    ordered = interleave(leaves, place)
    labels = [label for _, label in ordered]
    region_of = [path[0] for path, _ in ordered]
    between = one_way[np.ix_(region_of, region_of)]
    same = np.equal.outer(region_of, region_of)
    between[same] = between_zones / 2.0
    np.fill_diagonal(between, in_zone / 2.0)
    wider = {region.name: zones_of(region, zones) for region in chosen}
    placed = topology_at_places(
        names, labels, between, narrow_places(names, labels, wider, place), access, rng, "cloud"
    )
    home = {label: chosen[r] for label, r in zip(labels, region_of, strict=True)}
    assert placed.places is not None
    where = np.array([[home[label].latitude, home[label].longitude] for label in placed.places])
    regions_text = f"{format_count(len(chosen), 'region')} of {provider}"
    zones_text = f"{len(set(placed.places))} of {format_count(len(labels), 'zone')}"
    description = f"{regions_text}: {format_count(len(names), 'node')} in {zones_text}"
    return replace(placed, description=description, locations=where.reshape(-1, 2))


def known_places(provider: str, regions: Sequence[str], zones: int) -> list[str]:
    """Return all valid `place` names, regions first."""
    chosen = find_regions(provider, regions)
    return [region.name for region in chosen] + [
        zone for region in chosen for zone in zones_of(region, zones)
    ]


def zones_of(region: Region, zones: int) -> list[str]:
    """Return a region's zones: 'us-east-1a', 'eastus-1', 'us-east1-b'; its own name if it has none."""
    if not region.zones:
        return [region.name]
    is_aws = region.name in PROVIDERS["aws"]
    return [region.name + ("" if is_aws else "-") + zone for zone in region.zones[:zones]]


def _between(regions: Sequence[Region], path_factor: float, overhead: float) -> Floats:
    """Return round trips between regions, seconds, shape (r, r); 0 on the diagonal."""
    rtt = np.zeros((len(regions), len(regions)))
    for i, a in enumerate(regions):
        for j in range(i + 1, len(regions)):
            b = regions[j]
            km = great_circle_km((a.latitude, a.longitude), (b.latitude, b.longitude))
            rtt[i, j] = rtt[j, i] = overhead + 2.0 * path_factor * fibre_s(km)
    return rtt

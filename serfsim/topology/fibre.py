"""Latency of light in fibre between places on Earth: distance, and speed in glass.

Light in a single-mode fibre travels at c / 1.468, 204 218 km/s (the group index of the common G.652 fibre
at 1550 nm), which is 9.79 us of round trip per kilometre. Fibres do not follow great circles; callers
choose a factor, or the rule of `route_km`.
"""

from __future__ import annotations

import math

LIGHT_KM_PER_S = 299_792.458
FIBRE_INDEX = 1.468
FIBRE_KM_PER_S = LIGHT_KM_PER_S / FIBRE_INDEX
EARTH_RADIUS_KM = 6371.0088  # mean radius

Location = tuple[float, float]
"""Latitude and longitude in degrees, north and east."""


def great_circle_km(a: Location, b: Location) -> float:
    """Return the shortest distance on a spherical Earth, in km (haversine; off by at most half a percent)."""
    (north_a, east_a), (north_b, east_b) = ((math.radians(x), math.radians(y)) for x, y in (a, b))
    chord = (
        math.sin((north_b - north_a) / 2.0) ** 2
        + math.cos(north_a) * math.cos(north_b) * math.sin((east_b - east_a) / 2.0) ** 2
    )
    return 2.0 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(chord)))


def fibre_s(km: float) -> float:
    """Return one-way seconds through this much fibre."""
    return km / FIBRE_KM_PER_S


def route_km(air_km: float) -> float:
    """Return the probable length of fibre for an air distance, in km.

    Half as long again up to 1000 km, 1500 km up to 1200 km, a quarter longer beyond. Source: ITU-T
    Recommendation G.826 section 6.2, for links of unknown length.
    """
    if air_km < 1000.0:
        return 1.5 * air_km
    return max(1500.0, 1.25 * air_km)

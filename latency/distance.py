"""Great circles on the mean Earth, for one pair of places or for whole arrays of them."""

from __future__ import annotations

import numpy as np

from latency.arrays import Floats

EARTH_RADIUS_KM = 6371.0088  # mean radius R1 of the IUGG, as in responder/core/src/geo.rs

Degrees = Floats | float


def great_circle_km(latitude: Degrees, longitude: Degrees, other_latitude: Degrees, other_longitude: Degrees) -> Floats:
    """Kilometres between places given in degrees; shapes broadcast, and NaN stands for an unknown place (haversine)."""
    south, north = np.radians(latitude), np.radians(other_latitude)
    apart = np.radians(np.subtract(other_longitude, longitude))
    share = np.sin((north - south) / 2) ** 2 + np.cos(south) * np.cos(north) * np.sin(apart / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(share, 1.0))))

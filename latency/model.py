"""The numbers of the model, each with its unit. docs/latency.md has the formulas and where the numbers come from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Level:
    """One group that shares a residual per region."""

    spread_ms: float  # standard deviation of the residual among groups of this kind
    max_count: float  # observations remembered at most, so that the mean can still move


@dataclass(frozen=True, slots=True)
class Model:
    """Defaults are tuned in the seeds 0 and 1 of bench/steering; docs/latency.md measures others."""

    base_ms: float = 15.0  # what a round trip costs at no distance
    slope_ms_per_km: float = 0.0165  # 60 km of great circle a millisecond: light in fibre (100) along real routes
    unknown_km: float = 5500.0  # assumed where a place is unknown, until observations say better

    everyone: Level = Level(spread_ms=4.6, max_count=400)
    country: Level = Level(spread_ms=6.8, max_count=200)
    network: Level = Level(spread_ms=11.2, max_count=60)
    prefix: Level = Level(spread_ms=15.0, max_count=25)
    unknown_distance_spread_ms: float = 80.0  # of the residual that has to stand in for an unknown distance
    last_mile_spread_ms: float = 20.0  # of what a client has in common towards all regions

    noise_ms: float = 12.2  # standard deviation of one observation around the residual of its prefix
    noise_count: float = 10.0  # observations that this expectation is worth against a client's own noise
    noise_max_count: float = 75.0  # observations remembered of it at most
    least_noise_ms: float = 4.0  # nothing is believed to be quieter
    half_life_s: float = 12 * 3600.0

    tolerance_ms: float = 8.0  # observations are clipped this far from the estimate, or
    tolerance_deviations: float = 2.5  # at this many standard deviations of what was to be expected
    noise_tolerance: float = 1.5  # tolerances up to which a deviation is taken to be noise: less would shrink by itself
    strikes: int = 3  # observations in a row beyond the tolerance on one side that say: the path has changed
    count_after_reset: float = 8.0  # observations before it are worth at most so many from then on
    shift_half_life_s: float = 3 * 3600.0  # of what a change has added to a path that is no longer observed

    surprise_count: float = 2.0  # regions that the expected spread of a client's residuals is worth against its own
    related_pairs: float = 50.0  # pairs of observed regions that the assumed covariance is worth

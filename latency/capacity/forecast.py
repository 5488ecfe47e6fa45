"""What regions will be asked for an hour from now: what the hour after this time of day has brought on the last days.

    each of the last DAYS: demand at this time ─► an hour later ─► median of the ratios ─┐
    now ─────── drawn a little to the median of the days ────────────────────────────────┴─► · ─► forecast

Medians, so that the crowd of one day is not expected again. Compared in bench/forecast with the plain day before and
with Holt-Winters: docs/capacity.md has the numbers.
"""

from __future__ import annotations

import warnings

import numpy as np

from latency.arrays import Floats

STEP_S = 600
DAY = 86_400 // STEP_S  # steps
AHEAD = 3600 // STEP_S
DAYS = 7
SMOOTHED = 3  # steps that a time of day is the mean of: half an hour
PERSISTENCE = 0.85  # of what sets now apart from the last days, in logarithms, that is left in an hour
MOST_RATIO = 3.0  # nothing is expected to grow beyond that within an hour
NEEDED = DAYS * DAY + SMOOTHED  # steps of history; a day of it is enough


def an_hour_ahead(history: Floats) -> Floats:
    """Queries a second by region, (R,), an hour after the last step of `history` (NEEDED, R); NaN if not known.

    Steps are STEP_S apart; NaN where nothing was recorded.
    """
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # regions of which nothing is known at all
        level = np.nanmean(history[-SMOOTHED:], axis=0)
        before = np.stack([_level(history, days) for days in range(1, DAYS + 1)])
        after = np.stack([history[AHEAD - days * DAY - 1] for days in range(1, DAYS + 1)])
        ratios = np.where((before > 0) & np.isfinite(after), after / before, np.nan)
        usual = np.nanmedian(np.where(before > 0, before, np.nan), axis=0)
        grown = np.minimum(np.nanmedian(ratios, axis=0), MOST_RATIO)
        return np.asarray(level**PERSISTENCE * usual ** (1 - PERSISTENCE) * grown)


def growth(history: Floats) -> Floats:
    """By how much more a region will be asked in an hour than it is now, (R,): 1 to MOST_RATIO, 1 where not known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = an_hour_ahead(history) / history[-1]
    return np.asarray(np.clip(np.where(np.isfinite(ratio), ratio, 1.0), 1.0, MOST_RATIO))


def _level(history: Floats, days: int) -> Floats:
    """What was asked for at this time some days ago, (R,)."""
    end = len(history) - days * DAY
    return np.asarray(np.nanmean(history[end - SMOOTHED : end], axis=0))

"""`python -m bench.forecast --seeds 20`: mean and p95 error an hour ahead, by method."""

from __future__ import annotations

import argparse
import importlib.util
import warnings
from collections.abc import Callable

import numpy as np

from bench.forecast.days import demand
from latency.arrays import Floats
from latency.capacity.forecast import AHEAD, DAY, DAYS, NEEDED, an_hour_ahead

LEARNED_DAYS, HELD_BACK_DAYS = DAYS + 1, 3
EVERY = 3  # steps from one forecast to the next

Method = Callable[[Floats], float]


def now(history: Floats) -> float:
    """As it is."""
    return float(history[-1])


def day_before(history: Floats) -> float:
    """As at that time a day ago (seasonal-naive)."""
    return float(history[AHEAD - DAY - 1])


def ours(history: Floats) -> float:
    """latency.capacity.forecast, given as much as it is given in production."""
    return float(an_hour_ahead(history[-NEEDED:, None])[0])


def holt_winters(history: Floats) -> float:
    """Additive trend, damped, and multiplicative season of a day, fitted anew to the last week."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing  # noqa: PLC0415 - measured where it is installed

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = ExponentialSmoothing(
            history[-DAYS * DAY :], trend="add", damped_trend=True, seasonal="mul", seasonal_periods=DAY
        )
        fitted = model.fit(optimized=True, use_brute=False)
    return float(fitted.forecast(AHEAD)[-1])


def errors(method: Method, seed: int, every: int) -> Floats:
    """|forecast - truth| / truth over the days held back."""
    series = demand(seed, LEARNED_DAYS + HELD_BACK_DAYS)
    moments = range(LEARNED_DAYS * DAY, len(series) - AHEAD, every)
    return np.array([abs(method(series[:t]) / series[t - 1 + AHEAD] - 1) for t in moments])


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--every", type=int, default=EVERY, help="steps from one forecast to the next")
    asked = parser.parse_args()
    methods: list[Method] = [now, day_before, ours]
    if importlib.util.find_spec("statsmodels"):
        methods.append(holt_winters)
    print("| method | mean error | p95 |\n|---|---:|---:|")
    for method in methods:
        found = np.concatenate([errors(method, 100 + seed, asked.every) for seed in range(asked.seeds)])
        name = method.__name__.replace("_", " ")
        print(f"| {name} | {100 * found.mean():.1f} % | {100 * np.quantile(found, 0.95):.1f} % |")


if __name__ == "__main__":
    main()

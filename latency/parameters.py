"""The parameters of a model version as JSON: what is left out is as in latency.model, and what is unknown is refused.

{"model": {"half_life_s": 21600, "network": {"spread_ms": 9}}, "switching": {"switch_ms": 6}, "caution": 0.3}
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass, replace
from typing import Any, TypeVar

from latency.chooser import Policy

Part = TypeVar("Part")

LEARNED = ("model", "switching", "caution")
"""Fields of Policy that learning goes by. How much is explored, and what is full, are said by steps and loads."""
UNUSED = {"switching.switch_after_s"}
"""Orders have no clock in them (latency.ranking)."""
MOST = {"caution": 10.0, "model.base_ms": 1000.0, "model.slope_ms_per_km": 1.0, "model.strikes": 100.0}
MOST_OTHERWISE = 1e9
LEAST_NOISE_MS, MOST_LAST_MILE_MS = 0.01, 10_000.0
ZERO_IS_FINE = {"caution", "switching.switch_ms", "switching.switch_percent", "model.base_ms", "model.slope_ms_per_km"}


class BadParameterError(ValueError):
    """A parameter is not one of these, or its value cannot be. `field` is its path, such as model.network.spread_ms."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


def read(parameters: Mapping[str, Any]) -> Policy:
    """The policy that these parameters make. Raises BadParameterError."""
    for name in parameters:
        if name not in LEARNED:
            raise BadParameterError(name, f"There is no such parameter: there are {', '.join(LEARNED)}.")
    return _read(Policy(), parameters, "")


def require_sound(policy: Policy) -> None:
    """Raises BadParameterError for what 53 bits do not hold beside each other (latency.posterior: 1 + S / σ²): learning
    would end at the first client that measures many regions. Versions that are kept are read all the same."""
    if policy.model.least_noise_ms < LEAST_NOISE_MS:
        raise BadParameterError("model.least_noise_ms", f"Say {LEAST_NOISE_MS:g} or more.")
    if policy.model.last_mile_spread_ms > MOST_LAST_MILE_MS:
        raise BadParameterError("model.last_mile_spread_ms", f"Say {MOST_LAST_MILE_MS:g} at most.")


def written(policy: Policy) -> dict[str, Any]:
    """All parameters of a policy that learning goes by: read() makes the same learning of them, to the bit."""
    said = {name: value for name, value in asdict(policy).items() if name in LEARNED}
    del said["switching"]["switch_after_s"]
    return said


def _read(known: Part, given: Any, path: str) -> Part:
    """`known` with what is given instead."""
    if not isinstance(given, Mapping):
        raise BadParameterError(path, "Say an object with parameters by name.")
    kinds = {field.name: getattr(known, field.name) for field in fields(known)}  # type: ignore[arg-type]
    changed: dict[str, Any] = {}
    for name, value in given.items():
        where = f"{path}.{name}" if path else str(name)
        if name not in kinds or where in UNUSED:
            raise BadParameterError(where, "There is no such parameter.")
        changed[name] = (
            _read(kinds[name], value, where) if is_dataclass(kinds[name]) else _number(kinds[name], value, where)
        )
    return replace(known, **changed)  # type: ignore[type-var]


def _number(known: float, value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < math.inf:
        raise BadParameterError(where, "Say a number.")
    if isinstance(known, int) and value != int(value):
        raise BadParameterError(where, "Say a whole number.")
    most = MOST.get(where, MOST_OTHERWISE)
    if value < 0 or value > most or (value == 0 and where not in ZERO_IS_FINE):
        raise BadParameterError(where, f"Say a number above 0{' or 0' * (where in ZERO_IS_FINE)}, at most {most:g}.")
    return type(known)(value)

"""Chance that is none: numbers that follow from who asks and when, so that each choice can be repeated (S15)."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from latency.arrays import Floats

Hashes = NDArray[np.uint64]


def hashes(keys: Iterable[str], salt: int) -> Hashes:
    """One number for each client prefix, the same on every machine."""
    prefix = salt.to_bytes(16, "big", signed=True)
    digests = b"".join(blake2b(key.encode(), digest_size=8, salt=prefix).digest() for key in keys)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def draws(clients: Hashes, slot: int) -> Floats:
    """A number in [0, 1) for each client in a time slot: splitmix64 of both (Steele, Lea and Flood, OOPSLA 2014)."""
    with np.errstate(over="ignore"):
        mixed = clients + np.uint64(slot & 0xFFFFFFFF) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (mixed ^ (mixed >> np.uint64(31))) / np.float64(2**64)

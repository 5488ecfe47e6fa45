"""How often something may happen, for each of many keys: the generic cell rate algorithm (ITU-T I.371).

Pure: time is an argument, of any clock that only moves forward. A key is due at a moment that each event moves on by
1 / `per_s`; an event may come `burst` - 1 of these steps early.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

MOST_KEYS = 100_000
"""Some 20 MB. Beyond, who was seen first is forgotten first, and may begin anew."""

Key = TypeVar("Key", bound=Hashable)


class RateLimit(Generic[Key]):
    def __init__(self, per_s: float, burst: int, most_keys: int = MOST_KEYS) -> None:
        self._step_s = 1 / per_s
        self._early_s = (burst - 1) * self._step_s
        self._most_keys = most_keys
        self._due_s: dict[Key, float] = {}

    def allows(self, key: Key, now_s: float) -> bool:
        """Whether one more may happen, which then counts."""
        due_s = max(self._due_s.pop(key, now_s), now_s)
        allowed = due_s - now_s <= self._early_s
        self._due_s[key] = due_s + self._step_s if allowed else due_s
        while len(self._due_s) > self._most_keys:
            del self._due_s[next(iter(self._due_s))]
        return allowed

    def has_room(self, key: Key, now_s: float) -> bool:
        """Whether one more may happen. Nothing is counted."""
        return self._due_s.get(key, now_s) - now_s <= self._early_s

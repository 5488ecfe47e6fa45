"""What is said of an endpoint holds for a while: the rule that `push` and `external` share. Pure.

          said up                   said down
UNKNOWN ───────────► UP ◄──────────────────────────► DOWN
                      │                               │
                      └──── the lease runs out: what the kind says (`lapsed`)
"""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime

from healthchecks.derived.base import Derived, Judgement, Known, Said
from healthchecks.state import State

MAX_SPAN_S = 366 * 86_400
"""A year and a day: enough for a job that runs once a year."""


class Leased(Derived):
    def judge(self, known: Known) -> Judgement:
        return Judgement(known.said.state, known.said.reason)

    @property
    @abstractmethod
    def span_s(self) -> int | None:
        """How long what is said holds; None: whoever says it says that too."""

    @abstractmethod
    def lapsed(self, said: Said, at: datetime) -> tuple[State, str]:
        """The state and its reason once the lease of what was `said` has run out, by `at`."""

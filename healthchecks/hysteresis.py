"""What one vantage believes, probe after probe (H2). Pure: no clock, no chance, no I/O.

                  `rise` successes in a row
       ┌──────────────────────────────────────────┐
       │                                          ▼
    UNKNOWN ── `fall` failures ──► DOWN ───────► UP
                                    ▲  `rise`    │
                                    └────────────┘
                                    `fall` failures

A failure counts until `rise` successes in a row forgive it, so that an endpoint failing every other probe goes down.
"""

from __future__ import annotations

from dataclasses import dataclass

from healthchecks.state import State


@dataclass(frozen=True, slots=True)
class Streak:
    """A belief and what speaks for changing it."""

    state: State = State.UNKNOWN
    successes: int = 0  # in a row
    failures: int = 0  # since the last `rise` successes in a row

    def after(self, succeeded: bool, rise: int, fall: int) -> Streak:
        """The streak once one more probe has succeeded or failed."""
        return self._after_success(rise) if succeeded else self._after_failure(fall)

    def _after_success(self, rise: int) -> Streak:
        if self.state is State.UP and self.successes >= rise and not self.failures:
            return self  # what nearly every probe of an endpoint that is up comes to
        successes = min(self.successes + 1, rise)
        if successes == rise:
            return Streak(State.UP, successes)
        return Streak(self.state, successes, self.failures)

    def _after_failure(self, fall: int) -> Streak:
        failures = min(self.failures + 1, fall)
        state = State.DOWN if failures == fall else self.state
        return Streak(state, 0, failures)

"""Heartbeats: the endpoint, or a job that runs for it, calls a URL again before the lease ends."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from healthchecks.derived.base import Said
from healthchecks.derived.leased import MAX_SPAN_S, Leased
from healthchecks.state import State


class PushCheck(Leased):
    lease_s: int = Field(
        60, ge=5, le=MAX_SPAN_S - 86_400, description="Seconds from one heartbeat until the next is due."
    )
    grace_s: int = Field(
        30, ge=1, le=86_400, description="Seconds that one may be late, and that a job may take once it has started."
    )

    @property
    def span_s(self) -> int:
        return self.lease_s + self.grace_s

    def lapsed(self, said: Said, at: datetime) -> tuple[State, str]:
        if said.started:
            return State.DOWN, f"started and not done for {_seconds(said.started, at)} s"
        return State.DOWN, f"no heartbeat for {_seconds(said.at or at, at)} s"


def _seconds(since: datetime, at: datetime) -> int:
    return int((at - since).total_seconds())

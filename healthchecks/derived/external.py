"""A state that someone sets over the API, and sets again before its lease ends."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from healthchecks.derived.base import Said
from healthchecks.derived.leased import Leased
from healthchecks.state import State


class ExternalCheck(Leased):
    on_expiry: Literal["last", "up", "down"] = Field(
        "last", description="What counts once nobody has set the state again in time: the last one, up or down."
    )

    @property
    def span_s(self) -> None:
        return None

    def lapsed(self, said: Said, at: datetime) -> tuple[State, str]:
        elapsed_s = int((at - (said.at or at)).total_seconds())
        if self.on_expiry == "last":
            return said.state, f"nothing said for {elapsed_s} s, last: {said.reason or said.state}"
        return State(self.on_expiry), f"nothing said for {elapsed_s} s"

"""What every kind without a probe has in common: a verdict that follows from what is stored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from healthchecks.expression import Input
from healthchecks.state import State


@dataclass(frozen=True, slots=True)
class Said:
    """What was said last of an endpoint; `started`: a job of it began then and has not ended."""

    state: State = State.UNKNOWN
    reason: str = ""
    at: datetime | None = None
    started: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its cause, and the states it follows from by name. UNKNOWN leaves a verdict as it was."""

    state: State
    cause: str
    votes: Mapping[str, State] = field(default_factory=dict)


class Known(Protocol):
    """What is stored of one family of an endpoint."""

    @property
    def said(self) -> Said:
        """Under a lease; nothing, where there is none."""

    def state_of(self, wanted: Input) -> State:
        """The verdict of another check: UP if that is disabled, UNKNOWN if it does not watch the endpoint."""


class Derived(BaseModel, ABC):
    """The options of one kind, and what follows from them. Unknown options are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @abstractmethod
    def judge(self, known: Known) -> Judgement:
        """What is to be believed. Pure."""

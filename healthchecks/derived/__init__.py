"""Kinds of checks without a probe. A new kind is one file and one line here.

push        heartbeats ────────────┐
external    the API ───────────────┴──► Lease ──┬──► Verdict
calculated  verdicts of other checks ───────────┘
"""

from __future__ import annotations

from healthchecks.derived.base import Derived, Judgement, Known, Said
from healthchecks.derived.calculated import CalculatedCheck
from healthchecks.derived.external import ExternalCheck
from healthchecks.derived.leased import Leased
from healthchecks.derived.push import PushCheck

__all__ = ["KINDS", "CalculatedCheck", "Derived", "Judgement", "Known", "Leased", "PushCheck", "Said"]

KINDS: dict[str, type[Derived]] = {
    "calculated": CalculatedCheck,
    "external": ExternalCheck,
    "push": PushCheck,
}

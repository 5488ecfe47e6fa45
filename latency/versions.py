"""Model versions: which one learning goes by, and how another one comes into service.

    propose ─► LatencyModel, LatencyDecision: waiting ─► gate (latency.judging) ─► passed ─► promote ──┐
                                                                          LatencyPromotion: in service ◄┤
                                                     one that was in service before ─► return_to ──────┘

The turn after a promotion is the first one under the new version, and a full one. The first version is what the release
has; what a later release would choose instead is proposed like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.models import User
from latency import parameters
from latency.chooser import Policy
from latency.models import LatencyDecision, LatencyModel, LatencyPromotion

FIRST = "built-in"
FRESH = timedelta(hours=24)
"""A decision older than the measurements that are kept says nothing about the clients of today."""


class NotPromotedError(Exception):
    """A version cannot come into service; the message says what to do. Nothing has changed."""


def in_service(now: datetime) -> LatencyModel:
    """The version that learning goes by. The first one is made if there is none."""
    return _current(now).model


def policy_of(model: LatencyModel | None) -> Policy:
    """The parameters of a version; None: of the time before versions."""
    return Policy() if model is None else parameters.read(model.parameters)


def propose(name: str, given: Mapping[str, Any], note: str, user: User | None, now: datetime) -> LatencyDecision:
    """A new version, and the decision about it that now waits. Raises BadParameterError, ValidationError by field."""
    policy = parameters.read(given)
    parameters.require_sound(policy)
    complete = parameters.written(policy)
    model = LatencyModel(name=name, parameters=complete, note=note, created=now, created_by=user)
    model.full_clean()
    with transaction.atomic():
        model.save()
        return ask(model, now)


def ask(model: LatencyModel, now: datetime) -> LatencyDecision:
    """The decision about a version that waits, a new one if there is none."""
    waiting, _is_new = LatencyDecision.objects.get_or_create(candidate=model, made=None, defaults={"asked": now})
    return waiting


def promote(model: LatencyModel, user: User | None, now: datetime) -> LatencyPromotion:
    """Have learning go by a version that has passed the gate. Raises NotPromotedError."""
    decision = model.decisions.exclude(made=None).order_by("-made").first()
    current = _current(now)
    if model.pk == current.model_id:
        raise NotPromotedError(f"{model} is in service already.")
    if decision is None or not decision.passed:
        found = "has not been decided on yet" if decision is None else "did not pass"
        raise NotPromotedError(f"{model} {found}: only a version that passes the gate comes into service.")
    if decision.incumbent_id != current.model_id:
        raise NotPromotedError(
            f"{model} was compared with {decision.incumbent}, now {current.model} is in service: ask again."
        )
    if decision.made is None or now - decision.made > FRESH:
        raise NotPromotedError(f"The decision on {model} is older than a day: ask again.")
    return _succeed(current, model, user, now, decision=decision)


def return_to(model: LatencyModel, user: User | None, now: datetime) -> LatencyPromotion:
    """Have learning go by a version again that was in service before. Raises NotPromotedError."""
    current = _current(now)
    before = model.promotions.order_by("-number").first()
    if before is None or before.number == current.number:
        found = "is in service" if before else "was never in service"
        raise NotPromotedError(f"{model} {found}: return to a version that was in service before.")
    return _succeed(current, model, user, now, returns_to=before)


def _succeed(
    current: LatencyPromotion, model: LatencyModel, user: User | None, now: datetime, **reason: Any
) -> LatencyPromotion:
    with transaction.atomic():
        if not LatencyPromotion.objects.filter(number=current.number, until=None).update(until=now):
            raise NotPromotedError("Another version came into service meanwhile: look, and ask again.")
        return LatencyPromotion.objects.create(number=current.number + 1, model=model, made=now, made_by=user, **reason)


def _current(now: datetime) -> LatencyPromotion:
    current = LatencyPromotion.objects.select_related("model").filter(until=None).first()
    if current is not None:
        return current
    said = {"parameters": parameters.written(Policy()), "note": "What this release has.", "created": now}
    model, _is_new = LatencyModel.objects.get_or_create(name=FIRST, defaults=said)
    return LatencyPromotion.objects.get_or_create(number=1, defaults={"model": model, "made": now})[0]

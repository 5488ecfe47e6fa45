"""Shadows of policies: started, stopped, read and forgotten.

Whoever starts one has tried it as a change before (simulation.shadows): here it is only written.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from steering.models import Policy, Pool, Shadow, ShadowPool, ShadowReference
from steering.references import references, translated
from steering.services import take_turn
from steering.step_rows import names_of, resolve_steps

KEPT_AFTER_END = timedelta(days=1)
"""As long as what it counted is kept."""


def start_shadow(
    policy: Policy,
    pools: Sequence[Pool],
    steps: Sequence[object],
    *,
    percent: float,
    started: datetime,
    until: datetime,
) -> Shadow:
    """Try these pools and steps, which name what they refer to, on `percent` of the clients of a policy until then.

    A shadow that it has goes: a policy has one. Raises ValidationError.
    """
    with transaction.atomic():
        take_turn(policy.team)
        resolved = resolve_steps(policy.team, steps)
        Shadow.objects.filter(policy=policy).delete()
        shadow = Shadow(policy=policy, percent=percent, started=started, until=until)
        shadow.steps = [{"kind": step.kind, **step.options} for step in resolved]
        shadow.full_clean()
        shadow.save()
        ShadowPool.objects.bulk_create(
            ShadowPool(shadow=shadow, pool=pool, position=position)
            for position, pool in enumerate(dict.fromkeys(pools))
        )
        ShadowReference.objects.bulk_create(
            ShadowReference(shadow=shadow, **{f"{kind}_id": target})
            for kind, target in dict.fromkeys(references(shadow.steps))
        )
    return shadow


def stop_shadow(policy: Policy) -> bool:
    """Try its shadow no more, and forget it. False: it has none."""
    deleted, _by_model = Shadow.objects.filter(policy=policy).delete()
    return bool(deleted)


def shadow_steps_with_names(shadow: Shadow) -> list[dict[str, Any]]:
    """The steps as `start_shadow` takes them, with every default said."""
    names = names_of(shadow.references.select_related("region", "pool", "policy"))
    return [translated(step, lambda kind, target, _path: names[kind, target]) for step in shadow.steps]


def running_shadows(now: datetime) -> QuerySet[Shadow]:
    return Shadow.objects.filter(until__gt=now)


def forget_shadows(now: datetime) -> int:
    """Delete those that ended so long ago that nothing of what they counted is left. Returns how many."""
    _rows, by_model = Shadow.objects.filter(until__lte=now - KEPT_AFTER_END).delete()
    return by_model.get("steering.Shadow", 0)

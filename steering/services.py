"""Every write to pools, policies and bindings.

Writers of one team take turns, so that what must hold of its policies as a whole holds after each of them.

Errors about a field are `ValidationError({field: [messages]})`; of steps, at paths such as `steps.2.rules.0.location`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Team
from regions.models import Endpoint
from steering.cycles import reachable
from steering.models import Binding, Policy, PolicyPool, PolicyStep, Pool, PoolMember, StepReference
from steering.soundness import Fallbacks, require_acyclic, require_room_for_shadows, require_sound
from steering.step_errors import dotted
from steering.step_rows import STEP_LOOKUPS, read_steps, resolve_steps, write_steps
from zones.contents import Key
from zones.models import Zone
from zones.refusals import refuse
from zones.services import add_steered, remove_steered, set_steered_ttl

__all__ = [
    "STEP_LOOKUPS",
    "Member",
    "bind",
    "save_policy",
    "set_pool_members",
    "steps_with_names",
    "take_turn",
    "unbind",
]

STEERABLE = ("A", "AAAA")


@dataclass(frozen=True, slots=True)
class Member:
    """An endpoint in a pool. What it says of weight, priority and bias overrides the endpoint's and the pool's."""

    endpoint: Endpoint
    weight: int | None = None
    priority: int | None = None
    bias: int | None = None
    cost: float | None = None


def set_pool_members(pool: Pool, members: Sequence[Member]) -> None:
    """Make these the members of a pool, in this order."""
    with transaction.atomic():
        take_turn(pool.team)
        rows = [_member_row(pool, position, member) for position, member in enumerate(members)]
        _refuse_twice(rows)
        pool.members.all().delete()
        PoolMember.objects.bulk_create(rows)
        fallbacks = Fallbacks(pool.team)
        require_sound(fallbacks.policies_over(pool), fallbacks, "members")
        require_room_for_shadows(pool, "members")


def save_policy(
    policy: Policy, *, pools: Sequence[Pool] | None = None, steps: Sequence[object] | None = None
) -> Policy:
    """Save a policy, new or changed, with its pools and steps in their order. None leaves what there is.

    Steps name what they refer to. Record sets that the policy answers take its TTL over.
    """
    with transaction.atomic():
        take_turn(policy.team)
        policy.full_clean()
        resolved = None if steps is None else resolve_steps(policy.team, steps)
        policy.save()
        if pools is not None:
            _set_pools(policy, pools)
        if resolved is not None:
            write_steps(policy, resolved)
        _require_servable(policy)
        _hand_on_ttl(policy)
    policy.refresh_from_db()
    return policy


def steps_with_names(policy: Policy) -> list[dict[str, Any]]:
    """The steps of a policy as `save_policy` takes them, with every default said.

    Asks nothing of policies for which STEP_LOOKUPS were prefetched.
    """
    return read_steps(policy)


def policies_going_by(kind: str) -> set[int]:
    """The ids of policies with a step of this kind, and of those that may hand over to one that has it."""
    callers: dict[int, set[int]] = defaultdict(set)
    for called, caller in StepReference.objects.filter(policy__isnull=False).values_list("policy", "step__policy"):
        callers[called or 0].add(caller)
    with_step = PolicyStep.objects.filter(kind=kind).values_list("policy", flat=True)
    return {found for policy in with_step for found in reachable(policy, callers)}


def bind(policy: Policy, zone: Zone, name: str, types: Iterable[str] = STEERABLE) -> list[Binding]:
    """Let a policy answer a name, for IPv4, IPv6 or both."""
    types = list(dict.fromkeys(types))
    if not types or set(types) - set(STEERABLE):
        refuse("type", "a policy answers types A and AAAA")
    if policy.team_id != zone.team_id:
        refuse("policy", f"policy {policy} belongs to another team than {zone}")
    with transaction.atomic():
        take_turn(policy.team)
        record_sets = add_steered(zone, name, types, policy.ttl_s)
        bindings = [Binding.objects.create(record_set=record_set, policy=policy) for record_set in record_sets]
        require_sound([policy], Fallbacks(policy.team), "policy")
    return bindings


def unbind(binding: Binding) -> None:
    """Delete a binding and the record set that it answered."""
    remove_steered(binding.record_set)


def take_turn(team: Team) -> None:
    """Hold the team's row until the transaction ends, without keeping others from referring to it.

    Whoever locks a policy, or a zone to bind one in it, does this first, so that no two writers wait for each other.
    """
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)


def _member_row(pool: Pool, position: int, member: Member) -> PoolMember:
    row = PoolMember(
        pool=pool,
        position=position,
        endpoint=member.endpoint,
        weight=member.weight,
        priority=member.priority,
        bias=member.bias,
        cost=member.cost,
    )
    try:
        row.clean_fields()
    except ValidationError as error:
        at = {dotted("members", position, field): messages for field, messages in error.message_dict.items()}
        raise ValidationError(at) from error
    if member.endpoint.team_id != pool.team_id:
        refuse(dotted("members", position, "endpoint"), f"endpoint {member.endpoint} belongs to another team")
    return row


def _refuse_twice(rows: Iterable[PoolMember]) -> None:
    seen = set()
    for row in rows:
        if row.endpoint_id in seen:
            refuse(dotted("members", row.position, "endpoint"), f"endpoint {row.endpoint} is in the pool twice")
        seen.add(row.endpoint_id)


def _set_pools(policy: Policy, pools: Sequence[Pool]) -> None:
    foreign = next((pool for pool in pools if pool.team_id != policy.team_id), None)
    if foreign:
        refuse("pools", f"pool {foreign} belongs to another team")
    policy.policy_pools.all().delete()
    PolicyPool.objects.bulk_create(
        PolicyPool(policy=policy, pool=pool, position=position) for position, pool in enumerate(dict.fromkeys(pools))
    )


def _require_servable(policy: Policy) -> None:
    if not policy.policy_pools.exists():
        refuse("pools", "a policy needs at least one pool")
    fallbacks = Fallbacks(policy.team)
    require_acyclic(policy, fallbacks)
    require_sound(fallbacks.policies_over_policy(policy), fallbacks, "pools")


def _hand_on_ttl(policy: Policy) -> None:
    by_zone: defaultdict[Zone, list[Key]] = defaultdict(list)
    outdated = policy.bindings.exclude(record_set__ttl_s=policy.ttl_s).select_related("record_set__zone")
    for binding in outdated.order_by("record_set__zone_id"):
        by_zone[binding.record_set.zone].append((binding.record_set.name, binding.record_set.type))
    for zone, keys in by_zone.items():
        set_steered_ttl(zone, keys, policy.ttl_s)

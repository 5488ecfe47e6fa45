"""What must hold of policies as a whole, asked of the rows once they are written: whoever breaks it is rolled back.

A snapshot with any such policy would be refused (P3), so it is refused where it is declared, where someone can mend it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q, QuerySet

from accounts.models import Team
from regions.models import Endpoint
from steering.cycles import cycle_through, reachable
from steering.models import Binding, Policy, PolicyStep, Pool, PoolMember, Shadow
from steering.steps import MAX_CANDIDATES
from zones.names import APEX
from zones.refusals import refuse


class Fallbacks:
    """Who answers instead of whom, as fallback or by `use`, in all policies of a team: by policy, the ids of other
    policies and of pools."""

    def __init__(self, team: Team) -> None:
        self.policies: defaultdict[int, set[int]] = defaultdict(set)
        self.pools: defaultdict[int, set[int]] = defaultdict(set)
        steps = PolicyStep.objects.filter(policy__team=team)
        columns = ("policy_id", "options__if_empty__policy", "options__if_empty__pool")
        for policy, other, pool in steps.filter(options__if_empty__action="fallback").values_list(*columns):
            if other is not None:
                self.policies[policy].add(other)
            if pool is not None:
                self.pools[policy].add(pool)
        for policy, other in steps.filter(kind="use").values_list("policy_id", "options__policy"):
            self.policies[policy].add(other)

    def policies_over(self, pool: Pool) -> list[Policy]:
        """The policies that may serve from a pool: it is theirs, or that of a fallback, or of a fallback's fallback."""
        direct = {policy for policy, pools in self.pools.items() if pool.pk in pools}
        direct |= set(Policy.objects.filter(pools=pool).values_list("id", flat=True))
        every = direct.union(*(reachable(policy, self._callers()) for policy in direct))
        return list(Policy.objects.filter(id__in=every))

    def policies_over_policy(self, policy: Policy) -> list[Policy]:
        """A policy and those that may let it answer instead."""
        return list(Policy.objects.filter(id__in=reachable(policy.pk, self._callers())))

    def host_names(self, policy: Policy) -> QuerySet[Endpoint]:
        """The endpoints without addresses that a policy may answer."""
        policies = reachable(policy.pk, self.policies)
        pools = set().union(*(self.pools[each] for each in policies))
        return Endpoint.objects.filter(
            Q(pools__policies__in=policies) | Q(pools__in=pools), hostname__isnull=False
        ).distinct()

    def _callers(self) -> dict[int, set[int]]:
        callers: defaultdict[int, set[int]] = defaultdict(set)
        for policy, others in self.policies.items():
            for other in others:
                callers[other].add(policy)
        return callers


def require_sound(policies: Iterable[Policy], fallbacks: Fallbacks, field: str) -> None:
    """Raises ValidationError for `field` unless every one of the policies can be served."""
    for policy in policies:
        _require_room(policy, fallbacks, field)
        bindings = list(
            policy.bindings.select_related("record_set__zone").order_by("record_set__name", "record_set__type")
        )
        if bindings:
            _require_endpoint(policy, bindings[0], field)
            _require_lonely_names(policy, bindings, fallbacks, field)


def require_room_for_shadows(pool: Pool, field: str) -> None:
    """Raises ValidationError for `field` if a shadow over a pool has more candidates than edges would take."""
    for shadow in Shadow.objects.filter(Q(pools=pool) | Q(references__pool=pool)).distinct():
        fallbacks = {(step.get("if_empty") or {}).get("pool") for step in shadow.steps} - {None}
        count = Endpoint.objects.filter(pools__shadows=shadow).distinct().count()
        count += PoolMember.objects.filter(pool__in=fallbacks).count()
        if count > MAX_CANDIDATES:
            refuse(field, f"the {shadow} has {count} candidates: at most {MAX_CANDIDATES}; stop it first")


def require_acyclic(policy: Policy, fallbacks: Fallbacks) -> None:
    cycle = cycle_through(policy.pk, fallbacks.policies)
    if cycle:
        names = dict(Policy.objects.filter(id__in=cycle).values_list("id", "name"))
        way = " → ".join(names[step] for step in cycle)
        refuse("steps", f"policies that answer instead of each other go round in a circle: {way}")


def _require_room(policy: Policy, fallbacks: Fallbacks, field: str) -> None:
    count = Endpoint.objects.filter(pools__policies=policy).distinct().count()
    count += PoolMember.objects.filter(pool__in=fallbacks.pools[policy.pk]).count()
    if count > MAX_CANDIDATES:
        refuse(
            field, f"policy {policy} has {count} candidates with those of its fallback pools: at most {MAX_CANDIDATES}"
        )


def _require_endpoint(policy: Policy, binding: Binding, field: str) -> None:
    if not PoolMember.objects.filter(pool__policies=policy).exists():
        refuse(field, f"policy {policy} answers {_shown(binding)} and would have no endpoint: unbind it first")


def _require_lonely_names(policy: Policy, bindings: Iterable[Binding], fallbacks: Fallbacks, field: str) -> None:
    """A host name is answered as a CNAME, which stands alone, but at the apex: there it is flattened (S13)."""
    below_apex = [binding for binding in bindings if binding.record_set.name != APEX]
    endpoint = fallbacks.host_names(policy).first() if below_apex else None
    for binding in below_apex if endpoint else ():
        record_set = binding.record_set
        others = record_set.zone.record_sets.filter(name=record_set.name, steered=False)
        if others:
            types = ", ".join(other.type for other in others)
            refuse(
                field,
                f"endpoint {endpoint} is a host name, answered as a CNAME, which stands alone: "
                f"{_shown(binding)} stands beside {types}",
            )


def _shown(binding: Binding) -> str:
    record_set = binding.record_set
    return f"{record_set.name} {record_set.type} of {record_set.zone}"

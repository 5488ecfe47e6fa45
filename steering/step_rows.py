"""Steps from what operators write to rows and back: rows keep ids, people see names.

[{"kind": "geo", "default": {"regions": ["eu"]}}]  ─►  PolicyStep("geo", {"default": {"regions": [1], …}, …})
                                                       └─ StepReference(region 1)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet, prefetch_related_objects

from accounts.models import Team
from regions.models import Region
from steering.models import Policy, PolicyStep, Pool, ShadowReference, StepReference
from steering.references import Kind, Path, references, translated
from steering.step_errors import StepsError, dotted, parse_steps
from steering.steps import options_of

STEP_LOOKUPS = ("steps__references__region", "steps__references__pool", "steps__references__policy")

MODELS: dict[Kind, type[Region | Pool | Policy]] = {"region": Region, "pool": Pool, "policy": Policy}


@dataclass(frozen=True, slots=True)
class ResolvedStep:
    """A step whose options hold ids."""

    kind: str
    options: dict[str, Any]


def resolve_steps(team: Team, steps: Sequence[object]) -> list[ResolvedStep]:
    """Steps with the ids of what they name. Raises ValidationError naming everything that is wrong, by path."""
    try:
        written = [(step.kind, options_of(step)) for step in parse_steps(steps)]
        directory = _Directory(team, [options for _kind, options in written])
        resolved = [
            ResolvedStep(kind, translated(options, directory.id_of, ("steps", position)))
            for position, (kind, options) in enumerate(written)
        ]
        directory.raise_unknown()
    except StepsError as error:
        raise ValidationError(error.messages) from error
    return resolved


def write_steps(policy: Policy, steps: Sequence[ResolvedStep]) -> None:
    """Make these the steps of the policy."""
    policy.steps.all().delete()
    rows = PolicyStep.objects.bulk_create(
        PolicyStep(policy=policy, position=position, kind=step.kind, options=step.options)
        for position, step in enumerate(steps)
    )
    StepReference.objects.bulk_create(
        StepReference(step=row, **{f"{kind}_id": target})
        for row in rows
        for kind, target in dict.fromkeys(references(row.options))
    )


def read_steps(policy: Policy) -> list[dict[str, Any]]:
    """The steps of the policy with names."""
    prefetch_related_objects([policy], *STEP_LOOKUPS)
    return [{"kind": step.kind, **_options_with_names(step)} for step in policy.steps.all()]


def _options_with_names(step: PolicyStep) -> Any:
    names = names_of(step.references.all())
    return translated(step.options, lambda kind, target, _path: names[kind, target])


def names_of(rows: Iterable[StepReference | ShadowReference]) -> dict[tuple[Kind, int], str]:
    """What is referred to, by its kind and id."""
    return {
        (kind, target.pk): target.name for reference in rows for kind in MODELS if (target := getattr(reference, kind))
    }


class _Directory:
    """The ids of what some options name, in one query for each kind."""

    def __init__(self, team: Team, options: Iterable[object]) -> None:
        wanted: defaultdict[Kind, set[str]] = defaultdict(set)
        for kind, name in references(list(options)):
            wanted[kind].add(name)
        self._ids = {kind: _ids_by_name(kind, team, names) for kind, names in wanted.items()}
        self._unknown: dict[str, list[str]] = {}

    def id_of(self, kind: Kind, name: str, path: Path) -> int | None:
        """The id; None for a name that nothing has, which `raise_unknown` will tell."""
        found = self._ids[kind].get(name)
        if found is None:
            self._unknown[dotted(*path)] = [f'There is no {kind} "{name}".']
        return found

    def raise_unknown(self) -> None:
        if self._unknown:
            raise StepsError(self._unknown)


def _ids_by_name(kind: Kind, team: Team, names: Iterable[str]) -> dict[str, int]:
    rows: QuerySet[Any] = MODELS[kind]._default_manager.filter(team=team, name__in=names)
    return dict(rows.values_list("name", "id"))

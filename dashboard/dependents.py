"""What deleting an object would take along, and what forbids it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.admin.utils import NestedObjects
from django.db.models import Model

from healthchecks.models import Assignment
from regions.models import EdgeNode, Endpoint, Region, Site
from steering.models import Binding, Policy, PolicyPool, Pool, PoolMember, StepReference
from zones.models import RecordSet

NAMED = 8
DECLARED = (
    Assignment, Binding, EdgeNode, Endpoint, Policy, PolicyPool, Pool, PoolMember, RecordSet, Region, Site, StepReference,
)  # fmt: skip
"""What operators know of. Beliefs, counts and compiled forms go along without a word."""


@dataclass(frozen=True)
class Group:
    """Objects of one kind: the first few by name, and how many there are."""

    kind: str
    names: list[str]
    count: int

    @property
    def unnamed(self) -> int:
        return self.count - len(self.names)


@dataclass(frozen=True)
class Dependents:
    """`blocking` must go first; `following` go along."""

    blocking: list[Group]
    following: list[Group]


def dependents_of(doomed: Model) -> Dependents:
    """What refers to `doomed`, by its foreign keys."""
    collector = NestedObjects(using="default")
    collector.collect([doomed])
    following = [(kind, objects) for kind, objects in collector.model_objs.items() if kind in DECLARED and kind is not type(doomed)]
    return Dependents(
        blocking=_groups(collector.protected),
        following=[_group(kind, objects) for kind, objects in following],
    )


def _groups(objects: Iterable[Model]) -> list[Group]:
    by_kind: dict[type[Model], list[Model]] = defaultdict(list)
    for item in objects:
        by_kind[type(item)].append(item)
    return [_group(kind, items) for kind, items in by_kind.items()]


def _group(kind: type[Model], objects: Iterable[Model]) -> Group:
    names = sorted(str(item) for item in objects)
    plural = kind._meta.verbose_name if len(names) == 1 else kind._meta.verbose_name_plural
    return Group(str(plural), names[:NAMED], len(names))

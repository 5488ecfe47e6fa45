"""What deleting an object would take along, and what forbids it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.utils import NestedObjects
from django.db.models import Model

from healthchecks.derived_models import CheckInput
from healthchecks.models import Assignment
from regions.models import EdgeNode, Endpoint, Region, Site
from steering.models import Binding, Policy, PolicyPool, Pool, PoolMember, ShadowPool, ShadowReference, StepReference
from zones.models import RecordSet

NAMED = 8
OBJECTS = (EdgeNode, Endpoint, Policy, Pool, RecordSet, Region, Site)
LINKS: dict[type[Model], Callable[[Any], tuple[Model, ...]]] = {
    Assignment: lambda row: (row.check_definition, row.endpoint),
    Binding: lambda row: (row.record_set, row.policy),
    CheckInput: lambda row: (row.calculated, row.input),
    PolicyPool: lambda row: (row.policy, row.pool),
    PoolMember: lambda row: (row.pool, row.endpoint),
    ShadowPool: lambda row: (row.shadow.policy, row.pool),
    ShadowReference: lambda row: (row.shadow.policy,),
    StepReference: lambda row: (row.step.policy,),
}
"""Rows that only connect objects, with what they connect: people know the objects. All other kinds (beliefs, counts,
compiled forms) go along without a word."""


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
    """`blocking` must go first, `following` go along, `losing` stay but are no longer connected with the object."""

    blocking: list[Group]
    following: list[Group]
    losing: list[Group]


def dependents_of(doomed: Model) -> Dependents:
    """What refers to `doomed`, by its foreign keys."""
    collector = NestedObjects(using="default")
    collector.collect([doomed])
    found = [row for rows in collector.model_objs.values() for row in rows if row != doomed]
    return Dependents(
        blocking=_groups(_known(row, doomed) for row in collector.protected),
        following=_groups(row for row in found if isinstance(row, OBJECTS)),
        losing=_groups(_known(row, doomed) for row in found if type(row) in LINKS),
    )


def _known(row: Model, doomed: Model) -> Model:
    """The object that a row stands for: of two that it connects, the other one."""
    ends = LINKS[type(row)](row) if type(row) in LINKS else (row,)
    return next((end for end in ends if end != doomed), row)


def _groups(objects: Iterable[Model]) -> list[Group]:
    by_kind: dict[type[Model], set[Model]] = defaultdict(set)
    for item in objects:
        by_kind[type(item)].add(item)
    return [_group(kind, items) for kind, items in by_kind.items()]


def _group(kind: type[Model], objects: Iterable[Model]) -> Group:
    names = sorted(str(item) for item in objects)
    noun = kind._meta.verbose_name if len(names) == 1 else kind._meta.verbose_name_plural
    return Group(str(noun), names[:NAMED], len(names))

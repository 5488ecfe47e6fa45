"""Search over everything that has a page: objects of every section by their names, record sets by their full names.

what is typed ──┬─► each section: exact names, then beginnings, then the rest
                └─► record sets: names that begin so, then full names cut at a dot, then what contains it

Of record sets there may be a million: every question about them is one of an index, and takes the first few.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Collate
from django.urls import reverse

from accounts.models import User
from dashboard.access import visible
from dashboard.section import Section
from zones.models import RecordSet, Zone

LEAST_TRIGRAM = 3
"""Letters that an index of trigrams needs: shorter texts are looked for at the beginning of names alone."""
MOST_LABELS = 12
"""Of a name that is cut into owner and zone: each cut is a question to the database."""
ZONES_TRIED = 100


@dataclass(frozen=True)
class Hit:
    """One thing that was found, and where its page is."""

    title: str
    detail: str
    url: str


@dataclass(frozen=True)
class Group:
    """What was found of one kind; `all_url` lists the rest, if there may be more."""

    title: str
    icon: str
    hits: list[Hit]
    all_url: str


def search(sections: Iterable[Section[Any]], user: User, asked: str, most: int) -> list[Group]:
    """At most so many hits of each kind that `user` may see; nothing for nothing."""
    typed = asked.strip().lower()
    if not typed:
        return []
    found = [_record_sets(user, typed, most), *(_of_section(section, user, typed, most) for section in sections)]
    return [group for group in found if group.hits]


def _of_section(section: Section[Any], user: User, typed: str, most: int) -> Group:
    rank = Case(
        When(**{section.searched[0]: typed}, then=Value(0)),
        When(**{f"{section.searched[0]}__startswith": typed}, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    found = list(section.matching(user, typed).order_by(rank, section.searched[0])[: most + 1])
    hits = [Hit(str(one), section.summary(one), section.url_of(one)) for one in found[:most]]
    all_url = f"{section.index_url}?{urlencode({'q': typed})}" if len(found) > most else ""
    return Group(section.title, section.slug, hits, all_url)


def _record_sets(user: User, typed: str, most: int) -> Group:
    zones = visible(Zone.objects.all(), user)
    # Unordered: the first few that an index gives, and not the first of all that match.
    everything = RecordSet.objects.filter(zone__in=zones).select_related("zone").order_by()
    found: dict[int, RecordSet] = {}
    for matching in _questions(everything, zones, typed):
        for record_set in matching.only("name", "type", "zone__origin")[: most - len(found)]:
            found.setdefault(record_set.pk, record_set)
        if len(found) >= most:
            break
    hits = [_hit(record_set) for record_set in found.values()]
    return Group("Record sets", "record-sets", sorted(hits, key=lambda hit: (len(hit.title), hit.title)), "")


def _questions(everything: QuerySet[RecordSet], zones: QuerySet[Zone], typed: str) -> Iterator[QuerySet[RecordSet]]:
    """What to ask for, the best first."""
    name = typed.rstrip(".")
    labels = name.split(".")
    for place in islice(range(1, len(labels)), MOST_LABELS):
        owner, origin = ".".join(labels[:place]), ".".join(labels[place:])
        beginning = zones.filter(origin__startswith=origin).values_list("pk", flat=True)[:ZONES_TRIED]
        if found := list(beginning):
            yield everything.filter(name=owner, zone__in=found)
    if name:
        by_octets = everything.alias(octets=Collate("name", "C"))
        yield by_octets.filter(octets__startswith=name).order_by("octets")
    if len(name) >= LEAST_TRIGRAM:
        yield everything.filter(Q(name__contains=name) & ~Q(name__startswith=name))


def _hit(record_set: RecordSet) -> Hit:
    """The zone's page, with this record set alone."""
    origin = record_set.zone.origin
    name = origin if record_set.name == "@" else f"{record_set.name}.{origin.removeprefix('.')}"
    query = urlencode({"q": record_set.name, "type": record_set.type})
    return Hit(name, record_set.type, f"{reverse('zones-show', args=[origin])}?{query}")


def count(groups: Sequence[Group]) -> int:
    """How many hits there are."""
    return sum(len(group.hits) for group in groups)

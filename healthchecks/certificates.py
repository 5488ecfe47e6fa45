"""The certificates that vantages were shown: kept, and asked for by pages, the API and metrics.

probe ──► ProbeLoop: another one than before? ──► SeenCertificate ──► health matrix, days left of each check
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Min, Q

from healthchecks.beliefs import Judged, lock_named
from healthchecks.ledger import MAX_CAUSE
from healthchecks.models import Assignment, SeenCertificate
from healthchecks.probes import Certificate


@dataclass(frozen=True, slots=True)
class CertificateChange:
    """A vantage was shown another certificate than before."""

    assignment_id: int
    family: int
    vantage_id: int
    certificate: Certificate
    at: datetime


@dataclass(frozen=True, slots=True)
class CheckedCertificates:
    """What was seen last under one check: the end that comes first, and how many do not verify."""

    team: str
    check: str
    not_after: datetime
    unverified: int

    def days_left(self, now: datetime) -> float:
        return (self.not_after - now).total_seconds() / 86_400


def record_certificates(changes: Sequence[CertificateChange]) -> None:
    """Store the last of the changes about each target; what concerns an assignment or vantage that is gone is dropped.

    Those that are stored already stay as they are, since when they are seen too.
    """
    latest = {(change.assignment_id, change.family, change.vantage_id): change for change in changes}
    with transaction.atomic():
        assignments, vantages = lock_named(changes)
        stored = {
            (row.assignment_id, row.family, row.vantage_id): Certificate(row.not_after, row.problem)
            for row in SeenCertificate.objects.filter(assignment_id__in=assignments, vantage_id__in=vantages)
        }
        SeenCertificate.objects.bulk_create(
            [
                _row(change)
                for key, change in latest.items()
                if change.assignment_id in assignments
                and change.vantage_id in vantages
                and stored.get(key) != _kept(change.certificate)
            ],
            update_conflicts=True,
            unique_fields=["assignment", "family", "vantage"],
            update_fields=["not_after", "problem", "since"],
        )


def certificates_of(assignments: Iterable[Assignment]) -> dict[Judged, dict[int, Certificate]]:
    """What each vantage was shown last, by assignment and family."""
    seen: dict[Judged, dict[int, Certificate]] = {}
    for row in SeenCertificate.objects.filter(assignment__in=assignments):
        certificate = Certificate(row.not_after, row.problem)
        seen.setdefault((row.assignment_id, row.family), {})[row.vantage_id] = certificate
    return seen


def certificates_by_check() -> list[CheckedCertificates]:
    """Of every enabled check of every team that has seen any."""
    check, team = "assignment__check_definition__name", "assignment__check_definition__team__name"
    rows = (
        SeenCertificate.objects.filter(assignment__check_definition__enabled=True)
        .values_list(team, check)
        .annotate(first_end=Min("not_after"), unverified=Count("pk", filter=~Q(problem="")))
        .order_by(team, check)
    )
    return [CheckedCertificates(*row) for row in rows]


def _kept(certificate: Certificate) -> Certificate:
    return Certificate(certificate.not_after, certificate.problem[:MAX_CAUSE])


def _row(change: CertificateChange) -> SeenCertificate:
    kept = _kept(change.certificate)
    return SeenCertificate(
        assignment_id=change.assignment_id,
        family=change.family,
        vantage_id=change.vantage_id,
        not_after=kept.not_after,
        problem=kept.problem,
        since=change.at,
    )

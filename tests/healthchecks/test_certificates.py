"""What vantages were shown is kept, and told where people and programs look."""

from datetime import timedelta

import pytest

from healthchecks.certificates import CertificateChange, certificates_by_check, record_certificates
from healthchecks.models import Check, SeenCertificate
from healthchecks.probes import Certificate
from healthchecks.services import health_matrix
from regions.models import Endpoint, Region
from tests.healthchecks.conftest import NOON, Report

SOON = Certificate(NOON + timedelta(days=5))
LATER = Certificate(NOON + timedelta(days=90))
BAD = Certificate(NOON + timedelta(days=30), "self-signed certificate")


@pytest.fixture
def see(vantages: dict[str, Region]):
    """see(check, endpoint, eu=SOON): those vantages were shown these."""

    def see(check: Check, endpoint: Endpoint, *, family: int = 4, at=NOON, **seen: Certificate) -> None:
        assignment = check.assignments.get(endpoint=endpoint)
        record_certificates(
            [
                CertificateChange(assignment.id, family, vantages[name].id, certificate, at)
                for name, certificate in seen.items()
            ]
        )

    return see


def test_the_last_one_of_each_vantage_is_kept(see, check: Check, fra_1: Endpoint) -> None:
    see(check, fra_1, eu=SOON, us=SOON)
    see(check, fra_1, eu=LATER, at=NOON + timedelta(hours=1))
    rows = SeenCertificate.objects.order_by("vantage__name").values_list("vantage__name", "not_after", "since")
    assert list(rows) == [
        ("eu", LATER.not_after, NOON + timedelta(hours=1)),
        ("us", SOON.not_after, NOON),
    ]


def test_one_that_is_kept_already_is_seen_since_then(see, check: Check, fra_1: Endpoint) -> None:
    """A worker that was started again tells what it sees."""
    see(check, fra_1, eu=BAD)
    see(check, fra_1, eu=BAD, at=NOON + timedelta(days=1))
    assert SeenCertificate.objects.get().since == NOON


def test_of_several_changes_at_once_the_last_counts(check: Check, fra_1: Endpoint, vantages: dict[str, Region]) -> None:
    key = check.assignments.get(endpoint=fra_1).id, 4, vantages["eu"].id
    record_certificates([CertificateChange(*key, one, NOON) for one in (SOON, BAD, LATER)])
    assert SeenCertificate.objects.get().not_after == LATER.not_after


def test_what_is_gone_is_dropped(see, check: Check, fra_1: Endpoint, vantages: dict[str, Region]) -> None:
    assignment = check.assignments.get(endpoint=fra_1).id
    record_certificates([CertificateChange(assignment, 4, 0, SOON, NOON), CertificateChange(0, 4, 1, SOON, NOON)])
    assert not SeenCertificate.objects.exists()


def test_the_matrix_shows_it_beside_the_belief_and_before_there_is_one(
    see, report: Report, check: Check, fra_1: Endpoint
) -> None:
    report(check, fra_1, eu="up", asia="up")
    see(check, fra_1, eu=SOON, us=BAD)
    [row] = health_matrix(endpoint=fra_1)
    shown = {name: (view.state.value, view.certificate) for name, view in row.vantages.items()}
    assert shown == {"eu": ("up", SOON), "us": ("unknown", BAD), "asia": ("up", None)}


def test_the_first_end_of_each_check_is_known(see, check: Check, fra_1: Endpoint, iad_1: Endpoint) -> None:
    see(check, fra_1, eu=LATER, us=BAD)
    see(check, iad_1, eu=SOON, us=BAD)
    [found] = certificates_by_check()
    assert (found.team, found.check, found.unverified) == ("acme", "web", 2)
    assert found.days_left(NOON) == 5
    Check.objects.update(enabled=False)
    assert certificates_by_check() == []

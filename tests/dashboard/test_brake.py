"""What the brake holds is shown where it is noticed, and released with a reason."""

from __future__ import annotations

import pytest
from django.utils import timezone

from snapshots.models import BrakeRelease, Refusal
from zones.services import create_zone


@pytest.fixture
def held(ops):
    create_zone(ops, "demo.test.", nameservers=["ns1.demo.test."])
    return Refusal.objects.create(
        part="zone demo.test.", reason="The change deletes 4 of 12.", candidate="c", held="k", since=timezone.now()
    )


@pytest.mark.parametrize("page", ["/", "/snapshots/"])
def test_what_is_held_is_shown_with_the_way_to_release_it(adas_browser, held, page):
    shown = adas_browser.get(page).content.decode()

    assert "The change deletes 4 of 12." in shown
    assert f"/snapshots/held/{held.pk}/release/" in shown


def test_what_cannot_be_served_has_nothing_to_release(adas_browser, held):
    Refusal.objects.update(held="")

    assert "release" not in adas_browser.get("/snapshots/").content.decode()
    assert adas_browser.get(f"/snapshots/held/{held.pk}/release/").status_code == 404


def test_a_release_asks_why_and_keeps_the_answer(adas_browser, held):
    url = f"/snapshots/held/{held.pk}/release/"
    assert "Why is this meant?" in adas_browser.get(url).content.decode()

    refused = adas_browser.post(url, {"reason": " "})
    assert (refused.status_code, BrakeRelease.objects.count()) == (422, 0)
    assert "Say why this is meant" in refused.content.decode()

    released = adas_browser.post(url, {"reason": "sold"}, follow=True)
    assert "zone demo.test. is published in a moment." in released.content.decode()
    kept = BrakeRelease.objects.get()
    assert (kept.part, kept.key, kept.author, kept.reason) == ("zone demo.test.", "k", "ada", "sold")


def test_a_zone_of_others_is_not_released(bobs_browser, held):
    assert bobs_browser.post(f"/snapshots/held/{held.pk}/release/", {"reason": "mine"}).status_code == 404
    assert not BrakeRelease.objects.exists()

"""The form that says where the load of an endpoint is read."""

from __future__ import annotations

import pytest

from healthchecks.models import LoadSource

SOURCE = {
    "url": "http://fra-1.example.com:9100/metrics", "format": "prometheus", "current": 'busy{pool="web"}', "target": "",
    "capacity": "workers", "interval_s": "15", "max_age_s": "60",
}  # fmt: skip


def test_a_source_is_declared_changed_and_forgotten(adas_browser, fra_1):
    assert "Say where it is published" in adas_browser.get(f"/endpoints/{fra_1.pk}/").content.decode()

    page = adas_browser.post(f"/endpoints/{fra_1.pk}/load/", SOURCE, follow=True).content.decode()
    source = LoadSource.objects.get(endpoint=fra_1)
    assert (source.url, source.current, source.capacity, source.interval_s) == (
        SOURCE["url"], SOURCE["current"], "workers", 15,
    )  # fmt: skip
    assert SOURCE["url"] in page

    LoadSource.objects.update(error="status 404, expected 200")
    assert "workers" in adas_browser.get(f"/endpoints/{fra_1.pk}/load/").content.decode()
    adas_browser.post(f"/endpoints/{fra_1.pk}/load/", SOURCE | {"interval_s": "30"})
    source.refresh_from_db()
    assert (source.interval_s, source.error) == (30, ""), "what went wrong before says nothing about what is read now"

    page = adas_browser.post(f"/endpoints/{fra_1.pk}/load/delete/", follow=True).content.decode()
    assert not LoadSource.objects.exists()
    assert "is read no more" in page


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "ftp://fra-1.example.com/"}, "url"),
        ({"url": ""}, "url"),
        ({"format": "xml"}, "format"),
        ({"current": "busy{pool"}, "current"),
        ({"format": "json", "current": "busy", "capacity": ""}, "current"),
        ({"capacity": "two words"}, "capacity"),
        ({"interval_s": "1"}, "interval_s"),
        ({"interval_s": "90"}, "interval_s"),
        ({"max_age_s": "0"}, "max_age_s"),
    ],
)
def test_a_source_is_refused_beside_the_field_that_is_wrong(adas_browser, fra_1, change, field):
    response = adas_browser.post(f"/endpoints/{fra_1.pk}/load/", SOURCE | change)

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not LoadSource.objects.exists()


def test_an_input_is_judged_when_the_reader_leaves_it(adas_browser, fra_1):
    page = adas_browser.post(f"/endpoints/{fra_1.pk}/load/?field=interval_s", SOURCE | {"interval_s": "1"})

    assert "greater than or equal to 5" in page.content.decode()


def test_the_endpoints_of_others_are_theirs(bobs_browser, fra_1):
    LoadSource.objects.create(endpoint=fra_1, **SOURCE)

    assert bobs_browser.get(f"/endpoints/{fra_1.pk}/load/").status_code == 404
    assert bobs_browser.post(f"/endpoints/{fra_1.pk}/load/", SOURCE).status_code == 404
    assert bobs_browser.post(f"/endpoints/{fra_1.pk}/load/delete/").status_code == 404
    assert LoadSource.objects.exists()

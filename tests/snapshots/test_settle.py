"""Settling: what of a candidate is served when parts of it cannot be opened."""

from __future__ import annotations

import pytest

from responder import SnapshotError
from snapshots.manifest import Contents
from snapshots.settle import settle


def contents(zones: dict[str, str] | None = None, policies: str = "p1", **geo: str) -> Contents:
    return Contents(zones or {}, policies, geo)


class Opener:
    """Refuses contents that hold a bad digest, or a zone together with policies it does not get on with."""

    def __init__(self, *bad: str | tuple[str, str]) -> None:
        self.bad = bad
        self.opened = 0

    def __call__(self, tried: Contents) -> None:
        self.opened += 1
        for digest in self.bad:
            together = {digest} if isinstance(digest, str) else set(digest)
            if together <= tried.digests():
                raise SnapshotError(f"refused {'+'.join(sorted(together))}")


SERVED = contents({"a.": "a1", "b.": "b1"}, country="c1")


def test_what_opens_is_served_whole_after_one_look():
    opener = Opener()
    candidate = contents({"a.": "a2"}, "p2", country="c2")

    assert settle(candidate, {}, SERVED, opener).contents == candidate
    assert opener.opened == 1


@pytest.mark.parametrize(
    ("candidate", "bad", "served", "refused"),
    [
        (
            contents({"a.": "a2", "b.": "b2"}, country="c1"),
            ["a2"],
            contents({"a.": "a1", "b.": "b2"}, country="c1"),
            {"zone a."},
        ),
        (
            contents({"a.": "a1", "b.": "b1", "new.": "n1"}, country="c1"),
            ["n1"],
            SERVED,
            {"zone new."},
        ),
        (
            contents({"a.": "a2", "b.": "b1"}, country="c2"),
            ["c2"],
            contents({"a.": "a2", "b.": "b1"}, country="c1"),
            {"geo country"},
        ),
        (
            contents({"a.": "a2", "b.": "b1"}, "p2", country="c1"),
            ["p2"],
            contents({"a.": "a2", "b.": "b1"}, "p1", country="c1"),
            {"policies"},
        ),
        (  # the new policies break b, which did not change
            contents({"a.": "a2", "b.": "b1"}, "p2", country="c1"),
            [("b1", "p2")],
            contents({"a.": "a2", "b.": "b1"}, "p1", country="c1"),
            {"policies"},
        ),
        (  # a needs the new policies, which break b: both stay as they were
            contents({"a.": "a2", "b.": "b1"}, "p2", country="c1"),
            [("b1", "p2"), ("a2", "p1")],
            SERVED,
            {"policies", "zone a."},
        ),
    ],
    ids=["a zone", "a new zone", "a geo file", "the policies", "policies against a zone", "policies between two zones"],
)
def test_a_bad_part_stays_in_its_last_good_form(candidate, bad, served, refused):
    settled = settle(candidate, {}, SERVED, Opener(*bad))

    assert settled.contents == served
    assert settled.refusals.keys() == refused


def test_policies_that_never_opened_leave_nothing_to_serve():
    settled = settle(contents({"a.": "a1"}), {}, None, Opener("p1"))

    assert settled.contents is None
    assert settled.refusals == {"policies": "refused p1"}


def test_a_zone_that_could_not_be_compiled_stays_as_it_was():
    settled = settle(contents({"b.": "b2"}, country="c1"), {"a.": "label too long"}, SERVED, Opener())

    assert settled.contents == contents({"a.": "a1", "b.": "b2"}, country="c1")
    assert settled.refusals == {"zone a.": "label too long"}


def test_one_bad_zone_among_thousands_is_found_without_opening_each():
    zones = {f"z{number}.": f"d{number}" for number in range(4096)}
    opener = Opener("d1234")

    assert settle(contents(zones), {}, SERVED, opener).refusals == {"zone z1234.": "refused d1234"}
    assert opener.opened < 40

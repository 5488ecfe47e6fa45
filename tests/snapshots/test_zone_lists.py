"""Zone lists: made from the lists before, they are what they would be if made from nothing."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from snapshots.canonical import canonical_json, digest_of
from snapshots.zone_lists import ZoneLists, list_of, read_lists

ORIGINS = [f"z{number}.test." for number in range(40)]
WORLDS = st.dictionaries(st.sampled_from(ORIGINS), st.sampled_from(["a1", "b2", "c3"]), max_size=12)


def stored_in(chunks: dict[str, bytes]):
    return lambda digests: {digest: chunks[digest] for digest in digests}


@given(st.lists(WORLDS, max_size=5))
def test_lists_that_follow_others_are_to_the_octet_those_made_from_nothing(worlds):
    lists, stored = ZoneLists(), dict[str, bytes]()
    for zones in worlds:
        lists, chunks = lists.following(zones)
        stored |= chunks
        afresh, all_chunks = ZoneLists().following(zones)

        assert lists.zones == afresh.zones == zones
        assert lists.digests == afresh.digests
        assert {digest: stored[digest] for digest in lists.digests.values()} == all_chunks
        assert read_lists(lists.digests, ZoneLists(), stored_in(stored)) == lists


@given(WORLDS, WORLDS)
def test_only_lists_that_say_something_else_are_made_anew_and_read(before, after):
    old, stored = ZoneLists().following(before)
    new, made = old.following(after)

    changed = {list_of(origin) for origin, _digest in before.items() ^ after.items()}
    assert made.keys() == {new.digests[name] for name in changed & new.digests.keys()}
    assert read_lists(new.digests, old, stored_in(made)) == new
    assert stored.keys() == set(old.digests.values())


def test_a_zone_is_in_the_list_that_its_origin_says():
    lists, chunks = ZoneLists().following({"demo.test.": "0" * 64})

    assert list_of("demo.test.") == digest_of(b"demo.test.")[:2] == "64"
    assert lists.digests == {"64": digest_of(canonical_json({"demo.test.": "0" * 64}))}
    assert [json.loads(chunk) for chunk in chunks.values()] == [{"demo.test.": "0" * 64}]

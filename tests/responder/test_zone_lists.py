"""Manifests that name zones by lists: what is missing, what is shared, and what is refused."""

from __future__ import annotations

import dns.message
import pytest

from responder import Health, Manifest, Snapshot, SnapshotError, respond
from tests.worlds import World, canonical_json, digest_of, list_of

ZONE = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nwww 60 A 192.0.2.1\n"
CHANGED = ZONE.replace("192.0.2.1", "192.0.2.2")
SAME_LIST = ("z13.test.", "z17.test.")


def a_world(*origins: str, generation: int = 1) -> World:
    world = World(generation=generation)
    for origin in origins or ("z.test.", "a.test.", *SAME_LIST):
        world.add_zone(origin, ZONE)
    return world


def fetch_all(manifest: Manifest, held: Snapshot | None, stored: dict[str, bytes]) -> list[set[str]]:
    """What is fetched in each round until nothing is missing."""
    chunks: dict[str, bytes] = {}
    rounds = []
    while missing := manifest.missing_from(held, chunks) - chunks.keys():
        rounds.append(set(missing))
        chunks |= {digest: stored[digest] for digest in missing}
    return rounds


def opened(world: World, previous: Snapshot | None = None) -> Snapshot:
    return Snapshot.open(Manifest(world.manifest_with_lists()), world.chunks_with_lists(), previous)


def answer(snapshot: Snapshot, name: str) -> bytes:
    reply = respond(snapshot, Health(), dns.message.make_query(name, "A", id=1).to_wire(), "198.51.100.53")
    assert reply is not None
    return reply


def test_two_of_the_cast_are_in_one_list():
    assert list_of(SAME_LIST[0]) == list_of(SAME_LIST[1]) != list_of("z.test.")


def test_lists_come_first_and_say_which_zones_are_missing():
    world = a_world()
    manifest = Manifest(world.manifest_with_lists())
    first, second = fetch_all(manifest, None, world.chunks_with_lists())

    lists = {digest_of(chunk) for chunk in world.lists().values()}
    assert first == manifest.digests == lists | {digest_of(canonical_json(world.policies))}
    assert manifest.lists == lists
    assert second == {digest_of(chunk) for chunk in world.zones.values()}


def test_with_or_without_lists_the_same_is_answered():
    world = a_world()
    for name in ("www.z.test.", "www.z13.test.", "no.z17.test.", "www.b.test."):
        assert answer(opened(world), name) == answer(world.open(), name)
    assert opened(world).origins == world.open().origins


@pytest.mark.parametrize("had_lists", [True, False])
def test_of_a_changed_zone_its_list_and_itself_are_missing(had_lists):
    world = a_world()
    before = opened(world) if had_lists else world.open()
    world.generation = 2
    world.add_zone(SAME_LIST[0], CHANGED)
    manifest = Manifest(world.manifest_with_lists())

    rounds = fetch_all(manifest, before, world.chunks_with_lists())
    lists = world.lists()
    known = set() if had_lists else {digest_of(chunk) for chunk in lists.values()}
    assert rounds == [{digest_of(lists[list_of(SAME_LIST[0])])} | known, {digest_of(world.zones[SAME_LIST[0]])}]
    after = opened(world, before)
    assert [answer(after, f"www.{origin}")[-4:] for origin in SAME_LIST] == [b"\xc0\0\2\2", b"\xc0\0\2\1"]


def test_a_release_that_goes_back_to_manifests_without_lists_shares_all_zones():
    world = a_world()
    before = opened(world)
    world.generation = 2

    manifest = Manifest(world.manifest())
    assert manifest.missing_from(before) == frozenset()
    assert manifest.lists == frozenset()
    assert world.open(before).origins == before.origins


def test_a_snapshot_says_what_it_is_made_of_and_another_is_not():
    world = a_world()
    before = opened(world)
    gone = {digest_of(world.zones[SAME_LIST[0]]), digest_of(world.lists()[list_of(SAME_LIST[0])])}
    world.add_zone(SAME_LIST[0], CHANGED)
    after = opened(world, before)

    assert before.missing_from(after) == gone
    assert after.missing_from(before) == {
        digest_of(world.zones[SAME_LIST[0]]),
        digest_of(world.lists()[list_of(SAME_LIST[0])]),
    }
    assert after.missing_from(after) == frozenset()


def test_a_zone_that_left_its_list_is_gone():
    world = a_world()
    before = opened(world)
    del world.zones[SAME_LIST[0]]
    assert SAME_LIST[0] not in opened(world, before).origins


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "zone list {number}: EOF"),
        (b"[]", "zone list {number}: invalid type"),
        (b"{}", "zone list {number}: a list without zones"),
        (canonical_json({"z.test": "0" * 64}), "zone list {number}: z.test: an origin is"),
        (canonical_json({"z.test.": "0" * 63}), "zone list {number}: z.test.: a digest is 64"),
        (canonical_json({"a.test.": "0" * 64}), "zone list {number}: a.test.: the zone is one of list {other}"),
        (
            b'{"z.test.":"' + b"0" * 64 + b'","z.test.":"' + b"0" * 64 + b'"}',
            'zone list {number}: "z.test." is listed twice',
        ),
    ],
    ids=["cut off", "no object", "empty", "no origin", "no digest", "in the wrong list", "twice"],
)
def test_a_bad_list_is_refused_by_its_number(content, message):
    world = a_world("z.test.")
    number = list_of("z.test.")
    manifest = Manifest(world.manifest_with_lists(zones={number: digest_of(content)}))
    chunks = world.chunks() | {digest_of(content): content}
    said = message.format(number=number, other=list_of("a.test."))
    with pytest.raises(SnapshotError, match=said):
        manifest.missing_from(None, chunks)
    with pytest.raises(SnapshotError, match=said):
        Snapshot.open(manifest, chunks)


def test_a_list_that_was_tampered_with_or_is_missing_is_named():
    world = a_world("z.test.")
    manifest = Manifest(world.manifest_with_lists())
    spoiled = {digest: chunk + b" " for digest, chunk in world.chunks_with_lists().items()}
    with pytest.raises(SnapshotError, match=r"zone list [0-9a-f]{2}: the digest of the chunk is"):
        manifest.missing_from(None, spoiled)
    with pytest.raises(SnapshotError, match=r"zone list [0-9a-f]{2}: chunk [0-9a-f]{64} was not supplied"):
        Snapshot.open(manifest, world.chunks())


@pytest.mark.parametrize("number", ["1", "001", "1G", "1F", "+1", "", "z.test."])
def test_a_list_is_named_by_two_digits(number):
    with pytest.raises(SnapshotError, match="a zone list is named by two lower-case hexadecimal digits"):
        Manifest(a_world().manifest_with_lists(zones={number: "0" * 64}))

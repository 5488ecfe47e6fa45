"""Which snapshots are opened, which are refused, and what the refusal says."""

import json
import struct
from collections.abc import Callable
from typing import Any

import dns.name
import pytest

from responder import Health, Manifest, Server, Snapshot, SnapshotError, respond
from tests.worlds import ALIAS, Entry, World, encode_chunk, name_wire, parse_zone, world_of, zone_entries

ZONE = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nwww 60 A 192.0.2.1\n"


def open_entries(entries: list[Entry], origin: str = "z.test.") -> Snapshot:
    return World(zones={origin: encode_chunk(origin, entries)}).open()


def entry(owner: str, rdtype: int, *rdatas: bytes, ttl: int = 60) -> Entry:
    return Entry(dns.name.from_text(owner), rdtype, ttl, rdatas)


def steered(owner: str, rdtype: int, policy: int) -> Entry:
    return Entry(dns.name.from_text(owner), rdtype, 60, None, policy)


def sorted_with(*more: Entry) -> list[Entry]:
    base = zone_entries(parse_zone("z.test.", ZONE))
    return sorted([*base, *more], key=lambda entry: (entry.owner, entry.rdtype))


class TestOpening:
    def test_a_snapshot_tells_what_it_is(self) -> None:
        snapshot = World(generation=42).add_zone("z.test.", ZONE).add_zone("a.test.", ZONE).open()
        assert snapshot.generation == 42
        assert snapshot.origins == ["a.test.", "z.test."]

    def test_a_manifest_tells_what_it_is(self) -> None:
        octets = world_of("z.test.", ZONE).manifest(generation=7)
        manifest = Manifest(octets)
        assert (manifest.octets, manifest.generation, manifest.created) == (octets, 7, json.loads(octets)["created"])
        assert manifest.digests == world_of("z.test.", ZONE).chunks().keys()

    def test_what_the_previous_one_holds_need_not_be_supplied(self) -> None:
        world = world_of("z.test.", ZONE)
        first = world.open()
        world.add_zone("new.test.", ZONE)
        new_chunk = {digest: chunk for digest, chunk in world.chunks().items() if chunk == world.zones["new.test."]}
        manifest = Manifest(world.manifest(generation=2))
        assert manifest.missing_from(first) == new_chunk.keys()
        assert manifest.missing_from(None) == manifest.digests
        second = Snapshot.open(manifest, new_chunk, first)
        assert second.origins == ["new.test.", "z.test."]

    def test_what_a_zone_would_lose_is_counted_by_owner_and_type(self) -> None:
        before = world_of("z.test.", ZONE + "www 60 AAAA 2001:db8::1\nmail 60 A 192.0.2.2\n").open()
        after = world_of("z.test.", ZONE + "new 60 A 192.0.2.3\n").open()
        assert before.loss("z.test.", after) == (5, 2)
        assert after.loss("z.test.", before) == (4, 1)
        assert before.loss("z.test.", before) == (5, 0)

    def test_a_zone_that_would_be_gone_loses_everything(self) -> None:
        before, without = world_of("z.test.", ZONE).open(), world_of("other.test.", ZONE).open()
        assert before.loss("z.test.", without) == (3, 3)
        assert without.loss("z.test.", before) == (0, 0)

    def test_a_zone_that_left_the_manifest_is_gone(self) -> None:
        world = world_of("z.test.", ZONE).add_zone("old.test.", ZONE)
        first = world.open()
        del world.zones["old.test."]
        assert world.open(first).origins == ["z.test."]

    def test_an_alias_may_stand_beside_other_types(self) -> None:
        open_entries(sorted_with(entry("z.test.", ALIAS, name_wire("target.example.net."))))


class TestManifest:
    @pytest.mark.parametrize(
        ("changed", "message"),
        [
            ({"format": 3}, "unknown format 3"),
            ({"generation": 0}, "generation: must be at least 1"),
            ({"generation": -1}, "generation|integer"),
            ({"generation": "7"}, "generation|invalid type"),
            ({"zones": {"Z.test.": "0" * 64}}, "zones: Z.test.: an origin is a lower-case name"),
            ({"zones": {"z.test": "0" * 64}}, "zones: z.test: an origin is a lower-case name"),
            ({"zones": {"z.test.": "0" * 63}}, "zones: z.test.: a digest is 64"),
            ({"policies": "F" * 64}, "policies: a digest is 64"),
            ({"surprise": 1}, "surprise"),
        ],
    )
    def test_a_bad_field_is_named(self, changed: dict[str, Any], message: str) -> None:
        with pytest.raises(SnapshotError, match=message):
            Manifest(World().manifest(**changed))

    @pytest.mark.parametrize("manifest", [b"", b"{", b"[]", b"\xff"])
    def test_what_is_no_manifest_is_refused(self, manifest: bytes) -> None:
        with pytest.raises(SnapshotError, match="manifest"):
            Manifest(manifest)

    def test_a_missing_chunk_is_named(self) -> None:
        world = world_of("z.test.", ZONE)
        with pytest.raises(SnapshotError, match=r"zone z.test.: chunk [0-9a-f]{64} was not supplied"):
            Snapshot.open(Manifest(world.manifest()), {})

    def test_a_chunk_that_was_tampered_with_is_named(self) -> None:
        world = world_of("z.test.", ZONE)
        spoiled = {digest: chunk + b" " for digest, chunk in world.chunks().items()}
        with pytest.raises(SnapshotError, match=r"zone z.test.: the digest of the chunk is"):
            Snapshot.open(Manifest(world.manifest()), spoiled)

    def test_the_chunk_of_another_zone_is_refused(self) -> None:
        world = world_of("z.test.", ZONE)
        world.zones["other.test."] = world.zones.pop("z.test.")
        with pytest.raises(SnapshotError, match=r"zone other.test.: its chunk holds the zone z.test."):
            world.open()

    def test_a_geo_file_that_is_none_is_refused(self) -> None:
        with pytest.raises(SnapshotError, match='geo file "country"'):
            World(geo={"country": b"no MMDB"}).open()


class TestZoneChunk:
    @pytest.mark.parametrize(
        ("drop", "message"), [("SOA", "zone z.test.: z.test.: no SOA"), ("NS", "zone z.test.: z.test.: no NS")]
    )
    def test_an_apex_needs_soa_and_ns(self, drop: str, message: str) -> None:
        text = "\n".join(line for line in ZONE.splitlines() if f" {drop} " not in line)
        with pytest.raises(SnapshotError, match=message):
            world_of("z.test.", text).open()

    @pytest.mark.parametrize(
        ("more", "message"),
        [
            (entry("z.test.", 16), "z.test. TXT: a record set without records"),
            (entry("www.test.", 16, b"\1a"), "www.test. TXT: the owner is outside the zone"),
            (entry("www.z.test.", 5, name_wire("z.test.")), "www.z.test. CNAME: CNAME beside other types"),
            (entry("x.z.test.", 1, b"\1\2\3\4", b"\1\2\3\5", b"\1\2\3\4"), "x.z.test. A: a record is there twice"),
            (entry("x.z.test.", 2, name_wire("ns."), b"\2NS\0"), "x.z.test. NS: a record is there twice"),
            (entry("c.z.test.", 5, name_wire("a."), name_wire("b.")), "c.z.test. CNAME: more than one record"),
            (entry("d.z.test.", 39, name_wire("a."), name_wire("b.")), "d.z.test. DNAME: more than one record"),
            (entry("x.z.test.", 6, name_wire("a.") * 2 + bytes(20)), "x.z.test. SOA: a SOA below the apex"),
            (entry("x.z.test.", 41, b""), "x.z.test. TYPE41: the type can be asked for"),
            (entry("x.z.test.", 255, b""), "x.z.test. ANY: the type can be asked for"),
            (entry("x.z.test.", 1, b"\1\2\3"), "x.z.test. A: 3 octets of rdata where 4 belong"),
            (entry("x.z.test.", 28, b"\1\2\3"), "x.z.test. AAAA: 3 octets of rdata where 16 belong"),
            (
                entry("x.z.test.", 15, b"\0\1" + name_wire("a.") + b"\0"),
                "x.z.test. MX: 1 octets of rdata where 0 belong",
            ),
            (entry("x.z.test.", 2, b"\xc0\x0c"), "x.z.test. NS: malformed rdata"),
            (entry("x.z.test.", 16, b"\1a", ttl=2**31), "x.z.test. TXT: the TTL is larger"),
            (steered("x.z.test.", 16, 5), "x.z.test. TXT: only A and AAAA can be steered"),
            (steered("x.z.test.", 1, 5), "zone z.test.: x.z.test. A: policy 5 is not in the policy chunk"),
        ],
    )
    def test_a_refusal_names_zone_owner_and_type(self, more: Entry, message: str) -> None:
        with pytest.raises(SnapshotError, match=message):
            open_entries(sorted_with(more))

    def test_entries_must_be_in_order(self) -> None:
        with pytest.raises(SnapshotError, match="out of order or there twice"):
            open_entries(sorted_with()[::-1])

    def test_no_entry_may_come_twice(self) -> None:
        entries = sorted_with()
        with pytest.raises(SnapshotError, match=r"www.z.test. A: the entry is out of order or there twice"):
            open_entries([*entries, entries[-1]])

    @pytest.mark.parametrize(
        ("spoil", "message"),
        [
            (lambda chunk: b"TMZ2" + chunk[4:], "not a zone chunk of format TMZ1"),
            (lambda chunk: chunk[:-1], "cut short"),
            (lambda chunk: chunk[:9], "zone : the name is cut short|cut short"),
            (lambda chunk: chunk + b"\0", "octets follow the last entry"),
            (lambda chunk: chunk.replace(b"\x03www", b"\x03wWw"), "not in lower case"),
        ],
    )
    def test_spoiled_octets_are_refused(self, spoil: Callable[[bytes], bytes], message: str) -> None:
        world = world_of("z.test.", ZONE)
        world.zones["z.test."] = spoil(world.zones["z.test."])
        with pytest.raises(SnapshotError, match=message):
            world.open()

    def test_an_unknown_kind_of_entry_is_refused(self) -> None:
        odd = name_wire("x.z.test.") + struct.pack("!HIB", 16, 60, 2)
        chunk = encode_chunk("z.test.", sorted_with())
        head, rest = chunk.split(name_wire("z.test."), 1)
        count = struct.unpack("!I", rest[:4])[0]
        world = World(zones={"z.test.": head + name_wire("z.test.") + struct.pack("!I", count + 1) + rest[4:] + odd})
        with pytest.raises(SnapshotError, match=r"x.z.test. TXT: unknown kind of entry 2"):
            world.open()


ENDPOINT = {
    "id": 10,
    "name": "fra-1",
    "region": 1,
    "ipv4": "192.0.2.1",
    "ipv6": None,
    "hostname": None,
    "weight": None,
    "priority": None,
    "bias": None,
    "capacity": None,
    "labels": {},
    "admin_state": "enabled",
    "checked": True,
}
MEMBER = {"endpoint": 10, "weight": None, "priority": None, "bias": None}
POLICY = {"id": 5, "name": "www", "salt": "s", "ttl": 30, "ttl_min": 5, "ecs": "always", "pools": [3], "steps": []}
POOL = {"id": 3, "name": "web", "weight": None, "priority": None, "bias": None, "members": [MEMBER]}


def policies_with(**changed: object) -> dict[str, Any]:
    """A policy chunk of one policy, one pool and one endpoint."""
    return {
        "format": 1,
        "regions": [{"id": 1, "name": "eu", "latitude": 50.0, "longitude": 8.0}],
        "endpoints": [ENDPOINT],
        "pools": [POOL],
        "policies": [POLICY],
        "flattened": {},
    } | changed


class TestPolicies:
    def test_a_shared_zone_is_checked_against_the_new_policies(self) -> None:
        policies = policies_with()
        world = World(policies=policies).add_zone("z.test.", ZONE, {("x.z.test.", "A"): 5})
        first = world.open()
        world.policies = {**policies, "policies": [{**POLICY, "id": 6}]}
        with pytest.raises(SnapshotError, match=r"x.z.test. A: policy 5 is not in the policy chunk"):
            world.open(first)

    @pytest.mark.parametrize(
        ("changed", "message"),
        [
            ({"pools": [], "policies": []}, "zone z.test.: x.z.test. A: policy 5 is not in the policy chunk"),
            ({"policies": [{**POLICY, "pools": [4]}]}, 'policy "www": pool 4 is not in the chunk'),
            ({"pools": [{**POOL, "members": []}]}, "zone z.test.: x.z.test. A: policy 5 has no endpoint"),
            ({"endpoints": []}, 'pool "web": endpoint 10 is not in the chunk'),
            ({"regions": []}, 'endpoint "fra-1": region: region 1 is not in the chunk'),
        ],
    )
    def test_nothing_dangles_and_no_binding_is_without_endpoint(self, changed: dict[str, Any], message: str) -> None:
        world = World(policies=policies_with(**changed)).add_zone("z.test.", ZONE, {("x.z.test.", "A"): 5})
        with pytest.raises(SnapshotError, match=message):
            world.open()

    def test_pools_are_known_by_their_names_and_endpoints(self) -> None:
        assert World(policies=policies_with()).open().pools == {3: ("web", [10])}

    def test_a_chunk_that_is_no_json_is_refused(self) -> None:
        with pytest.raises(SnapshotError):
            World(policies={"format": 9}).open()


class TestGenerations:
    def test_a_server_refuses_a_lower_one(self) -> None:
        server = Server(["127.0.0.1:0"], World(generation=7).open(), workers=1)
        try:
            server.swap(World(generation=7).open())
            server.swap(World(generation=8).open())
            with pytest.raises(SnapshotError, match="generation 7 is lower than generation 8"):
                server.swap(World(generation=7).open())
        finally:
            server.stop()


class TestHealth:
    def test_states_come_back_sorted(self) -> None:
        health = Health(3, [(11, 6, "down"), (11, 4, "up"), (10, 0, "unknown")])
        assert health.sequence == 3
        assert health.states == [(10, 0, "unknown"), (11, 4, "up"), (11, 6, "down")]

    def test_loads_come_back_sorted_and_rounded(self) -> None:
        health = Health(3, [], [(11, 1.25, 1000, 60), (10, 0.73049, 1001, 5), (9, None, 0, 0)])
        assert health.loads == [(10, 0.73, 1001, 5), (11, 1.25, 1000, 60)]
        after = health.apply(4, [], [(10, None, 0, 0), (12, 0.5, 1002, 60)])
        assert after.loads == [(11, 1.25, 1000, 60), (12, 0.5, 1002, 60)]
        assert after.apply(5, []).loads == after.loads

    def test_views_come_back_sorted_until_vantages_agree(self) -> None:
        health = Health(3, [], views=[(11, 6, [(1, True), (2, False)]), (10, 0, [(2, True), (1, False)]), (9, 4, [])])
        assert health.views == [(10, 0, [(2, True), (1, False)]), (11, 6, [(1, True), (2, False)])]
        assert health.apply(4, [], views=[(11, 6, [])]).views == [(10, 0, [(2, True), (1, False)])]

    def test_who_is_failing_comes_back_sorted(self) -> None:
        health = Health(3, [], failing=[(11, 6, True), (10, 0, True), (9, 4, False)])
        assert health.failing == [(10, 0, True), (11, 6, True)]
        assert health.apply(4, [], failing=[(11, 6, False)]).failing == [(10, 0, True)]
        with pytest.raises(ValueError, match="family 5"):
            Health(3, [], failing=[(11, 5, True)])  # type: ignore[list-item]

    @pytest.mark.parametrize("share", [-0.1, float("nan"), float("inf")])
    def test_a_load_that_is_no_share_is_refused(self, share: float) -> None:
        with pytest.raises(ValueError, match=f"load of endpoint 10: {share}|load of endpoint 10: NaN"):
            Health(0, [], [(10, share, 0, 60)])

    def test_a_delta_makes_a_new_health(self) -> None:
        before = Health(3, [(11, 4, "up")])
        after = before.apply(4, [(11, 4, "down"), (12, 4, "up")])
        assert before.states == [(11, 4, "up")]
        assert (after.sequence, after.states) == (4, [(11, 4, "down"), (12, 4, "up")])

    @pytest.mark.parametrize("sequence", [3, 5, 0])
    def test_a_gap_is_refused(self, sequence: int) -> None:
        with pytest.raises(ValueError, match="full state"):
            Health(3).apply(sequence, [])

    @pytest.mark.parametrize(
        ("state", "message"), [((1, 5, "up"), "family 5"), ((1, 4, "sideways"), '"sideways" is none of')]
    )
    def test_a_malformed_state_is_refused(self, state: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            Health(0, [state])


def test_respond_names_a_source_that_is_no_address() -> None:
    with pytest.raises(ValueError, match='source: "nobody"'):
        respond(World().open(), Health(), b"", "nobody")

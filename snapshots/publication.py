"""One publication, inside its transaction: gather, compile, settle, store."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from django.db import connection
from django.db.models import Model

import responder
from accounts.audit.horizon import horizon
from accounts.audit.models import Via
from common.notify import notify
from healthchecks.alerts import happenings
from healthchecks.alerts.events import EventKind
from healthchecks.services import drained_since
from snapshots.brake.alarms import watch_held
from snapshots.brake.drains import CLOCKS_APART, with_drains
from snapshots.brake.holds import holds
from snapshots.brake.limits import Hold, Limits
from snapshots.brake.releases import note_published
from snapshots.canonical import digest_of
from snapshots.changes import describe_changes
from snapshots.chunks import store_chunks, stored_chunks
from snapshots.compile import compile_declared
from snapshots.gather import gather
from snapshots.geo_files import geo_files
from snapshots.manifest import Contents
from snapshots.models import Chunk, ChunkKind, CompiledZone, Refusal, Snapshot
from snapshots.opening import NothingPublishedError, Opened, current, open_manifest
from snapshots.policy_chunk import PolicyChunks
from snapshots.settle import POLICIES, Settled, settle, zone_part, zones_of
from snapshots.signing import Signer
from snapshots.weight import octets_to_fetch
from snapshots.zone_lists import ZoneLists
from telemetry.services import highest_generation
from zones.models import Zone

CHANNEL = "generation"
MANY_ZONES = 1000

policy_chunks = PolicyChunks()
"""The one of this process."""


class Publication:
    """What is declared now, beside what is served now."""

    def __init__(self, now: datetime, geo_directory: Path | None, limits: Limits, signer: Signer | None) -> None:
        self.now = now
        self.limits = limits
        self.signer = signer
        self.served = _served()
        self.renewal = self._renewal()
        self.geo = geo_files(geo_directory)
        refused = zones_of(Refusal.objects.values_list("part", flat=True))
        declared = gather(now, self.served.contents.zones if self.served else None, refused)
        geo = {role: file.digest for role, file in self.geo.items()}
        self.compiled = compile_declared(declared, geo, policy_chunks.of)

    def publish(self) -> Snapshot | None:
        """Store the next generation and its chunks. None: there is nothing new to serve."""
        self._store_compiled_zones()
        if self._is_known() and not self.renewal:
            return None
        settled, held = self._settled()
        self._store_refusals(settled.refusals, held)
        is_new = settled.contents != self._served_contents
        if settled.contents is None or not (is_new or self.renewal):
            return None
        return self._store_generation(settled.contents)

    @cached_property
    def _generation(self) -> int:
        served = self.served.generation if self.served else 0
        return highest_generation(served) + 1

    @property
    def _served_contents(self) -> Contents | None:
        return self.served.contents if self.served else None

    @cached_property
    def _policy_chunks(self) -> dict[str, bytes]:
        chunks = {self.compiled.contents.policies: self.compiled.policy_chunk}
        if self.served:
            chunks |= {digest_of(self._drained_chunk): self._drained_chunk}
        return chunks

    @cached_property
    def _drained_chunk(self) -> bytes:
        """The policies that are served, with what operators drain now."""
        assert self.served is not None  # noqa: S101 - for type checkers
        served, declared = self.served.contents.policies, self.compiled.contents.policies
        if served == declared:
            return self.compiled.policy_chunk
        drained = drained_since(self.served.stamp[1] - CLOCKS_APART)
        return with_drains(stored_chunks([served])[served], self.compiled.policy_chunk, drained)

    @cached_property
    def _baseline(self) -> Opened | None:
        """What is served, with what operators drain now: that goes out whatever else is refused or held."""
        if self.served is None:
            return None
        contents = replace(self.served.contents, policies=digest_of(self._drained_chunk))
        if contents == self.served.contents:
            return self.served
        return replace(self.served, contents=contents, snapshot=self._open(contents))

    @cached_property
    def _new_geo_chunks(self) -> dict[str, bytes]:
        digests = {file.digest for file in self.geo.values()}
        known = set(Chunk.objects.filter(digest__in=digests).values_list("digest", flat=True))
        return {file.digest: file.path.read_bytes() for file in self.geo.values() if file.digest not in known}

    def _is_known(self) -> bool:
        """Whether these very contents are served, or were tried before and refused in part."""
        tried = Refusal.objects.values_list("candidate", flat=True).first()
        if tried is None:
            return self.compiled.contents == self._served_contents and not self.compiled.uncompilable
        return tried == self.compiled.contents.fingerprint()

    def _written(self, contents: Contents) -> tuple[str, dict[str, bytes]]:
        """The manifest of these contents, and by digest the zone lists that are not those served."""
        lists, chunks = (self.served.lists if self.served else ZoneLists()).following(contents.zones)
        return contents.manifest(lists, self._generation, self.now), chunks

    def _renewal(self) -> list[str]:
        """Why the same contents have to be published again."""
        if self.served is None:
            return []
        reasons = []
        if self._generation > self.served.generation + 1:
            reasons.append("numbered above what nodes serve: this database is of an earlier time")
        if self.signer is not None and self.signer.replaces(self._signature_served()):
            reasons.append(f"signed by key {self.signer.fingerprint[:12]}")
        return reasons

    def _signature_served(self) -> str:
        return Snapshot.objects.order_by("-generation").values_list("signature", flat=True)[0]

    def _settled(self) -> tuple[Settled, dict[str, Hold]]:
        """What can be served without asking anyone, and what is held until someone is asked (P4)."""
        candidate, uncompilable, baseline = self.compiled.contents, self.compiled.uncompilable, self._baseline
        last_good = baseline.contents if baseline else None
        settled = settle(candidate, uncompilable, last_good, self._open)
        if baseline is None or settled.contents is None:
            return settled, {}
        chunk = self.compiled.policy_chunk
        held = holds(baseline, settled.contents, chunk, self._open, self.limits, self.now)
        if not held:
            return settled, {}
        if POLICIES in held:
            candidate = replace(candidate, policies=baseline.contents.policies)
        reasons = {part: hold.reason for part, hold in held.items()}
        braked = {origin: reasons[zone_part(origin)] for origin in zones_of(held)}
        settled = settle(candidate, uncompilable | braked, last_good, self._open)
        return replace(settled, refusals=settled.refusals | reasons), held

    def _open(self, contents: Contents) -> responder.Snapshot:
        manifest, lists = self._written(contents)
        fresh = ChainMap(lists, self.compiled.zone_chunks, self._policy_chunks, self._new_geo_chunks)
        return open_manifest(manifest, fresh, self.served)

    def _store_compiled_zones(self) -> None:
        store_chunks(ChunkKind.ZONE, self.compiled.zone_chunks)
        zones = self.compiled.contents.zones
        CompiledZone.objects.bulk_create(
            [
                CompiledZone(zone_id=zone.id, serial=zone.serial, chunk_id=zones[origin])
                for origin, zone in self.compiled.made.items()
            ],
            update_conflicts=True,
            unique_fields=["zone"],
            update_fields=["serial", "chunk"],
        )
        if len(self.compiled.made) >= MANY_ZONES:
            _analyze(CompiledZone)

    def _store_refusals(self, refusals: Mapping[str, str], held: Mapping[str, Hold]) -> None:
        gone, _by_model = Refusal.objects.exclude(part__in=refusals).delete()
        if refusals:
            self._store_refused_parts(refusals, held)
        if refusals or gone:
            watch_held(self.now)

    def _store_refused_parts(self, refusals: Mapping[str, str], held: Mapping[str, Hold]) -> None:
        candidate = self.compiled.contents.fingerprint()
        Refusal.objects.bulk_create(
            [
                Refusal(
                    part=part,
                    reason=reason,
                    candidate=candidate,
                    held=held[part].key if part in held else "",
                    since=self.now,
                )
                for part, reason in refusals.items()
            ],
            update_conflicts=True,
            unique_fields=["part"],
            update_fields=["reason", "candidate", "held"],
        )

    def _store_generation(self, contents: Contents) -> Snapshot:
        store_chunks(ChunkKind.GEO, self._new_geo_chunks)
        if self._served_contents is None or contents.policies != self._served_contents.policies:
            store_chunks(ChunkKind.POLICIES, self._policy_chunks)
        manifest, lists = self._written(contents)
        store_chunks(ChunkKind.ZONES, lists)
        snapshot = Snapshot.objects.create(
            generation=self._generation,
            manifest=manifest,
            signature=self.signer.signature(manifest) if self.signer else "",
            changes=[
                *describe_changes(self._served_contents, contents, _serials, stored_chunks),
                *self.renewal,
                *note_published(contents, self.compiled.policy_chunk, self._generation),
            ],
            horizon=horizon(),
            fetched_octets=octets_to_fetch(self._served_contents, contents, manifest) + sum(map(len, lists.values())),
        )
        notify(CHANNEL, snapshot.generation)
        entry = happenings.entry_of(str(snapshot), snapshot.changes, via=Via.SYSTEM)
        happenings.tell(EventKind.GENERATION_PUBLISH, snapshot.generation, None, entry)
        return snapshot


def _analyze(model: type[Model]) -> None:
    """Have Postgres count what was written: until autovacuum comes along, it would plan as for an empty table."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")


def _served() -> Opened | None:
    try:
        return current.get()
    except NothingPublishedError:
        return None


def _serials(origins: Collection[str]) -> dict[str, int]:
    return dict(Zone.objects.filter(origin__in=origins).values_list("origin", "serial"))

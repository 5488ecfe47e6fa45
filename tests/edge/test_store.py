"""The store: whatever moment a kill strikes, what is on disk is whole."""

from __future__ import annotations

import os

import pytest

from edge.store import CorruptChunkError, Store
from responder import Manifest
from tests.edge.conftest import a_world


class Killed(BaseException):
    """The process ends here."""


WRITING_CALLS = ["fsync", "replace", "link", "unlink"]


@pytest.fixture
def kill_after(monkeypatch):
    """Ends the process, so to say, before the nth call that changes the disk."""

    def arm(calls: int) -> None:
        left = calls

        def counting(real):
            def call(*args, **kwargs):
                nonlocal left
                left -= 1
                if left < 0:
                    raise Killed
                return real(*args, **kwargs)

            return call

        for name in WRITING_CALLS:
            monkeypatch.setattr(os, name, counting(getattr(os, name)))

    yield arm
    monkeypatch.undo()


def manifest_of(generation: int, address: str) -> tuple[Manifest, dict[str, bytes]]:
    world = a_world(generation, address)
    return Manifest(world.manifest()), world.chunks()


def loadable(store: Store) -> list[int]:
    """The generations that could be served, the newest first."""
    found = []
    for manifest in store.manifests():
        for digest in manifest.digests:
            store.chunk(digest)
        found.append(manifest.generation)
    return found


@pytest.mark.parametrize("calls", range(16))
def test_a_kill_between_any_two_writes_leaves_a_whole_generation(tmp_path, kill_after, monkeypatch, calls):
    store = Store(tmp_path)
    store.keep(*manifest_of(1, "192.0.2.1"))
    store.keep(*manifest_of(2, "192.0.2.2"))
    kill_after(calls)
    try:
        store.keep(*manifest_of(3, "192.0.2.3"))
        finished = True
    except Killed:
        finished = False
    monkeypatch.undo()

    after = loadable(Store(tmp_path))
    assert after[0] == 3 if finished else after[0] in (2, 3)
    Store(tmp_path).keep(*manifest_of(4, "192.0.2.4"))
    assert loadable(Store(tmp_path))[0] == 4


def test_the_generation_before_is_kept_and_what_neither_names_is_pruned(tmp_path):
    store = Store(tmp_path)
    for generation in (1, 2, 3):
        store.keep(*manifest_of(generation, f"192.0.2.{generation}"))
        store.prune()

    assert loadable(store) == [3, 2]
    named = manifest_of(3, "192.0.2.3")[0].digests | manifest_of(2, "192.0.2.2")[0].digests
    assert {path.name for path in (tmp_path / "chunks").iterdir()} == named


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")])
def test_a_chunk_that_is_not_what_its_name_says_is_never_returned(tmp_path, spoil):
    store = Store(tmp_path)
    manifest, chunks = manifest_of(1, "192.0.2.1")
    store.keep(manifest, chunks)
    digest = next(iter(manifest.digests))
    spoil(tmp_path / "chunks" / digest)

    with pytest.raises(CorruptChunkError, match=digest):
        store.chunk(digest)


def test_a_manifest_that_cannot_be_read_gives_way_to_the_one_before(tmp_path, caplog):
    store = Store(tmp_path)
    for generation in (1, 2):
        store.keep(*manifest_of(generation, "192.0.2.1"))
    (tmp_path / "manifest.json").write_bytes(b"{")

    assert loadable(Store(tmp_path)) == [1]
    assert "manifest.json cannot be used" in caplog.text


def test_health_is_kept_whole_or_not_at_all(tmp_path, kill_after, monkeypatch):
    store = Store(tmp_path)
    store.keep_health(b"old")
    kill_after(1)
    with pytest.raises(Killed):
        store.keep_health(b"new")
    monkeypatch.undo()

    assert Store(tmp_path).health() == b"old"

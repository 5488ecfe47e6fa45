"""What a generation changed, as sentences for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from snapshots.manifest import Contents

SECTIONS = {"regions": "region", "endpoints": "endpoint", "pools": "pool", "policies": "policy"}
MAX_SENTENCES = 200


def describe_changes(
    before: Contents | None,
    after: Contents,
    serials: Callable[[Collection[str]], Mapping[str, int]],
    stored: Callable[[Collection[str]], Mapping[str, bytes]],
) -> list[str]:
    """Sentences such as `zone demo.test. serial 7`.

    `serials`: of the zones with these origins. `stored`: chunks by digest. At most MAX_SENTENCES, the
    last then saying how many more there are.
    """
    if before is None:
        return ["first generation"]
    sentences = [*_zones(before.zones, after.zones, serials), *_geo(before.geo, after.geo)]
    if before.policies != after.policies:
        chunks = stored([before.policies, after.policies])
        sentences += _policies(json.loads(chunks[before.policies]), json.loads(chunks[after.policies]))
    if len(sentences) <= MAX_SENTENCES:
        return sentences
    return [*sentences[: MAX_SENTENCES - 1], f"{len(sentences) - MAX_SENTENCES + 1} more"]


def _zones(
    before: Mapping[str, str], after: Mapping[str, str], serials: Callable[[Collection[str]], Mapping[str, int]]
) -> Iterator[str]:
    changed = {origin for origin, digest in after.items() if before.get(origin) != digest}
    serial = serials(changed & before.keys())
    for origin in sorted(changed | (before.keys() - after.keys())):
        if origin in serial:
            yield f"zone {origin} serial {serial[origin]}"
        else:
            yield f"zone {origin} {'added' if origin in after else 'removed'}"


def _geo(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for role in sorted(before.keys() | after.keys()):
        if before.get(role) != after.get(role):
            yield f"geo file {role} {'replaced' if role in after else 'removed'}"


def _policies(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for section, noun in SECTIONS.items():
        yield from _objects(noun, _by_id(before[section]), _by_id(after[section]))
    for name in sorted(before["flattened"].keys() | after["flattened"].keys()):
        if before["flattened"].get(name) != after["flattened"].get(name):
            yield f"addresses of {name}"
    yield from _shadows(before, after)


def _shadows(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    names = {policy["id"]: policy["name"] for chunk in (before, after) for policy in chunk["policies"]}
    ended, started = _by_id(before.get("shadows", [])), _by_id(after.get("shadows", []))
    yield from (f"shadow of {names[ended[number]['policy']]} ended" for number in ended.keys() - started.keys())
    yield from (f"shadow of {names[started[number]['policy']]} started" for number in started.keys() - ended.keys())


def _objects(noun: str, before: Mapping[int, Any], after: Mapping[int, Any]) -> Iterator[str]:
    for number in sorted(before.keys() | after.keys()):
        if number not in after:
            yield f"{noun} {before[number]['name']} removed"
        elif number not in before:
            yield f"{noun} {after[number]['name']} added"
        elif before[number] != after[number]:
            fields = [key for key in after[number] if before[number].get(key) != after[number][key]]
            yield f"{noun} {after[number]['name']} changed: {', '.join(fields)}"


def _by_id(objects: list[Any]) -> dict[int, Any]:
    return {member["id"]: member for member in objects}

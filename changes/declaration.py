"""What a set of files declares: documents by kind, record sets within their zones.

    {"regions": [{"name": "eu", …}], "zones": [{"origin": "demo.test.", "rrsets": [{"name": "www", "type": "A", …}]}]}

becomes the documents of all kinds, each under the one key it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from changes.claims import Place
from documents.kind import Document
from documents.kinds import KINDS, RECORD_SETS, ZONES
from zones.names import InvalidNameError, parse_origin, parse_owner
from zones.rdata import UnknownTypeError, canonical_type

MOST_DOCUMENTS = 5000
Found = dict[Place, Document]


def documents_of(declared: Mapping[str, Any]) -> Found:
    """All documents, by kind and key. Raises ValidationError by path, such as `zones.0.rrsets.3.name`."""
    found: Found = {}
    errors: dict[str, list[str]] = {}
    for path, read in _parts(declared):
        try:
            place, document = read()
        except ValueError as error:
            errors[path] = [str(error)]
            continue
        if place in found:
            errors[path] = [f"{place[0]} {place[1]} is declared twice: once is enough."]
        found[place] = document
    if len(found) > MOST_DOCUMENTS:
        errors[""] = [f"At most {MOST_DOCUMENTS:,} objects have one owner: divide the files among several."]
    if errors:
        raise ValidationError(errors)
    return found


def _parts(declared: Mapping[str, Any]) -> Iterator[tuple[str, Callable[[], tuple[Place, Document]]]]:
    """Path and reader of every document."""
    for plural, documents in declared.items():
        if plural not in KINDS or plural == RECORD_SETS.plural:
            choice = ", ".join(kind for kind in KINDS if kind != RECORD_SETS.plural)
            yield plural, _refusing(f"There is no such kind: there are {choice}.")
        elif not isinstance(documents, Sequence) or isinstance(documents, str):
            yield plural, _refusing("Give a list.")
        else:
            for index, document in enumerate(documents):
                yield from _part(plural, f"{plural}.{index}", document)


def _part(plural: str, path: str, document: Any) -> Iterator[tuple[str, Callable[[], tuple[Place, Document]]]]:
    if not isinstance(document, Mapping):
        yield path, _refusing("Give an object with fields.")
    elif plural == ZONES.plural:
        own = {name: value for name, value in document.items() if name != RECORD_SETS.plural}
        yield path, lambda: _zone(own)
        sets = document.get(RECORD_SETS.plural) or []
        for index, record_set in enumerate(sets if isinstance(sets, list) else [None]):
            yield f"{path}.rrsets.{index}", lambda one=record_set: _record_set(str(own.get("origin", "")), one)  # type: ignore[misc]
    else:
        yield path, lambda: _named(plural, document)


def _named(plural: str, document: Mapping[str, Any]) -> tuple[Place, Document]:
    name = document.get("name")
    if not isinstance(name, str) or not name:
        raise ValueError("Give it a name.")
    return (plural, name), dict(document)


def _zone(document: Document) -> tuple[Place, Document]:
    origin = document.get("origin")
    if not isinstance(origin, str):
        raise ValueError("Give it an origin, such as example.com.")
    parsed = parse_origin(origin)
    return (ZONES.plural, parsed), {**document, "origin": parsed}


def _record_set(origin: str, document: Any) -> tuple[Place, Document]:
    if not isinstance(document, Mapping) or not {"name", "type"} <= document.keys():
        raise ValueError("Give it a name and a type.")
    try:
        zone = parse_origin(origin)
        name, type_ = parse_owner(str(document["name"]), zone), canonical_type(str(document["type"]))
    except (InvalidNameError, UnknownTypeError) as error:
        raise ValueError(str(error)) from error
    return (RECORD_SETS.plural, f"{zone} {name} {type_}"), {**document, "name": name, "type": type_}


def _refusing(message: str) -> Callable[[], tuple[Place, Document]]:
    def refuse() -> tuple[Place, Document]:
        raise ValueError(message)

    return refuse

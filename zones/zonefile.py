"""Reads and prints master files (RFC 1035 section 5, $TTL by RFC 2308 section 4)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator

import dns.name
import dns.ttl

from zones.contents import Contents, ContentsBuilder, Key, RecordRuleError, Records
from zones.models import MAX_TTL_S
from zones.names import APEX, InvalidNameError, absolute_text, origin_name, parse_name, parse_relative
from zones.rdata import RdataError, UnknownTypeError, canonical_type, parse_rdata, soa_minimum_s
from zones.zonefile_lines import Entry, ZoneFileError, entries

__all__ = ["ZoneFileError", "parse_zone_file", "print_zone_file", "stated_origin", "zone_file_problems"]

CLASSES = frozenset({"IN", "CH", "HS", "CS"})
MOST_PROBLEMS = 20
"""As many as someone mends at a time."""

type_of = functools.cache(canonical_type)


def parse_zone_file(text: str, origin: str, steered: Iterable[Key] = ()) -> dict[Key, Records]:
    """The zone that a master file describes. `steered` are the record sets it must leave alone.

    Without a $TTL a record has the last TTL stated before it, and before any is stated the SOA's minimum.
    Raises ZoneFileError with the line and the reason.
    """
    contents, problems = _read(text, origin, steered, most_problems=1)
    if problems:
        raise problems[0]
    return contents


def zone_file_problems(
    text: str, origin: str, steered: Iterable[Key] = (), most: int = MOST_PROBLEMS
) -> list[ZoneFileError]:
    """The first `most` lines that keep a master file from being taken, to mend all of them at once."""
    return _read(text, origin, steered, most)[1]


def _read(
    text: str, origin: str, steered: Iterable[Key], most_problems: int
) -> tuple[dict[Key, Records], list[ZoneFileError]]:
    reader, contents, problems = _Reader(origin), ContentsBuilder(steered), list[ZoneFileError]()
    try:
        for entry in entries(text):
            try:
                reader.read(entry, contents)
            except REASONS as error:
                problems.append(ZoneFileError(entry.line, str(error)))
            if len(problems) >= most_problems:
                return {}, problems
    except ZoneFileError as error:  # lines cannot be told apart any more
        return {}, [*problems, error]
    return ({}, problems) if problems else _built(contents, text)


def _built(contents: ContentsBuilder, text: str) -> tuple[dict[Key, Records], list[ZoneFileError]]:
    try:
        return contents.build(), []
    except RecordRuleError as error:
        return {}, [ZoneFileError(text.rstrip().count("\n") + 1, str(error))]


class _EntryError(ValueError):
    """An entry that is neither a record nor a directive we take."""


REASONS = (InvalidNameError, RdataError, UnknownTypeError, RecordRuleError, _EntryError)


class _Reader:
    """What earlier entries say about later ones: the origin, the owner and the TTL."""

    def __init__(self, origin: str) -> None:
        self.zone = self.origin = origin_name(origin)
        self.owner: str | None = None
        self.default_ttl_s: int | None = None
        self.last_ttl_s: int | None = None

    def read(self, entry: Entry, contents: ContentsBuilder) -> None:
        if entry.has_owner and entry.tokens[0].startswith("$"):
            self._direct(*entry.tokens)
        else:
            self._record(entry, contents)

    def _direct(self, directive: str, *arguments: str) -> None:
        take = self._directives().get(directive.upper())
        if take is None:
            raise _EntryError(f"{directive} is not taken: write the records themselves into the file")
        if len(arguments) != 1:
            raise _EntryError(f"{directive} takes one argument")
        take(arguments[0])

    def _directives(self) -> dict[str, Callable[[str], None]]:
        return {"$ORIGIN": self._set_origin, "$TTL": self._set_default_ttl}

    def _set_origin(self, text: str) -> None:
        origin = parse_name(text, self.origin)
        self.origin = self.zone if origin == self.zone else origin

    def _set_default_ttl(self, text: str) -> None:
        self.default_ttl_s = _ttl_s(text)

    def _record(self, entry: Entry, contents: ContentsBuilder) -> None:
        tokens = iter(entry.tokens)
        name = self._owner_of(entry, tokens)
        stated_ttl_s, type_ = _head(tokens)
        rdata = parse_rdata(type_, " ".join(tokens), self.origin)
        minimum_s = soa_minimum_s(rdata.wire) if type_ == "SOA" else None
        contents.add(name, type_, self._ttl_s_of(stated_ttl_s, minimum_s), rdata)

    def _owner_of(self, entry: Entry, tokens: Iterator[str]) -> str:
        if entry.has_owner:
            self.owner = parse_relative(next(tokens), self.origin, self.zone)
        if self.owner is None:
            raise _EntryError("the first record needs an owner: begin its line with a name or @")
        return self.owner

    def _ttl_s_of(self, stated_s: int | None, soa_minimum: int | None) -> int:
        if stated_s is not None:
            self.last_ttl_s = stated_s
            return stated_s
        for ttl_s in (self.default_ttl_s, self.last_ttl_s):
            if ttl_s is not None:
                return ttl_s
        if soa_minimum is None:
            raise _EntryError("the record has no TTL: begin the file with $TTL")
        self.last_ttl_s = soa_minimum
        return soa_minimum


def _head(tokens: Iterator[str]) -> tuple[int | None, str]:
    """TTL and type: TTL and class may be left out and come in either order."""
    ttl_s = class_ = None
    for token in tokens:
        upper = token.upper()
        if ttl_s is None and token[0].isdigit():
            ttl_s = _ttl_s(token)
        elif class_ is None and upper in CLASSES:
            class_ = _internet(upper)
        else:
            return ttl_s, type_of(upper)
    raise _EntryError("the record has no type")


def _internet(class_: str) -> str:
    if class_ != "IN":
        raise _EntryError(f"class {class_} is not served: records are of class IN")
    return class_


def _ttl_s(text: str) -> int:
    """Seconds, or numbers with the units w, d, h, m and s."""
    try:
        ttl_s = dns.ttl.from_text(text)
    except dns.ttl.BadTTL as error:
        raise _EntryError(f'"{text}" is not a TTL: write seconds, or for example 1h30m') from error
    if ttl_s > MAX_TTL_S:
        raise _EntryError(f"a TTL is at most {MAX_TTL_S}")
    return ttl_s


def stated_origin(text: str) -> str | None:
    """The origin that a file says by itself: the owner of its SOA record, absolute or below an absolute $ORIGIN.

    None if it does not say one, or what it says cannot be read.
    """
    origin: dns.name.Name | None = None
    try:
        for entry in entries(text):
            first, *rest = entry.tokens
            if first.upper() == "$ORIGIN" and rest:
                origin = _absolute(rest[0], origin)
            elif entry.has_owner and "SOA" in map(str.upper, rest[:3]):
                owner = _absolute(first, origin)
                return absolute_text(owner) if owner else None
    except (ZoneFileError, InvalidNameError):
        pass
    return None


def _absolute(text: str, origin: dns.name.Name | None) -> dns.name.Name | None:
    """None for a relative name without an origin."""
    if origin is None and not text.endswith("."):
        return None
    return parse_name(text, origin or dns.name.root)


def print_zone_file(origin: str, contents: Contents, steered: Iterable[tuple[Key, int]] = ()) -> str:
    """The master file of a zone. Record sets that policies answer, with their TTLs, stand in it as comments."""
    lines = [f"$ORIGIN {origin}"]
    for key in sorted(contents, key=_print_order(origin_name(origin))):
        records = contents[key]
        lines += [f"{_start(key, records.ttl_s)}\t{rdata.text}" for rdata in records.rdatas]
    lines += [f"; {_start(key, ttl_s)}\tis answered by a policy" for key, ttl_s in sorted(steered)]
    return "\n".join(lines) + "\n"


def _start(key: Key, ttl_s: int) -> str:
    name, type_ = key
    return f"{name}\t{ttl_s}\tIN\t{type_}"


def _print_order(origin: dns.name.Name) -> Callable[[Key], tuple[int, dns.name.Name, str]]:
    """SOA and NS of the apex first, then names in canonical order."""
    first = {(APEX, "SOA"): 0, (APEX, "NS"): 1}
    return lambda key: (first.get(key, 2), dns.name.from_text(key[0], origin), key[1])

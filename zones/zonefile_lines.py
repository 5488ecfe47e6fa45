"""Master files as entries of tokens (RFC 1035 section 5.1): parentheses, comments, quotes and escapes end here.

"www 300 IN TXT ( \"a b\"   ; why"     ─┐
"                  c )"                 ├─►  Entry(line=1, tokens=["www", "300", "IN", "TXT", '"a b"', "c"])
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

SYNTAX = re.compile(r'[();"\\]')
TOKEN = re.compile(
    r"""
      (?P<word>  (?: [^\s();"\\] | \\[0-9]{3} | \\[^0-9\s] | "(?: [^"\\] | \\. )*" )+ )
    | (?P<open>  \( )
    | (?P<close> \) )
    | (?P<space> \s+ )
    | (?P<comment> ;.* )
    """,
    re.VERBOSE,
)


class ZoneFileError(ValueError):
    """A master file that cannot be taken. `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


@dataclass(slots=True)
class Entry:
    """One directive or record. `has_owner`: its first token stands at the beginning of the line."""

    line: int
    has_owner: bool
    tokens: list[str] = field(default_factory=list)


def entries(text: str) -> Iterator[Entry]:
    """The entries of a master file, empty ones left out. Raises ZoneFileError."""
    entry, is_open = Entry(1, has_owner=True), False
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if not is_open:
            entry = Entry(number, has_owner=not line[:1].isspace())
        is_open = _read(line, number, entry.tokens, is_open)
        if entry.tokens and not is_open:
            yield entry
    if is_open:
        raise ZoneFileError(entry.line, "an opening parenthesis is never closed")


def _read(line: str, number: int, tokens: list[str], is_open: bool) -> bool:
    """Append the tokens of a line; returns whether a parenthesis is open behind it."""
    if not SYNTAX.search(line):
        tokens.extend(line.split())
        return is_open
    position = 0
    while match := TOKEN.match(line, position):
        position = match.end()
        match match.lastgroup:
            case "word":
                tokens.append(match[0])
            case "open" | "close" as bracket:
                is_open = _turned(bracket, number, is_open)
    if position < len(line):
        raise ZoneFileError(number, _why_stuck(line[position]))
    return is_open


def _turned(bracket: str, number: int, is_open: bool) -> bool:
    opens = bracket == "open"
    if opens == is_open:
        raise ZoneFileError(number, "parentheses do not nest" if opens else "a closing parenthesis without an opening")
    return opens


def _why_stuck(character: str) -> str:
    if character == '"':
        return "a quoted text does not end on its line"
    return "a backslash is followed by a character or by three digits"

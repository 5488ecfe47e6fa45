"""Sets of HTTP status codes as people write them: `200-299,304`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

LOWEST, HIGHEST = 100, 599


def parse(text: str) -> frozenset[int]:
    """The codes of `text`. Raises ValueError naming the part that is no code or range."""
    return frozenset(code for part in text.split(",") for code in _range(part.strip()))


def _range(part: str) -> range:
    first, dash, last = part.partition("-")
    codes = range(_code(first, part), _code(last if dash else first, part) + 1)
    if not codes:
        raise ValueError(f"the range {part!r} is empty: write the lower code first")
    return codes


def _code(text: str, part: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and LOWEST <= int(text) <= HIGHEST):
        raise ValueError(f"{part!r} is not a status code or a range of them: write, say, 200-299,304")
    return int(text)


def _check(text: str) -> str:
    parse(text)
    return text


StatusCodes = Annotated[str, AfterValidator(_check)]

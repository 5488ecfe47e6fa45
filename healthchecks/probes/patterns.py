"""Regular expressions of checks, by RE2: in linear time, so that none that someone writes freezes a vantage."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

import re2
from pydantic import AfterValidator, Field


def compile_pattern(pattern: str) -> Any:
    """Searches octets, for the UTF-8 of the pattern. Raises ValueError if RE2 does not take it."""
    try:
        return re2.compile(pattern.encode(), _options())
    except re2.error as error:
        raise ValueError(f"not a regular expression of RE2: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


@cache
def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


def _require_pattern(pattern: str) -> str:
    compile_pattern(pattern)
    return pattern


Pattern = Annotated[str, AfterValidator(_require_pattern), Field(min_length=1, max_length=1024)]

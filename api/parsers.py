"""Bodies of requests. What Postgres or the DNS cannot hold is refused here, once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

MAX_JSON = 8 * 2**20
ZONE_FILE_TYPE = "text/dns"  # RFC 4027


class BodyTooLarge(APIException):
    status_code = 413
    default_code = "too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than {limit:,} octets.")


class StrictJSONParser(BaseParser):
    """JSON (RFC 8259) in UTF-8, without NUL characters and lone surrogates: no text column takes those."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        text = _read_text(stream, MAX_JSON)
        try:
            value = json.loads(text, parse_constant=_refuse_constant)
            _require_storable(value)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        except ValueError as error:
            raise ParseError(f"This is not JSON: {error}.") from error
        return value


class ZoneFileParser(BaseParser):
    """A master file (RFC 1035 section 5) as text."""

    media_type = ZONE_FILE_TYPE

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        return _read_text(stream, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


class ZoneFileRenderer(BaseRenderer):
    media_type = ZONE_FILE_TYPE
    format = "dns"
    charset = "utf-8"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return str(data).encode()


def _read_text(stream: IO[Any], limit: int) -> str:
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise BodyTooLarge(limit)
    try:
        return str(body, "utf-8")
    except UnicodeDecodeError as error:
        raise ParseError(f"The body is not UTF-8 at octet {error.start}.") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number of JSON")


def _require_storable(value: object) -> None:
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError("it holds a NUL character or half a surrogate pair")
    elif isinstance(value, list):
        for item in value:
            _require_storable(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            _require_storable(key)
            _require_storable(item)

"""A small blocking client of the REST API: one request, one answer, one error that says what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from trafficmgr.client.operations import JSON, Operation, OperationError, operation
from trafficmgr.environment import Environment, VariableError

TIMEOUT_S = 120.0  # a zone file of 100,000 records takes a while


class ApiError(Exception):
    """The API refused a request or could not be reached; the message carries the problem's fields (RFC 9457)."""


@dataclass(frozen=True)
class Api:
    """The API at `url`, used with `token`."""

    url: str
    token: str

    @classmethod
    def of(cls, environment: Environment) -> Api:
        """TRAFFICMGR_URL and TRAFFICMGR_TOKEN, or what `trafficmgr up` left in admin.json of the state directory."""
        beside = _beside(environment)
        declared = "url" in environment.model_fields_set
        token = environment.token.get_secret_value() if environment.token else beside.get("token")
        if not token:
            raise ApiError("TRAFFICMGR_TOKEN is not set: make a token in the dashboard, or set TRAFFICMGR_HOME")
        return cls(environment.url if declared else beside.get("web", environment.url), token)

    def call(self, name: str, body: object = None, /, **parameters: object) -> Any:
        """The answer of an operation, by its id. `body`: sent as JSON, or octets as they are.

        Raises OperationError before anything is sent, and ApiError.
        """
        called = operation(name)
        return self._answer(called, called.url(parameters), body)

    def pages(self, name: str, /, **parameters: object) -> Iterator[Any]:
        """Every object of a list, page after page."""
        called = operation(name)
        following: str | None = called.url(parameters)
        while following:
            page = self._answer(called, following)
            yield from page["results"]
            following = _path(page["next"]) if page["next"] else None

    def _answer(self, called: Operation, url: str, body: object = None) -> Any:
        if body is not None and not called.sends:
            raise OperationError(f"{called.method} {called.path} takes no body")
        octets = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        return self.request(called.method, url, octets, called.sends or JSON, accept=called.answers or JSON)

    def request(
        self, method: str, path: str, body: bytes | None = None, content_type: str = JSON, *, accept: str = JSON
    ) -> Any:
        """The decoded answer: JSON as an object, all else as text. Raises ApiError."""
        headers = {"Authorization": f"Token {self.token}", "Content-Type": content_type, "Accept": accept}
        connection = self._connection()
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return _decoded(answer, answer.read())
        except (OSError, HTTPException) as error:
            raise ApiError(f"{self.url} does not answer ({error}): is it running? TRAFFICMGR_URL says where") from error
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise VariableError(f"TRAFFICMGR_URL: {self.url!r} is no http:// or https:// URL")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        return kind(parts.netloc, timeout=TIMEOUT_S)


def _beside(environment: Environment) -> dict[str, str]:
    """What `trafficmgr up` wrote for whoever may read the state directory."""
    try:
        known: dict[str, str] = json.loads((environment.home / "admin.json").read_text())
    except (FileNotFoundError, PermissionError, NotADirectoryError):
        return {}
    return known


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def _decoded(answer: HTTPResponse, raw: bytes) -> Any:
    text = raw.decode(errors="replace")
    decoded = json.loads(text) if text and answer.headers.get_content_subtype().endswith("json") else text
    if answer.status >= 400:
        raise ApiError(_problem(answer, decoded))
    return decoded


def _problem(answer: HTTPResponse, problem: Any) -> str:
    """`Bad Request: detail`, and a line for each field."""
    if not isinstance(problem, dict):
        return f"{answer.status} {answer.reason}"
    errors = problem.get("errors", [])
    detail = "" if errors else problem.get("detail", "")
    head = ": ".join(part for part in (problem.get("title", f"{answer.status} {answer.reason}"), detail) if part)
    return "\n".join([head, *(f"  {_field_error(error)}" for error in errors)])


def _field_error(error: dict[str, Any]) -> str:
    place = f"line {error['line']}" if error.get("line") else error.get("field", "")
    return f"{place}: {error['message']}" if place else str(error["message"])

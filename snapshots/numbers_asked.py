"""Sequence numbers in queries of the feed."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from common.problems import problem_response

MOST_DIGITS = 18  # any such number is one of Postgres


class NumberError(ValueError):
    """A query without the number it needs; `response` is the answer to it."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__("the query is malformed")
        self.response = response


def number_asked(request: HttpRequest, name: str, meaning: str) -> int:
    """The parameter `name`, 0 if it is not there. Raises NumberError, whose answer gives `meaning`."""
    text = request.GET.get(name, "0")
    if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS:
        return int(text)
    errors = [{"field": name, "message": meaning}]
    raise NumberError(problem_response(HTTPStatus.BAD_REQUEST, "The query is malformed.", errors=errors))

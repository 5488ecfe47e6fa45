"""Requests that wait for each other: a few at once have a thread, the others wait in their order and hold nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from http import HTTPStatus
from typing import ParamSpec

from django.http import HttpResponseBase

from common.problems import problem_response

TOO_MANY = "Too many are asking at once. Try again."

P = ParamSpec("P")


class Line:
    """`most_at_once`: those that have one of the `threads` or wait for one; more would only wait for longer."""

    def __init__(self, name: str, threads: int, most_at_once: int) -> None:
        self._threads, self._room = ThreadPoolExecutor(threads, thread_name_prefix=name), most_at_once

    async def respond(
        self, view: Callable[P, HttpResponseBase], *arguments: P.args, **options: P.kwargs
    ) -> HttpResponseBase:
        """What the view says in its turn; 503 where too many ask."""
        if not self._room:
            refusal = problem_response(HTTPStatus.SERVICE_UNAVAILABLE, TOO_MANY)
            refusal["Retry-After"] = "1"
            return refusal
        self._room -= 1
        try:
            in_context = copy_context().run
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: in_context(view, *arguments, **options)
            )
        finally:
            self._room += 1

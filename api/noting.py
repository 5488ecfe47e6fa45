"""Views whose writes are in the journal, and which tell beforehand what a write would do.

request ─► writes, each noted ─► journal
    └─ ?dry_run=1 ─► the same, in a transaction that is rolled back ─► the plan of what was noted
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, cast

from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from rest_framework.response import Response
from rest_framework.status import HTTP_200_OK, HTTP_400_BAD_REQUEST

from accounts.audit.actor import Actor
from accounts.audit.journal import Event, record
from accounts.audit.models import Via
from accounts.models import ApiToken, User
from api.acting import ActingView
from api.limits import count_again
from changes.planning import judged, planned
from documents.acting import acting
from documents.journal import Writing, writing
from documents.kind import Document, Kind

DRY_RUN = "dry_run"


class NotingView(ActingView):
    """A view that writes for a team, and writes down what it does."""

    offers_dry_run = False

    @cached_property
    def events(self) -> list[Event]:
        """What this request has done to objects, so far."""
        return []

    @property
    def acting(self) -> Actor:
        """Who is doing it."""
        token = self.request.auth if isinstance(self.request.auth, ApiToken) else None
        return acting(self.request, cast("User", self.request.user), Via.API, token)

    @contextmanager
    def noted(self, kind: Kind[Any], row: Model | None, proposed: Document | None) -> Iterator[Writing]:
        """Note what is done to an object: as documents.journal.writing."""
        with writing(self.acting, self.team, kind, row, proposed=proposed) as going_on:
            yield going_on
        self.events.extend(going_on.events)

    def note(self, event: Event) -> None:
        """Note something that is done to what has no documents, or to many objects at once."""
        record(self.acting, self.team, [event])
        self.events.append(event)

    def note_for_all(self, event: Event) -> None:
        """Note something that concerns every team."""
        record(self.acting, None, [event])

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if DRY_RUN not in request.GET or not self.offers_dry_run:
            return super().dispatch(request, *args, **kwargs)
        now = timezone.now()
        with transaction.atomic():
            response = super().dispatch(request, *args, **kwargs)
            if response.status_code < HTTP_400_BAD_REQUEST and isinstance(response, Response):
                found, proposal = planned(self.events, None, now)
            transaction.set_rollback(True)
        count_again(request)
        if response.status_code >= HTTP_400_BAD_REQUEST or not isinstance(response, Response):
            return response
        plan = found if proposal is None else judged(found, proposal, now)
        return self._answer(response, plan.shown())

    def _answer(self, response: Response, data: Any) -> Response:
        """The same response, with another body."""
        response.data, response.status_code = data, HTTP_200_OK
        for header in ("ETag", "Location"):
            response.headers.pop(header, None)
        return response

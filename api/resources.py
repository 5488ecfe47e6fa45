"""What every collection of the API has in common: the caller's team, conditional requests, publishing after writes.

request ─► row, locked ─► If-Match ─► serializer ─► service ─► request_publish ─► answer with its ETag
           └────────────────────── one transaction ──────────────────────┘
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar, cast
from urllib.parse import quote

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseBase
from rest_framework import mixins
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.status import HTTP_200_OK, HTTP_201_CREATED, HTTP_204_NO_CONTENT, HTTP_304_NOT_MODIFIED
from rest_framework.throttling import BaseThrottle
from rest_framework.viewsets import GenericViewSet

from api.etags import etag_of, is_unchanged, require_match
from api.filters import parameters_of
from api.idempotency import answer_once, known_answer
from api.limits import CallersQuota, tell
from api.noting import DRY_RUN, NotingView
from api.selecting import PARAMETER as FIELDS
from api.selecting import chosen, leave_out, require_known, require_said
from documents.journal import proposed_by
from documents.kind import Document, Kind

Row = TypeVar("Row", bound=Model)


class TeamView(NotingView):
    """A view that acts for the caller's team, once the caller may."""

    throttle_classes: list[type[BaseThrottle]] = [CallersQuota]
    writing_parameters: ClassVar[frozenset[str]] = frozenset({"dry_run", "team"})
    """What the query of a request that writes may hold: a slip of the pen there would do what nobody meant."""

    writes: ClassVar[bool] = True
    """False: it asks others over the network and writes nothing, so it is asked anew each time, in no transaction."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        writes = self.writes and hasattr(self, str(request.method).lower())
        response = answer_once(request, lambda: super(TeamView, self).dispatch(request, *args, **kwargs), writes)
        tell(request, response)
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if DRY_RUN in request.query_params:
            self._require_plan(request)
        if request.method in SAFE_METHODS:
            require_said(request)
        else:
            require_known(request, self.writing_parameters)
        if "Transfer-Encoding" in request.headers:  # REST framework takes a body without a length for none
            request.META["CONTENT_LENGTH"] = str(len(request.body))
        if (known := known_answer(request._request)) is not None:
            setattr(self, str(request.method).lower(), lambda *_args, **_kwargs: known)  # in place of doing it again

    def _require_plan(self, request: Request) -> None:
        if not self.offers_dry_run:
            raise ValidationError({DRY_RUN: ["Plans are not offered: nothing was changed. Leave dry_run out."]})
        if request.method not in SAFE_METHODS and request.query_params[DRY_RUN] != "1":
            raise ValidationError({DRY_RUN: ["Say dry_run=1 for a plan, or leave it out: nothing was changed."]})


class Collection(TeamView, GenericViewSet[Row]):
    """A list, of which readers may ask for a part: some objects, some fields."""

    chosen: list[str] | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method not in SAFE_METHODS:
            return
        require_known(request, self.reading_parameters())
        if FIELDS in request.query_params:
            self.chosen = chosen(request, self.offered_fields())

    def reading_parameters(self) -> set[str]:
        """What the query of a request that reads may hold."""
        return parameters_of(self) if self.action == "list" else {FIELDS, "team"}

    def offered_fields(self) -> set[str]:
        """What the documents here consist of."""
        return set(cast("Serializer[Any]", self.get_serializer_class()()).fields)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        if isinstance(response, Response) and response.status_code == HTTP_200_OK and request.method in SAFE_METHODS:
            leave_out(response, self.chosen)
        return super().finalize_response(request, response, *args, **kwargs)


class TeamCollection(Collection[Row]):
    """Rows of a team, found by the column `lookup_field`."""

    kind: ClassVar[Kind[Any]]
    """Of the documents: in this form they are written down."""

    lookup_field = "name"
    lookup_value_regex = "[a-z0-9-]{1,63}"
    has_etag = True

    def get_queryset(self) -> QuerySet[Row]:
        return super().get_queryset().filter(team=self.team)

    def key(self) -> dict[str, str]:
        """What the URL says of the object, by column."""
        return {self.lookup_field: str(self.kwargs[self.lookup_field])}

    def find(self) -> Row | None:
        """The object of the URL, locked until the transaction ends."""
        rows = self.get_queryset().select_for_update(of=("self",), no_key=True)
        return rows.filter(**self.key()).first()

    def found(self, row: Row | None) -> Row:
        if row is None:
            kind = self.get_queryset().model._meta.verbose_name
            raise NotFound(f"There is no {kind} {' '.join(self.key().values())}.")
        return row

    def get_object(self) -> Row:
        return self.found(self.get_queryset().filter(**self.key()).first())

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "team": getattr(self, "team", None)}

    def shown(self, row: Row) -> Any:
        return self.get_serializer_class()(row, context=self.get_serializer_context()).data

    def require_match(self, row: Row | None) -> None:
        require_match(self.request, etag_of(self.shown(row)) if row else None)

    def changed(self) -> None:
        """Called inside the transaction of each write."""


class Readable(mixins.ListModelMixin, TeamCollection[Row]):
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        shown = self.shown(self.get_object())
        etag = etag_of(shown)
        if is_unchanged(request, etag):
            return Response(status=HTTP_304_NOT_MODIFIED, headers={"ETag": etag})
        return Response(shown, headers={"ETag": etag})


class Creatable(TeamCollection[Row]):
    @transaction.atomic
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = self.get_serializer(data=request.data)
        row = self.write(serializer)
        return self.written(row, serializer, f"{request.path.rstrip('/')}/{self.place(row)}")

    def place(self, row: Row) -> str:
        """Where the row is within its collection."""
        return quote(str(getattr(row, self.lookup_field)), safe="")

    def write(self, serializer: Any) -> Row:
        row = self.stored(serializer)
        self.changed()
        return self.get_queryset().get(pk=row.pk)

    def stored(self, serializer: Any) -> Row:
        """Write what a serializer holds, and write it down. Raises ValidationError."""
        with self.noted(self.kind, serializer.instance, _proposed(self.kind, serializer)) as going_on:
            serializer.is_valid(raise_exception=True)
            row: Row = serializer.save()
            going_on.made = row
        return row

    def written(self, row: Row, serializer: Any, location: str | None = None) -> Response:
        """The answer to a write: what a reader sees now. `location`: of a row that is new."""
        shown = self.shown(row)
        headers = {"ETag": etag_of(shown)}
        if location is None:
            return Response(shown, headers=headers)
        return Response(shown, status=HTTP_201_CREATED, headers={**headers, "Location": location})


class Replaceable(Creatable[Row]):
    @transaction.atomic
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Replace the object, or create it under the key of the URL: the same request twice does the same."""
        row = self.find()
        self.require_match(row)
        serializer = self.get_serializer(row, data=self.keyed(request.data, row))
        location = request.path if row is None else None
        return self.written(self.write(serializer), serializer, location)

    def keyed(self, body: Any, row: Row | None) -> Any:
        """The body, with the key of the URL where it says none. Another name renames an object, but creates none."""
        if not isinstance(body, Mapping):
            return body
        errors = {
            column: [f"The URL says {key}."] for column, key in self.key().items() if body.get(column, key) != key
        }
        if row is None and errors:
            raise ValidationError(errors)
        return {**self.key(), **body}


class Changeable(Creatable[Row]):
    @transaction.atomic
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change the fields that the body names."""
        row = self.found(self.find())
        self.require_match(row)
        serializer = self.get_serializer(row, data=request.data, partial=True)
        return self.written(self.write(serializer), serializer)


class Deletable(TeamCollection[Row]):
    @transaction.atomic
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete the object, unless something uses it."""
        row = self.found(self.find())
        self.require_match(row)
        self.remove(row)
        self.changed()
        return Response(status=HTTP_204_NO_CONTENT)

    def remove(self, row: Row) -> None:
        """Delete it, and write it down."""
        with self.noted(self.kind, row, None):
            self.kind.remove(row)


class Documented(TeamCollection[Row]):
    """What has documents: they are written and removed as everywhere else."""

    offers_dry_run = True

    def document_key(self) -> str:
        """The key of the document that the URL is about."""
        return str(self.kwargs[self.lookup_field])

    def find(self) -> Row | None:
        found: Row | None = self.kind.hold(self.team, self.document_key())
        return found

    def changed(self) -> None:
        self.kind.changed()


def _proposed(kind: Kind[Any], serializer: Any) -> Document | None:
    """What a body makes of an object, as far as the journal has to know."""
    body = serializer.initial_data
    return proposed_by(kind, body, partial=serializer.partial) if isinstance(body, Mapping) else None

"""Many objects in one request, all or nothing.

    POST   /api/v1/pools                      [{"name": "a", …}, …]       create each
    PUT    /api/v1/pools                      [{"name": "a", …}, …]       replace each, or create it
    PATCH  /api/v1/pools                      [{"name": "a", "weight": 2}] change of each the fields it names
    DELETE /api/v1/pools?name=a,b                                         delete each

What is wrong with one is said at its place in the array, such as `3.weight`, and nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.db.models import Model, ProtectedError
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_200_OK, HTTP_201_CREATED, HTTP_204_NO_CONTENT

from api.limits import MOST_AT_ONCE as MOST
from api.resources import Creatable, Deletable, Documented

Row = TypeVar("Row", bound=Model)
T = TypeVar("T")

NUL, NO_NUL = "\0", "It holds a zero octet, which no name does."


class DoesMany(Documented[Row]):
    def each(self, items: list[Any], do: Callable[[Any], T]) -> list[T]:
        """Do something with each item, all or nothing."""
        return each(items, do)


class CreatesMany(DoesMany[Row], Creatable[Row]):
    @transaction.atomic
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if not isinstance(request.data, list):
            return super().create(request, *args, **kwargs)
        return self._answered(self.each(_bounded(request.data), self._created), HTTP_201_CREATED)

    def key_in(self, item: Any) -> str:
        """The key of a document of the array. Raises ValidationError."""
        if not isinstance(item, dict):
            raise ValidationError("Each item is an object.")
        key = item.get(self.lookup_field)
        if not isinstance(key, str) or not key:
            raise ValidationError({self.lookup_field: ["Give one: it says which object this is."]})
        if NUL in key:
            raise ValidationError({self.lookup_field: [NO_NUL]})
        return key

    def _created(self, item: Any) -> Row:
        return self._stored(None, item)

    def _stored(self, row: Row | None, item: Any, *, partial: bool = False) -> Row:
        serializer = self.get_serializer(row, data=item, partial=partial)
        return self.stored(serializer)

    def _answered(self, rows: list[Row], status: int) -> Response:
        self.changed()
        shown = self.get_serializer(self.stored_rows(rows), many=True)
        return Response({"results": shown.data}, status=status)

    def stored_rows(self, rows: list[Row]) -> list[Row]:
        """The rows that were written, as readers see them."""
        found = self.get_queryset().in_bulk([row.pk for row in rows])
        return [found[row.pk] for row in rows]


class DeletesMany(DoesMany[Row], Deletable[Row]):
    keys_parameter = "name"
    """Of the query: the keys of what is deleted."""

    @property
    def writing_parameters(self) -> frozenset[str]:  # type: ignore[override]  # of this one request more
        own = {self.keys_parameter} if self.action == "destroy_many" else set()
        return frozenset({*super().writing_parameters, *own})

    @transaction.atomic
    def destroy_many(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete all that are named, or nothing."""
        self.before_many()
        self.each(self._keys(request), self._destroyed)
        self.changed()
        return Response(status=HTTP_204_NO_CONTENT)

    def before_many(self) -> None:
        """Hold what writes of several objects concern as a whole."""

    def split_keys(self, said: list[str]) -> list[str]:
        """Names have no commas of their own."""
        return [key for text in said for key in text.split(",") if key]

    def _keys(self, request: Request) -> list[str]:
        keys = self.split_keys(request.query_params.getlist(self.keys_parameter))
        if not 1 <= len(keys) <= MOST:
            raise ValidationError({self.keys_parameter: [f"Name 1 to {MOST:,} objects."]})
        if any(NUL in key for key in keys):
            raise ValidationError({self.keys_parameter: [NO_NUL]})
        return keys

    def _destroyed(self, key: str) -> None:
        row: Row | None = None
        with suppress(ValueError):  # what can be no key is no object's
            row = self.kind.hold(self.team, key)
        if row is None:
            raise ValidationError({self.keys_parameter: [f"There is no {self.kind.singular} {key}."]})
        try:
            self.remove(row)
        except ProtectedError as error:
            used = ", ".join(sorted(str(user) for user in error.protected_objects)[:5])
            raise ValidationError({self.keys_parameter: [f"{key} is in use: {used}."]}) from error


class WritesMany(CreatesMany[Row]):
    @transaction.atomic
    def update_many(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Replace each, or create it, all or nothing."""
        return self._answered(self.each(_bounded(request.data), self._put), HTTP_200_OK)

    @transaction.atomic
    def partial_update_many(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change of each the fields that are named, all or nothing."""
        return self._answered(self.each(_bounded(request.data), self._patched), HTTP_200_OK)

    def _put(self, item: Any) -> Row:
        return self._stored(self.kind.hold(self.team, self.key_in(item)), item)

    def _patched(self, item: Any) -> Row:
        row = self.kind.hold(self.team, self.key_in(item))
        if row is None:
            raise ValidationError(f"There is no {self.kind.singular} {self.key_in(item)}.")
        return self._stored(row, item, partial=True)


def each(items: list[Any], do: Callable[[Any], T]) -> list[T]:
    """What `do` makes of each item. Raises ValidationError with what is wrong about every one."""
    made: list[T] = []
    errors: dict[str, Any] = {}
    for index, item in enumerate(items):
        with _noted(errors, index):
            made.append(do(item))
    if errors:
        raise ValidationError(errors)
    return made


@contextmanager
def _noted(errors: dict[str, Any], index: int) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        errors[str(index)] = error.detail
    except DjangoValidationError as error:
        errors[str(index)] = error.message_dict if hasattr(error, "error_dict") else error.messages
    except APIException as error:
        errors[str(index)] = [str(error.detail)]
    except ValueError as error:  # what can be no key: documents.kind
        errors[str(index)] = [str(error)]


def _bounded(items: Any) -> list[Any]:
    if not isinstance(items, list):
        raise ValidationError("The body is an array of objects.")
    if not 1 <= len(items) <= MOST:
        raise ValidationError(f"An array has 1 to {MOST:,} objects: send several.")
    return items

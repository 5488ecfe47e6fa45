"""From JSON to a row and back.

Unknown fields are refused, and a table's constraints speak at the field that each is about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, TypeVar

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models
from django.db.models import Q
from rest_framework import serializers

from documents.fields import NumberField, TextField, TruthField, WholeNumberField

Row = TypeVar("Row", bound=models.Model)


class RefusesUnknownFields(serializers.Serializer[Any]):
    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [name for name in data if name not in self.fields]
            if unknown:
                raise serializers.ValidationError({name: ["There is no such field."] for name in unknown})
        return super().to_internal_value(data)


class StrictModelSerializer(RefusesUnknownFields, serializers.ModelSerializer[Row]):
    """Fields made from columns take no value of another type."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.BooleanField: TruthField,
        models.CharField: TextField,
        models.FloatField: NumberField,
        models.PositiveIntegerField: WholeNumberField,
        models.PositiveSmallIntegerField: WholeNumberField,
        models.SmallIntegerField: WholeNumberField,
    }


class DeclaredSerializer(StrictModelSerializer[Row]):
    """Something that a team declares.

    Validation makes `candidate`, an unsaved row; `store` saves it with what hangs on it. A replacement (PUT) sets what
    the body does not say to its default; a change (PATCH) leaves it as it is.
    """

    candidate: Row

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        model: Any = self.Meta.model
        columns = {field.name for field in model._meta.concrete_fields}
        said = attrs if self.partial else self._defaults() | attrs
        self.candidate = self._unsaved()
        for name in said.keys() & columns:
            setattr(self.candidate, name, said[name])
        self._require_sound()
        return {name: value for name, value in said.items() if name not in columns}

    def save(self, **kwargs: Any) -> Row:
        try:
            self.instance = self.store(self.candidate, self.validated_data)
        except DjangoValidationError as error:
            raise in_fields_of(self, error) from error
        return self.instance

    def store(self, candidate: Row, related: dict[str, Any]) -> Row:
        """Save the row and, in subclasses, what hangs on it: `related` holds the fields that are no columns."""
        candidate.save()
        return candidate

    def _unsaved(self) -> Row:
        """The row as it is, apart from the one that readers see, or a new one."""
        model: Any = self.Meta.model
        row: Row = model.objects.get(pk=self.instance.pk) if self.instance else model(team=self.context["team"])
        return row

    def _defaults(self) -> dict[str, Any]:
        """What a field is that the body does not say: its column's default, or of what hangs on the row nothing."""
        model: Any = self.Meta.model
        columns = {field.name: field for field in model._meta.concrete_fields}
        sources = [str(field.source) for field in self._writable_fields if not field.required]
        return {source: columns[source].get_default() if source in columns else [] for source in sources}

    def _require_sound(self) -> None:
        try:
            self.candidate.clean()
            require_constraints(self.candidate)
        except DjangoValidationError as error:
            raise in_fields_of(self, error) from error


def in_fields_of(serializer: serializers.Serializer[Any], error: DjangoValidationError) -> serializers.ValidationError:
    """A model's or service's error, with columns renamed to the fields that show them."""
    if not hasattr(error, "error_dict"):
        return serializers.ValidationError({NON_FIELD_ERRORS: error.messages})
    names = {field.source: name for name, field in serializer.fields.items()}
    return serializers.ValidationError(
        {names.get(field, field): messages for field, messages in error.message_dict.items()}
    )


def require_constraints(row: models.Model) -> None:
    """Ask each constraint of the table. Raises ValidationError by the first column each one is about."""
    errors: defaultdict[str, list[str]] = defaultdict(list)
    for constraint in row._meta.constraints:
        try:
            constraint.validate(type(row), row)
        except DjangoValidationError as error:
            errors[_column_of(constraint)] += error.messages
    if errors:
        raise DjangoValidationError(dict(errors))


def _column_of(constraint: models.BaseConstraint) -> str:
    if isinstance(constraint, models.UniqueConstraint):
        return constraint.fields[-1]
    condition: Any = getattr(constraint, "condition", None)
    while isinstance(condition, Q):
        condition = condition.children[0]
    return condition[0].split("__")[0] if isinstance(condition, tuple) else NON_FIELD_ERRORS

"""Fields that take a JSON value for what it is: "5" is no number, 1 is no truth, 7 is no text."""

from __future__ import annotations

import math
import re
from typing import Any

from django.db.models import Model, QuerySet
from rest_framework import serializers

LABEL_NAME = re.compile(r"[A-Za-z0-9._/-]{1,63}")


class TextField(serializers.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(data)


class WholeNumberField(serializers.IntegerField):
    def to_internal_value(self, data: Any) -> int:
        whole = isinstance(data, int) or (isinstance(data, float) and data.is_integer())
        if isinstance(data, bool) or not whole:
            self.fail("invalid")
        return int(data)


class NumberField(serializers.FloatField):
    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        try:
            number = float(data)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            self.fail("invalid")
        return number


class TruthField(serializers.BooleanField):
    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return bool(data)


class NamedField(serializers.SlugRelatedField[Any]):
    """An object of the caller's team, said by its name."""

    default_error_messages = {"does_not_exist": "There is no {kind} named {value}.", "invalid": "Give a name."}

    def __init__(self, queryset: QuerySet[Any], **kwargs: Any) -> None:
        self.rows = queryset
        super().__init__(slug_field="name", queryset=queryset, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        found = self.rows.filter(team=self.context["team"], name=data).first()
        if found is None:
            self.fail("does_not_exist", kind=self.rows.model._meta.verbose_name, value=data)
        return found


class NamesField(serializers.ListField):
    """Several objects of the caller's team, said by their names, in this order and none twice."""

    default_error_messages = {"does_not_exist": "There is no {kind} named {value}.", "twice": "{value} is named twice."}

    def __init__(self, queryset: QuerySet[Any], **kwargs: Any) -> None:
        self.queryset = queryset
        super().__init__(child=TextField(), **kwargs)

    def get_attribute(self, instance: Model) -> list[Any] | None:
        """The related objects, sorted by name."""
        return list(getattr(instance, str(self.source)).all())

    def to_internal_value(self, data: Any) -> list[Any]:
        names: list[str] = super().to_internal_value(data)
        known = {row.name: row for row in self.queryset.filter(team=self.context["team"], name__in=names)}
        for position, name in enumerate(names):
            if name not in known:
                self._refuse(position, "does_not_exist", kind=self.queryset.model._meta.verbose_name, value=name)
            if name in names[:position]:
                self._refuse(position, "twice", value=name)
        return [known[name] for name in names]

    def to_representation(self, data: Any) -> list[str]:
        return [row.name for row in data]

    def _refuse(self, position: int, code: str, **said: object) -> None:
        raise serializers.ValidationError({str(position): [self.error_messages[code].format(**said)]})


class LabelsField(serializers.DictField):
    """Names and values, both text."""

    child = TextField(max_length=63, allow_blank=True)

    default_error_messages = {"key": "A label's name has 1 to 63 letters, digits or one of . _ - /."}

    def to_internal_value(self, data: Any) -> dict[str, str]:
        labels: dict[str, str] = super().to_internal_value(data)
        if not all(LABEL_NAME.fullmatch(name) for name in labels):
            self.fail("key")
        return labels

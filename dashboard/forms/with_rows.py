"""A form with ordered rows, each a small form: valid if all are, and shown again as it was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from dashboard.forms.base import M, ObjectForm, messages_by_field, typed_so_far
from dashboard.forms.rows import row_prefixes


class RowForm(forms.Form):
    """One row."""

    def show(self, path: list[str], messages: list[str]) -> None:
        """Put an error at the input that `path`, the rest of a dotted path after the row's place, leads to."""
        at = path[0] if path and path[0] in self.fields else None
        self.add_error(at, messages)

    def problems_at(self, html_name: str) -> list[str] | None:
        """The errors of the input with this name; None if it is not of this row."""
        names = {self.add_prefix(name): name for name in self.fields}
        if html_name not in names:
            return None
        return [str(problem) for problem in self.errors.get(names[html_name], [])]

    def draft(self, data: QueryDict) -> None:
        """Show what was typed so far."""
        self.initial = {**self.initial, **typed_so_far(self, data)}


R = TypeVar("R", bound=RowForm)


class WithRows(ObjectForm[M], Generic[M, R]):
    """Subclasses name their lists of rows in `row_lists`, and say how a row is made and what rows there are."""

    has_template = True
    row_lists: ClassVar[tuple[str, ...]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = {prefix: self._rows(prefix) for prefix in self.row_lists}

    def make_row(self, prefix: str, start: str, data: Mapping[str, Any] | None, initial: dict[str, Any]) -> R:
        """A row of the list `prefix` whose inputs begin with `start`, bound to `data` or showing `initial`."""
        raise NotImplementedError

    def stored_rows(self, prefix: str) -> list[dict[str, Any]]:
        """The initial values of the rows that the object has."""
        raise NotImplementedError

    def draft_rows(self, data: QueryDict) -> None:
        for prefix in self.row_lists:
            self.rows[prefix] = [self._drafted_row(prefix, start, data) for start in row_prefixes(data, prefix)]

    def is_valid(self) -> bool:
        """Judge every row, so that every problem is shown at once."""
        judged = [row.is_valid() for row in self._all_rows()]
        return super().is_valid() and all(judged)

    def refuse(self, problem: ValidationError) -> None:
        """As in every form; a path such as `members.2.weight` leads into a row."""
        elsewhere = {}
        for path, messages in messages_by_field(problem).items():
            row, rest = self._row_at(path)
            if row is None:
                elsewhere[path.partition(".")[0]] = messages
            else:
                row.show(rest, messages)
        if elsewhere:
            super().refuse(ValidationError(elsewhere))

    def problems_at(self, html_name: str) -> list[str]:
        found = (row.problems_at(html_name) for row in self._all_rows())
        return next((problems for problems in found if problems is not None), None) or super().problems_at(html_name)

    def _all_rows(self) -> list[R]:
        return [row for rows in self.rows.values() for row in rows]

    def _row_at(self, path: str) -> tuple[R | None, list[str]]:
        prefix, *rest = path.split(".")
        rows = self.rows.get(prefix, [])
        if rest and rest[0].isdecimal() and int(rest[0]) < len(rows):
            return rows[int(rest[0])], rest[1:]
        return None, rest

    def _rows(self, prefix: str) -> list[R]:
        if self.is_bound:
            return [self.make_row(prefix, start, self.data, {}) for start in row_prefixes(self.data, prefix)]
        if self.instance.pk is None:
            return []
        stored = enumerate(self.stored_rows(prefix))
        return [self.make_row(prefix, f"{prefix}-{place}", None, values) for place, values in stored]

    def _drafted_row(self, prefix: str, start: str, data: QueryDict) -> R:
        row = self.make_row(prefix, start, None, {"kind": data.get(f"{start}-kind", "")})
        row.draft(data)
        return row

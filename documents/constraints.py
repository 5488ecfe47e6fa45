"""A table's constraints, asked of a row before it is written: each speaks at the field that it is about.

Django asks the database about one check constraint at a time, which took ten questions for an endpoint and most of the
time of an array of them. They are one question here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DEFAULT_DB_ALIAS, models
from django.db.models import CheckConstraint, Q, Value
from django.db.models.functions import Coalesce
from django.db.models.sql import Query
from django.db.models.sql.constants import SINGLE


def require_constraints(row: models.Model) -> None:
    """Ask each constraint of the table. Raises ValidationError by the first column each one is about."""
    errors: defaultdict[str, list[str]] = defaultdict(list)
    checks = [constraint for constraint in row._meta.constraints if isinstance(constraint, CheckConstraint)]
    for check, holds in zip(checks, _hold(row, checks), strict=True):
        if not holds:
            errors[_column_of(check)].append(str(check.get_violation_error_message()))
    for constraint in row._meta.constraints:
        if constraint not in checks:
            try:
                constraint.validate(type(row), row)
            except DjangoValidationError as error:
                errors[_column_of(constraint)] += error.messages
    if errors:
        raise DjangoValidationError(dict(errors))


def _hold(row: models.Model, checks: Sequence[CheckConstraint]) -> Sequence[bool]:
    """Whether each holds; one that compares with NULL does, as in the database."""
    if not checks:
        return []
    query = Query(None)
    for name, value in row._get_field_expression_map(meta=row._meta).items():  # type: ignore[attr-defined]
        query.add_annotation(value if hasattr(value, "resolve_expression") else Value(value), name, select=False)
    for index, check in enumerate(checks):
        condition: Any = check.condition
        query.add_annotation(Coalesce(condition, True, output_field=models.BooleanField()), f"_holds_{index}")
    held: Sequence[bool] = query.get_compiler(DEFAULT_DB_ALIAS).execute_sql(SINGLE)
    return held


def _column_of(constraint: models.BaseConstraint) -> str:
    if isinstance(constraint, models.UniqueConstraint):
        return constraint.fields[-1]
    condition: Any = getattr(constraint, "condition", None)
    while isinstance(condition, Q):
        condition = condition.children[0]
    return condition[0].split("__")[0] if isinstance(condition, tuple) else NON_FIELD_ERRORS

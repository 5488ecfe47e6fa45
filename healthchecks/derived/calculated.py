"""What follows from other checks, of the same endpoint or of others."""

from __future__ import annotations

from pydantic import Field, field_validator

from healthchecks.derived.base import Derived, Judgement, Known
from healthchecks.expression import Expression, evaluate, inputs_of, show
from healthchecks.expression_text import MAX_LENGTH, parse


class CalculatedCheck(Derived):
    expression: str = Field(
        ...,
        max_length=MAX_LENGTH,
        json_schema_extra={"format": "textarea"},
        description="Up if this holds: names of checks with and, or, not, parentheses, 2 of (web, api, db); "
        "web@fra-1 is check web of endpoint fra-1.",
    )

    @field_validator("expression")
    @classmethod
    def _require_sound(cls, text: str) -> str:
        parse(text)
        return text

    @property
    def parsed(self) -> Expression:
        return parse(self.expression)

    def judge(self, known: Known) -> Judgement:
        expression = self.parsed
        states = {one: known.state_of(one) for one in inputs_of(expression)}
        seen = ", ".join(f"{one} {state}" for one, state in states.items())
        votes = {str(one): state for one, state in states.items()}
        return Judgement(evaluate(expression, states), f"{show(expression)}: {seen}", votes)

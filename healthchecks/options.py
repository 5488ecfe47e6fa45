"""From the options that are kept with a check to the model of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

Options = TypeVar("Options", bound=BaseModel)


class OptionsError(ValueError):
    """A kind that does not exist (`field` is `kind`), or options it does not take (`options`), one message for each."""

    def __init__(self, field: str, messages: list[str]) -> None:
        super().__init__(f"{field}: {'; '.join(messages)}")
        self.field = field
        self.messages = messages


def options_of(kinds: Mapping[str, type[Options]], kind: str, options: object) -> Options:
    """What `options` say, by the model that `kinds` has for `kind`. Raises OptionsError."""
    if kind not in kinds:
        raise OptionsError("kind", [f"{kind!r} is not a kind of check: use one of {', '.join(sorted(kinds))}."])
    if not isinstance(options, Mapping):
        raise OptionsError("options", ["Options are an object of names and values."])
    try:
        return kinds[kind].model_validate(dict(options))
    except ValidationError as error:
        raise OptionsError("options", [_sentence(dict(problem)) for problem in error.errors()]) from error


def _sentence(problem: dict[str, object]) -> str:
    location = problem["loc"]
    name = ".".join(str(part) for part in location) if isinstance(location, tuple) else str(location)
    reason = "no such option" if problem["type"] == "extra_forbidden" else str(problem["msg"])
    return f"{name}: {reason.removeprefix('Value error, ')}" if name else reason.removeprefix("Value error, ")

"""Collects what is wrong with several fields, so that all of it is said at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from django.core.exceptions import ValidationError

from zones.contents import RecordRuleError
from zones.names import InvalidNameError
from zones.rdata import RdataError, UnknownTypeError

REASONS = (InvalidNameError, RdataError, RecordRuleError, UnknownTypeError)


class Refusals:
    """Field to messages.

    refusals = Refusals()
    with refusals.at("name"):
        name = parse_owner(text, zone.origin)
    refusals.raise_any()
    """

    def __init__(self) -> None:
        self._messages: defaultdict[str, list[str]] = defaultdict(list)

    def add(self, field: str, reason: object) -> None:
        self._messages[field].append(sentence(str(reason)))

    @contextmanager
    def at(self, field: str) -> Iterator[None]:
        """Turn an error about what was written into a message of `field`."""
        try:
            yield
        except REASONS as error:
            self.add(field, error)

    def raise_any(self) -> None:
        """Raises ValidationError if there is a message."""
        if self._messages:
            raise ValidationError(dict(self._messages))


def refuse(field: str, reason: object) -> NoReturn:
    """Raises ValidationError for one field."""
    raise ValidationError({field: [sentence(str(reason))]})


def sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:].rstrip('.')}."

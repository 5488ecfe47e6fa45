"""What a team declares by name: every verb, for one object and for many."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model

from api.bulk import DeletesMany, WritesMany
from api.resources import Changeable, Deletable, Readable, Replaceable

Row = TypeVar("Row", bound=Model)


class DeclaredViewSet(
    WritesMany[Row], DeletesMany[Row], Readable[Row], Replaceable[Row], Changeable[Row], Deletable[Row]
):
    """Documents of one kind, found by name."""

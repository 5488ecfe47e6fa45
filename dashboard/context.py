"""What every page shows besides its own."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from dashboard.drafting import current_draft


def drafting(request: HttpRequest) -> dict[str, Any]:
    """`open_change`: the change that forms write into, if there is one; looked up where a template asks."""
    if not request.session.get("change"):
        return {"open_change": None}
    return {"open_change": SimpleLazyObject(lambda: current_draft(request))}

"""What of a list or an object is asked for: unknown parameters are refused, fields that nobody asked for left out.

GET /api/v1/endpoints?fields=name,region  {"next": null, "results": [{"name": "fra-1", "region": "eu"}]}
GET /api/v1/endpoints?regoin=eu           400, regoin: There is no such parameter.
GET /api/v1/endpoints?region=             400, region: It says nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

PARAMETER = "fields"
MAY_BE_EMPTY = frozenset({"search", "ordering"})
"""Everything is shown then, as it looks."""


def require_known(request: Request, known: Collection[str]) -> None:
    """A filter with a slip of the pen would show everything. Raises ValidationError by parameter."""
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        choice = ", ".join(sorted(known))
        raise ValidationError({name: [f"There is no such parameter; there are {choice}."] for name in unknown})


def require_said(request: Request) -> None:
    """`?region=$REGION` with nothing in it would show everything. Raises ValidationError by parameter."""
    empty = [name for name, said in request.query_params.items() if not said and name not in MAY_BE_EMPTY]
    if empty:
        raise ValidationError({name: ["It says nothing: give it a value, or leave it out."] for name in empty})


def chosen(request: Request, offered: Collection[str]) -> list[str] | None:
    """The fields that are asked for; None: all. Raises ValidationError for one that is not offered."""
    asked = request.query_params.get(PARAMETER)
    if asked is None:
        return None
    fields = [field for field in asked.split(",") if field]
    unknown = [field for field in fields if field not in offered]
    if unknown or not fields:
        said = f"There is no field {unknown[0]}" if unknown else "Name at least one"
        raise ValidationError({PARAMETER: [f"{said}; there are {', '.join(sorted(offered))}."]})
    return fields


def leave_out(response: Response, fields: list[str] | None) -> None:
    """Keep of each object shown what is asked for."""
    if fields is None or not isinstance(response.data, Mapping):
        return
    if "results" in response.data:
        results = [_part(shown, fields) for shown in response.data["results"]]
        response.data = {**response.data, "results": results}
    else:
        response.data = _part(response.data, fields)


def _part(shown: Mapping[str, Any], fields: list[str]) -> dict[str, Any]:
    return {field: shown[field] for field in fields if field in shown}

"""OpenAPI: every operation says which problems it can answer with (RFC 9457)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from api.authentication import SCHEME
from api.limits import MOST_AT_ONCE as MOST
from api.plans import PlanSerializer
from common.problems import CONTENT_TYPE

Documented = TypeVar("Documented", bound=Callable[..., Any])

ALWAYS = [
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
]
WRITING = [HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED, HTTPStatus.UNPROCESSABLE_ENTITY]
WITH_BODY = [HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE]


URL_PARTS = re.compile(r"{(\w+)}")
IDEMPOTENCY_KEYS = '^"?[!#-~]{1,255}"?$'
TEAM = OpenApiParameter("team", OpenApiTypes.STR, description="That is acted for; of a token there is only one.")
DRY_RUN = OpenApiParameter("dry_run", OpenApiTypes.STR, enum=["1"], description="Answer a plan, and change nothing.")
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": IDEMPOTENCY_KEYS},
    OpenApiParameter.HEADER,
    description="Made up for each request: sent again with it, it is answered again and done once.",
)


class FieldErrorSerializer(serializers.Serializer[dict[str, object]]):
    """What is wrong with one field or line."""

    field = serializers.CharField(help_text="Path of the field, such as `steps.2.rules.0.location`; empty: the whole.")
    message = serializers.CharField()
    line = serializers.IntegerField(required=False, help_text="Of the zone file.")


class ProblemSerializer(serializers.Serializer[dict[str, object]]):
    """What went wrong and what to do about it."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = FieldErrorSerializer(many=True, required=False)  # type: ignore[assignment]  # a field, no property


def path_parameters(**descriptions: str) -> Callable[[Documented], Documented]:
    """Documents parts of a URL that are no column of the view's own rows."""
    parts = [
        OpenApiParameter(name, str, OpenApiParameter.PATH, description=text) for name, text in descriptions.items()
    ]
    return extend_schema(parameters=parts)


@cache
def replacement_of(kind: type[serializers.Serializer[Any]], key: frozenset[str]) -> type[serializers.Serializer[Any]]:
    """The serializer with the fields of the key, which the URL says, left to the caller."""

    def get_fields(self: serializers.Serializer[Any]) -> dict[str, Any]:
        fields = kind.get_fields(self)
        for name in key & fields.keys():
            fields[name].required = False
        return fields

    name = kind.__name__.removesuffix("Serializer")
    return type(f"{name}ReplacementSerializer", (kind,), {"get_fields": get_fields, "__doc__": kind.__doc__})


def without_final_slash(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """URLs take a final slash, but none is documented with it."""
    return [(path.rstrip("/"), regex, method, callback) for path, regex, method, callback in endpoints]


class ProblemSchema(AutoSchema):
    """Adds the problems, and the headers of conditional requests where a view honours them."""

    def get_override_parameters(self) -> list[Any]:
        return [*self._conditions(), *self._selections(), *self._keys(), *self._of_all()]

    def get_operation_id(self) -> str:
        operation_id = super().get_operation_id()
        return f"{operation_id}_many" if self._is_about_many() else operation_id

    def is_deprecated(self) -> bool:
        """What retires (api.deprecation) is marked so."""
        return hasattr(self.view, "retirement") or bool(super().is_deprecated())

    def _of_all(self) -> list[OpenApiParameter]:
        """What every request may say."""
        if not hasattr(self.view, "writing_parameters"):
            return []
        said = [TEAM]
        if self.method != "GET" and getattr(self.view, "writes", True):
            said.append(IDEMPOTENCY_KEY)
        if self._plans():
            said.append(DRY_RUN)
        return said

    def _plans(self) -> bool:
        return self.method != "GET" and getattr(self.view, "offers_dry_run", False)

    def _conditions(self) -> list[OpenApiParameter]:
        if not self._honours_conditions():
            return []
        name = "If-None-Match" if self.method == "GET" else "If-Match"
        return [OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.HEADER, description="An ETag.")]

    def _selections(self) -> list[OpenApiParameter]:
        if self.method != "GET" or not hasattr(self.view, "offered_fields"):
            return []
        return [OpenApiParameter("fields", OpenApiTypes.STR, description="Those to show, with commas between.")]

    def _keys(self) -> list[OpenApiParameter]:
        if self._action() != "destroy_many":
            return []
        name = str(getattr(self.view, "keys_parameter"))  # noqa: B009 - of views with that action
        return [OpenApiParameter(name, OpenApiTypes.STR, required=True, many=True, description="Of what is deleted.")]

    def _action(self) -> str | None:
        return getattr(self.view, "action", None)

    def _is_about_many(self) -> bool:
        return str(self._action()).endswith("_many")

    def _may_be_about_many(self) -> bool:
        return self._action() == "create" and hasattr(self.view, "key_in")

    def get_request_serializer(self) -> Any:
        """Of what is replaced under a key, the URL says the key: the body need not."""
        serializer: Any = super().get_request_serializer()
        kind: Any = type(serializer)
        if self.method != "PUT" or not hasattr(self.view, "keyed") or self._is_about_many():
            return serializer
        return replacement_of(kind, frozenset(URL_PARTS.findall(self.path)))

    def _get_request_for_media_type(self, serializer: Any, direction: Any = "request") -> tuple[Any, bool]:
        schema, required = super()._get_request_for_media_type(serializer, direction)  # type: ignore[no-untyped-call]
        return self._of_many(schema, {"type": "array", "items": schema, "minItems": 1, "maxItems": MOST}), required

    def _of_many(self, one: Any, many: dict[str, Any]) -> Any:
        """The schema of a body: of one object, of many, or of either."""
        if self._is_about_many():
            return many
        return {"oneOf": [one, many]} if self._may_be_about_many() and one else one

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for code in ("200", "201"):
            for content in bodies.get(code, {}).get("content", {}).values():
                results = {"results": {"type": "array", "items": content["schema"]}}
                many = {"type": "object", "properties": results, "required": ["results"]}
                content["schema"] = self._of_many(content["schema"], many)
        if self.method == "PUT" and "200" in bodies and not self._is_about_many():
            bodies.setdefault("201", {**bodies["200"], "description": "Created"})
        if self._plans():
            self._add_plan(bodies)
        if self.method == "GET" and self._honours_conditions():
            bodies["304"] = {"description": "It is what the client holds."}
        for status in self._problems():
            problem = OpenApiResponse(ProblemSerializer, description=status.phrase)
            code = str(status.value)
            bodies[code] = self._get_response_for_code(problem, code, [CONTENT_TYPE])  # type: ignore[no-untyped-call]
        return bodies

    def _add_plan(self, bodies: dict[str, Any]) -> None:
        """What a dry run answers, beside what the request itself does."""
        plan = self._get_response_for_code(PlanSerializer, "200")  # type: ignore[no-untyped-call]
        said = bodies.setdefault("200", {"description": "The plan of a dry run"})
        for media_type, content in plan["content"].items():
            own = said.setdefault("content", {}).get(media_type)
            schema = {"anyOf": [own["schema"], content["schema"]]} if own else content["schema"]
            said["content"][media_type] = {**(own or {}), "schema": schema}

    def _honours_conditions(self) -> bool:
        about_one_object = "{" in self.path and self._action() not in {"list", "create"} and not self._is_about_many()
        return about_one_object and getattr(self.view, "has_etag", False)

    def _problems(self) -> list[HTTPStatus]:
        problems = [*ALWAYS]
        if "{" in self.path or getattr(self.view, "may_be_missing", False):
            problems.append(HTTPStatus.NOT_FOUND)
        if self.method != "GET":
            problems += WRITING
        if self.method in {"POST", "PUT", "PATCH"}:
            problems += WITH_BODY
        return problems


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": f"`{SCHEME} SECRET`, with the secret that creating the token returned.",
        }

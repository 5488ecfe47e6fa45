"""Changes: drafted, looked at, approved and published by several people (docs/changes.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_200_OK, HTTP_201_CREATED, HTTP_204_NO_CONTENT

from accounts.permissions import Action
from api.change_documents import (
    ChangeSerializer,
    ChangeWithEditsSerializer,
    CommentSerializer,
    DescriptionSerializer,
    EditSerializer,
    PlaceSerializer,
    ProposalSerializer,
    ReasonSerializer,
    ScheduleSerializer,
    TextSerializer,
    proposals,
)
from api.etags import etag_of, is_unchanged, require_match
from api.plans import PlanSerializer
from api.resources import Collection
from api.zone_access import ChangeActingView
from changes import services
from changes.models import Change, State
from changes.services import discard

PLAN = {HTTP_200_OK: PlanSerializer}
ONE = {HTTP_200_OK: ChangeWithEditsSerializer}


ACTIONS = {
    "POST": Action.DRAFT,
    "PATCH": Action.DRAFT,
    "DELETE": Action.DRAFT,
    "approve": Action.APPROVE,
    "reject": Action.APPROVE,
    "publish": Action.PUBLISH,
    "schedule": Action.PUBLISH,
}
"""What each needs: who drafts a change need not be allowed to publish it."""


class ChangeFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    state = filters.MultipleChoiceFilter(choices=State.choices)
    author = filters.CharFilter("author_name")
    title = filters.CharFilter("title", lookup_expr="icontains")

    class Meta:
        model = Change
        fields = ["state", "author", "title"]


class ChangeViewSet(ChangeActingView, mixins.ListModelMixin, Collection[Change]):
    """What the team is about to do and did, the newest first."""

    queryset = Change.objects.select_related("team", "reverts").prefetch_related("approvals")
    serializer_class = ChangeSerializer
    filterset_class = ChangeFilter
    page_key = ("-number",)
    actions = ACTIONS
    has_etag = True
    lookup_field = "number"
    writing_parameters = frozenset({"dry_run", "kind", "key", "team"})
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[Change]:
        return self.visible_changes(super().get_queryset().filter(team=self.team))

    @extend_schema(responses=ChangeWithEditsSerializer)
    def retrieve(self, request: Request, number: str) -> Response:
        """A change with its edits and comments."""
        shown = self._document(self._find(number))
        etag = etag_of(shown)
        if is_unchanged(request, etag):
            return Response(status=304, headers={"ETag": etag})
        return Response(shown, headers={"ETag": etag})

    @extend_schema(request=ProposalSerializer, responses={HTTP_201_CREATED: ChangeWithEditsSerializer})
    @transaction.atomic
    def create(self, request: Request) -> Response:
        """A new draft, with edits or without."""
        said = ProposalSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        given = said.validated_data
        edits = proposals(self.team, given.get("edits", []))
        self.require_places((edit.kind, edit.key) for edit in edits)
        change = services.open_change(self.team, self.acting, given["title"], edits, given.get("description", ""))
        return self._shown(change, HTTP_201_CREATED, {"Location": f"{request.path.rstrip('/')}/{change.number}"})

    @extend_schema(request=DescriptionSerializer, responses=ONE)
    @transaction.atomic
    def partial_update(self, request: Request, number: str) -> Response:
        """Give a draft another title or description."""
        said = DescriptionSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        change = self._held(number)
        services.describe(change, self.acting, **said.validated_data)
        return self._shown(change)

    @extend_schema(responses={HTTP_204_NO_CONTENT: None})
    @transaction.atomic
    def destroy(self, request: Request, number: str) -> Response:
        """Delete a draft, as if it had never been; what others have looked at is withdrawn instead."""
        discard(self._held(number), self.acting)
        return Response(status=HTTP_204_NO_CONTENT)

    @extend_schema(methods=["GET"], responses=EditSerializer(many=True))
    @extend_schema(methods=["POST"], request=EditSerializer, responses={HTTP_200_OK: EditSerializer})
    @extend_schema(methods=["DELETE"], request=None, parameters=[PlaceSerializer], responses={204: None})
    @action(detail=True, methods=["get", "post", "delete"], pagination_class=None, filterset_class=None)
    @transaction.atomic
    def edits(self, request: Request, number: str) -> Response:
        """Read the edits of a change, make one of a draft (in place of one of the same object), or take one back."""
        if request.method == "GET":
            return Response(EditSerializer(self._find(number).edits.all(), many=True).data)
        change = self._held(number)
        if request.method == "DELETE":
            place = self._place(request.query_params)
            if not services.remove_edit(change, **place):
                raise NotFound(f"Change {number} does not edit {place['kind']} {place['key']}.")
            return Response(status=HTTP_204_NO_CONTENT)
        said = EditSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        (wanted,) = proposals(self.team, [said.validated_data])
        self.require_places([(wanted.kind, wanted.key)])
        edit = services.put_edit(change, self.acting, wanted)
        return Response(EditSerializer(edit).data)

    @extend_schema(request=PlaceSerializer, responses={HTTP_200_OK: EditSerializer})
    @action(detail=True, methods=["post"])
    def rebase(self, request: Request, number: str) -> Response:
        """Take an object as it is now for what the author of its edit has seen."""
        return Response(EditSerializer(services.rebase(self._held(number), **self._place(request.data))).data)

    @extend_schema(responses=PLAN)
    @action(detail=True)
    def plan(self, request: Request, number: str) -> Response:
        """What publishing it would do now: to objects, and to who gets which answer."""
        return Response(services.plan(self._find(number), timezone.now()).shown())

    @extend_schema(methods=["GET"], responses=CommentSerializer(many=True))
    @extend_schema(methods=["POST"], request=TextSerializer, responses={HTTP_201_CREATED: CommentSerializer})
    @action(detail=True, methods=["get", "post"], pagination_class=None, filterset_class=None)
    def comments(self, request: Request, number: str) -> Response:
        """What people say of it."""
        change = self._find(number)
        if request.method == "GET":
            return Response(CommentSerializer(change.comments.all(), many=True).data)
        said = TextSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        comment = services.comment(change, self.acting, said.validated_data["text"])
        return Response(CommentSerializer(comment).data, status=HTTP_201_CREATED)

    @extend_schema(request=None, responses=ONE)
    @action(detail=True, methods=["post"])
    def propose(self, request: Request, number: str) -> Response:
        """Ask others to look at it."""
        return self._step(number, services.propose)

    @extend_schema(request=None, responses=ONE)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, number: str) -> Response:
        """Agree with what somebody else proposes."""
        return self._step(number, services.approve)

    @extend_schema(request=ReasonSerializer, responses=ONE)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, number: str) -> Response:
        """Give it back to its author, saying why."""
        said = ReasonSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        return self._step(number, services.reject, said.validated_data["why"])

    @extend_schema(request=None, responses=ONE)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, number: str) -> Response:
        """Make it a draft again; what was approved is so no more."""
        return self._step(number, services.reopen)

    @extend_schema(request=None, responses=ONE)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, number: str) -> Response:
        """Give it up."""
        return self._step(number, services.withdraw)

    @extend_schema(request=ScheduleSerializer, responses=ONE)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def schedule(self, request: Request, number: str) -> Response:
        """Have it published at a moment to come; null: not by itself any more."""
        said = ScheduleSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        self._require_for(number, Action.PUBLISH)
        return self._step(number, services.schedule, said.validated_data["at"], timezone.now())

    @extend_schema(request=None, responses=ONE)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def publish(self, request: Request, number: str) -> Response:
        """Make it so, all of it or nothing; refused if others have changed what it edits."""
        self._require_for(number, Action.PUBLISH)
        return self._step(number, services.publish, timezone.now())

    @extend_schema(request=None, responses={HTTP_201_CREATED: ChangeWithEditsSerializer})
    @action(detail=True, methods=["post"])
    def revert(self, request: Request, number: str) -> Response:
        """A draft that takes a published change back."""
        return self._shown(services.revert(self._find(number), self.acting), HTTP_201_CREATED)

    def _require_for(self, number: str, action: Action) -> None:
        """That the caller may do that with what is in the change by now. Raises PermissionDenied.

        A node fetches what every team has published: who makes one is asked for more.
        """
        needed = Action.ADMINISTER if services.edits_nodes(self._find(number)) else action
        if not self.may(needed):
            self.refuse(needed)

    def _step(self, number: str, step: Callable[..., Any], *arguments: Any) -> Response:
        change = self._find(number)
        require_match(self.request, etag_of(self._document(change)))
        step(change, self.acting, *arguments)
        return self._shown(change)

    def _find(self, number: str) -> Change:
        change = self.get_queryset().filter(number=number).first()
        if change is None:
            raise NotFound(f"There is no change {number}.")
        return change

    def _held(self, number: str) -> Change:
        change = self._find(number)
        require_match(self.request, etag_of(self._document(change)))
        return change

    def _place(self, data: Any) -> dict[str, str]:
        said = PlaceSerializer(data={name: data.get(name, "") for name in ("kind", "key")})
        said.is_valid(raise_exception=True)
        return dict(said.validated_data)

    def _document(self, change: Change) -> Any:
        return ChangeWithEditsSerializer(change).data

    def _shown(self, change: Change, status: int = HTTP_200_OK, headers: dict[str, str] | None = None) -> Response:
        shown = self._document(self._find(str(change.number)))
        return Response(shown, status=status, headers={"ETag": etag_of(shown), **(headers or {})})

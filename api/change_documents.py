"""What changes look like from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Model
from rest_framework import serializers

from accounts.models import Team
from api.etags import PreconditionFailed, etag_of
from changes.models import Approval, Change, Comment, Edit
from changes.objects import found_many, kind_of, shown
from changes.services import NOW, Proposed
from documents.base import RefusesUnknownFields
from documents.fields import TextField

MOST_TITLE, MOST_TEXT = 200, 10_000


class PlaceSerializer(RefusesUnknownFields):
    """Which object."""

    kind = TextField(max_length=40, help_text="As collections of it are called, such as `endpoints`.")
    key = TextField(max_length=2100, help_text="Its name; of a zone its origin, of a record set `demo.test. www A`.")


class EditSerializer(PlaceSerializer):
    """What a change makes of one object."""

    action = serializers.ChoiceField(Edit.Action.choices, help_text="Replace, change fields, or delete.")
    document = serializers.DictField(required=False, allow_null=True, help_text="As for a PUT or PATCH of the object.")
    etag = TextField(
        required=False,
        write_only=True,
        max_length=100,
        help_text="Of what its author saw; empty: there was none. Unsaid: what there is now.",
    )
    base = serializers.DictField(
        read_only=True, allow_null=True, help_text="What its author saw; null: there was none."
    )
    author = serializers.CharField(source="author_name", read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        goes = attrs["action"] == Edit.Action.DELETE
        if goes == (attrs.get("document") is not None):
            message = "What goes has no document." if goes else "Say what the object is to be."
            raise serializers.ValidationError({"document": [message]})
        return attrs

    def to_representation(self, instance: Edit) -> dict[str, Any]:
        """Whoever reads a change is not told what is secret of a channel."""
        return {**super().to_representation(instance), "document": shown(instance)}


class ApprovalSerializer(serializers.ModelSerializer[Approval]):
    """That someone agrees."""

    user = serializers.CharField(source="user_name")

    class Meta:
        model = Approval
        fields = ["user", "at"]


class CommentSerializer(serializers.ModelSerializer[Comment]):
    """What someone said."""

    author = serializers.CharField(source="author_name")

    class Meta:
        model = Comment
        fields = ["author", "text", "at"]


class ChangeSerializer(serializers.ModelSerializer[Change]):
    """What a team is about to do, or did."""

    description = serializers.CharField()
    author = serializers.CharField(source="author_name")
    publisher = serializers.CharField(source="publisher_name", help_text="Empty: nobody yet.")
    reason = serializers.CharField(help_text="Why it failed; empty: it did not.")
    reverts = serializers.IntegerField(source="reverts_id", allow_null=True, help_text="Number of the change.")
    approvals = ApprovalSerializer(many=True)
    approvals_required = serializers.IntegerField(source="team.approvals_required")

    class Meta:
        model = Change
        fields = [
            "number",
            "title",
            "description",
            "state",
            "author",
            "created",
            "updated",
            "approvals",
            "approvals_required",
            "scheduled_for",
            "published",
            "publisher",
            "generation",
            "reason",
            "reverts",
            "rolls_back_to",
        ]


class ChangeWithEditsSerializer(ChangeSerializer):
    """A change with its edits and comments."""

    edits = EditSerializer(many=True)
    comments = CommentSerializer(many=True)

    class Meta(ChangeSerializer.Meta):
        fields = [*ChangeSerializer.Meta.fields, "edits", "comments"]


class ProposalSerializer(RefusesUnknownFields):
    """A new draft."""

    title = TextField(max_length=MOST_TITLE)
    description = TextField(max_length=MOST_TEXT, required=False, allow_blank=True)
    edits = EditSerializer(many=True, required=False)


class DescriptionSerializer(RefusesUnknownFields):
    """What a draft is called."""

    title = TextField(max_length=MOST_TITLE, required=False)
    description = TextField(max_length=MOST_TEXT, required=False, allow_blank=True)


class TextSerializer(RefusesUnknownFields):
    """What someone says."""

    text = TextField(max_length=MOST_TEXT)


class ReasonSerializer(RefusesUnknownFields):
    """Why."""

    why = TextField(max_length=MOST_TEXT)


class ScheduleSerializer(RefusesUnknownFields):
    """When."""

    at = serializers.DateTimeField(allow_null=True, help_text="A moment to come; null: not by itself any more.")


def proposals(team: Team, said: Sequence[dict[str, Any]]) -> list[Proposed]:
    """Edits as they were sent. Raises PreconditionFailed if an object is not the one that its author saw."""
    there = found_many(team, [(edit["kind"], edit["key"]) for edit in said if "etag" in edit])
    return [_proposed(team, edit, there.get((edit["kind"], edit["key"]))) for edit in said]


def _proposed(team: Team, said: dict[str, Any], row: Model | None) -> Proposed:
    base: Any = NOW
    if "etag" in said:
        kind = kind_of(said["kind"])
        if (etag_of(kind.shown(team, row)) if row is not None else "") != said["etag"]:
            raise PreconditionFailed
        base = None if row is None else kind.declared(team, row)
    partial = said["action"] == Edit.Action.PATCH
    return Proposed(said["kind"], said["key"], said.get("document"), partial=partial, base=base)

"""What a plan looks like from outside: changes.planning.Plan, described."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from api.moves import CountryMovedSerializer, MoveSerializer

Described = serializers.Serializer[dict[str, Any]]


class DifferenceSerializer(Described):
    """A field that is another then. Null: it is not there, or says nothing."""

    field = serializers.CharField(help_text="Its path in the document.")
    before = serializers.JSONField()
    after = serializers.JSONField()


class ObjectPlanSerializer(Described):
    """What becomes of one object."""

    kind = serializers.CharField(help_text="As collections of it are called, such as `endpoints`.")
    key = serializers.CharField()
    action = serializers.CharField(help_text="`create`, `update` or `delete`.")
    before = serializers.DictField(allow_null=True, help_text="Null: there is none.")
    after = serializers.DictField(allow_null=True, help_text="Null: there is none then.")
    edited = serializers.BooleanField(help_text="By an edit of its own; else it says something of one that is.")
    differences = DifferenceSerializer(many=True)


class ConflictSerializer(Described):
    """An object that is not as the author of an edit saw it. Null: there is none."""

    kind = serializers.CharField()
    key = serializers.CharField()
    base = serializers.DictField(allow_null=True, help_text="What the author saw.")
    ours = serializers.DictField(allow_null=True, help_text="What the edit makes of it.")
    theirs = serializers.DictField(allow_null=True, help_text="What it is now.")


class NotTakenSerializer(Described):
    """What the edit of an object would make is not taken."""

    kind = serializers.CharField()
    key = serializers.CharField()
    field = serializers.CharField(help_text="Its path in the document; empty: the object.")
    message = serializers.CharField()


class MovedTrafficSerializer(Described):
    """Whom it moves. Shares are of all steered queries; of a country, `moved` and `lost` are shares of its own."""

    queries = serializers.IntegerField()
    weighed_by = serializers.CharField()
    moved = serializers.FloatField()
    lost = serializers.FloatField()
    moves = MoveSerializer(many=True)
    countries = CountryMovedSerializer(many=True)


class PlanSerializer(Described):
    """What a write or a change would do. Nothing of it is done."""

    objects = ObjectPlanSerializer(many=True)
    refusals = NotTakenSerializer(many=True)
    conflicts = ConflictSerializer(many=True)
    traffic = MovedTrafficSerializer(allow_null=True, help_text="Null: `unknown` says why.")
    unknown = serializers.CharField()
    held = serializers.DictField(child=serializers.CharField(), help_text="Reasons by part of the snapshot.")
    refused = serializers.DictField(child=serializers.CharField(), help_text="Reasons by part of the snapshot.")
    generation = serializers.IntegerField(allow_null=True, help_text="Of the snapshot that it is compared with.")
    publishable = serializers.BooleanField()

"""What an explanation looks like from outside: the responder's own JSON with its evidence (docs/explain.md)."""

from __future__ import annotations

from rest_framework import serializers

from api.moves import MoveSerializer
from api.plans import Described
from healthchecks.models import STATE_CHOICES

STAGES = ["static", "steered", "cname", "dname", "wildcard", "referral", "nodata", "nxdomain", "refused", "alias"]
STEPS = ["applied", "unchanged", "bypassed", "fallback", "refused"]


class ExplainedClientSerializer(Described):
    """Who asks, and where that is. Null: not known."""

    resolver = serializers.CharField()
    ecs = serializers.CharField(allow_null=True, help_text="The client subnet that it tells; null: none.")
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a field, no property
        ["ecs", "resolver"], help_text="Whose location counts."
    )
    prefix = serializers.CharField(help_text="That was looked up.")
    continent = serializers.CharField(allow_null=True)
    country = serializers.CharField(allow_null=True, help_text="ISO 3166-1 alpha-2.")
    subdivision = serializers.CharField(allow_null=True)
    asn = serializers.IntegerField(allow_null=True)
    latitude = serializers.FloatField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)
    location_from = serializers.CharField(allow_null=True, help_text="Where the position is from: `city` or `country`.")


class StageSerializer(Described):
    """A name that was looked up, and what was found."""

    name = serializers.CharField()
    outcome = serializers.ChoiceField(STAGES)
    policy = serializers.IntegerField(allow_null=True, help_text="The id of the policy that answers it; null: none.")


class DroppedSerializer(Described):
    """An endpoint that is out of the question."""

    endpoint = serializers.IntegerField(help_text="Its id.")
    name = serializers.CharField()
    reason = serializers.CharField()


class KeptSerializer(Described):
    """A candidate after a step, in this order."""

    endpoint = serializers.IntegerField(help_text="Its id.")
    name = serializers.CharField()
    tier = serializers.IntegerField(help_text="Those of the lowest are served.")
    why = serializers.CharField(help_text="What the step found, such as `612 km`; empty: nothing.")


class VoteSerializer(Described):
    """What one vantage says of an endpoint."""

    check = serializers.CharField()
    vantage = serializers.CharField()
    state = serializers.ChoiceField(STATE_CHOICES)
    cause = serializers.CharField(help_text="What its deciding probe saw; empty: not kept.")


class ExplainedHealthSerializer(Described):
    """What is believed of an endpoint over the family that was asked for."""

    state = serializers.ChoiceField(STATE_CHOICES)
    since = serializers.IntegerField(help_text="Seconds since 1970.")
    votes = VoteSerializer(many=True)


class ExplainedLoadSerializer(Described):
    """What an endpoint told of its load."""

    share = serializers.FloatField(help_text="Of its capacity.")
    measured = serializers.IntegerField(help_text="Seconds since 1970.")
    max_age_s = serializers.IntegerField(help_text="It counts for so long.")


class CandidateSerializer(Described):
    """An endpoint that the steps start with."""

    endpoint = serializers.IntegerField(help_text="Its id.")
    name = serializers.CharField()
    region = serializers.CharField(allow_null=True)
    address = serializers.CharField()
    weight = serializers.IntegerField(allow_null=True, help_text="Null: the step's own default applies.")
    priority = serializers.IntegerField(allow_null=True, help_text="Null: the step's own default applies.")
    switched_off = serializers.BooleanField(required=False, help_text="By a break-glass order, with all the others.")
    health = ExplainedHealthSerializer(allow_null=True, help_text="Null: nothing is known.")
    load = ExplainedLoadSerializer(allow_null=True, help_text="Null: it told none.")


class FollowedMoveSerializer(MoveSerializer):
    """Clients whom the capacity plan moves from one region to another."""

    share = serializers.FloatField(help_text="Of the clients of this network, or of the rest of its country.")
    follows = serializers.BooleanField(help_text="The order has the target first, as a client that is moved has.")


class StepSerializer(Described):
    """What a step of a policy did."""

    kind = serializers.CharField(help_text="Such as `healthy`: docs/steering.md.")
    outcome = serializers.ChoiceField(STEPS)
    scope = serializers.IntegerField(help_text="Length of the prefix within which every client gets the same.")
    note = serializers.CharField(help_text="What happened to the step as a whole; empty: nothing of note.")
    dropped = DroppedSerializer(many=True)
    kept = KeptSerializer(many=True)
    capacity = FollowedMoveSerializer(
        many=True, required=False, help_text="Of a `latency` step where the capacity plan moves clients of this group."
    )


class ExplainedPolicySerializer(Described):
    """How a policy chose."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    salt_slot = serializers.IntegerField(help_text="Number of the time slot that draws are made with.")
    family = serializers.IntegerField(help_text="4, 6, or 0 for host names.")
    not_candidates = DroppedSerializer(many=True, help_text="Members that the steps never saw.")
    candidates = CandidateSerializer(many=True)
    steps = StepSerializer(many=True)
    chosen = serializers.ListField(child=serializers.IntegerField(), help_text="Ids of endpoints.")
    ttl = serializers.IntegerField(help_text="Seconds.")
    ttl_note = serializers.CharField(help_text="Why it is not the policy's own; empty: it is.")
    scope = serializers.IntegerField()


class ExplainedEdgesSerializer(Described):
    """How edges are that should answer so."""

    behind = serializers.IntegerField(help_text="So many serve an older generation.")
    silent = serializers.IntegerField(help_text="So many have not reported of late.")
    oldest_s = serializers.IntegerField(help_text="Since the one silent for longest was heard of.")
    orders = serializers.ListField(child=serializers.CharField(), help_text="Break-glass orders that stand on any.")


class AnswerSerializer(Described):
    """The answer, in presentation format."""

    rcode = serializers.CharField()
    authoritative = serializers.BooleanField()
    scope = serializers.IntegerField()
    records = serializers.ListField(child=serializers.CharField())
    authority = serializers.ListField(child=serializers.CharField())
    additional = serializers.ListField(child=serializers.CharField())


class ExplanationSerializer(Described):
    """Why a client gets its answer."""

    generation = serializers.IntegerField()
    health_sequence = serializers.IntegerField()
    latency_sequence = serializers.IntegerField(help_text="0: there is no latency map.")
    at = serializers.IntegerField(help_text="Seconds since 1970.")
    qname = serializers.CharField()
    qtype = serializers.CharField()
    client = ExplainedClientSerializer()
    zone = serializers.CharField(allow_null=True, help_text="Null: none is responsible.")
    stages = StageSerializer(many=True, help_text="One for each name that was looked up.")
    policies = ExplainedPolicySerializer(many=True, help_text="One for each that ran.")
    edges = ExplainedEdgesSerializer(allow_null=True, help_text="Of the present alone; null: of the past.")
    answer = AnswerSerializer()

import pytest
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError

from accounts.models import Team
from steering.models import Policy, PolicyStep, Pool, StepReference
from steering.services import STEP_LOOKUPS, bind, policies_going_by, save_policy, steps_with_names
from zones.models import RecordSet

GEO = {
    "kind": "geo",
    "rules": [{"location": "continent:EU", "regions": ["eu"], "pools": []}],
    "default": {"regions": [], "pools": ["web"]},
    "if_empty": {"action": "bypass"},
}


def refused(caught):
    return caught.value.message_dict


def falling_back_to(policy):
    return {"kind": "healthy", "if_empty": {"action": "fallback", "policy": policy.name}}


def test_steps_are_stored_with_ids_and_shown_with_names(make_policy, web, regions):
    policy = make_policy("www", web, steps=[GEO, {"kind": "first", "count": 2}])
    stored = policy.steps.first().options
    assert stored["rules"][0]["regions"] == [regions[0].pk]
    assert stored["default"]["pools"] == [web.pk]
    assert steps_with_names(policy) == [GEO, {"kind": "first", "count": 2}]


def test_what_steps_name_follows_a_new_name(make_policy, web, regions):
    policy = make_policy("www", web, steps=[GEO])
    regions[0].name = "europe"
    regions[0].save()
    assert steps_with_names(Policy.objects.get(pk=policy.pk))[0]["rules"][0]["regions"] == ["europe"]


def test_saving_what_is_shown_changes_nothing(make_policy, web):
    policy = make_policy("www", web, steps=[GEO, {"kind": "weighted"}])
    before = list(PolicyStep.objects.values_list("position", "kind", "options"))
    save_policy(policy, steps=steps_with_names(policy))
    assert list(PolicyStep.objects.values_list("position", "kind", "options")) == before


def test_pools_and_steps_keep_their_order_and_what_is_not_said_stays(make_policy, make_pool, web, fra):
    spare = make_pool("spare", fra)
    policy = make_policy("www", spare, web, spare, steps=[{"kind": "healthy"}, {"kind": "distance"}])
    policy.ttl_s = 60
    save_policy(policy)
    assert [used.pool for used in policy.policy_pools.all()] == [spare, web]
    assert [step["kind"] for step in steps_with_names(policy)] == ["healthy", "distance"]
    assert Policy.objects.get().ttl_s == 60


def test_names_that_nothing_has_are_refused_where_they_stand(make_policy, web):
    steps = [
        {"kind": "healthy", "if_empty": {"action": "fallback", "policy": "sorry"}},
        {**GEO, "rules": [{"location": "country:DE", "regions": ["eu", "mars"]}], "default": {"pools": ["none"]}},
    ]
    with pytest.raises(ValidationError) as caught:
        make_policy("www", web, steps=steps)
    assert refused(caught) == {
        "steps.0.if_empty.policy": ['There is no policy "sorry".'],
        "steps.1.rules.0.regions.1": ['There is no region "mars".'],
        "steps.1.default.pools.0": ['There is no pool "none".'],
    }
    assert not Policy.objects.exists()


def test_another_teams_pools_are_not_there(make_policy, web):
    others = Team.objects.create(name="others")
    Pool.objects.create(team=others, name="theirs")
    with pytest.raises(ValidationError, match='There is no pool "theirs"'):
        make_policy("www", web, steps=[{**GEO, "rules": [], "default": {"pools": ["theirs"]}}])
    with pytest.raises(ValidationError, match="belongs to another team"):
        make_policy("www", Pool.objects.get(name="theirs"))


def test_malformed_steps_are_refused_where_they_are_wrong(make_policy, web):
    with pytest.raises(ValidationError) as caught:
        make_policy("www", web, steps=[{"kind": "healthy"}, {"kind": "geo"}])
    assert list(refused(caught)) == ["steps.1.default"]


@pytest.mark.parametrize(
    ("columns", "field"),
    [({"name": "No"}, "__all__"), ({"ttl_s": 5, "ttl_min_s": 6}, "__all__"), ({"ecs": "maybe"}, "ecs")],
)
def test_malformed_columns_are_refused(ops, web, columns, field):
    with pytest.raises(ValidationError) as caught:
        save_policy(Policy(team=ops, **({"name": "www"} | columns)), pools=[web])
    assert field in refused(caught)


def test_a_policy_needs_a_pool(make_policy, www):
    with pytest.raises(ValidationError) as caught:
        make_policy("api")
    assert refused(caught) == {"pools": ["A policy needs at least one pool."]}
    with pytest.raises(ValidationError):
        save_policy(www, pools=[])
    assert www.policy_pools.count() == 1


def using(policy):
    return {"kind": "use", "policy": policy.name, "min_healthy": 2}


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("leading_to", [falling_back_to, using])
def test_policies_that_lead_round_in_a_circle_are_refused(make_policy, web, length, leading_to):
    chain = [make_policy("p0", web)]
    for number in range(1, length):
        chain.append(make_policy(f"p{number}", web, steps=[leading_to(chain[-1])]))
    with pytest.raises(ValidationError) as caught:
        save_policy(chain[0], steps=[leading_to(chain[-1])])
    names = [policy.name for policy in [chain[0], *reversed(chain)]]
    message = f"Policies that answer instead of each other go round in a circle: {' → '.join(names)}."
    assert refused(caught) == {"steps": [message]}
    assert not chain[0].steps.exists()


def test_what_steps_name_cannot_be_deleted(make_policy, make_pool, web, regions, fra):
    spare = make_pool("spare", fra)
    sorry = make_policy("sorry", web)
    fallback = {"kind": "admin", "if_empty": {"action": "fallback", "pool": "spare"}}
    make_policy("www", web, steps=[GEO, fallback, falling_back_to(sorry)])
    assert StepReference.objects.count() == 4
    for target in (regions[0], spare, sorry, web):
        with pytest.raises(ProtectedError):
            target.delete()


def test_a_new_ttl_reaches_the_record_sets_it_answers(www, zone):
    bind(www, zone, "www")
    www.ttl_s = 10
    save_policy(www)
    assert set(RecordSet.objects.filter(name="www").values_list("ttl_s", flat=True)) == {10}
    zone.refresh_from_db()
    assert zone.serial == 3
    save_policy(www)
    zone.refresh_from_db()
    assert zone.serial == 3


def test_a_policy_holds_as_many_candidates_as_the_responder_has_room_for(ops, make_pool, make_policy, regions, fra):
    endpoints = type(fra).objects.bulk_create(
        type(fra)(team=ops, name=f"e{number}", region=regions[0], ipv4="192.0.2.9") for number in range(256)
    )
    many, spare = make_pool("many", *endpoints), make_pool("spare", fra)
    policy = make_policy("www", many)
    with pytest.raises(ValidationError, match="257 candidates"):
        save_policy(policy, pools=[many, spare])
    with pytest.raises(ValidationError, match="257 candidates"):
        save_policy(policy, steps=[{"kind": "healthy", "if_empty": {"action": "fallback", "pool": "spare"}}])


def test_steps_of_many_policies_are_shown_in_a_fixed_number_of_queries(make_policy, web, django_assert_num_queries):
    for number in range(5):
        make_policy(f"p{number}", web, steps=[GEO, {"kind": "healthy"}])
    with django_assert_num_queries(5):
        shown = [steps_with_names(policy) for policy in Policy.objects.prefetch_related(*STEP_LOOKUPS)]
    assert len(shown) == 5


def test_a_policy_goes_by_a_step_that_it_has_or_hands_over_to(make_policy, web):
    learned = make_policy("learned", web, steps=[{"kind": "latency"}])
    using = make_policy("using", web, steps=[{"kind": "use", "policy": "learned"}])
    falling_back = make_policy("falling-back", web, steps=[falling_back_to(using)])
    make_policy("plain", web, steps=[{"kind": "weighted"}])

    assert policies_going_by("latency") == {learned.pk, using.pk, falling_back.pk}

"""Each constraint of the tables once, past the services: whoever writes rows is held to them."""

import pytest
from django.db import IntegrityError, connection

from steering.models import Binding, Policy, PolicyPool, PolicyStep, Pool, PoolMember, StepReference
from zones.models import RecordSet


def check_at_once():
    """Deferred constraints speak at the end of a transaction, unless asked to speak at once."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"name": "WWW"}, "policy_name_valid"),
        ({"name": "www"}, "policy_name_per_team"),
        ({"ttl_s": 2**31 - 1, "ttl_min_s": -1}, "steering_policy_ttl_min_s_check"),
        ({"ttl_s": 5, "ttl_min_s": 6}, "policy_ttl_min_below_ttl"),
        ({"ecs": "maybe"}, "policy_ecs_known"),
    ],
)
def test_the_database_refuses_a_malformed_policy(www, columns, constraint):
    with pytest.raises(IntegrityError, match=constraint):
        Policy.objects.create(**({"team": www.team, "name": "api"} | columns))


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"name": "Web"}, "pool_name_valid"),
        ({"name": "web"}, "pool_name_per_team"),
        ({"weight": -1}, "steering_pool_weight_check"),
        ({"bias": 100}, "pool_bias_in_range"),
        ({"cost": -1}, "pool_cost_in_range"),
    ],
)
def test_the_database_refuses_a_malformed_pool(web, columns, constraint):
    with pytest.raises(IntegrityError, match=constraint):
        Pool.objects.create(**({"team": web.team, "name": "api"} | columns))


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"position": 0}, "poolmember_position"),
        ({"bias": -100}, "poolmember_bias_in_range"),
        ({"cost": -1}, "poolmember_cost_in_range"),
        ({"weight": -1}, "steering_poolmember_weight_check"),
    ],
)
def test_the_database_refuses_a_malformed_member(make_pool, fra, iad, columns, constraint):
    pool = make_pool("one", fra)
    check_at_once()
    with pytest.raises(IntegrityError, match=constraint):
        PoolMember.objects.create(**({"pool": pool, "endpoint": iad, "position": 1} | columns))


def test_an_endpoint_is_in_a_pool_once(make_pool, fra):
    with pytest.raises(IntegrityError, match="poolmember_once"):
        PoolMember.objects.create(pool=make_pool("one", fra), endpoint=fra, position=1)


def test_a_pool_is_in_a_policy_once(www, web):
    with pytest.raises(IntegrityError, match="policypool_once"):
        PolicyPool.objects.create(policy=www, pool=web, position=1)


def test_two_pools_of_a_policy_have_their_own_positions(www, make_pool):
    spare = make_pool("spare")
    check_at_once()
    with pytest.raises(IntegrityError, match="policypool_position"):
        PolicyPool.objects.create(policy=www, pool=spare, position=0)


def test_two_steps_of_a_policy_have_their_own_positions(www):
    check_at_once()
    with pytest.raises(IntegrityError, match="policystep_position"):
        PolicyStep.objects.create(policy=www, position=0, kind="admin")


@pytest.mark.parametrize("targets", [[], ["region", "pool"]])
def test_a_reference_has_one_target(www, web, regions, targets):
    choice = {"region": regions[0], "pool": web}
    with pytest.raises(IntegrityError, match="stepreference_one_target"):
        StepReference.objects.create(step=www.steps.get(), **{name: choice[name] for name in targets})


def test_a_record_set_has_one_policy(www, zone):
    record_set = RecordSet.objects.create(zone=zone, name="www", type="A", ttl_s=30, steered=True)
    Binding.objects.create(record_set=record_set, policy=www)
    with pytest.raises(IntegrityError, match="record_set_id"):
        Binding.objects.create(record_set=record_set, policy=www)

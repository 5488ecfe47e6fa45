import pytest
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError

from accounts.models import Team
from steering.models import Binding, Policy
from steering.services import Member, bind, save_policy, set_pool_members, unbind
from zones.models import RecordSet
from zones.services import create_zone, delete_zone, put_record_set


def refused(caught):
    return caught.value.message_dict


def steered():
    return list(RecordSet.objects.filter(steered=True).values_list("name", "type", "ttl_s"))


def test_a_bound_policy_answers_both_families_with_its_ttl(www, zone):
    bindings = bind(www, zone, "WWW.demo.test.")
    assert steered() == [("www", "A", 30), ("www", "AAAA", 30)]
    assert {binding.policy for binding in bindings} == {www}
    assert zone.serial == 2


def test_one_family_may_be_static_and_the_other_steered(www, zone):
    put_record_set(zone, "www", "AAAA", 60, ["2001:db8::1"])
    bind(www, zone, "www", types=("A",))
    assert steered() == [("www", "A", 30)]


def test_unbinding_removes_the_record_set(www, zone):
    four, six = bind(www, zone, "www")
    unbind(four)
    assert steered() == [("www", "AAAA", 30)]
    assert Binding.objects.get() == six
    zone.refresh_from_db()
    assert zone.serial == 3


@pytest.mark.parametrize(
    ("name", "types", "field"),
    [
        ("www.other.test.", ("A",), "name"),
        ("static", ("A",), "name"),
        ("bound", ("A",), "name"),
        ("blog", ("A",), "type"),
        ("www", ("TXT",), "type"),
        ("www", (), "type"),
    ],
)
def test_a_name_that_cannot_be_bound_is_refused(www, zone, name, types, field):
    put_record_set(zone, "static", "A", 60, ["192.0.2.1"])
    put_record_set(zone, "blog", "CNAME", 60, ["static"])
    bind(www, zone, "bound", types=("A",))
    with pytest.raises(ValidationError) as caught:
        bind(www, zone, name, types=types)
    assert list(refused(caught)) == [field]
    assert Binding.objects.count() == 1


def test_a_policy_without_endpoints_answers_nothing(make_policy, make_pool, zone):
    with pytest.raises(ValidationError) as caught:
        bind(make_policy("api", make_pool("empty")), zone, "api")
    assert list(refused(caught)) == ["policy"]
    assert steered() == []


def test_a_policy_answers_no_other_teams_names(www):
    theirs = create_zone(Team.objects.create(name="others"), "other.test.")
    with pytest.raises(ValidationError, match="another team"):
        bind(www, theirs, "www")


def test_a_host_name_stands_alone(make_policy, make_pool, named, zone):
    policy = make_policy("cdn", make_pool("buckets", named))
    put_record_set(zone, "cdn", "TXT", 60, ["beside"])
    with pytest.raises(ValidationError) as caught:
        bind(policy, zone, "cdn")
    assert "stands beside TXT" in refused(caught)["policy"][0]
    bind(policy, zone, "assets")


def test_a_host_name_is_flattened_at_the_apex(make_policy, make_pool, named, zone):
    bind(make_policy("cdn", make_pool("buckets", named)), zone, "@")
    assert ("@", "A", 30) in steered()


def a_member(www, web, buckets):
    set_pool_members(web, [Member(endpoint) for endpoint in [*web.endpoints.all(), *buckets.endpoints.all()]])


def a_pool(www, web, buckets):
    save_policy(www, pools=[web, buckets])


def a_fallback_pool(www, web, buckets):
    save_policy(www, steps=[{"kind": "healthy", "if_empty": {"action": "fallback", "pool": "buckets"}}])


def a_fallback_policy(www, web, buckets):
    save_policy(Policy(team=www.team, name="sorry"), pools=[buckets])
    save_policy(www, steps=[{"kind": "healthy", "if_empty": {"action": "fallback", "policy": "sorry"}}])


def a_used_policy(www, web, buckets):
    save_policy(Policy(team=www.team, name="sorry"), pools=[buckets])
    save_policy(www, steps=[{"kind": "use", "policy": "sorry"}])


@pytest.mark.parametrize("add", [a_member, a_pool, a_fallback_pool, a_fallback_policy, a_used_policy])
def test_no_later_change_puts_a_host_name_beside_other_data(make_pool, www, web, zone, named, add):
    put_record_set(zone, "www", "TXT", 60, ["beside"])
    bind(www, zone, "www")
    buckets = make_pool("buckets", named)
    with pytest.raises(ValidationError, match="stands beside TXT"):
        add(www, web, buckets)


def test_nor_does_a_change_of_a_pool_that_only_a_fallback_uses(make_policy, make_pool, web, zone, fra, named):
    spare = make_pool("spare", fra)
    make_policy("sorry", spare)
    steps = [{"kind": "healthy", "if_empty": {"action": "fallback", "policy": "sorry"}}]
    put_record_set(zone, "www", "TXT", 60, ["beside"])
    bind(make_policy("www", web, steps=steps), zone, "www")
    with pytest.raises(ValidationError, match="stands beside TXT"):
        set_pool_members(spare, [Member(named)])


def test_a_bound_policy_cannot_be_deleted_but_its_zone_can(www, zone):
    bind(www, zone, "www")
    with pytest.raises(ProtectedError):
        www.delete()
    delete_zone(zone)
    www.delete()

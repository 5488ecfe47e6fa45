import pytest
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError

from accounts.models import Team
from regions.models import Endpoint
from steering.models import PoolMember
from steering.services import Member, bind, save_policy, set_pool_members


def members(pool):
    return list(pool.members.values_list("endpoint__name", "weight", "priority", "bias"))


def refused(caught):
    return caught.value.message_dict


def test_members_keep_their_order_and_what_they_say(web, fra, iad):
    set_pool_members(web, [Member(iad, weight=20, bias=-5), Member(fra, priority=1)])
    assert members(web) == [("iad-1", 20, None, -5), ("fra-1", None, 1, None)]


@pytest.mark.parametrize(
    ("said", "path"),
    [({"weight": -1}, "members.1.weight"), ({"priority": -1}, "members.1.priority"), ({"bias": 100}, "members.1.bias")],
)
def test_what_a_member_cannot_say_is_refused_where_it_stands(web, fra, iad, said, path):
    with pytest.raises(ValidationError) as caught:
        set_pool_members(web, [Member(fra), Member(iad, **said)])
    assert list(refused(caught)) == [path]
    assert len(members(web)) == 2


def test_an_endpoint_is_in_a_pool_once(web, fra):
    with pytest.raises(ValidationError) as caught:
        set_pool_members(web, [Member(fra), Member(fra)])
    assert refused(caught) == {"members.1.endpoint": ["Endpoint fra-1 is in the pool twice."]}


def test_another_teams_endpoint_is_no_member(web, regions):
    theirs = Endpoint.objects.create(
        team=Team.objects.create(name="others"), name="theirs", region=regions[0], ipv4="192.0.2.9"
    )
    with pytest.raises(ValidationError, match="another team"):
        set_pool_members(web, [Member(theirs)])


def test_a_pool_may_be_empty_while_no_answer_depends_on_it(www, web, zone, make_pool, fra):
    set_pool_members(web, [])
    spare = make_pool("spare", fra)
    save_policy(www, pools=[web, spare])
    bind(www, zone, "www")
    set_pool_members(web, [])
    with pytest.raises(ValidationError) as caught:
        set_pool_members(spare, [])
    assert refused(caught) == {
        "members": ["Policy www answers www A of demo.test. and would have no endpoint: unbind it first."]
    }
    assert members(spare)
    with pytest.raises(ValidationError, match="no endpoint"):
        save_policy(www, pools=[web])


def test_an_endpoint_in_a_pool_cannot_be_deleted(web, fra):
    with pytest.raises(ProtectedError):
        fra.delete()
    assert PoolMember.objects.filter(endpoint=fra).exists()

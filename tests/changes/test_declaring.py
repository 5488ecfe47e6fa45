"""Files that say how things are to be, of owners who share one installation."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import Team
from changes.claim_models import Claim
from changes.claims import follow
from changes.declaring import declare, try_declaration
from changes.models import Change
from changes.services import publish
from regions.models import Endpoint, Region
from steering.models import Pool

SHOP = {
    "regions": [{"name": "us", "latitude": 40.0, "longitude": -74.0}],
    "endpoints": [{"name": "nyc-1", "region": "us", "ipv4": "192.0.2.50"}],
    "pools": [{"name": "shop", "members": [{"endpoint": "nyc-1"}]}],
    "policies": [{"name": "shop", "pools": ["shop"], "steps": [{"kind": "healthy"}]}],
    "zones": [
        {
            "origin": "shop.test",
            "nameservers": ["ns1"],
            "rrsets": [
                {"name": "www", "type": "a", "policy": "shop"},
                {"name": "Mail.shop.test.", "type": "A", "ttl": 300, "records": ["192.0.2.25"]},
            ],
        }
    ],
}


@pytest.fixture
def applied(ops, ada):
    """Declares and publishes, and returns what was said."""

    def apply(owner, documents, **said):
        declared = declare(ops, ada, owner, documents, timezone.now(), **said)
        if declared.change is not None:
            publish(declared.change, ada, timezone.now())
        return declared

    return apply


def refused(call):
    with pytest.raises(ValidationError) as caught:
        call()
    return caught.value.message_dict


def owned(team, owner):
    return {f"{claim.kind} {claim.key}" for claim in Claim.objects.filter(team=team, owner=owner)}


def test_everything_becomes_as_declared_and_the_same_again_changes_nothing(world, ops, ada, applied, answered):
    first = applied("shop", SHOP)
    assert {one.action for one in first.plan.objects if one.edited} == {"create"}
    assert answered("www.shop.test.") == ["192.0.2.50"]
    assert answered("mail.shop.test.") == ["192.0.2.25"]

    again = applied("shop", SHOP)
    assert (again.is_done, again.unchanged, again.change) == (True, 7, None)
    assert Change.objects.count() == 1


def test_a_trial_says_what_would_change_and_changes_nothing(world, ops):
    tried = try_declaration(ops, "shop", SHOP, timezone.now())

    assert not tried.is_done
    assert {one.kind for one in tried.plan.objects} >= set(SHOP)
    assert not Claim.objects.exists()
    assert not Region.objects.filter(name="us").exists()


def test_what_is_otherwise_by_now_is_set_right(world, ops, applied):
    applied("shop", SHOP)
    Endpoint.objects.filter(name="nyc-1").update(weight=9)

    declared = applied("shop", SHOP)
    [changed] = [one for one in declared.plan.objects if one.edited]
    assert [(one.field, one.before, one.after) for one in changed.differences] == [("weight", 9, None)]
    assert Endpoint.objects.get(name="nyc-1").weight is None


def test_what_is_declared_no_more_is_deleted_and_what_is_nobody_s_stays(world, ops, applied, answered):
    applied("shop", SHOP)
    assert answered("www.demo.test.") == ["192.0.2.1"]
    applied("shop", {"regions": SHOP["regions"]})

    assert owned(ops, "shop") == {"regions us"}
    assert not Endpoint.objects.filter(name="nyc-1").exists()
    assert answered("www.shop.test.") == []
    assert answered("www.demo.test.") == ["192.0.2.1"]


def test_two_owners_share_an_installation(world, ops, applied):
    applied("shop", SHOP)
    applied("blog", {"regions": [{"name": "asia", "latitude": 1, "longitude": 103}]})
    applied("shop", {})

    assert owned(ops, "blog") == {"regions asia"}
    assert Region.objects.filter(name="asia").exists()
    assert not Region.objects.filter(name="us").exists()


def test_nobody_declares_what_belongs_to_another_owner(world, ops, applied):
    applied("shop", SHOP)
    problem = refused(lambda: applied("blog", {"regions": [{"name": "us", "latitude": 1.0, "longitude": 1.0}]}))

    assert problem == {
        "regions us": ['It belongs to "shop": declare it there, or have that owner give it up.'],
    }
    assert Region.objects.get(name="us").latitude == 40.0


def test_what_is_there_is_only_adopted_where_that_is_asked_for(world, ops, applied):
    eu = {"name": "eu", "latitude": 51.0, "longitude": 8.7}
    assert list(refused(lambda: applied("shop", {"regions": [eu]}))) == ["regions eu"]

    declared = applied("shop", {"regions": [eu]}, adopt=True)
    assert declared.adopted == [("regions", "eu")]
    assert owned(ops, "shop") == {"regions eu"}
    assert Region.objects.get(name="eu").latitude == 51.0


def test_what_is_there_as_declared_is_the_owner_s_from_then_on(world, ops, applied):
    declared = applied("shop", {"regions": [{"name": "eu", "latitude": 50.1, "longitude": 8.7}]})
    assert declared.change is None
    assert owned(ops, "shop") == {"regions eu"}


def test_a_change_that_is_not_published_gives_nobody_anything(world, ops, ada):
    declare(ops, ada, "shop", SHOP, timezone.now())
    assert not Claim.objects.exists()


def test_every_document_that_cannot_be_taken_is_named(world, ops, ada):
    documents: dict[str, Any] = {
        "regions": [{"latitude": 1}, {"name": "x", "latitude": 91.0, "longitude": 0.0}],
        "moons": [],
        "zones": [{"origin": "a..b"}, {"origin": "ok.test.", "rrsets": [{"name": "x.elsewhere.", "type": "A"}, 3]}],
        "pools": [{"name": "p"}, {"name": "p"}],
    }
    problem = refused(lambda: declare(ops, ada, "shop", documents, timezone.now()))
    assert set(problem) == {"regions.0", "moons", "zones.0", "zones.1.rrsets.0", "zones.1.rrsets.1", "pools.1"}

    problem = refused(lambda: declare(ops, ada, "shop", {"regions": documents["regions"][1:]}, timezone.now()))
    assert list(problem) == ["regions x"]
    assert problem["regions x"][0].startswith("latitude: ")


@pytest.mark.parametrize("owner", ["", "Shop", "a b", "x" * 64])
def test_an_owner_has_a_name(world, ops, ada, owner):
    with pytest.raises(ValidationError):
        declare(ops, ada, owner, {}, timezone.now())


def test_teams_have_owners_of_their_own(world, ops, ada, applied):
    applied("shop", SHOP)
    rivals = Team.objects.create(name="rivals")
    declared = declare(rivals, ada, "shop", {}, timezone.now())
    assert declared.is_done
    assert owned(ops, "shop")


def test_a_check_that_needs_a_region_and_endpoints_comes_with_both(ops, applied):
    everything = {
        "regions": [{"name": "us", "latitude": 40.0, "longitude": -74.0}],
        "endpoints": [{"name": "nyc-1", "region": "us", "ipv4": "192.0.2.50", "checks": ["web"]}],
        "checks": [{"name": "web", "kind": "tcp", "vantages": ["us"], "endpoints": ["nyc-1"]}],
    }
    assert len(applied("shop", everything).plan.objects) == 3

    assert Endpoint.objects.get().checks.get().vantages.get().name == "us"
    assert applied("shop", everything).is_done


def test_a_claim_follows_an_object_that_is_renamed_by_hand(world, ops, ada, applied):
    applied("shop", SHOP)
    Endpoint.objects.filter(team=ops, name="nyc-1").update(name="newark")

    said = refused(lambda: applied("others", {"endpoints": [{"name": "newark", "region": "us", "ipv4": "192.0.2.51"}]}))

    assert 'It belongs to "shop"' in said["endpoints newark"][0]
    assert "endpoints newark" in owned(ops, "shop")
    assert "endpoints nyc-1" not in owned(ops, "shop")
    applied("shop", SHOP)
    assert list(Endpoint.objects.filter(team=ops, name__in=["nyc-1", "newark"]).values_list("name", flat=True)) == [
        "nyc-1"
    ]


def test_claims_of_objects_that_exchange_their_names_are_exchanged(world, ops, applied):
    applied("shop", {"pools": [{"name": "one", "members": []}]})
    applied("desk", {"pools": [{"name": "two", "members": []}]})
    for before, after in (("one", "spare"), ("two", "one"), ("spare", "two")):
        Pool.objects.filter(team=ops, name=before).update(name=after)

    follow(ops)

    assert (owned(ops, "shop"), owned(ops, "desk")) == ({"pools two"}, {"pools one"})


def test_a_claim_on_what_is_gone_gives_way_to_that_on_what_has_its_name_now(world, ops, applied):
    applied("shop", {"pools": [{"name": "one", "members": []}]})
    applied("desk", {"pools": [{"name": "two", "members": []}]})
    Pool.objects.filter(team=ops, name="one").delete()
    Pool.objects.filter(team=ops, name="two").update(name="one")

    follow(ops)

    assert (owned(ops, "shop"), owned(ops, "desk")) == (set(), {"pools one"})


def test_a_claim_of_a_release_that_kept_names_alone_follows_too(world, ops, applied):
    applied("shop", {"pools": [{"name": "one", "members": []}]})
    Claim.objects.update(row=None)
    follow(ops)
    Pool.objects.filter(team=ops, name="one").update(name="two")

    follow(ops)

    assert owned(ops, "shop") == {"pools two"}

"""The policy's form says whom the policy as it is typed would move."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import Team
from regions.models import Endpoint
from snapshots.services import publish
from steering.models import Policy, Pool
from steering.services import Member, bind, save_policy, set_pool_members
from zones.services import create_zone


@pytest.fixture
def ops(transactional_db):
    return Team.objects.create(name="ops")


@pytest.fixture
def www(ops, eu):
    """Answered by fra-9, while iad-9 stands by."""
    for name, address in [("fra-9", "192.0.2.9"), ("iad-9", "192.0.2.10")]:
        endpoint = Endpoint.objects.create(team=ops, name=name, region=eu, ipv4=address)
        set_pool_members(Pool.objects.create(team=ops, name=f"{name[:3]}-pool"), [Member(endpoint)])
    policy = save_policy(Policy(team=ops, name="www"), pools=[Pool.objects.get(name="fra-pool")], steps=[])
    bind(policy, create_zone(ops, "example.test."), "www", types=("A",))
    publish(timezone.now())
    return policy


TYPED = {"name": "www", "ttl_s": "30", "ttl_min_s": "5", "ecs": "always"}


def simulated(browser, policy, typed):
    return browser.post(f"/policies/{policy.pk}/simulate/", TYPED | typed)


def test_a_simulation_shows_what_would_move_and_saves_nothing(adas_browser, www):
    page = simulated(adas_browser, www, {"pools-0-pool": "iad-pool"})
    assert page.status_code == 200
    assert page.context["report"]["moves"] == [{"from": "fra-9", "to": "iad-9", "share": pytest.approx(1)}]
    assert "of the clients of www.example.test. would move" in page.content.decode()
    assert [pool.name for pool in www.pools.all()] == ["fra-pool"]


def test_a_form_with_mistakes_is_not_simulated(adas_browser, www):
    page = simulated(adas_browser, www, {"pools-0-pool": "iad-pool", "steps-0-kind": "first", "steps-0-count": "99"})
    assert "The form has mistakes" in page.content.decode()


def test_what_cannot_be_simulated_says_why(adas_browser, www):
    www.bindings.all().delete()
    page = simulated(adas_browser, www, {"pools-0-pool": "iad-pool"})
    assert "answers no name" in page.content.decode()


def test_others_policies_cannot_be_simulated(bobs_browser, www):
    assert simulated(bobs_browser, www, {"pools-0-pool": "iad-pool"}).status_code == 404


def test_without_a_latency_map_it_says_so_and_shows_no_zeros(adas_browser, www):
    page = simulated(adas_browser, www, {"pools-0-pool": "iad-pool"}).content.decode()
    assert "nothing was measured, so there is no latency map" in page
    assert "0.0 ms" not in page


def test_it_shows_where_the_clients_of_each_endpoint_go(adas_browser, www):
    page = simulated(adas_browser, www, {"pools-0-pool": "iad-pool"})
    [flow] = page.context["flows"]
    assert (flow.source, [(part.target, part.start, part.share) for part in flow.parts]) == (
        "fra-9",
        [("iad-9", 0, pytest.approx(1))],
    )
    assert "Nobody would lose an answer" in page.content.decode()


def test_who_would_lose_an_answer_is_told_first(adas_browser, www):
    fence = {
        "pools-0-pool": "fra-pool", "steps-0-kind": "fence", "steps-0-deny": "country:US",
        "steps-0-if_empty": "refuse",
    }  # fmt: skip
    page = simulated(adas_browser, www, fence)
    assert page.context["report"]["losers"][0]["country"] == "US"
    assert "of the queries would lose their answer" in page.content.decode()


def test_what_is_typed_is_tried_in_the_shadow_until_it_is_stopped(adas_browser, www):
    page = adas_browser.post(f"/policies/{www.pk}/shadow/", TYPED | {"pools-0-pool": "iad-pool"})
    assert "tried on 1 % of the clients" in page.content.decode()
    shown = adas_browser.get(f"/policies/{www.pk}/")
    assert shown.context["shadow"]["pools"] == ["iad-pool"]
    assert "It was tried on no answer yet" in shown.content.decode()
    assert [pool.name for pool in www.pools.all()] == ["fra-pool"]

    adas_browser.post(f"/policies/{www.pk}/shadow/stop/")
    assert adas_browser.get(f"/policies/{www.pk}/").context["shadow"] is None


def test_a_shadow_that_cannot_be_says_why(adas_browser, www):
    www.bindings.all().delete()
    page = adas_browser.post(f"/policies/{www.pk}/shadow/", TYPED | {"pools-0-pool": "iad-pool"})
    assert "answers no name" in page.content.decode()


@pytest.mark.parametrize("path", ["shadow/", "shadow/stop/"])
def test_others_policies_have_no_shadow_to_start_or_stop(bobs_browser, www, path):
    assert bobs_browser.post(f"/policies/{www.pk}/{path}", TYPED).status_code == 404

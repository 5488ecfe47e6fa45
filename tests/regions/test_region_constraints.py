"""Each constraint of the tables once, past the forms: whoever writes rows is held to them."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from accounts.models import Team
from regions.models import EdgeNode, Endpoint, Region, Site


@pytest.fixture
def eu(db):
    return Region.objects.create(team=Team.objects.create(name="ops"), name="eu", latitude=50.1, longitude=8.7)


def endpoint(eu, **columns):
    defaults = {"team": eu.team, "name": "fra-1", "region": eu, "ipv4": "192.0.2.1"}
    return Endpoint(**(defaults | columns))


@pytest.mark.parametrize("model", [Region, Site])
@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"latitude": 90.1}, "latitude_in_range"),
        ({"latitude": -90.1}, "latitude_in_range"),
        ({"longitude": 180.1}, "longitude_in_range"),
        ({"longitude": -180.1}, "longitude_in_range"),
        ({"name": "EU"}, "name_valid"),
        ({"name": "-eu"}, "name_valid"),
        ({"name": ""}, "name_valid"),
    ],
)
def test_the_database_refuses_a_place_that_is_none(eu, model, columns, constraint):
    place = {"team": eu.team, "name": "us", "latitude": 0, "longitude": 0}
    with pytest.raises(IntegrityError, match=f"{model.__name__.lower()}_{constraint}"):
        model.objects.create(**(place | columns))


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"ipv4": None}, "endpoint_addresses_or_hostname"),
        ({"hostname": "www.example.net."}, "endpoint_addresses_or_hostname"),
        ({"ipv4": None, "hostname": "www.example.net"}, "endpoint_hostname_valid"),
        ({"ipv4": None, "hostname": "WWW.example.net."}, "endpoint_hostname_valid"),
        ({"port": 0}, "endpoint_port_in_range"),
        ({"port": 65536}, "endpoint_port_in_range"),
        ({"weight": -1}, "regions_endpoint_weight_check"),
        ({"priority": -1}, "regions_endpoint_priority_check"),
        ({"capacity": -1}, "regions_endpoint_capacity_check"),
        ({"bias": 100}, "endpoint_bias_in_range"),
        ({"bias": -100}, "endpoint_bias_in_range"),
        ({"cost": -0.5}, "endpoint_cost_in_range"),
        ({"cost": float("nan")}, "endpoint_cost_in_range"),
        ({"admin_state": "asleep"}, "endpoint_admin_state_known"),
        ({"labels": ["gpu"]}, "endpoint_labels_object"),
        ({"labels": {"tier": 1}}, "endpoint_labels_text"),
    ],
)
def test_the_database_refuses_an_endpoint_that_cannot_serve(eu, columns, constraint):
    with pytest.raises(IntegrityError, match=constraint):
        endpoint(eu, **columns).save()


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"ipv6": "2001:db8::1"},
        {"ipv4": None, "ipv6": "2001:db8::1"},
        {"ipv4": None, "hostname": "www.example.net."},
        {"labels": {"tier": "gpu", "rack": "12"}, "weight": 0, "priority": 0, "bias": -99, "capacity": 0},
    ],
)
def test_an_endpoint_has_addresses_or_a_host_name(eu, columns):
    candidate = endpoint(eu, **columns)
    candidate.full_clean()
    candidate.save()


def test_labels_that_are_no_texts_are_refused_with_an_example(eu):
    with pytest.raises(ValidationError, match="Values of labels are texts"):
        endpoint(eu, labels={"tier": {"gpu": "yes"}}).full_clean()


def test_names_are_unique_within_a_team(eu):
    endpoint(eu).save()
    other = Team.objects.create(name="others")
    endpoint(eu, team=other).save()
    with pytest.raises(IntegrityError, match="endpoint_name_per_team"):
        endpoint(eu).save()


def test_two_nodes_have_no_token_in_common(eu):
    site = Site.objects.create(team=eu.team, name="fra", latitude=50, longitude=8)
    EdgeNode.objects.create(team=eu.team, name="fra-1", site=site, token_digest="a")
    with pytest.raises(IntegrityError, match="token_digest"):
        EdgeNode.objects.create(team=eu.team, name="fra-2", site=site, token_digest="a")


def test_a_site_is_in_no_region_of_another_team(eu):
    site = Site(team=Team.objects.create(name="rivals"), name="fra", latitude=50, longitude=8, region=eu)
    with pytest.raises(ValidationError, match="another team"):
        site.full_clean()


def test_a_region_stays_while_a_site_says_it_is_there(eu):
    Site.objects.create(team=eu.team, name="fra", latitude=50, longitude=8, region=eu)
    with pytest.raises(IntegrityError):
        eu.delete()

"""Clients are networks from the door on, and only proxies that are trusted are believed about them."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.proxies import address_behind
from telemetry.rum.clients import ClientError, network_of, prefix_of

PROXIES = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("2001:db8:ff::/48")]


@given(st.ip_addresses())
def test_an_address_is_cut_to_its_network(address):
    if getattr(address, "ipv4_mapped", None):
        address = address.ipv4_mapped
    length = 24 if address.version == 4 else 48

    assert network_of(prefix_of(str(address))) == str(ipaddress.ip_network((address, length), strict=False))


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("203.0.113.0/24", "203.0.113.0/24"),
        ("2001:db8:1:2::7", "2001:db8:1::/48"),
        ("2001:DB8:1::/48", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
    ],
)
def test_a_client_is_an_address_or_its_prefix(client, network):
    assert network_of(prefix_of(client)) == network


@pytest.mark.parametrize(
    "client",
    [
        "",
        "203.0.113",
        "203.0.113.256",
        "0203.0.113.1",
        "203.0.113.0/25",
        "2001:db8::/24",
        "::1%eth0",
        "a.b",
        "1.2.3.4\0",
    ],
)
def test_what_is_no_client_is_refused_without_repeating_it(client):
    with pytest.raises(ClientError) as refusal:
        prefix_of(client)
    assert not client or client not in str(refusal.value)


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "192.0.2.66, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("2001:db8:ff::1", "198.51.100.1,10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "nonsense"),
        ("", "198.51.100.1", ""),
    ],
)
def test_a_client_is_what_the_last_trusted_proxy_says(peer, forwarded_for, client):
    assert address_behind(peer, forwarded_for, PROXIES) == client


def test_nobody_is_believed_unless_it_is_configured():
    assert address_behind("10.0.0.1", "198.51.100.1", []) == "10.0.0.1"

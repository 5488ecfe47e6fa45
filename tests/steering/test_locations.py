import pytest

from steering.locations import check_location, check_regional_location, country_codes


@pytest.mark.parametrize(
    "text",
    [
        "continent:EU",
        "country:DE",
        "subdivision:US-CA",
        "subdivision:GB-ENG",
        "asn:0",
        "asn:4294967295",
        "cidr:10.0.0.0/8",
        "cidr:0.0.0.0/0",
        "cidr:2001:db8::/32",
        "cidr:192.0.2.1/32",
    ],
)
def test_a_location_is_taken_as_it_is_written(text):
    assert check_location(text) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "write for example country:DE"),
        ("DE", "write for example country:DE"),
        ("city:Berlin", "it is continent, country, subdivision, asn, cidr"),
        ("continent:eu", "it is one of AF, AN, AS, EU, NA, OC, SA"),
        ("country:XX", 'Unknown country "XX"'),
        ("country:de", 'Unknown country "de"'),
        ("subdivision:CA", "write for example US-CA"),
        ("subdivision:XX-CA", "write for example US-CA"),
        ("subdivision:US-california", "write for example US-CA"),
        ("asn:AS3320", "write for example 3320"),
        ("asn:-1", "write for example 3320"),
        ("asn:4294967296", "write for example 3320"),
        ("cidr:10.0.0.0", "write for example 10.0.0.0/8"),
        ("cidr:10.0.0.0/33", "write for example 10.0.0.0/8"),
        ("cidr:10.0.0.0/255.0.0.0", "write for example 10.0.0.0/8"),
        ("cidr:fe80::%1/64", "write for example 10.0.0.0/8"),
        ("cidr:10.1.0.0/8", "write 10.0.0.0/8"),
    ],
)
def test_a_malformed_location_is_refused_with_what_to_write(text, message):
    with pytest.raises(ValueError, match=message):
        check_location(text)


@pytest.mark.parametrize("text", ["asn:3320", "cidr:10.0.0.0/8"])
def test_a_network_is_no_place(text):
    with pytest.raises(ValueError, match="use a fence"):
        check_regional_location(text)


def test_countries_are_those_the_responder_knows():
    assert {"DE", "US", "SG"} <= country_codes()

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zones.names import (
    InvalidNameError,
    absolute_text,
    origin_name,
    parse_absolute,
    parse_origin,
    parse_owner,
    relative_text,
)

ORIGIN = "demo.test."

labels = st.lists(st.binary(min_size=1, max_size=10).map(bytes.lower), max_size=4)


@given(labels)
def test_a_stored_owner_reads_as_the_name_it_was_made_of(owner):
    name = dns.name.Name([*owner, *origin_name(ORIGIN).labels])
    assert dns.name.from_text(relative_text(name, origin_name(ORIGIN)), origin_name(ORIGIN)) == name


@given(labels)
def test_an_owner_has_one_spelling(owner):
    text = relative_text(dns.name.Name([*owner, *origin_name(ORIGIN).labels]), origin_name(ORIGIN))
    assert parse_owner(text, ORIGIN) == text
    assert parse_owner(parse_absolute(text, ORIGIN), ORIGIN) == text


@given(labels)
def test_a_dot_in_a_stored_name_separates_labels(owner):
    text = absolute_text(dns.name.Name([*owner, b""]))
    assert text.count(".") == max(len(owner), 1)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("www", "www"),
        ("WWW.Demo.Test.", "www"),
        ("@", "@"),
        ("", "@"),
        ("demo.test.", "@"),
        ("*.dev", "*.dev"),
        ("_sip._tcp", "_sip._tcp"),
        (r"a\.b", r"a\046b"),
        (r"\065", "a"),
        (r"\@", r"\064"),
        ("a b", r"a\032b"),
    ],
)
def test_owners_are_stored_relative_and_in_lower_case(written, stored):
    assert parse_owner(written, ORIGIN) == stored


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("www.other.test.", "outside the zone"),
        ("test.", "outside the zone"),
        ("a..b", "label is empty"),
        ("a" * 64, "63 octets"),
        (".".join(["a" * 60] * 5), "255 octets"),
        ("bücher", "xn--"),
        (r"a\25", "not a domain name"),
    ],
)
def test_what_is_no_owner_is_refused_with_the_reason(written, message):
    with pytest.raises(InvalidNameError, match=message):
        parse_owner(written, ORIGIN)


def test_a_name_too_long_for_its_column_is_refused():
    with pytest.raises(InvalidNameError, match="254 characters"):
        parse_owner(r"\001" * 60 + "." + r"\001" * 60, ORIGIN)


def test_an_origin_may_lack_its_final_dot():
    assert parse_origin("Example.COM") == "example.com."
    assert parse_origin(".") == "."

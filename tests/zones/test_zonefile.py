import dns.zone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zones.contents import Records
from zones.names import origin_name
from zones.rdata import parse_rdata
from zones.zonefile import ZoneFileError, parse_zone_file, print_zone_file

ORIGIN = "demo.test."
APEX = "$TTL 300\n@ IN SOA ns1 hostmaster 1 7200 3600 1209600 300\n@ IN NS ns1\n"


def records(type_, ttl_s, *texts):
    return Records.of(ttl_s, [parse_rdata(type_, text, origin_name(ORIGIN)) for text in texts])


def parsed(text, steered=()):
    return parse_zone_file(APEX + text, ORIGIN, steered)


def refused(text, steered=()):
    """Line, counted from the one behind the apex, and reason."""
    with pytest.raises(ZoneFileError) as caught:
        parsed(text, steered)
    return caught.value.line - APEX.count("\n"), caught.value.reason


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("www 60 IN A 192.0.2.1", ("www", "A"), records("A", 60, "192.0.2.1")),
        ("www IN 60 A 192.0.2.1", ("www", "A"), records("A", 60, "192.0.2.1")),
        ("www A 192.0.2.1", ("www", "A"), records("A", 300, "192.0.2.1")),
        ("www 1h30m a 192.0.2.1 ; why", ("www", "A"), records("A", 5400, "192.0.2.1")),
        ("WWW.Demo.Test. A 192.0.2.1", ("www", "A"), records("A", 300, "192.0.2.1")),
        ("www A 192.0.2.1\n    A 192.0.2.2\n\tA 192.0.2.1", ("www", "A"), records("A", 300, "192.0.2.1", "192.0.2.2")),
        ("$ORIGIN dev\nwww A 192.0.2.1", ("www.dev", "A"), records("A", 300, "192.0.2.1")),
        ("$ORIGIN dev.demo.test.\n@ MX 10 mail", ("dev", "MX"), records("MX", 300, "10 mail.dev")),
        ("$TTL 5\nwww A 192.0.2.1", ("www", "A"), records("A", 5, "192.0.2.1")),
        ('txt TXT ( "a;b (c" ; why\n   d )', ("txt", "TXT"), records("TXT", 300, '"a;b (c" d')),
        ("txt TXT (\n\n one\n) two", ("txt", "TXT"), records("TXT", 300, "one two")),
        (r'txt TXT "say \"hi\"" a\;b', ("txt", "TXT"), records("TXT", 300, r'"say \"hi\"" "a;b"')),
        ('svc HTTPS 1 . alpn="h2,h3"', ("svc", "HTTPS"), records("HTTPS", 300, "1 . alpn=h2,h3")),
        (r"odd TYPE1234 \# 4 0A000001", ("odd", "TYPE1234"), records("TYPE1234", 300, r"\# 4 0A000001")),
        ("@ ALIAS target.example.net.", ("@", "ALIAS"), records("ALIAS", 300, "target.example.net.")),
        ("ns1.sub A 192.0.2.1\nsub NS ns1.sub", ("ns1.sub", "A"), records("A", 300, "192.0.2.1")),
        ("a 60 A 192.0.2.1\na 30 A 192.0.2.2", ("a", "A"), records("A", 30, "192.0.2.1", "192.0.2.2")),
    ],
)
def test_master_files_read_as_rfc_1035_says(text, key, expected):
    assert parsed(text)[key] == expected


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_may_end_as_on_any_system(newline):
    text = newline.join(["", "www A 192.0.2.1 ; why", '    TXT "a" ( b', " c )", ""])
    assert parsed(text)[("www", "TXT")] == records("TXT", 300, '"a" b c')


def test_without_ttl_directive_the_last_stated_one_counts_and_before_it_the_soas_minimum():
    text = "@ SOA ns1 hostmaster 1 2 3 4 77\n@ NS ns1\nwww 60 A 192.0.2.1\n    TXT a\n"
    zone = parse_zone_file(text, ORIGIN)
    assert {key: zone[key].ttl_s for key in zone} == {
        ("@", "SOA"): 77, ("@", "NS"): 77, ("www", "A"): 60, ("www", "TXT"): 60,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("www A 192.0.2.1\nwww A 192.0.2.999", 2, "not A data"),
        ("txt TXT (\n a\n b\n)\nwww A 192.0.2", 5, "not A data"),
        ("www NOPE 192.0.2.1", 1, 'unknown type "NOPE"'),
        ("www 60 IN", 1, "no type"),
        ("www CH A 192.0.2.1", 1, "class CH"),
        ("www 3000000000 A 192.0.2.1", 1, "at most 2147483647"),
        ("www 5x A 192.0.2.1", 1, '"5x" is not a TTL'),
        ("www.other.test. A 192.0.2.1", 1, "outside the zone"),
        ("$ORIGIN other.test.\nwww A 192.0.2.1", 2, "outside the zone"),
        ("$INCLUDE more.zone", 1, "INCLUDE is not taken"),
        ("$GENERATE 1-9 h$ A 192.0.2.$", 1, "GENERATE is not taken"),
        ("$TTL", 1, "takes one argument"),
        ("$TTL never", 1, "not a TTL"),
        ("blog CNAME www\nblog A 192.0.2.1", 2, "blog has A, CNAME"),
        ("blog TXT a\nblog CNAME www", 2, "blog has CNAME, TXT"),
        ("blog CNAME www\nblog CNAME api", 2, "2 CNAME records of blog"),
        ("sub DNAME a.test.\nsub DNAME b.test.", 2, "2 DNAME records"),
        ("@ CNAME www", 1, "use ALIAS"),
        ("@ SOA ns2 hostmaster 1 2 3 4 5", 1, "2 SOA records"),
        ("www SOA ns2 hostmaster 1 2 3 4 5", 1, "at the apex"),
        ("txt TXT (\n a", 1, "never closed"),
        ("txt TXT ( a ( b ) )", 1, "do not nest"),
        ("txt TXT a )", 1, "without an opening"),
        ('txt TXT "open', 1, "does not end on its line"),
        ("txt TXT a\\", 1, "backslash"),
    ],
)
def test_an_error_names_line_and_reason(text, line, reason):
    found_line, found_reason = refused(text)
    assert found_line == line
    assert reason in found_reason


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "no SOA record at its apex"),
        ("@ 60 NS ns1\n\n; end\n", 3, "no SOA record at its apex"),
        ("@ 60 SOA ns1 h 1 2 3 4 5\n", 1, "no NS record at its apex"),
        ("    60 NS ns1\n", 1, "needs an owner"),
        ("@ NS ns1\n", 1, "begin the file with $TTL"),
    ],
)
def test_a_file_without_apex_owner_or_ttl_is_refused(text, line, reason):
    with pytest.raises(ZoneFileError) as caught:
        parse_zone_file(text, ORIGIN)
    assert (caught.value.line, reason in caught.value.reason) == (line, True)


@pytest.mark.parametrize("text", ["www A 192.0.2.1", "www CNAME api"])
def test_a_record_in_the_place_of_a_policys_is_refused(text):
    line, reason = refused("ns1 A 192.0.2.53\n" + text, steered=[("www", "A")])
    assert line == 2
    assert "policy" in reason or "stands alone" in reason


def test_a_record_set_that_no_message_holds_is_refused():
    text = "".join(f'big TXT "{number:0250}"\n' for number in range(300))
    assert "no DNS message holds so much" in refused(text)[1]


OWNERS = st.sampled_from(["@", "www", "api", "*.dev", "a.b.c", r"odd\046\032name", "_sip._tcp"])
DATA = st.one_of(
    st.tuples(st.just("A"), st.ip_addresses(v=4).map(str)),
    st.tuples(st.just("AAAA"), st.ip_addresses(v=6).map(str)),
    st.tuples(st.just("MX"), st.integers(0, 65535).map(lambda preference: f"{preference} mail")),
    st.tuples(st.just("TYPE1234"), st.binary(max_size=20).map(lambda octets: rf"\# {len(octets)} {octets.hex()}")),
    st.tuples(
        st.just("TXT"),
        st.binary(min_size=1, max_size=40).map(lambda octets: '"' + "".join(f"\\{octet:03}" for octet in octets) + '"'),
    ),
    st.tuples(st.just("SRV"), st.sampled_from(["1 2 3 sip", "0 0 0 .", "1 1 1 other.test."])),
)
LINES = st.lists(st.tuples(OWNERS, st.integers(0, 2**31 - 1), DATA), max_size=12)


@given(LINES)
def test_printing_and_reading_a_zone_gives_the_same_zone(lines):
    zone = parsed("".join(f"{owner} {ttl_s} {type_} {data}\n" for owner, ttl_s, (type_, data) in lines))
    printed = print_zone_file(ORIGIN, zone, [(("steered", "A"), 30)])
    assert parse_zone_file(printed, ORIGIN) == zone
    assert print_zone_file(ORIGIN, zone, [(("steered", "A"), 30)]) == printed


@given(LINES)
def test_a_zone_reads_as_dnspython_reads_it(lines):
    text = APEX + "".join(f"{owner} {ttl_s} {type_} {data}\n" for owner, ttl_s, (type_, data) in lines)
    theirs = dns.zone.from_text(text, origin=ORIGIN, relativize=False)
    ours = dns.zone.from_text(print_zone_file(ORIGIN, parse_zone_file(text, ORIGIN)), origin=ORIGIN, relativize=False)
    assert ours == theirs

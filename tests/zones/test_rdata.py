import dns.name
import dns.rdata
import pytest

from zones.rdata import COMMON_TYPES, RdataError, UnknownTypeError, canonical_type, parse_rdata, soa_serial
from zones.rdata import with_soa_serial as renumbered

ORIGIN = dns.name.from_text("demo.test.")

EXAMPLES = {
    "A": ("192.0.2.1", "192.0.2.1"),
    "AAAA": ("2001:DB8:0::1", "2001:db8::1"),
    "ALIAS": ("Target.Example.Net.", "target.example.net."),
    "CAA": ('0 issue "ca.test; policy=ev"', '0 issue "ca.test; policy=ev"'),
    "CNAME": ("WWW", "www.demo.test."),
    "DNAME": ("other.test.", "other.test."),
    "DS": ("60485 5 1 2bb183af5f22588179a53b0a 98631fad1a292118", "60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118"),
    "HTTPS": ("1 . alpn=h2,h3", '1 . alpn="h2,h3"'),
    "LOC": ("52 14 05.003 N 00 08 50 E 10m", "52 14 5.003 N 0 8 50.000 E 10.00m"),
    "MX": ("10 Mail", "10 mail.demo.test."),
    "NAPTR": ('100 10 "u" "sip+E2U" "!^.*$!sip:a@b!" .', '100 10 "u" "sip+E2U" "!^.*$!sip:a@b!" .'),
    "NS": ("@", "demo.test."),
    "PTR": ("host", "host.demo.test."),
    "SOA": ("ns1 hostmaster 7 1h 600 1w 300", "ns1.demo.test. hostmaster.demo.test. 7 3600 600 604800 300"),
    "SRV": ("10 60 5060 sip", "10 60 5060 sip.demo.test."),
    "SSHFP": ("1 1 aa549bfe898489c02d1715d97d79c57ba2fa76ab", "1 1 aa549bfe898489c02d1715d97d79c57ba2fa76ab"),
    "SVCB": ("1 svc port=8443", '1 svc.demo.test. port="8443"'),
    "TLSA": (
        "3 1 1 0d6fce3320315023ff499a3f3de1362e" + "00" * 16,
        "3 1 1 0d6fce3320315023ff499a3f3de1362e" + "00" * 16,
    ),
    "TXT": ('plain "two words" "semi;colon"', '"plain" "two words" "semi;colon"'),
}


def test_every_common_type_has_an_example_here():
    assert set(EXAMPLES) == set(COMMON_TYPES)


@pytest.mark.parametrize("type_", COMMON_TYPES)
def test_data_is_stored_as_canonical_text_and_wire(type_):
    written, stored = EXAMPLES[type_]
    rdata = parse_rdata(type_, written, ORIGIN)
    assert rdata.text == stored
    assert parse_rdata(type_, rdata.text, ORIGIN) == rdata


@pytest.mark.parametrize("type_", COMMON_TYPES)
def test_every_type_may_be_written_generically(type_):
    rdata = parse_rdata(type_, EXAMPLES[type_][0], ORIGIN)
    assert parse_rdata(type_, rf"\# {len(rdata.wire)} {rdata.wire.hex()}", ORIGIN) == rdata


@pytest.mark.parametrize("type_", ["HTTPS", "SVCB"])
def test_priority_0_is_alias_mode(type_):
    assert parse_rdata(type_, "0 Pool", ORIGIN).text == "0 Pool.demo.test."
    assert parse_rdata(type_, "0 .", ORIGIN).wire == b"\x00\x00\x00"


def test_parameters_are_stored_in_the_order_of_their_keys():
    written = parse_rdata("HTTPS", "1 . ipv4hint=192.0.2.1 port=443 alpn=h2", ORIGIN)
    assert written.text == '1 . alpn="h2" port="443" ipv4hint="192.0.2.1"'


def test_an_alias_is_one_name_on_the_wire():
    assert parse_rdata("ALIAS", "www", ORIGIN).wire == b"\x03www\x04demo\x04test\x00"


@pytest.mark.parametrize("type_", ["TYPE1234", "TYPE65535"])
def test_an_unknown_type_is_kept_by_its_number(type_):
    rdata = parse_rdata(canonical_type(type_), r"\# 4 0A000001", ORIGIN)
    assert rdata == (r"\# 4 0a000001", b"\x0a\x00\x00\x01")
    assert parse_rdata(type_, r"\# 0", ORIGIN) == (r"\# 0", b"")


def test_text_beyond_ascii_is_kept_as_its_octets():
    assert parse_rdata("TXT", '"é"', ORIGIN) == (r'"\195\169"', b"\x02\xc3\xa9")


@pytest.mark.parametrize(
    ("type_", "written", "message"),
    [
        ("A", "999.0.0.1", '"999.0.0.1" is not A data: write an IPv4 address'),
        ("A", "192.0.2.1 192.0.2.2", "write an IPv4 address"),
        ("A", "", "write an IPv4 address"),
        ("A", "10.1", "write an IPv4 address"),
        ("AAAA", "192.0.2.1", "write an IPv6 address"),
        ("MX", "mail", "write a preference and a name"),
        ("SRV", "10 60 sip", "write priority, weight, port and a name"),
        ("SOA", "ns1 hostmaster 1", "write two names and five numbers"),
        ("CNAME", "a..b", "label is empty"),
        ("CNAME", "bücher.test.", "xn--"),
        ("TXT", '"open', "not TXT data"),
        ("TXT", '"' + "a" * 256 + '"', "not TXT data"),
        ("TXT", "one\ntwo", "write each record by itself"),
        ("TYPE1234", "abc", "generic"),
        ("TYPE1234", r"\# 3 0A000001", "wrong length"),
        ("HTTPS", "1 . nonsense=1", "not HTTPS data"),
        ("HTTPS", "0 pool alpn=h2", "not HTTPS data"),
        ("SVCB", "1 svc mandatory=port", "not SVCB data"),
        ("SVCB", "1 svc no-default-alpn", "not SVCB data"),
    ],
)
def test_malformed_data_is_refused_with_what_to_write(type_, written, message):
    with pytest.raises(RdataError, match=message):
        parse_rdata(type_, written, ORIGIN)


@pytest.mark.parametrize(
    ("written", "stored"),
    [("a", "A"), ("TYPE28", "AAAA"), ("TYPE65401", "ALIAS"), ("type1234", "TYPE1234"), ("hinfo", "HINFO")],
)
def test_a_type_has_one_spelling(written, stored):
    assert canonical_type(written) == stored


@pytest.mark.parametrize("written", ["FOO", "", "TYPE0", "TYPE65536", "ANY", "AXFR", "OPT", "TSIG", "TYPE255"])
def test_types_that_no_zone_holds_are_refused(written):
    with pytest.raises(UnknownTypeError):
        canonical_type(written)


def test_a_soa_record_takes_another_serial_in_text_and_wire():
    soa = parse_rdata("SOA", r"ns1 first\.last\032x 7 1 2 3 4", ORIGIN)
    assert soa_serial(soa.wire) == 7
    assert renumbered(soa, 2**32 - 1) == parse_rdata("SOA", r"ns1 first\.last\032x 4294967295 1 2 3 4", ORIGIN)

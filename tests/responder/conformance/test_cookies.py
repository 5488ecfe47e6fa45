"""DNS cookies: RFC 7873, and server cookies that all edges agree on (RFC 9018)."""

import dns.edns
import dns.message
import dns.rcode
import pytest

from responder import Health, Settings
from tests.responder.conftest import OpenDoor
from tests.responder.doors import Door, RespondDoor
from tests.responder.queries import answer_to, header_of, opt, option, query_with, query_with_opt, subnet_option
from tests.worlds import World, world_of

COOKIE = dns.edns.OptionType.COOKIE
#: RFC 9018 appendix A
SECRET = bytes.fromhex("e5e973e5a6b2a43f48e7dc849e37bfcf")
CLIENT = bytes.fromhex("2464c4abcf10c957")
SERVER = bytes.fromhex("010000005cf79f111f8130c3eee29480")
ADDRESS, MADE_S = "198.51.100.100", 1559731985
OLD_SECRET = bytes.fromhex("dd3bdf9344b678b185a6f5cb60fca715")
NEW_SECRET = bytes.fromhex("445536bcd2513298075a5d379663c962")


def world() -> World:
    return world_of("z.test.", "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nwww 60 A 192.0.2.1")


def door_at(now_s: int, *secrets: bytes, source: str = ADDRESS) -> RespondDoor:
    settings = Settings(cookie_secrets=secrets or [SECRET])
    return RespondDoor(world().open(), Health(), settings, source, now_s)


@pytest.fixture
def door(open_door: OpenDoor) -> Door:
    return open_door(world(), None, Settings(cookie_secrets=[SECRET]))


def query(cookie: bytes) -> bytes:
    return query_with_opt(opt(options=option(COOKIE, cookie)))


def query_without_question(cookie: bytes) -> bytes:
    return query_with(counts=(0, 0, 0, 1), body=opt(options=option(COOKIE, cookie)))


def cookies(answer: dns.message.Message) -> list[bytes]:
    return [said.to_wire() or b"" for said in answer.options if said.otype == COOKIE]


def cookie(answer: dns.message.Message) -> bytes:
    (only,) = cookies(answer)
    return only


class TestLearning:
    @pytest.mark.parametrize("tcp", [False, True])
    def test_a_client_cookie_is_answered_with_a_server_cookie(self, door: Door, tcp: bool) -> None:
        answer = answer_to(door, query(CLIENT), tcp=tcp)
        assert (answer.rcode(), len(answer.answer)) == (dns.rcode.NOERROR, 1)
        assert cookie(answer)[:12] == CLIENT + b"\1\0\0\0"
        assert len(cookie(answer)) == 24

    def test_its_octets_are_those_of_the_rfc(self) -> None:
        """RFC 9018 appendix A.1."""
        assert cookie(answer_to(door_at(MADE_S), query(CLIENT))) == CLIENT + SERVER

    def test_it_is_renewed_when_half_an_hour_old(self) -> None:
        """RFC 9018 section 4.3 and appendix A.2."""
        assert cookie(answer_to(door_at(MADE_S + 1800), query(CLIENT + SERVER))) == CLIENT + SERVER
        renewed = bytes.fromhex("010000005cf7a871d4a564a1442aca77")
        assert cookie(answer_to(door_at(MADE_S + 2400), query(CLIENT + SERVER))) == CLIENT + renewed

    def test_every_edge_with_the_secret_makes_the_same(self) -> None:
        answers = [answer_to(door_at(MADE_S), query(CLIENT)) for _ in range(2)]
        assert cookie(answers[0]) == cookie(answers[1])

    def test_a_refusal_carries_one_too(self, door: Door) -> None:
        asked = b"\7example\3net\0\0\1\0\1"
        answer = answer_to(door, query_with_opt(opt(options=option(COOKIE, CLIENT)), asked=asked))
        assert answer.rcode() == dns.rcode.REFUSED
        assert len(cookie(answer)) == 24

    def test_who_sends_none_gets_none(self, door: Door) -> None:
        assert cookies(answer_to(door, query_with_opt(opt()))) == []
        assert answer_to(door, query_with()).edns == -1

    def test_of_several_the_first_counts(self, door: Door) -> None:
        """RFC 7873 section 5.2: "only the first (the one closest to the DNS header) is considered"."""
        both = option(COOKIE, CLIENT) + option(COOKIE, b"\7" * 8)
        answer = answer_to(door, query_with_opt(opt(options=both)))
        assert cookie(answer).startswith(CLIENT)

    def test_other_options_stand_beside_it(self, door: Door) -> None:
        options = subnet_option(1, 24, 0, b"\xcb\0\x71") + option(COOKIE, CLIENT)
        answer = answer_to(door, query_with_opt(opt(options=options)))
        assert {said.otype for said in answer.options} == {COOKIE, dns.edns.OptionType.ECS}

    def test_without_a_secret_the_option_is_unknown(self, open_door: OpenDoor) -> None:
        answer = answer_to(open_door(world()), query(CLIENT))
        assert (answer.rcode(), answer.options) == (dns.rcode.NOERROR, ())


class TestSecrets:
    def test_the_first_signs(self) -> None:
        both = cookie(answer_to(door_at(MADE_S, SECRET, OLD_SECRET), query(CLIENT)))
        assert both == CLIENT + SERVER

    def test_those_behind_it_still_verify_and_their_cookies_are_replaced(self) -> None:
        """RFC 9018 section 5 and appendix A.4."""
        client, source = bytes.fromhex("22681ab97d52c298"), "2001:db8:220:1:59de:d0f4:8769:82b8"
        old = bytes.fromhex("010000005cf7c57926556bd0934c72f8")
        door = door_at(1559741961, NEW_SECRET, OLD_SECRET, source=source)
        assert answer_to(door, query_without_question(client + old)).rcode() == dns.rcode.NOERROR
        answer = answer_to(door, query(client + old))
        assert cookie(answer) == client + bytes.fromhex("010000005cf7c609a6bb79d16625507a")

    def test_a_secret_that_was_removed_proves_nothing(self) -> None:
        door = door_at(MADE_S, NEW_SECRET, OLD_SECRET)
        assert answer_to(door, query_without_question(CLIENT + SERVER)).rcode() == dns.rcode.BADCOOKIE

    @pytest.mark.parametrize("length", [0, 15, 17, 32])
    def test_one_of_another_length_is_named(self, length: int) -> None:
        with pytest.raises(ValueError, match=f"cookie_secrets: {length} octets"):
            Settings(cookie_secrets=[SECRET, b"x" * length])


class TestMalformed:
    @pytest.mark.parametrize("length", [*range(8), *range(9, 16), 41, 64])
    def test_other_lengths_are_a_formerr(self, door: Door, length: int) -> None:
        """RFC 7873 section 5.2.2."""
        answer = answer_to(door, query(b"\1" * length))
        assert (answer.rcode(), answer.options, answer.edns) == (dns.rcode.FORMERR, (), 0)

    @pytest.mark.parametrize("length", [16, 20, 24, 40])
    def test_a_server_cookie_of_another_make_is_as_good_as_none(self, door: Door, length: int) -> None:
        """RFC 7873 section 5.2.4."""
        answer = answer_to(door, query(b"\2" * length))
        assert (answer.rcode(), len(answer.answer)) == (dns.rcode.NOERROR, 1)
        assert cookie(answer)[:9] == b"\2" * 8 + b"\1"

    def test_an_unknown_version_of_edns_says_nothing_of_cookies(self, door: Door) -> None:
        answer = answer_to(door, query_with_opt(opt(version=1, options=option(COOKIE, b"\1"))))
        assert (answer.rcode(), answer.options) == (dns.rcode.BADVERS, ())


class TestWithoutAQuestion:
    """RFC 7873 section 5.4."""

    def test_a_client_cookie_is_answered_with_a_server_cookie(self, door: Door) -> None:
        answer = answer_to(door, query_without_question(CLIENT))
        assert (answer.rcode(), answer.question, answer.answer) == (dns.rcode.NOERROR, [], [])
        assert len(cookie(answer)) == 24

    def test_a_right_server_cookie_is_confirmed(self, door: Door) -> None:
        made = cookie(answer_to(door, query_without_question(CLIENT)))
        answer = answer_to(door, query_without_question(made))
        assert (answer.rcode(), cookie(answer)) == (dns.rcode.NOERROR, made)

    def test_a_wrong_one_is_badcookie(self, door: Door) -> None:
        answer = answer_to(door, query_without_question(CLIENT + b"\1" * 16))
        assert answer.rcode() == dns.rcode.BADCOOKIE
        assert len(cookie(answer)) == 24

    def test_without_a_cookie_it_is_a_formerr(self, door: Door) -> None:
        assert answer_to(door, query_with(counts=(0, 0, 0, 1), body=opt())).rcode() == dns.rcode.FORMERR
        assert header_of(door.ask_raw(query_with(counts=(0, 0, 0, 0), body=b""))).flags & 0xF == dns.rcode.FORMERR

    def test_without_a_secret_it_is_a_formerr(self, open_door: OpenDoor) -> None:
        assert answer_to(open_door(world()), query_without_question(CLIENT)).rcode() == dns.rcode.FORMERR

    @pytest.mark.parametrize("length", [16, 24, 40])
    def test_a_wrong_one_of_any_length_is_badcookie(self, door: Door, length: int) -> None:
        answer = answer_to(door, query_without_question(CLIENT + b"\1" * (length - 8)))
        assert answer.rcode() == dns.rcode.BADCOOKIE

    @pytest.mark.parametrize(
        ("age_s", "rcode"),
        [
            (0, dns.rcode.NOERROR),
            (3600, dns.rcode.NOERROR),
            (3601, dns.rcode.BADCOOKIE),
            (-300, dns.rcode.NOERROR),
            (-301, dns.rcode.BADCOOKIE),
        ],
    )
    def test_a_server_cookie_holds_for_an_hour(self, age_s: int, rcode: int) -> None:
        """RFC 9018 section 4.3."""
        answer = answer_to(door_at(MADE_S + age_s), query_without_question(CLIENT + SERVER))
        assert answer.rcode() == rcode

    def test_it_holds_for_its_client_alone(self) -> None:
        door = door_at(MADE_S, source="198.51.100.101")
        assert answer_to(door, query_without_question(CLIENT + SERVER)).rcode() == dns.rcode.BADCOOKIE

"""Which beacons are believed: those that a token or a team vouches for, about its endpoints, in time, and possible."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.rum.choosing import Candidate, choose
from telemetry.rum.judging import AHEAD_S, LATE_S, Reason, judge_own, judge_signed
from telemetry.rum.token import LIFETIME_S, MAX_ENDPOINTS, MAX_TOKEN, Token, TokenError, read_token

NOW_S = 1_795_248_007.0
KEY, PREFIX, OTHER_PREFIX = b"a key", "203.0.113.0", "198.51.100.0"
FRA, IAD = 10, 11
OPS = 1
TOKEN = Token(int(NOW_S) + LIFETIME_S, b"8 octets", (FRA, IAD))
SIGNED = TOKEN.signed(KEY, PREFIX)


def signed(**changed):
    return {"token": SIGNED, "endpoint": FRA, "rtt_ms": 34.5, "age_ms": 20.0} | changed


def own(**changed):
    return {"id": "b-1", "client": PREFIX, "endpoint": "fra", "rtt_ms": 34.5, "measured_s": NOW_S} | changed


def judged_signed(*beacons, prefix=PREFIX, now_s=NOW_S):
    return judge_signed(beacons, KEY, prefix, now_s)


def judged_own(*beacons, team=OPS):
    return judge_own(beacons, team, {"fra": FRA}, NOW_S)


@pytest.mark.parametrize("endpoints", range(1, MAX_ENDPOINTS + 1))
def test_a_token_is_read_by_who_signed_it_for_the_network_it_was_given_to(endpoints):
    token = Token(int(NOW_S), bytes(range(8)), tuple(range(endpoints)))

    assert read_token(token.signed(KEY, PREFIX), KEY, PREFIX, NOW_S) == token


def test_the_longest_token_fits_what_is_taken():
    assert len(Token(2**32 - 1, b"8 octets", (2**31 - 1,) * MAX_ENDPOINTS).signed(KEY, PREFIX)) <= MAX_TOKEN


@pytest.mark.parametrize(
    ("text", "key", "prefix"),
    [
        (SIGNED, b"another key", PREFIX),
        (SIGNED, KEY, OTHER_PREFIX),
        (SIGNED[:-1], KEY, PREFIX),
        ("", KEY, PREFIX),
        ("AAAA", KEY, PREFIX),
        ("ü" * 40, KEY, PREFIX),
        ("!" * 40, KEY, PREFIX),
    ],
)
def test_a_token_that_was_not_signed_here_for_this_network_is_forged(text, key, prefix):
    with pytest.raises(TokenError) as refusal:
        read_token(text, key, prefix, NOW_S)
    assert refusal.value.reason == Reason.FORGED


@given(st.integers(0, 35), st.integers(1, 255))
def test_no_octet_of_a_token_can_be_changed(position, change):
    octets = bytearray(base64.urlsafe_b64decode(SIGNED + "=="))
    octets[position] ^= change
    with pytest.raises(TokenError):
        read_token(base64.urlsafe_b64encode(octets).decode(), KEY, PREFIX, NOW_S)


@given(st.text(max_size=MAX_TOKEN))
def test_any_text_is_a_token_or_a_refusal(text):
    assert not judged_signed(signed(token=text)).observations or text == SIGNED


def test_a_token_expires():
    assert judged_signed(signed(), now_s=NOW_S + LIFETIME_S).observations
    assert judged_signed(signed(), now_s=NOW_S + LIFETIME_S + 1).refused == {Reason.EXPIRED: 1}


def test_a_token_is_about_its_endpoints_only():
    assert judged_signed(signed(endpoint=12)).refused == {Reason.UNKNOWN_ENDPOINT: 1}


def test_a_beacon_counts_in_the_window_it_was_measured_in():
    (on_time, late) = judged_signed(signed(), signed(endpoint=IAD, age_ms=65_000.0)).observations

    assert (on_time.window_s, late.window_s) == (1_795_248_000, 1_795_247_940)
    assert (on_time.prefix, on_time.endpoint_id, on_time.rtt_ms) == (PREFIX, FRA, 34.5)


def test_what_a_token_tells_of_an_endpoint_is_one_beacon_whatever_else_is_varied():
    copies = judged_signed(signed(), signed(rtt_ms=1.0), signed(age_ms=60_000.0)).observations

    assert len({(copy.seen_s, copy.identity) for copy in copies}) == 1
    (other,) = judged_signed(signed(endpoint=IAD)).observations
    assert other.identity != copies[0].identity


@pytest.mark.parametrize("rtt_ms", [-1.0, 0.0, 0.04, 10_000.1, 1e300])
def test_an_impossible_round_trip_is_an_outlier(rtt_ms):
    assert judged_signed(signed(rtt_ms=rtt_ms)).refused == {Reason.OUTLIER: 1}
    assert judged_own(own(rtt_ms=rtt_ms)).refused == {Reason.OUTLIER: 1}


def test_an_application_tells_the_time_within_bounds():
    judged = judged_own(
        own(id="1", measured_s=NOW_S - LATE_S),
        own(id="2", measured_s=NOW_S - LATE_S - 1),
        own(id="3", measured_s=NOW_S + AHEAD_S),
        own(id="4", measured_s=NOW_S + AHEAD_S + 1),
        own(id="5", measured_s=-1e300),
    )

    assert len(judged.observations) == 2
    assert judged.refused == {Reason.LATE: 2, Reason.AHEAD: 1}
    assert [error["field"] for error in judged.errors] == ["1.measured_s", "3.measured_s", "4.measured_s"]


def test_an_age_that_no_token_lives_for_is_late():
    judged = judged_signed(signed(age_ms=1e300))

    assert (judged.refused, judged.errors[0]["field"]) == ({Reason.LATE: 1}, "0.age_ms")


def test_an_application_knows_the_endpoints_of_its_team():
    assert judged_own(own(endpoint="sin")).refused == {Reason.UNKNOWN_ENDPOINT: 1}


def test_ids_of_two_teams_are_apart():
    (ours,), (theirs,) = judged_own(own()).observations, judged_own(own(), team=2).observations

    assert ours.identity != theirs.identity


def test_only_the_first_errors_are_named():
    judged = judged_own(*[own(endpoint="sin")] * 50)

    assert (judged.refused, len(judged.errors)) == ({Reason.UNKNOWN_ENDPOINT: 50}, 20)


SIN = 12
ALL = [Candidate(FRA, "https://fra.test/"), Candidate(IAD, "https://iad.test/"), Candidate(SIN, "https://sin.test/")]


@pytest.mark.parametrize(
    ("served", "measurable", "chosen"),
    [
        ([IAD, FRA], ALL, {(IAD, FRA), (IAD, SIN)}),
        ([7, FRA], ALL, {(FRA, IAD), (FRA, SIN)}),
        ([], ALL[:2], {(FRA,), (IAD,)}),
        ([FRA], ALL[:1], {(FRA,)}),
        ([FRA], [], {()}),
    ],
)
def test_the_likely_best_is_measured_and_each_other_one_in_turn(served, measurable, chosen):
    drawn = {tuple(candidate.endpoint_id for candidate in choose(served, measurable, draw)) for draw in range(12)}

    assert drawn == chosen

"""Whatever turns come, a learner that goes on in memory and one that starts again between them are alike to the octet.

random turns ─┬─► goes on, foreseeing as the control worker does ─┐
              ├─► goes on, as replays do ─────────────────────────┼─► the same maps, deltas and states
              └─► put down and taken up again before some turns ──┘
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from hypothesis import event, given, settings
from hypothesis import strategies as st

from latency.capacity.moves import Moves
from latency.chooser import Policy
from latency.intake import Increments, Intake, Location, Newcomers, Places, country_code
from latency.keys import key_of
from latency.learner import Learner
from latency.parameters import read
from latency.table import encoded
from tests.latency.cast import NOON_S

PARIS, TOKYO, LIMA, OSLO = 3, 44, 300, 4000
PLACES = {PARIS: (48.9, 2.4), TOKYO: (35.7, 139.7), LIMA: (-12.0, -77.0), OSLO: (59.9, 10.8)}
CLIENTS = {
    key_of(f"198.51.{number}.0/24"): Location(64500 + number % 2, ("FR", "JP", None)[number % 3], *place)
    for number, place in enumerate([(45.8, 4.8), (35.0, 135.0), (None, None)] * 4)
} | {key_of("2001:db8:7::/48"): Location(None, "FR", 48.0, 2.0)}
POLICIES = [Policy(), read({"model": {"network": {"spread_ms": 9}, "strikes": 2}, "caution": 1.0})]
PLANS = [
    (),
    (("FR", 0, PARIS, TOKYO, 0.5), ("FR", 64500, PARIS, OSLO, 0.3), ("FR", 64500, PARIS, LIMA, 0.3)),
    (("FR", 64500, PARIS, LIMA, 1.0), ("JP", 0, TOKYO, LIMA, 0.5)),
]


class Turn(NamedTuple):
    """What happens in one turn. `late_s`: how old the measurements are; `is_restarted`: before it."""

    measured: list[tuple[int, int, float]]
    is_full: bool
    later_s: float
    late_s: int
    regions: list[int]
    plan: int
    policy: int
    is_restarted: bool


TURNS = st.lists(
    st.builds(
        Turn,
        st.lists(
            st.tuples(st.sampled_from(sorted(CLIENTS)), st.sampled_from(sorted(PLACES)), st.floats(1, 500)),
            max_size=12,
        ),
        st.booleans(),
        st.sampled_from([5.0, 700.0, 90_000.0, 400_000.0]),
        st.sampled_from([0, 0, 9000, 80_000]),
        st.sampled_from([[PARIS, TOKYO, LIMA, OSLO], [PARIS, TOKYO, LIMA, OSLO], [PARIS, TOKYO, OSLO], [LIMA]]),
        st.integers(0, len(PLANS) - 1),
        st.sampled_from([0, 0, 0, 1]),
        st.booleans(),
    ),
    min_size=2,
    max_size=9,
)


def places(regions: list[int]) -> Places:
    latitudes, longitudes = np.array([PLACES[region] for region in regions]).T
    return Places(np.array(regions), latitudes, longitudes)


def moves(lines: tuple[tuple[str, int, int, int, float], ...], regions: list[int]) -> Moves:
    if not lines:
        return Moves.none()
    countries, networks, preferred, targets, shares = map(np.array, zip(*lines, strict=True))
    codes = np.array([country_code(str(country)) for country in countries])
    return Moves(np.array(regions), codes, networks, preferred, targets, shares)


def intake(turn: Turn, known: Learner, now_s: float) -> Intake:
    """As latency.services makes it: full when regions or parameters are others than before."""
    window_s = int(now_s - turn.late_s) // 10 * 10
    measured = [each for each in turn.measured if each[1] in turn.regions]
    rows = [(window_s, key, 10 + region, region, 1, round(1000 * math.log(rtt_ms))) for key, region, rtt_ms in measured]
    keys = known.unknown(key for key, _region, _rtt_ms in measured)
    is_as_before = known.places.same_as(places(turn.regions)) and known.is_under(POLICIES[turn.policy])
    return Intake(
        now_s,
        turn.is_full or not is_as_before,
        places(turn.regions),
        Newcomers.at(keys, [CLIENTS[key] for key in keys]),
        Increments.from_rows(rows),
        moves(PLANS[turn.plan], turn.regions),
    )


def restarted(known: Learner, policy: Policy) -> Learner:
    return Learner.from_bytes(known.to_bytes(), policy)


@settings(deadline=None, max_examples=30)
@given(TURNS)
def test_whatever_comes_a_restart_changes_no_octet(turns):
    first = turns[0]
    going_on, replayed, interrupted = (Learner(places(first.regions), POLICIES[first.policy]) for _ in range(3))
    now_s, policy = NOON_S, POLICIES[first.policy]
    for number, turn in enumerate(turns, start=1):
        now_s += turn.later_s
        taken = intake(turn, going_on, now_s)
        if turn.is_restarted and number > 1:
            interrupted = restarted(interrupted, policy)
        policy = POLICIES[turn.policy]
        for each in (going_on, replayed, interrupted):
            each.adopt(policy)
        going_on.foresee_and_learn(taken)
        for each in (replayed, interrupted):
            each.learn(Intake.from_bytes(taken.to_bytes()))
        for base in (0, number):
            told = [encoded(each.message(number + 1, base)) for each in (going_on, replayed, interrupted)]
            assert told[0] == told[1] == told[2]
        event(f"clients: {min(len(going_on.first_regions()[0]), 3)}")
    assert going_on.to_bytes() == replayed.to_bytes() == interrupted.to_bytes()


@settings(deadline=None, max_examples=30)
@given(TURNS)
def test_deltas_upon_the_last_full_map_lead_to_the_order_of_each_client(turns):
    known = Learner(places(turns[0].regions), POLICIES[turns[0].policy])
    followed: dict[int, list[int]] = {}
    now_s = NOON_S
    for number, turn in enumerate(turns, start=1):
        now_s += turn.later_s
        taken = intake(turn, known, now_s)
        known.adopt(POLICIES[turn.policy])
        known.learn(taken)
        if taken.full or number == 1:
            followed = {}
        followed |= orders(known, 0 if taken.full or number == 1 else number)
        assert followed == orders(known, 0)


def orders(known: Learner, base: int) -> dict[int, list[int]]:
    """Where each client that is told of is served, the first region first."""
    cells = known.message(base + 1, base).cells
    keys = [*cells.ipv4.tolist(), *(cells.ipv6 | 1 << 48).tolist()]
    return dict(zip(keys, cells.order.tolist(), strict=True))


def test_a_plan_in_force_outlives_forgetting_and_the_end_of_its_target():
    first = Turn([(key, PARIS, 20.0) for key in CLIENTS], True, 0.0, 0, sorted(PLACES), 0, 0, False)
    known = Learner(places(first.regions), POLICIES[0])
    known.learn(intake(first, known, NOON_S))
    french = [key for key, location in CLIENTS.items() if location.country == "FR" and location.asn == 64500]
    known.learn(intake(first._replace(measured=[], is_full=False, plan=2), known, NOON_S + 5))
    sent = orders(known, 0)
    assert {sent[key][0] for key in french} == {first.regions.index(LIMA)}

    week_s = 7 * 86_400.0
    again = first._replace(measured=[(french[0], PARIS, 20.0)], plan=2)
    known.learn(intake(again, known, NOON_S + week_s + 60))
    assert orders(known, 0) == {french[0]: sent[french[0]]}

    without = again._replace(regions=[PARIS, TOKYO, OSLO])
    known.learn(intake(without, known, NOON_S + week_s + 65))
    assert orders(known, 0)[french[0]][0] == 0

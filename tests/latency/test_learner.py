"""Turns of measurements become maps, the same ones wherever learning goes on; what has changed is told, and no more."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latency.blobs import packed, unpacked
from latency.capacity.members import GroupKeys
from latency.capacity.moves import Moves
from latency.chooser import Policy
from latency.intake import Increments, Intake, Location, Newcomers, Places
from latency.keys import key_of, keys_of, network_of
from latency.learner import Learner
from latency.table import encoded
from telemetry.rum.clients import mapped
from tests.latency.cast import NOON_S
from tests.latency.map_reader import Row, decoded

PARIS, TOKYO, LIMA = 3, 5, 8
WORLD = Places(np.array([PARIS, TOKYO, LIMA]), np.array([48.9, 35.7, -12.0]), np.array([2.4, 139.7, -77.0]))
HOME, OFFICE, SHOP, NOWHERE = (
    key_of(network) for network in ("192.0.2.0/24", "198.51.100.0/24", "2001:db8:7::/48", "203.0.113.0/24")
)
LOCATIONS = {
    HOME: Location(64500, "FR", 45.8, 4.8),
    OFFICE: Location(64501, "JP", 35.0, 135.0),
    SHOP: Location(64500, "FR", 45.8, 4.8),
    NOWHERE: Location(64502, None, None, None),
}
Measured = tuple[int, int, float]
TURNS = st.lists(
    st.tuples(
        st.lists(st.tuples(st.sampled_from(sorted(LOCATIONS)), st.sampled_from(WORLD.ids.tolist()), st.floats(1, 500))),
        st.booleans(),
        st.sampled_from([5.0, 700.0, 400_000.0]),
        st.sampled_from([0, 9000]),
    ),
    min_size=2,
    max_size=6,
)


def learner() -> Learner:
    return Learner(WORLD, Policy())


def turn(
    known: Learner, *measured: Measured, at_s: float = NOON_S, full: bool = False, places=WORLD, late_s: float = 0
) -> Intake:
    """One measurement each of a client towards a region."""
    window_s = int(at_s - late_s) // 10 * 10
    keys = known.unknown(key for key, _region, _rtt_ms in measured)
    rows = [(window_s, key, 10 + region, region, 1, round(1000 * math.log(rtt_ms))) for key, region, rtt_ms in measured]
    newcomers = Newcomers.at(keys, [LOCATIONS[key] for key in keys])
    return Intake(at_s, full, places, newcomers, Increments.from_rows(rows))


def learn(known: Learner, *measured: Measured, **of_turn) -> None:
    known.learn(turn(known, *measured, **of_turn))


def full_map(known: Learner):
    return decoded(encoded(known.message(1, 0)))


@settings(deadline=None, max_examples=40)
@given(TURNS, st.integers(0, 5))
def test_a_restart_between_turns_changes_no_octet_of_any_map(turns, restart):
    lasting = restarted = learner()
    now_s = NOON_S
    for number, (measured, full, later_s, late_s) in enumerate(turns):
        now_s += later_s
        taken = turn(lasting, *measured, at_s=now_s, full=full, late_s=late_s)
        if number == restart:
            restarted = Learner.from_bytes(restarted.to_bytes(), Policy())
        for each in (lasting, restarted) if restarted is not lasting else (lasting,):
            each.learn(Intake.from_bytes(taken.to_bytes()))
        for base in (0, number):
            assert encoded(lasting.message(number + 1, base)) == encoded(restarted.message(number + 1, base))
    assert lasting.to_bytes() == restarted.to_bytes()


@settings(deadline=None, max_examples=20)
@given(TURNS)
def test_deltas_upon_a_full_map_hold_every_cell_as_it_was_last_told(turns):
    known, now_s, followed = learner(), NOON_S, dict[int, Row]()
    for number, (measured, _full, later_s, _late_s) in enumerate(turns):
        now_s += later_s
        learn(known, *measured, at_s=now_s)
        delta = decoded(encoded(known.message(number + 2, number + 1)))
        followed |= delta.ipv4 | delta.ipv6
        whole = decoded(encoded(known.message(number + 2, 0)))
        assert set(delta.ipv4) == {key for key, _region, _rtt_ms in measured if key < 2**24}
        assert {key: row.order for key, row in followed.items()} == {
            key: row.order for key, row in (whole.ipv4 | whole.ipv6).items()
        }
        for key in delta.ipv4:
            assert delta.ipv4[key] == whole.ipv4[key]


def test_a_delta_says_who_was_measured_and_their_groups_and_nothing_else():
    known = learner()
    learn(known, (HOME, PARIS, 20.0), (OFFICE, TOKYO, 25.0), full=True)
    learn(known, (SHOP, PARIS, 21.0), at_s=NOON_S + 5)

    delta = decoded(encoded(known.message(2, 1)))

    assert (delta.sequence, delta.base, delta.made_s) == (2, 1, int(NOON_S + 5))
    assert (list(delta.ipv4), list(delta.ipv6)) == ([], [0x20010DB80007])
    fr = 256 * ord("F") + ord("R")
    assert list(delta.groups) == [(0, 0), (1, fr), (2, 64500), (3, 0), (4, 64500)]


def test_a_map_says_what_was_measured_and_serves_by_it():
    known = learner()
    for minute in range(20):
        learn(known, (HOME, PARIS, 35.0), (HOME, TOKYO, 190.0), (OFFICE, TOKYO, 20.0), at_s=NOON_S + 60 * minute)

    said = full_map(known)
    assert said.ipv4[HOME].rtt_ms[:2] == pytest.approx([35, 190], abs=15)
    assert said.ipv4[HOME].samples == pytest.approx(40, abs=2)
    assert said.ipv4[HOME].order[0] == 0
    assert said.ipv4[OFFICE].order[0] == 1


def test_an_order_is_kept_until_another_is_better_by_enough():
    near = Places(np.array([PARIS, 4]), np.array([48.9, 50.1]), np.array([2.4, 8.7]))
    known, orders = Learner(near, Policy()), []
    for minute, rtt_ms in enumerate([20.0] * 20 + [25.0] * 20 + [40.0] * 20):
        learn(known, (HOME, PARIS, rtt_ms), (HOME, 4, 24.0), at_s=NOON_S + 60 * minute, places=near)
        orders.append(full_map(known).ipv4[HOME].order)

    assert [orders[minute] for minute in (19, 39, 59)] == [[0, 1], [0, 1], [1, 0]]


def to_tokyo(share: float) -> Moves:
    """Those of France that prefer Paris go to Tokyo."""
    keys = GroupKeys(np.array([256 * ord("F") + ord("R")]), np.array([0]), np.array([0]))
    return Moves.planned(keys, np.array([[1 - share, share, 0.0]]), WORLD.ids, WORLD.ids)


def served_first(known: Learner, key: int) -> int:
    return full_map(known).ipv4[key].order[0]


def test_a_capacity_plan_is_followed_told_and_given_up_and_a_restart_changes_nothing_of_it():
    known = learner()
    learn(known, (HOME, PARIS, 20.0), (OFFICE, TOKYO, 25.0), full=True)
    known.learn(replace(turn(known, at_s=NOON_S + 5), moves=to_tokyo(1.0)))

    assert list(decoded(encoded(known.message(2, 1))).ipv4) == [HOME]
    assert served_first(known, HOME) == 1
    restarted = Learner.from_bytes(known.to_bytes(), Policy())
    later = Intake.from_bytes(
        replace(turn(known, (HOME, PARIS, 21.0), at_s=NOON_S + 9), moves=to_tokyo(1.0)).to_bytes()
    )
    for each in (known, restarted):
        each.learn(later)
    assert encoded(known.message(3, 2)) == encoded(restarted.message(3, 2))
    assert served_first(restarted, HOME) == 1

    known.learn(turn(known, at_s=NOON_S + 15))
    assert list(decoded(encoded(known.message(4, 3))).ipv4) == [HOME]
    assert served_first(known, HOME) == 0


def test_turns_and_states_of_before_there_were_plans_are_read_as_without_one():
    known = learner()
    taken = turn(known, (HOME, PARIS, 20.0), full=True)
    known.learn(taken)

    def without(blob: bytes, part: str) -> bytes:
        return packed({name: array for name, array in unpacked(blob).items() if not name.startswith(part)})

    assert Intake.from_bytes(without(taken.to_bytes(), "moves.")).moves.same_as(Moves.none())
    older = Learner.from_bytes(without(known.to_bytes(), "carrier."), Policy())
    for each in (known, older):
        each.learn(replace(turn(known, at_s=NOON_S + 5), moves=to_tokyo(1.0)))
    assert encoded(older.message(2, 0)) == encoded(known.message(2, 0))


def test_many_measurements_of_one_window_count_as_a_few():
    known = learner()
    once = turn(known, (HOME, PARIS, 20.0))
    increments = replace(once.increments, counts=np.array([90]), log_sums=once.increments.log_sums * 90)
    known.learn(replace(once, increments=increments))

    assert full_map(known).ipv4[HOME].samples == 5


def test_what_was_learned_of_regions_that_stay_is_kept_when_others_come_and_go():
    known = learner()
    for minute in range(20):
        learn(known, (HOME, PARIS, 180.0), (HOME, TOKYO, 60.0), (HOME, LIMA, 300.0), at_s=NOON_S + 60 * minute)
    before = full_map(known).ipv4[HOME]

    places = Places(np.array([PARIS, 4, LIMA]), np.array([48.9, 50.1, -12.0]), np.array([2.4, 8.7, -77.0]))
    learn(known, at_s=NOON_S + 1200, full=True, places=places)

    said = full_map(known)
    assert said.regions == [PARIS, 4, LIMA]
    assert [said.ipv4[HOME].rtt_ms[column] for column in (0, 2)] == pytest.approx(
        [before.rtt_ms[column] for column in (0, 2)], rel=0.2
    )
    assert said.ipv4[HOME].samples == pytest.approx(40, abs=2)


def test_who_was_not_measured_for_a_week_is_forgotten_when_everything_is_looked_at_anew():
    known, day_s = learner(), 86_400.0
    learn(known, (HOME, PARIS, 20.0), (OFFICE, TOKYO, 25.0))
    learn(known, (SHOP, PARIS, 21.0), at_s=NOON_S + 4 * day_s)

    learn(known, (OFFICE, TOKYO, 26.0), at_s=NOON_S + 6 * day_s, full=True)
    assert set(full_map(known).ipv4) == {HOME, OFFICE}
    learn(known, (OFFICE, TOKYO, 26.0), at_s=NOON_S + 8 * day_s)
    assert set(full_map(known).ipv4) == {HOME, OFFICE}
    learn(known, at_s=NOON_S + 8 * day_s, full=True)

    said = full_map(known)
    assert set(said.ipv4) == {OFFICE}
    assert set(said.ipv6) == {0x20010DB80007}
    assert said.ipv4[OFFICE].samples == pytest.approx(1, abs=0.3)
    assert known.unknown([HOME, OFFICE, SHOP]) == [HOME]


def test_of_more_clients_than_a_map_has_room_for_who_was_measured_last_stays(monkeypatch):
    monkeypatch.setattr("latency.learner.MOST_CLIENTS", 2)
    known = learner()
    learn(known, (HOME, PARIS, 20.0), (OFFICE, TOKYO, 25.0))
    learn(known, (NOWHERE, PARIS, 21.0), at_s=NOON_S + 5)

    learn(known, at_s=NOON_S + 10, full=True)

    assert set(full_map(known).ipv4) == {HOME, NOWHERE}


def test_what_is_imported_late_weighs_as_much_less_as_it_is_old():
    known, hours = learner(), 12
    learn(known, (HOME, PARIS, 20.0), at_s=NOON_S, late_s=hours * 3600)

    assert known.message(1, 0).cells.samples[0] == pytest.approx(0.5, abs=0.03)


def test_what_is_imported_late_teaches_nothing_of_who_was_measured_since():
    known = learner()
    learn(known, (HOME, PARIS, 20.0))
    learn(known, (HOME, PARIS, 400.0), (OFFICE, TOKYO, 25.0), at_s=NOON_S + 60, late_s=2 * 3600)

    said = full_map(known)
    assert said.ipv4[HOME].samples == 1
    assert said.ipv4[HOME].rtt_ms[0] < 60
    assert known.message(1, 0).cells.samples[1] == pytest.approx(0.89, abs=0.05)


def test_who_comes_back_is_as_new_but_its_groups_remember():
    known, week_s = learner(), 7 * 86_400.0
    learn(known, (HOME, PARIS, 20.0), (NOWHERE, LIMA, 25.0))
    learn(known, (OFFICE, TOKYO, 25.0), at_s=NOON_S + week_s + 60, full=True)
    restarted = Learner.from_bytes(known.to_bytes(), Policy())

    for each in (known, restarted):
        learn(each, (HOME, PARIS, 30.0), (NOWHERE, LIMA, 25.0), at_s=NOON_S + week_s + 65, full=True)

    assert full_map(known).ipv4[HOME].samples == 1
    assert encoded(known.message(2, 0)) == encoded(restarted.message(2, 0))


@pytest.mark.parametrize("network", ["0.0.0.0/24", "203.0.113.0/24", "255.255.255.0/24", "::/48", "2001:db8:ffff::/48"])
def test_a_network_is_that_of_its_key(network):
    assert network_of(key_of(network)) == network


@pytest.mark.parametrize("network", ["0.0.0.0/24", "203.0.113.0/24", "2001:db8:ffff::/48", "ffff:ffff:ffff::/48"])
def test_a_first_address_has_the_key_of_its_network(network):
    halves = np.frombuffer(mapped(network.partition("/")[0]), dtype=">u8").astype(np.uint64)
    assert keys_of(halves[None]).tolist() == [key_of(network)]


@pytest.mark.parametrize("network", ["203.0.113.0/25", "2001:db8::/56", "somewhere"])
def test_what_is_no_cell_has_no_key(network):
    with pytest.raises(ValueError, match="IPv4"):
        key_of(network)


def test_arrays_come_back_to_the_bit_whether_full_or_nearly_empty():
    sparse = np.zeros((50, 7))
    sparse[3, 2], sparse[49, 6], sparse[0, 0] = math.nan, -1.5, -0.0
    arrays = {"sparse": sparse, "dense": np.arange(6.0), "small": np.ones(3, np.uint8), "none": np.empty((0, 4))}

    back = unpacked(packed(arrays))

    assert {name: array.tobytes() for name, array in back.items()} == {
        name: array.tobytes() for name, array in arrays.items()
    }
    assert [back[name].shape for name in arrays] == [array.shape for array in arrays.values()]

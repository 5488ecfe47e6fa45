import pytest
from hypothesis import given
from hypothesis import strategies as st

from zones.models import MAX_SERIAL
from zones.serial import following, is_later

serials = st.integers(1, MAX_SERIAL)


@given(serials, st.none() | st.integers(0, MAX_SERIAL))
def test_the_next_serial_is_always_later_and_never_zero(serial, proposed):
    following_serial = following(serial, proposed)
    assert is_later(following_serial, serial)
    assert 1 <= following_serial <= MAX_SERIAL


@pytest.mark.parametrize(
    ("serial", "proposed", "following_serial"),
    [
        (1, None, 2),
        (1, 2026112101, 2026112101),
        (2026112101, 5, 2026112102),
        (7, 7, 8),
        (MAX_SERIAL, None, 1),
        (MAX_SERIAL, 3, 3),
        (5, 0, 6),
    ],
)
def test_a_proposed_serial_is_taken_if_it_is_later(serial, proposed, following_serial):
    assert following(serial, proposed) == following_serial

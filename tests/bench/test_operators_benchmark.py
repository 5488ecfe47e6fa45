"""The benchmark of the desk counts what it says. How fast is not asked here."""

from __future__ import annotations

from bench.operators import lines


def test_every_kind_of_click_has_its_line_and_all_of_them_the_last():
    overview, saved, every = lines({"save it": [0.020, 0.040], "/": [0.010] * 99 + [0.500]})

    assert (overview[0], overview[1], overview[2], overview[5]) == ("/", "100", "10", "500")
    assert (saved[0], saved[1], saved[2]) == ("save it", "2", "30")
    assert (every[0], every[1]) == ("all of them", "102")

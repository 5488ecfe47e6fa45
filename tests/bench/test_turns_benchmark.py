"""The bench of turns runs, and says what it did."""

from __future__ import annotations

from bench.turns import main


def test_it_says_what_each_turn_took(capsys):
    assert main(["--clients", "300", "--regions", "3"]) == 0

    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in capsys.readouterr().out.splitlines()]
    assert [line[2] for line in lines[-3:]] == ["full", "delta", "full"]
    assert all(300 < int(line[3].replace(",", "")) <= 600 for line in lines[-3:])

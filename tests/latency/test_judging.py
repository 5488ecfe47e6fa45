"""Proposals are decided on by the turns that were, and the numbers are kept."""

from __future__ import annotations

import math
import random
from datetime import timedelta

import pytest
from numpy.linalg import LinAlgError

from latency.judging import decide
from latency.rehearsal import rehearse
from latency.tasks import check_parity, judge_models
from latency.versions import NotPromotedError, ask, in_service, policy_of, promote
from tests.latency.test_turns import NOW, measure, turn
from tests.latency.test_versions import proposed

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(minutes=20)
CLIENTS = [f"203.0.{number}.0" for number in range(60)]


@pytest.fixture
def learned(paris, tokyo):
    """Sixty clients in Lyon measure both regions every minute. After the fourth, the way to paris is a slow one."""
    chance = random.Random(7)
    for minute in range(12):
        at = NOW + timedelta(minutes=minute)
        for client in CLIENTS:
            measure(tokyo, 190.0 * math.exp(chance.gauss(0, 0.05)), client=client, at=at)
            measure(paris, (22.0 if minute < 4 else 400.0) * math.exp(chance.gauss(0, 0.05)), client=client, at=at)
        turn(60 * minute)


def test_a_version_that_is_as_good_passes_and_may_be_promoted(learned):
    model = proposed(caution=0.3)
    (decision,) = decide(LATER)

    assert (decision.candidate, decision.passed, decision.incumbent.name) == (model, True, "built-in")
    numbers = decision.numbers
    assert (numbers["measurements"], numbers["clients"], numbers["regions"]) == (10 * 120, 60, 2)
    assert {each["figure"] for each in numbers["comparisons"]} == {
        "mean_ms", "p95_ms", "country_ms", "changes_per_client_hour",
    }  # fmt: skip
    assert decide(LATER) == []
    promote(model, None, LATER)
    assert in_service(LATER) == model


def test_a_version_that_never_changes_its_mind_does_not_pass(learned):
    model = proposed("stubborn", switching={"switch_ms": 1e6})
    (decision,) = decide(LATER)

    assert not decision.passed, decision.numbers
    failed = [each for each in decision.numbers["comparisons"] if not each["holds"]]
    assert failed[0]["figure"] == "mean_ms"
    assert failed[0]["candidate"] > failed[0]["incumbent"] + 10
    with pytest.raises(NotPromotedError, match="did not pass"):
        promote(model, None, LATER)


def test_without_turns_there_is_no_evidence_and_one_may_ask_again(paris):
    model = proposed()
    (decision,) = decide(LATER)

    assert (decision.passed, decision.numbers["has_enough"], decision.numbers["comparisons"]) == (False, False, [])
    again = ask(model, LATER)
    assert again != decision
    assert model.decisions.count() == 2


def test_parameters_that_no_computer_can_reckon_with_do_not_pass_and_hold_up_nobody(learned, caplog, monkeypatch):
    absurd = proposed("absurd", model={"last_mile_spread_ms": 1e4})
    sound = proposed("sound", caution=0.3)

    def tried(incumbent, candidate, turns):
        if candidate.is_under(policy_of(absurd)):
            raise LinAlgError("Singular matrix")
        return rehearse(incumbent, candidate, turns)

    monkeypatch.setattr("latency.judging.rehearse", tried)
    decisions = decide(LATER)

    assert [(decision.candidate, decision.passed) for decision in decisions] == [(absurd, False), (sound, True)]
    assert "cannot be tried: Singular matrix" in caplog.text


def test_one_thread_of_a_worker_repeats_turns_at_a_time(paris, monkeypatch):
    model, meanwhile = proposed(), []

    def deciding(now):
        judge_models()
        check_parity()
        meanwhile.append(now)

    monkeypatch.setattr("latency.judging.decide", deciding)
    monkeypatch.setattr("latency.parity.check_parity", lambda *_: meanwhile.append("checked"))
    judge_models()
    assert len(meanwhile) == 1
    monkeypatch.undo()
    judge_models()

    assert model.decisions.get().passed is False

"""Model versions: one is in service, another comes only through the gate, and no past state is lost by it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from latency.history import memory
from latency.models import LatencyDecision, LatencyMap, LatencyModel, LatencyPromotion, LatencyTurn
from latency.parameters import BadParameterError
from latency.services import learner_at
from latency.table import encoded
from latency.versions import FRESH, NotPromotedError, ask, in_service, policy_of, promote, propose, return_to
from tests.latency.test_turns import NOW, measure, newest, restart, turn

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(minutes=5)


def proposed(name: str = "wary", **parameters: object) -> LatencyModel:
    return propose(name, parameters or {"caution": 1.0}, "", None, NOW).candidate


def decided(model: LatencyModel, *, passed: bool = True) -> LatencyModel:
    """As the gate would leave it."""
    incumbent = in_service(NOW)
    model.decisions.filter(made=None).update(made=NOW, passed=passed, incumbent=incumbent)
    return model


def test_the_first_version_is_what_the_release_has():
    assert in_service(NOW).name == in_service(LATER).name == "built-in"
    assert LatencyPromotion.objects.get().made == NOW


def test_a_proposal_holds_all_parameters_and_waits_for_a_decision():
    model = proposed(model={"half_life_s": 3600})

    assert policy_of(model).model.half_life_s == 3600
    assert set(model.parameters) == {"model", "switching", "caution"}
    assert [decision.passed for decision in model.decisions.all()] == [None]
    assert ask(model, LATER) == model.decisions.get()


@pytest.mark.parametrize(
    ("name", "parameters", "problem"),
    [("wary", {"caution": -1}, BadParameterError), ("Wary!", {}, ValidationError), ("built-in", {}, ValidationError)],
)
def test_a_proposal_that_cannot_be_changes_nothing(name, parameters, problem):
    in_service(NOW)
    with pytest.raises(problem):
        propose(name, parameters, "", None, NOW)
    assert LatencyModel.objects.count() == 1
    assert not LatencyDecision.objects.exists()


def test_a_version_that_passed_comes_into_service_with_the_next_turn(paris):
    measure(paris, 22.0)
    turn()
    promote(decided(proposed()), None, LATER)
    assert turn(5) == 2, "though nobody has measured anything"

    assert LatencyTurn.objects.get(number=2).model == in_service(LATER) == LatencyModel.objects.get(name="wary")
    assert LatencyTurn.objects.get(number=1).model.name == "built-in"
    assert (newest().base, newest().caution) == (0, 1.0)
    assert turn(6) is None
    before, now = LatencyPromotion.objects.order_by("number")
    assert (before.until, now.until, now.decision.passed) == (LATER, None, True)


@pytest.mark.parametrize("restarts", [(), (2,), (1, 2, 3, 4)])
def test_what_was_known_under_any_version_can_be_had_again_to_the_octet(paris, tokyo, restarts):
    known = {}
    for number, second in enumerate((0, 200, 400, 800, 1000)):
        if number == 2:
            promote(decided(proposed(model={"half_life_s": 60, "base_ms": 3})), None, NOW + timedelta(seconds=second))
        if number == 4:
            return_to(LatencyModel.objects.get(name="built-in"), None, NOW + timedelta(seconds=second))
        measure(paris, 22.0 + second, at=NOW + timedelta(seconds=second))
        measure(tokyo, 190.0, at=NOW + timedelta(seconds=second))
        if number in restarts:
            restart()
        turn(second)
        known[second] = encoded(memory.learner.message(7, 0))

    for second, content in known.items():
        assert encoded(learner_at(NOW + timedelta(seconds=second + 1)).message(7, 0)) == content
    assert list(LatencyMap.objects.filter(base=0).values_list("sequence", flat=True)) == [3, 5]


def test_turns_of_the_release_before_versions_go_by_what_it_had(paris):
    measure(paris, 22.0)
    turn()
    LatencyTurn.objects.update(model=None)
    known = encoded(memory.learner.message(7, 0))
    restart()

    assert encoded(learner_at(LATER).message(7, 0)) == known
    measure(paris, 23.0, at=NOW + timedelta(seconds=5))
    assert turn(5) == 2
    assert newest().base == 1, "the same parameters: nothing to take up"


@pytest.mark.parametrize("passed", [None, False])
def test_a_version_that_did_not_pass_is_not_promoted(passed):
    model = proposed()
    if passed is not None:
        decided(model, passed=passed)
    with pytest.raises(NotPromotedError, match="wary"):
        promote(model, None, LATER)
    assert in_service(LATER).name == "built-in"


def test_a_decision_against_another_version_or_of_long_ago_is_not_enough():
    bold, wary = decided(proposed("bold", caution=0)), decided(proposed("wary"))
    with pytest.raises(NotPromotedError, match="older than a day"):
        promote(wary, None, NOW + FRESH + timedelta(seconds=1))
    promote(bold, None, LATER)

    with pytest.raises(NotPromotedError, match="now bold is in service"):
        promote(wary, None, LATER)


def test_one_returns_only_to_what_was_in_service_before():
    wary = decided(proposed())
    with pytest.raises(NotPromotedError, match="never"):
        return_to(wary, None, LATER)
    promote(wary, None, LATER)
    with pytest.raises(NotPromotedError, match="is in service"):
        return_to(wary, None, LATER)
    first = LatencyModel.objects.get(name="built-in")
    back = return_to(first, None, LATER)

    assert (back.number, back.returns_to_id, in_service(LATER)) == (3, 1, first)
    return_to(wary, None, LATER)
    assert in_service(LATER) == wary


def test_the_database_lets_nothing_else_into_service():
    wary, failed = decided(proposed()), decided(proposed("bold", caution=0), passed=False)
    passed = wary.decisions.get()
    current = {"number": 2, "made": LATER, "until": LATER}
    for wrong in (
        {"model": failed, "decision": failed.decisions.get()},
        {"model": failed, "decision": passed},
        {"model": failed, "decision": failed.decisions.get(), "is_passed": False},
        {"model": failed},
        {"model": failed, "returns_to_id": 1},
        {"model": wary, "decision": passed, "until": None},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            LatencyPromotion.objects.create(**(current | wrong))
    LatencyPromotion.objects.create(**current, model=wary, decision=passed)

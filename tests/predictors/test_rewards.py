"""Rewards: training alone earns nothing, what a change brings is its own, late and shared gains and costs included."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import pytest

from valpnas.contracts.job import Continue, Proposal
from valpnas.contracts.operator import Site
from valpnas.contracts.past import Past
from valpnas.predictors.rewards import rewards

POWER = 0.3
CHANGE = Proposal("add_layer/gentle", Site(components=("n1",)), "why")


def run(bonuses: Sequence[float | None], costs: Sequence[float] = (), adopted: Sequence[bool] = ()) -> list[Past]:
    """Return a start of 500 batches and steps of 200, each with a bonus beyond the power law; None changes nothing."""
    history = [Past(0, objectives={"a": 1.0, "b": 5.0}, batches=500, cost=500.0, adopted=True)]
    current, done, level = 0, 500, 0.0
    for step, bonus in enumerate(bonuses):
        after = level - POWER * log(1 + 200 / done) - (bonus or 0.0)
        level_of = {"a": 2.718281828459045**after, "b": 5 * 2.718281828459045**after}
        how = {"continued": Continue("why")} if bonus is None else {"proposal": CHANGE}
        taken = adopted[step] if adopted else True
        cost = 200 * (costs[step] if costs else 1.0)
        history.append(Past(step + 1, current, objectives=level_of, batches=200, cost=cost, adopted=taken, **how))  # type: ignore[arg-type]
        if taken:
            current, done, level = step + 1, done + 200, after
    return history


def test_changes_that_do_nothing_earn_nothing() -> None:
    found = rewards(run([None, None, None, 0.0, 0.0, None]), 400)
    assert found == {4: pytest.approx(0.0, abs=1e-9), 5: pytest.approx(0.0, abs=1e-9)}


def test_what_a_change_brings_is_its_reward() -> None:
    found = rewards(run([None, None, None, 0.1, None, None, -0.2, None]), 400)
    # What follows at once is part of the baseline too, so two of the five steps without a change are not quite one.
    assert found[4] == pytest.approx(0.1, abs=1e-9)
    assert found[7] == pytest.approx(-0.2, abs=1e-9)


def test_a_reward_is_known_when_its_horizon_is_over_and_changes_share() -> None:
    history = run([None, None, None, 0.1, 0.0, 0.0])
    assert 4 not in rewards(history[:5], 400)
    assert rewards(history[:6], 400)[4] == pytest.approx(0.1, abs=1e-9)  # the next step's bonus of 0 is shared
    late = run([None, None, None, 0.0, 0.1, None])
    assert rewards(late, 400)[4] == pytest.approx(0.05, abs=1e-9)
    assert rewards(late, 400)[5] == pytest.approx(0.05, abs=1e-9)


def test_a_rejected_change_is_known_once_the_search_went_another_way() -> None:
    history = run([None, None, None, -0.3, None], adopted=[True, True, True, False, True])
    assert rewards(history, 400)[4] == pytest.approx(-0.3, abs=1e-9)


def test_a_dearer_model_must_earn_its_cost() -> None:
    bonuses, costs = [None, None, None, 0.1, None], [1.0, 1.0, 1.0, 2.0, 2.0]
    cheap, dear = rewards(run(bonuses), 400), rewards(run(bonuses, costs), 400)
    assert dear[4] < cheap[4]
    assert rewards(run(bonuses, costs), 400, cost_share=0.0) == cheap


def test_failures_and_the_first_steps_have_no_reward() -> None:
    assert rewards([], 400) == {}
    assert rewards(run([]), 400) == {}
    failed = Past(1, 0, proposal=CHANGE)
    assert rewards([*run([]), failed], 400) == {}


def test_zero_errors_have_a_logarithm() -> None:
    history = run([None, None, None, 0.1, None])
    perfect = [Past(**{**vars(past), "objectives": {**past.objectives, "a": 0.0}}) for past in history[-1:]]
    assert rewards([*history[:-1], *perfect], 400)[4] > 0.1

"""The range test: the best of a smoothed curve, never what diverged, further rates where the best is at an end."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log

import pytest

from valpnas.contracts.job import JobRecord, Result
from valpnas.contracts.protocol import Protocol
from valpnas.errors import TrainingFailedError
from valpnas.training.range_test import RATES, find_rate, smoothed

RECORD = JobRecord(0, (), "start", "", Protocol())
IDEAL = {"y": 0.01, "c": 0.001}


def result(objective: float | None) -> Result:
    spent = {"training": 2.0, "evaluation": 0.5}
    if objective is None:
        return Result(RECORD, batches=40, seconds=spent, reason="diverged")
    return Result(RECORD, objectives={"y": objective, "c": objective}, batches=100, seconds=spent)


def bowl(best: float, most: float = 1.0) -> Callable[[float], Result]:
    """Training that is best at the rate ``best`` and diverges above ``most``."""
    return lambda rate: result(None if rate > most else exp(log(rate / best) ** 2 / 4 - 2))


@pytest.mark.parametrize("best", [1e-4, 4e-4, 1e-3, 4e-3, 2e-2, 0.1])
def test_the_best_is_found_within_a_step_of_the_grid(best: float) -> None:
    assert abs(log(find_rate(bowl(best), IDEAL).rate / best)) < log(10) / 6 + 0.05


def test_what_is_spent_is_counted() -> None:
    test = find_rate(bowl(3e-3, most=0.01), IDEAL)
    assert [each.rate for each in test.tried] == list(RATES)
    assert test.batches == 5 * 100 + 2 * 40
    assert test.seconds == {"training": 14.0, "evaluation": 3.5}
    assert "range test of 7 rates" in test.note
    assert [each.reason for each in test.tried[-2:]] == ["diverged"] * 2


def test_it_keeps_away_from_divergence() -> None:
    """The last rate that did not diverge scores best by a hair; its neighbour on the safe side is taken."""
    scores = dict(zip(RATES, [-1.0, -1.4, -1.8, -1.9, -1.91, None, None], strict=True))
    test = find_rate(lambda rate: result(None if scores[rate] is None else exp(scores[rate] or 0.0)), IDEAL)
    assert test.rate == RATES[3]


def test_a_lucky_rate_does_not_win() -> None:
    curve = smoothed([0.0, -0.05, 0.0, -0.5, -0.6, -0.5, 0.0])
    assert curve.index(min(curve)) == 4
    assert smoothed([0.0, -1.0, None])[2] == pytest.approx(-1 / 3)


def test_a_longer_run_gets_a_lower_rate() -> None:
    test = find_rate(bowl(6.5e-3), IDEAL, share=1 / 27)
    assert (test.best, test.rate) == (6.5e-3, 2.2e-3)


def test_below_the_ideal_nothing_counts() -> None:
    """A classification error of zero on few rows must not outweigh all other outputs."""
    test = find_rate(lambda _: result(0.0), IDEAL)
    assert all(each.score == pytest.approx((log(0.01) + log(0.001)) / 2) for each in test.tried)


def test_no_rate_at_all_is_an_error() -> None:
    with pytest.raises(TrainingFailedError, match=r"failed at all from 0\.0003 to 0\.03, the last: diverged"):
        find_rate(lambda _: result(None), IDEAL)

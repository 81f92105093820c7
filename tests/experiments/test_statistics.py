"""Paired statistics: against scipy, against cases worked out by hand, and honest where pairs are few or equal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.graph.strategies import quick
from valpnas.experiments.statistics import holm, least_p, pairs_needed, signed_rank

FINITE = st.floats(-10, 10, allow_nan=False).map(lambda value: round(value, 6))


def test_a_case_worked_out_by_hand() -> None:
    """Differences 1, -2, 3, 4: the negative rank sum is 2, of 16 sign patterns 6 are as extreme on either side."""
    found = signed_rank([1, 0, 3, 4], [0, 2, 0, 0])
    assert (found.pairs, found.wins, found.losses, found.ties) == (4, 3, 1, 0)
    assert found.p == pytest.approx(6 / 16)
    assert found.effect == pytest.approx((8 - 2) / 10)
    assert (found.mean, found.spread) == (1.5, pytest.approx(np.std([1, -2, 3, 4], ddof=1)))
    assert found.least_p == 0.125


@quick
@given(st.lists(FINITE, min_size=1, max_size=20, unique_by=abs).filter(lambda values: 0 not in values))
def test_p_agrees_with_scipy(differences: list[float]) -> None:
    found = signed_rank(differences, [0.0] * len(differences))
    assert found.p == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue)


def all_signs(differences: list[float]) -> float:
    """The exact two-sided p by going through every choice of signs."""
    ranks = stats.rankdata(np.abs(differences))
    seen = float(np.sum(ranks[np.array(differences) > 0]))
    count = len(ranks)
    sums = [sum(r for i, r in enumerate(ranks) if pattern >> i & 1) for pattern in range(2**count)]
    low = np.mean([total <= seen + 1e-9 for total in sums])
    high = np.mean([total >= seen - 1e-9 for total in sums])
    return float(min(1.0, 2 * min(low, high)))


@quick
@given(st.lists(st.sampled_from([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0]), min_size=1, max_size=9))
def test_p_is_exact_with_differences_of_equal_size(differences: list[float]) -> None:
    """The normal approximation that scipy falls back to would give p below the smallest possible one."""
    found = signed_rank(differences, [0.0] * len(differences))
    assert found.p == pytest.approx(all_signs(differences))
    assert found.p >= found.least_p - 1e-12


@quick
@given(st.lists(st.tuples(FINITE, FINITE), max_size=25))
def test_swapping_the_arms_mirrors_everything(pairs: list[tuple[float, float]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    one, other = signed_rank(first, second), signed_rank(second, first)
    assert one.p == pytest.approx(other.p)
    assert one.effect == pytest.approx(-other.effect)
    assert (one.wins, one.losses, one.ties) == (other.losses, other.wins, other.ties)
    assert 0 < one.p <= 1
    assert -1 <= one.effect <= 1


def test_pairs_that_are_equal_say_nothing() -> None:
    found = signed_rank([1, 2, 3], [1, 2, 3])
    assert (found.p, found.effect, found.ties, found.least_p) == (1.0, 0.0, 3, 1.0)
    partly = signed_rank([1, 2, 3, 9], [1, 2, 3, 4])
    assert (partly.p, partly.effect, partly.ties) == (1.0, 1.0, 3)


def test_one_pair_and_none_are_no_evidence() -> None:
    assert signed_rank([2.0], [1.0]).p == 1.0
    assert signed_rank([2.0], [1.0]).spread == 0.0
    assert signed_rank([], []).p == 1.0


@pytest.mark.parametrize(("pairs", "least"), [(0, 1.0), (1, 1.0), (4, 0.125), (6, 0.03125), (10, 2 / 1024)])
def test_the_least_p_is_that_of_equal_signs(pairs: int, least: float) -> None:
    assert least_p(pairs) == least
    assert signed_rank(list(range(1, pairs + 1)), [0] * pairs).p == pytest.approx(least)


@pytest.mark.parametrize("comparisons", [1, 2, 7, 30, 210])
def test_pairs_needed_are_the_fewest_that_can_be_significant(comparisons: int) -> None:
    needed = pairs_needed(comparisons)
    assert comparisons * least_p(needed) <= 0.05 < comparisons * least_p(needed - 1)


def test_holm_by_hand() -> None:
    """Sorted .01, .02, .03, .04 times 4, 3, 2, 1, never falling."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@quick
@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_keeps_the_order_and_lies_between_none_and_bonferroni(values: list[float]) -> None:
    corrected = holm(values)
    for value, more in zip(values, corrected, strict=True):
        assert value <= more <= min(1.0, value * len(values)) + 1e-12
    ranked = sorted(zip(values, corrected, strict=True))
    assert [more for _, more in ranked] == sorted(corrected)

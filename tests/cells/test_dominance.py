"""Points that nothing dominates, against every pair compared."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from valpnas.cells.dominance import non_dominated

Floats = NDArray[np.float64]


def by_pairs(costs: Floats) -> NDArray[np.bool_]:
    """Compare each with each."""
    nowhere_worse = (costs[:, None] <= costs).all(axis=2)
    better = (costs[:, None] < costs).any(axis=2)
    return ~(nowhere_worse & better).any(axis=0)


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(0, 60), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_it_is_what_comparing_all_pairs_says(objectives: int, points: int, values: int, seed: int) -> None:
    """Few values, so that many points are equal somewhere."""
    costs = np.random.default_rng(seed).integers(0, values, (points, objectives)).astype(float) - 3
    assert (non_dominated(costs) == by_pairs(costs)).all()


@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_many_points(objectives: int) -> None:
    """More than one block filters, more than one chunk is filtered; points that want what others do not."""
    rng = np.random.default_rng(objectives)
    costs = rng.normal(size=(9000, objectives))
    costs[:2000] /= np.linalg.norm(costs[:2000], axis=1, keepdims=True)  # on a ball: a large front
    costs[:2000] -= 5
    kept = non_dominated(costs)
    sample = np.concatenate([np.flatnonzero(kept), rng.choice(9000, 300)])
    nowhere_worse = [(costs <= costs[i]).all(axis=1) & (costs < costs[i]).any(axis=1) for i in sample]
    assert [not dominators.any() for dominators in nowhere_worse] == kept[sample].tolist()
    assert kept.sum() > (20, 200, 300)[objectives - 2]


def test_equal_points_stay() -> None:
    """None is better anywhere."""
    for objectives in (1, 2, 3):
        assert non_dominated(np.ones((5, objectives))).all()


def test_infinite_costs_compare() -> None:
    """What is infinite everywhere is on the front when all are."""
    assert non_dominated(np.full((2, 2), np.inf)).all()
    assert non_dominated(np.array([[np.inf, np.inf], [1, np.inf], [1, 2]])).tolist() == [False, False, True]


@pytest.mark.parametrize("costs", [np.ones(3), np.ones((3, 0)), np.array([[1.0, np.nan]])])
def test_what_cannot_be_compared_is_refused(costs: Floats) -> None:
    """Axes, objectives, NaN."""
    with pytest.raises(ValueError, match="expected"):
        non_dominated(costs)

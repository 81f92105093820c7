"""The front of candidates: strict dominance, one of equivalent cells, the best scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from valpnas.cells.front import first_of_equal, pareto_front
from valpnas.errors import InvalidValpError


def scanned(scores: list[float], costs: list[list[float]], keys: list[int], most: int) -> list[int]:
    """Return the front by the scan that the published code makes, with dominance that is strict."""

    def dominates(one: int, other: int) -> bool:
        here, there = ([-scores[i], *costs[i]] for i in (one, other))
        return all(a <= b for a, b in zip(here, there, strict=True)) and here != there

    chosen: list[int] = []
    for candidate in sorted(range(len(scores)), key=lambda i: (-scores[i], costs[i], i)):
        new = keys[candidate] not in [keys[i] for i in chosen]
        if new and len(chosen) < most and not any(dominates(other, candidate) for other in range(len(scores))):
            chosen.append(candidate)
    return chosen


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 3), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_the_front_is_that_of_the_scan(count: int, objectives: int, most: int, seed: int) -> None:
    """Few values, so that estimates are often equal."""
    rng = np.random.default_rng(seed)
    scores, costs = rng.integers(0, 6, count) / 6, rng.integers(0, 6, (count, objectives)) / 6
    keys = rng.integers(0, 20, count).astype(np.uint64)
    expected = scanned(scores.tolist(), costs.tolist(), keys.tolist(), most)
    assert pareto_front(scores, costs, keys, most).tolist() == expected


def test_equal_estimates_do_not_eliminate_each_other() -> None:
    """Two cells of equal estimates stay; of two ways to write one of them, one does."""
    keys = np.array([7, 5, 7], np.uint64)
    assert pareto_front([0.9, 0.9, 0.9], [2.0, 2.0, 2.0], keys).tolist() == [0, 1]


def test_the_best_of_equivalent_cells_stays() -> None:
    """A predictor that reads blocks in order may judge them apart."""
    keys = np.array([7, 7, 5], np.uint64)
    assert pareto_front([0.8, 0.9, 0.1], [1.0, 2.0, 0.5], keys).tolist() == [1, 2]


def test_keys_may_be_bytes() -> None:
    """Those of a space with more cells than 64 bits tell apart."""
    keys = np.array([b"abcd", b"abcz", b"abcd"]).view("V4")
    assert pareto_front([1, 1, 1], [1, 1, 1], keys).tolist() == [0, 1]
    assert first_of_equal(keys).tolist() == [0, 1]


@pytest.mark.parametrize(("scores", "costs"), [([1.0, np.nan], [1.0, 1.0]), ([1.0] * 3, [1.0] * 3)])
def test_estimates_that_are_none_are_refused(scores: ArrayLike, costs: ArrayLike) -> None:
    """Not finite, or not as many as keys."""
    with pytest.raises(InvalidValpError, match="expected finite estimates for 2 cells"):
        pareto_front(scores, costs, np.arange(2, dtype=np.uint64))

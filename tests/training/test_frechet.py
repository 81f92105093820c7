"""The Frechet distance against its textbook formula."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from tests.graph.strategies import quick
from valpnas.training.frechet import Moments, frechet, moments


def drawn(rng: np.random.Generator, size: int, rank: int) -> Moments:
    root = rng.standard_normal((size, rank))
    return rng.standard_normal(size), root @ root.T


def textbook(one: Moments, other: Moments) -> float:
    cross = np.real(np.trace(sqrtm(one[1] @ other[1])))
    return float(np.square(one[0] - other[0]).sum() + np.trace(one[1]) + np.trace(other[1]) - 2 * cross)


@quick
@given(st.integers(0, 2**31 - 1), st.integers(1, 8))
def test_the_distance_is_the_textbook_formula(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = drawn(rng, size, size + 2), drawn(rng, size, size + 2)
    assert frechet(one, other) == pytest.approx(textbook(one, other), rel=1e-5, abs=1e-6)
    assert frechet(one, other) == pytest.approx(frechet(other, one), rel=1e-8, abs=1e-8)


@quick
@given(st.integers(0, 2**31 - 1), st.integers(1, 8), st.integers(0, 8))
def test_the_distance_to_oneself_is_zero_even_with_flat_directions(seed: int, size: int, rank: int) -> None:
    one = drawn(np.random.default_rng(seed), size, rank)
    assert frechet(one, one) == pytest.approx(0, abs=1e-6 * max(1, np.trace(one[1])))


def test_a_point_is_as_far_as_the_spread_it_lacks() -> None:
    rng = np.random.default_rng(0)
    mean, covariance = drawn(rng, 4, 6)
    assert frechet((mean, np.zeros((4, 4))), (mean, covariance)) == pytest.approx(np.trace(covariance))


def test_moments_are_numpys_even_of_one_feature() -> None:
    features = np.random.default_rng(0).standard_normal((50, 1))
    mean, covariance = moments(features)
    assert mean == pytest.approx(features.mean())
    assert covariance == pytest.approx(np.array([[features.var(ddof=1)]]))

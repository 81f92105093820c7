"""The Frechet yardstick against its textbook formula, and what it says of cheats."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from tests.graph.strategies import quick
from valpnas.contracts.problem import SampleScorer
from valpnas.training.scorers import FrechetScorer, fit_scorer, frechet

from .toy_data import toy_prepared


def moments(rng: np.random.Generator, size: int, rank: int) -> tuple[np.ndarray, np.ndarray]:
    root = rng.standard_normal((size, rank))
    return rng.standard_normal(size), root @ root.T


def textbook(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> float:
    cross = np.real(np.trace(sqrtm(one[1] @ other[1])))
    return float(np.square(one[0] - other[0]).sum() + np.trace(one[1]) + np.trace(other[1]) - 2 * cross)


@quick
@given(st.integers(0, 2**31 - 1), st.integers(1, 8))
def test_the_distance_is_the_textbook_formula(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = moments(rng, size, size + 2), moments(rng, size, size + 2)
    assert frechet(one, other) == pytest.approx(textbook(one, other), rel=1e-5, abs=1e-6)
    assert frechet(one, other) == pytest.approx(frechet(other, one), rel=1e-8, abs=1e-8)


@quick
@given(st.integers(0, 2**31 - 1), st.integers(1, 8), st.integers(0, 8))
def test_the_distance_to_oneself_is_zero_even_with_flat_directions(seed: int, size: int, rank: int) -> None:
    one = moments(np.random.default_rng(seed), size, rank)
    assert frechet(one, one) == pytest.approx(0, abs=1e-6 * max(1, np.trace(one[1])))


def test_a_point_is_as_far_as_the_spread_it_lacks() -> None:
    rng = np.random.default_rng(0)
    mean, covariance = moments(rng, 4, 6)
    assert frechet((mean, np.zeros((4, 4))), (mean, covariance)) == pytest.approx(np.trace(covariance))


def drawn_scorer() -> tuple[FrechetScorer, torch.Tensor]:
    prepared = toy_prepared(rows=800)
    return fit_scorer(SampleScorer(components=5), "drawn", prepared), prepared.train.targets["drawn"]


def test_one_repeated_sample_scores_worse_than_real_data() -> None:
    """A model that always draws the mean image knows where the data are, but not how they vary."""
    scorer, real = drawn_scorer()
    assert scorer.distance(real, "validation") < 0.1 * scorer.distance(real.mean(dim=0).expand_as(real), "validation")


def test_noise_scores_worse_than_real_data() -> None:
    scorer, real = drawn_scorer()
    noise = torch.rand(real.shape, generator=torch.Generator().manual_seed(0))
    assert scorer.distance(real, "validation") < 0.2 * scorer.distance(noise, "validation")


def test_only_training_rows_fit_the_yardstick() -> None:
    prepared = toy_prepared()
    scorer = fit_scorer(SampleScorer(components=3), "drawn", prepared)
    train = prepared.train.targets["drawn"].flatten(1).double().numpy()
    assert np.allclose(scorer.projection.mean_, train.mean(axis=0))
    assert scorer.projection.components_.shape == (3, 9)
    assert set(scorer.held_out) == {"validation", "test"}


def test_more_components_than_numbers_are_not_asked_for() -> None:
    assert fit_scorer(SampleScorer(components=50), "drawn", toy_prepared()).projection.n_components_ == 9

"""Precision and recall: what each misses, against a count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from valpnas.training.frechet import Floats
from valpnas.training.manifold import Manifold, precision_and_recall

RNG = np.random.default_rng(0)
REAL = RNG.standard_normal((400, 5))
FRESH = RNG.standard_normal((400, 5))


def measured(samples: Floats, real: Floats = REAL) -> tuple[float, float]:
    return precision_and_recall(Manifold.around(samples), Manifold.around(real))


def test_the_region_is_counted_as_in_the_paper() -> None:
    real, samples = RNG.standard_normal((30, 3)), 1.5 * RNG.standard_normal((20, 3))

    def radius(points: Floats, i: int) -> float:
        return float(sorted(np.linalg.norm(points - points[i], axis=1))[3])  # itself comes first

    def share(points: Floats, region: Floats) -> float:
        inside = [any(np.linalg.norm(p - q) <= radius(region, i) for i, q in enumerate(region)) for p in points]
        return float(np.mean(inside))

    assert measured(samples, real) == pytest.approx((share(samples, real), share(real, samples)))


def test_fresh_data_have_much_of_both() -> None:
    precision, recall = measured(FRESH)
    assert precision > 0.8
    assert recall > 0.8


def test_noise_has_no_precision() -> None:
    assert measured(20 * FRESH)[0] < 0.05


@pytest.mark.parametrize("memorised", [1, 10])
def test_a_few_real_points_repeated_have_no_recall(memorised: int) -> None:
    precision, recall = measured(np.repeat(REAL[:memorised], 400 // memorised, axis=0))
    assert precision == 1
    assert recall < 0.05


def test_half_of_the_data_has_half_of_the_recall() -> None:
    precision, recall = measured(FRESH[FRESH[:, 0] > 0])
    assert precision > 0.8
    assert 0.4 < recall < 0.8


def test_large_sets_are_thinned_alike_and_small_ones_taken_whole() -> None:
    rows = np.arange(5000.0)[:, None]
    points = Manifold.around(rows).points[:, 0]
    assert len(set(points.tolist())) == 1000
    assert points.mean() == pytest.approx(2500, abs=200)
    assert np.array_equal(points, Manifold.around(rows).points[:, 0])
    assert len(Manifold.around(REAL[:2]).points) == 2


@pytest.mark.parametrize("memorised", [2, 10, 16])
def test_thinning_does_not_hide_what_repeats(memorised: int) -> None:
    """Points left once among many twins would get the ball of a lonely one."""
    assert measured(np.tile(REAL[:memorised], (2000 // memorised, 1)))[1] < 0.05

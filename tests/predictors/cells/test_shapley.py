"""Shapley values: they add up, spare the features that nobody uses, and of a linear model are known."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from valpnas.cells.features import FEATURES
from valpnas.errors import InvalidValpError
from valpnas.predictors.cells.boosting import GradientBoosting
from valpnas.predictors.cells.contracts import FittedCost
from valpnas.predictors.cells.shapley import shapley_values
from valpnas.seeding import stream

from .made_up import cells, costs, features, of_all_sizes

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Product(FittedCost):
    """A constant and weighted features, and the product of some of them: never below 0 where it is asked."""

    weights: Floats
    factors: tuple[int, ...] = ()

    def _predict(self, described: Floats) -> Floats:
        product = described[:, list(self.factors)].prod(axis=1) if self.factors else 0.0
        return np.asarray(100 + described @ self.weights + product)


def rows(seed: int, count: int) -> Floats:
    """Return made-up features, ``(count, 9)`` from 0 to 1."""
    return stream(seed, "rows").random((count, len(FEATURES)))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.sets(st.integers(0, 8), max_size=4), st.integers(1, 6))
def test_they_add_up_and_spare_what_is_not_used(seed: int, used: set[int], count: int) -> None:
    weights = np.where(np.isin(np.arange(9), list(used)), stream(seed, "weights").normal(size=9), 0.0)
    model, x, background = Product(weights, tuple(used)), rows(seed, 3), rows(seed + 1, count)
    values = shapley_values(model, x, background)
    np.testing.assert_allclose(values.sum(axis=1), model.predict(x) - model.predict(background).mean(), atol=1e-9)
    np.testing.assert_allclose(values[:, [i for i in range(9) if i not in used]], 0.0, atol=1e-9)


def test_of_a_linear_model_they_are_known() -> None:
    """The weight times the distance from the mean of the background."""
    weights, x, background = np.linspace(-2, 3, 9), rows(1, 4), rows(2, 5)
    np.testing.assert_allclose(
        shapley_values(Product(weights), x, background), weights * (x - background.mean(axis=0)), atol=1e-9
    )


def test_they_are_the_mean_over_all_orders_of_joining() -> None:
    """Shapley's definition, for the factors of a product; the other features do nothing."""
    model, (x,), (z,) = Product(np.zeros(9), (0, 3, 7)), rows(3, 1), rows(4, 1)
    gains = np.zeros(9)
    for order in permutations((0, 3, 7)):
        now = z.copy()
        for feature in order:
            before = model.predict(now[None])[0]
            now[feature] = x[feature]
            gains[feature] += (model.predict(now[None])[0] - before) / 6
    np.testing.assert_allclose(shapley_values(model, x[None], z[None])[0], gains, atol=1e-9)


def test_of_trees_they_add_up_too() -> None:
    known = features(of_all_sizes(20, "known"))
    fitted = GradientBoosting(draws=1, trees=30).fit(known, costs(known), stream(0, "fit"))
    x = features(cells(4, 3, "asked"))
    values = shapley_values(fitted, x, known)
    np.testing.assert_allclose(values.sum(axis=1), fitted.predict(x) - fitted.predict(known).mean(), atol=1e-9)
    assert shapley_values(fitted, x[:0], known).shape == (0, 9)


def test_a_background_of_no_rows_is_refused() -> None:
    with pytest.raises(InvalidValpError, match=r"^[^\n]*expected one row or more[^\n]*$"):
        shapley_values(Product(np.zeros(9)), rows(0, 1), rows(0, 0))

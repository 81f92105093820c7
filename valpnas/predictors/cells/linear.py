"""Linear cost predictors: non-negative least squares, as POPNAS has it, and ridge regression, which POPNASv2 tried."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from sklearn.linear_model import Ridge

from valpnas.predictors.cells.contracts import CostPredictor, FittedCost
from valpnas.predictors.cells.random_search import folds_of

Floats = NDArray[np.float64]

_PENALTIES = (1e-4, 1e3)  # of standardised features; from next to none to next to the mean


@dataclass(frozen=True, eq=False)
class _Line(FittedCost):
    weights: Floats
    constant: float

    def _predict(self, features: Floats) -> Floats:
        return np.asarray(features @ self.weights + self.constant)


@dataclass(frozen=True)
class Nnls(CostPredictor):
    """Least squares with neither a weight nor the constant below 0 (Lawson and Hanson): more work never costs less."""

    name: ClassVar[str] = "nnls"

    def _fit(self, features: Floats, costs: Floats, rng: np.random.Generator) -> FittedCost:  # noqa: ARG002 - no draws
        rows = np.column_stack([features, np.ones(len(features))])
        scale = np.maximum(np.abs(rows).max(axis=0), np.finfo(float).tiny)  # a column of zeros gets a weight of zero
        weights = nnls(rows / scale, costs)[0] / scale
        return _Line(weights[:-1], float(weights[-1]))


@dataclass(frozen=True)
class RidgeRegression(CostPredictor):
    """Ridge regression on standardised features; the best of ``draws`` penalties, log-uniform, on ``folds`` parts."""

    name: ClassVar[str] = "ridge"
    draws: int = 40
    folds: int = 5

    def _fit(self, features: Floats, costs: Floats, rng: np.random.Generator) -> FittedCost:
        parts = folds_of(len(costs), self.folds, rng)
        penalties = np.exp(rng.uniform(log(_PENALTIES[0]), log(_PENALTIES[1]), self.draws))
        errors = [
            sum(
                float(np.square(_ridge(features[train], costs[train], a)._predict(features[held]) - costs[held]).sum())
                for train, held in parts
            )
            for a in penalties
        ]
        return _ridge(features, costs, penalties[int(np.argmin(errors))])


def _ridge(features: Floats, costs: Floats, penalty: float) -> _Line:
    centre, spread = features.mean(axis=0), np.where(np.ptp(features, axis=0) > 0, features.std(axis=0), 1.0)
    ridge = Ridge(penalty).fit((features - centre) / spread, costs)
    weights = ridge.coef_ / spread
    return _Line(weights, float(ridge.intercept_ - centre @ weights))

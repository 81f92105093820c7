"""Gradient boosting of scikit-learn as a cost predictor: boosted trees with no further package."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingRegressor

from valpnas.predictors.cells.contracts import FittedCost
from valpnas.predictors.cells.random_search import BoostedTrees, Rows, Settings, Tried

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GradientBoosting(BoostedTrees):
    """Friedman's gradient boosting; fewer draws and trees than CatBoost gets, for scikit-learn is slower at them."""

    name: ClassVar[str] = "gradient-boosting"
    draws: int = 8
    trees: int = 300
    patience: int = 25

    def _draw(self, rng: np.random.Generator) -> Settings:
        return {
            "learning_rate": rng.uniform(0.05, 0.25),
            "max_depth": int(rng.integers(2, 6)),
            "min_samples_leaf": int(rng.integers(1, 8)),
            "subsample": rng.uniform(0.5, 1.0),
        }

    def _try(self, settings: Settings, seed: int, features: Floats, costs: Floats, train: Rows, held: Rows) -> Tried:
        best = Tried(np.inf, 0)
        for trees, predicted in self._growing(settings, seed, features[train], costs[train], features[held]):
            error = float(np.square(predicted - costs[held]).sum())
            if error < best.error:
                best = Tried(error, trees)
            elif trees >= best.trees + self.patience:
                break
        return best

    def _growing(
        self, settings: Settings, seed: int, features: Floats, costs: Floats, held: Floats
    ) -> Iterator[tuple[int, Floats]]:
        """Yield how many trees there are and what they predict of ``held``; ``patience`` trees are fitted at once."""
        model = _model(settings, 0, seed)
        model.set_params(warm_start=True)
        for done in range(0, self.trees, self.patience):
            model.set_params(n_estimators=min(done + self.patience, self.trees)).fit(features, costs)
            for trees, predicted in enumerate(model.staged_predict(held), 1):
                if trees > done:
                    yield trees, predicted

    def _fit_all(self, settings: Settings, trees: int, seed: int, features: Floats, costs: Floats) -> FittedCost:
        return _Fitted(_model(settings, trees, seed).fit(features, costs))


class _Fitted(FittedCost):
    def __init__(self, model: Any) -> None:
        self._model = model

    def _predict(self, features: Floats) -> Floats:
        if not len(features):
            return np.zeros(0)
        return np.asarray(self._model.predict(features), np.float64)


def _model(settings: Settings, trees: int, seed: int) -> Any:
    return GradientBoostingRegressor(n_estimators=max(1, trees), random_state=seed, **settings)

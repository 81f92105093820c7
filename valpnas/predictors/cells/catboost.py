"""CatBoost as a cost predictor: what POPNASv2 and v3 predict training time with, their search space and weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from valpnas.cells.features import FEATURES
from valpnas.errors import ConfigError
from valpnas.predictors.cells.contracts import FittedCost
from valpnas.predictors.cells.random_search import BoostedTrees, Rows, Settings, Tried

Floats = NDArray[np.float64]

_IMPORTANCE: Mapping[str, float] = {"cells": 1.5, "op_score": 1.5, "concat_inputs": 1.2}  # of the published code


@dataclass(frozen=True)
class CatBoost(BoostedTrees):
    """CatBoost (Prokhorenkova et al., arXiv:1706.09516) with the search of POPNASv2 4.1, on one thread.

    Raises:
        ConfigError: CatBoost is not installed.
    """

    name: ClassVar[str] = "catboost"

    def __post_init__(self) -> None:
        import_catboost()

    def _draw(self, rng: np.random.Generator) -> Settings:
        return {
            "learning_rate": rng.uniform(0.02, 0.22),  # scipy's uniform(0.02, 0.2) is from 0.02, 0.2 wide; so below
            "depth": int(rng.integers(3, 7)),
            "l2_leaf_reg": rng.uniform(0.1, 5.1),
            "random_strength": rng.uniform(0.3, 3.3),
            "bagging_temperature": rng.uniform(0.3, 3.3),
        }

    def _try(self, settings: Settings, seed: int, features: Floats, costs: Floats, train: Rows, held: Rows) -> Tried:
        model = _model(settings, self.trees, seed)
        model.fit(
            features[train],
            costs[train],
            eval_set=(features[held], costs[held]),
            early_stopping_rounds=self.patience,
            use_best_model=True,
        )
        return Tried(model.get_best_score()["validation"]["RMSE"] ** 2 * len(held), model.get_best_iteration() + 1)

    def _fit_all(self, settings: Settings, trees: int, seed: int, features: Floats, costs: Floats) -> FittedCost:
        return _Fitted(_model(settings, trees, seed).fit(features, costs))


class _Fitted(FittedCost):
    def __init__(self, model: Any) -> None:
        self._model = model

    def _predict(self, features: Floats) -> Floats:
        return np.asarray(self._model.predict(features, thread_count=1), np.float64)


def import_catboost() -> Any:
    """Return the package; raises ``ConfigError`` when it is not installed."""
    try:
        import catboost
    except ImportError as error:
        raise ConfigError(
            f"cannot load CatBoost ({error}); expected it beside valpnas: `pip install 'valpnas[catboost]'`, "
            "or name another cost predictor"
        ) from error
    return catboost


def _model(settings: Settings, trees: int, seed: int) -> Any:
    return import_catboost().CatBoostRegressor(
        iterations=trees,
        random_seed=seed,
        bootstrap_type="Bayesian",  # the only one with a bagging temperature
        feature_weights=[_IMPORTANCE.get(name, 1.0) for name in FEATURES],
        thread_count=1,
        allow_writing_files=False,
        verbose=False,
        **settings,
    )

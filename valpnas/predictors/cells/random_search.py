"""Random search for the settings of boosted trees: each draw is tried on every fold, its number of trees stopped early.

As POPNASv2 (4.1) has it for CatBoost; the draw with the least squared error on held-out cells is then fitted to all.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from valpnas.predictors.cells.contracts import CostPredictor, FittedCost, can_learn

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Settings = Mapping[str, float]


class Tried(NamedTuple):
    """Sum of squared errors on held-out rows with the best number of trees, and that number."""

    error: float
    trees: int


def folds_of(count: int, folds: int, rng: np.random.Generator) -> list[tuple[Rows, Rows]]:
    """Return which of ``count`` rows are fitted and which held out, by fold: shuffled, no more folds than rows."""
    parts = np.array_split(rng.permutation(count), min(folds, count))
    return [(np.concatenate([*parts[:i], *parts[i + 1 :]]), held) for i, held in enumerate(parts)]


@dataclass(frozen=True)
class BoostedTrees(CostPredictor):
    """Boosted trees: ``trees`` at most, none more after ``patience`` without a lesser error on the rows held out."""

    draws: int = 40
    folds: int = 5
    trees: int = 2500
    patience: int = 50

    def _fit(self, features: Floats, costs: Floats, rng: np.random.Generator) -> FittedCost:
        parts = [p for p in folds_of(len(costs), self.folds, rng) if can_learn(features[p[0]], costs[p[0]])]
        seed, best = int(rng.integers(2**31)), inf
        settings, trees = self._draw(rng), self.patience  # as they are where no fold can be learnt from
        for drawn in [settings, *(self._draw(rng) for _ in range(self.draws - 1))] if parts else []:
            tried = [self._try(drawn, seed, features, costs, train, held) for train, held in parts]
            if (error := sum(each.error for each in tried)) < best:
                best, settings, trees = error, drawn, round(float(np.mean([each.trees for each in tried])))
        return self._fit_all(settings, max(1, trees), seed, features, costs)

    @abstractmethod
    def _draw(self, rng: np.random.Generator) -> Settings:
        """Return settings drawn from the search space."""

    @abstractmethod
    def _try(self, settings: Settings, seed: int, features: Floats, costs: Floats, train: Rows, held: Rows) -> Tried:
        """Fit to the rows ``train`` and stop by the rows ``held``."""

    @abstractmethod
    def _fit_all(self, settings: Settings, trees: int, seed: int, features: Floats, costs: Floats) -> FittedCost:
        """Fit so many trees to all rows."""

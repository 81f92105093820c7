"""What a predictor of cells promises, and the checks that all of them make of what they are given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import Cells, by_column
from valpnas.cells.features import FEATURES
from valpnas.errors import InvalidCellError

Floats = NDArray[np.float64]


class FittedScore(ABC):
    """What a ``ScorePredictor`` has learnt."""

    @abstractmethod
    def predict(self, cells: Cells) -> Floats:
        """Return ``(m,)``: the score in [0, 1] that each of ``m`` cells, of any width, is expected to reach.

        What is predicted of a cell depends neither on the other cells nor, beyond rounding, on zeros behind its blocks.

        Raises:
            InvalidValpError: the array holds no cells of the space.
        """


class ScorePredictor(ABC):
    """Learns from trained cells which score others will reach. It holds settings only; what it learns it returns."""

    name: ClassVar[str]

    @abstractmethod
    def fit(self, space: CellSpace, cells: Cells, scores: Floats, rng: np.random.Generator) -> FittedScore:
        """Return what is learnt from ``cells``, ``(n, width, 4)``, and their ``scores``, ``(n,)`` in [0, 1].

        A cell may be the empty one, all zeros.

        Raises:
            InvalidValpError: no cells, none of the space, or not one score in [0, 1] for each.
        """


class FittedCost(ABC):
    """What a ``CostPredictor`` has learnt."""

    def predict(self, features: Floats) -> Floats:
        """Return ``(m,)``: the cost, from 0 on, expected of cells with ``features``, ``(m, 9)``.

        Raises:
            InvalidCellError: the features are of another shape, or not finite.
        """
        return np.maximum(self._predict(checked_features(features)), 0.0)

    @abstractmethod
    def _predict(self, features: Floats) -> Floats:
        """Return ``(m,)``, of any sign."""


class CostPredictor(ABC):
    """Learns from trained cells what others will cost, such as seconds. It holds settings only."""

    name: ClassVar[str]

    def fit(self, features: Floats, costs: Floats, rng: np.random.Generator) -> FittedCost:
        """Return what is learnt from ``features``, ``(n, 9)`` (``cells/features.py``), and ``costs``, ``(n,)``.

        Of costs that are all equal, or cells that are all alike, the mean is what is learnt.

        Raises:
            InvalidCellError: no cells, not one finite cost from 0 on for each, or features of another shape or not
                finite.
        """
        x, y = checked_features(features), checked_targets(costs, len(features), np.inf)
        return self._fit(x, y, rng) if can_learn(x, y) else Mean(float(y.mean()))

    @abstractmethod
    def _fit(self, features: Floats, costs: Floats, rng: np.random.Generator) -> FittedCost:
        """Return what is learnt from two rows or more that differ, in features and in costs."""


class Mean(FittedCost):
    """Expects the same of every cell, for nothing more was to be learnt."""

    def __init__(self, cost: float) -> None:
        self._cost = cost

    def _predict(self, features: Floats) -> Floats:
        return np.full(len(features), self._cost)


def can_learn(features: Floats, costs: Floats) -> bool:
    """Say whether both costs and features differ between rows."""
    return bool(np.ptp(costs) > 0 and np.ptp(features, axis=0).max() > 0)


def checked_features(features: ArrayLike) -> Floats:
    """Return ``(n, 9)`` features as numbers; raises ``InvalidCellError`` when they are not."""
    x = np.asarray(features, np.float64)
    if x.ndim != 2 or x.shape[1] != len(FEATURES) or not np.isfinite(x).all():
        raise InvalidCellError(
            "features", f"expected finite numbers (n, {len(FEATURES)}), got {x.shape}; make them with time_features"
        )
    return x


def checked_targets(values: ArrayLike, count: int, most: float) -> Floats:
    """Return ``(count,)`` scores or costs from 0 to ``most``; raises ``InvalidCellError`` when they are not."""
    y = np.asarray(values, np.float64)
    if y.shape != (count,) or not count:
        raise InvalidCellError("targets", f"expected one number for each of 1 cell or more, got {y.shape} for {count}")
    wrong = ~(np.isfinite(y) & (y >= 0) & (y <= most))
    if wrong.any():
        limits = "from 0 on" if np.isinf(most) else f"from 0 to {most:g}"
        raise InvalidCellError("targets", f"expected finite numbers {limits}, got {y[wrong][0]}; leave such cells out")
    return y


def checked_cells(space: CellSpace, cells: Cells) -> Cells:
    """Return cells as they are; raises ``InvalidValpError`` when the array holds none of the space."""
    by_column(space, cells)
    return cells

"""Predictors of gains: those that choosers use and a forest, each asked about base models that it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import GroupKFold

from valpnas.predictors.gain_table import GainTable, Row
from valpnas.predictors.learned import OWN_SLOPES, fit
from valpnas.predictors.place_traits import PLACE_TRAITS
from valpnas.predictors.scale import clipped

Floats = NDArray[np.float64]
Predict = Callable[[Sequence[Row], Sequence[Row], int], Floats]  # rows to fit to, rows to predict, horizon

FOLDS = 8
"""At most, of base models: those of one are predicted from the others."""


def unseen(rows: Sequence[Row], horizon: int, predict: Predict) -> Floats:
    """Return the gain of every place, predicted from places of other base models."""
    groups = [f"{row.problem} {row.model}" for row in rows]
    predicted = np.zeros(len(rows))
    for train, test in GroupKFold(min(FOLDS, len(set(groups)))).split(rows, groups=groups):
        predicted[test] = predict([rows[i] for i in train], [rows[i] for i in test], horizon)
    return predicted


def gains_at(rows: Sequence[Row], horizon: int) -> Floats:
    """Return the gains of rows, clipped."""
    return clipped(np.array([row.gains[horizon] for row in rows]))


def means(seen: Sequence[Row], asked: Sequence[Row], horizon: int) -> Floats:
    """Return the mean gain of each one's kind of change in the models seen; 0 where there is none."""
    by_change: dict[str, list[float]] = {}
    for row, gain in zip(seen, gains_at(seen, horizon), strict=True):
        by_change.setdefault(row.change, []).append(float(gain))
    return np.array([fmean(by_change.get(row.change, [0.0])) for row in asked])


def _linear(own_slopes: float) -> Predict:
    def predict(seen: Sequence[Row], asked: Sequence[Row], horizon: int) -> Floats:
        known = fit(GainTable(tuple(seen), ()), horizon, own_slopes=own_slopes)
        return np.array([known.expected(row.change, [row.traits])[0][0] for row in asked])

    return predict


def _forest(seen: Sequence[Row], asked: Sequence[Row], horizon: int) -> Floats:
    changes = sorted({row.change for row in seen})
    forest = RandomForestRegressor(100, min_samples_leaf=3, max_features=0.5, random_state=0, n_jobs=1)
    forest.fit(_columns(seen, changes), gains_at(seen, horizon))
    predicted: Floats = forest.predict(_columns(asked, changes))
    return predicted


def _columns(rows: Sequence[Row], changes: Sequence[str]) -> Floats:
    which = [[row.change == change for change in changes] for row in rows]
    return np.concatenate([np.array(which, float), [[row.traits[t] for t in PLACE_TRAITS] for row in rows]], axis=1)


PREDICTORS: Mapping[str, Predict] = {
    "linear, one slope for all operators": _linear(0.0),
    "linear, slopes of each operator around these": _linear(OWN_SLOPES),
    "forest": _forest,
}

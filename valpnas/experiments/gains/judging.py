"""Judging: how well predictors tell the gains of places in base models that they were not fitted to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import GroupKFold

from valpnas.predictors.gain_table import GainTable, Row
from valpnas.predictors.learned import OWN_SLOPES, fit
from valpnas.predictors.place_traits import PLACE_TRAITS
from valpnas.predictors.scale import clipped

Floats = NDArray[np.float64]
Predict = Callable[[Sequence[Row], Sequence[Row], int], Floats]  # rows to fit to, rows to predict, horizon

_FOLDS = 8
_FEWEST = 8  # places of a variant whose order says something


@dataclass(frozen=True)
class Judged:
    """``order``: mean over variants of Spearman's correlation of predicted and measured gains; ``error``: mean squared
    error as a share of that of the variants' means in the other models."""

    predictor: str
    order: float
    error: float

    def __str__(self) -> str:
        """Say it in a sentence."""
        return f"{self.predictor}: order of an operator's places {self.order:+.2f}, squared error x {self.error:.2f}"


def judged(table: GainTable, horizon: int) -> list[Judged]:
    """Return how well each predictor does on unseen models; none where there are too few models.

    Raises:
        StoreError: the table has no gains at this horizon.
    """
    rows = table.at(horizon)
    groups = [f"{row.problem} {row.model}" for row in rows]
    folds = min(_FOLDS, len(set(groups)))
    if folds < 2:
        return []
    predicted = {name: np.zeros(len(rows)) for name in ("mean", *_PREDICTORS)}
    for train, test in GroupKFold(folds).split(rows, groups=groups):
        seen, unseen = [rows[i] for i in train], [rows[i] for i in test]
        predicted["mean"][test] = _means(seen, unseen, horizon)
        for name, predict in _PREDICTORS.items():
            predicted[name][test] = predict(seen, unseen, horizon)
    measured = _gains(rows, horizon)
    scale = float(np.square(predicted.pop("mean") - measured).mean())
    return [
        Judged(name, _order(rows, each, measured), float(np.square(each - measured).mean()) / scale)
        for name, each in predicted.items()
    ]


def _linear(own_slopes: float) -> Predict:
    def predict(seen: Sequence[Row], unseen: Sequence[Row], horizon: int) -> Floats:
        known = fit(GainTable(tuple(seen), ()), horizon, own_slopes=own_slopes)
        return np.array([known.expected(row.variant, [row.traits])[0][0] for row in unseen])

    return predict


def _forest(seen: Sequence[Row], unseen: Sequence[Row], horizon: int) -> Floats:
    variants = sorted({row.variant for row in seen})
    forest = RandomForestRegressor(100, min_samples_leaf=3, max_features=0.5, random_state=0, n_jobs=1)
    predicted: Floats = forest.fit(_columns(seen, variants), _gains(seen, horizon)).predict(_columns(unseen, variants))
    return predicted


_PREDICTORS: Mapping[str, Predict] = {
    "linear, one slope for all operators": _linear(0.0),
    "linear, slopes of each operator around these": _linear(OWN_SLOPES),
    "forest": _forest,
}


def _columns(rows: Sequence[Row], variants: Sequence[str]) -> Floats:
    which = [[row.variant == variant for variant in variants] for row in rows]
    return np.concatenate([np.array(which, float), [[row.traits[t] for t in PLACE_TRAITS] for row in rows]], axis=1)


def _means(seen: Sequence[Row], unseen: Sequence[Row], horizon: int) -> Floats:
    """Return the mean gain of each one's variant in the models seen; 0 where there is none."""
    by_variant: dict[str, list[float]] = {}
    for row, gain in zip(seen, _gains(seen, horizon), strict=True):
        by_variant.setdefault(row.variant, []).append(float(gain))
    return np.array([fmean(by_variant.get(row.variant, [0.0])) for row in unseen])


def _gains(rows: Sequence[Row], horizon: int) -> Floats:
    return clipped(np.array([row.gains[horizon] for row in rows]))


def _order(rows: Sequence[Row], predicted: Floats, measured: Floats) -> float:
    found = []
    for variant in sorted({row.variant for row in rows}):
        mine = np.array([row.variant == variant for row in rows])
        if mine.sum() >= _FEWEST and np.ptp(predicted[mine]) and np.ptp(measured[mine]):
            found.append(float(stats.spearmanr(predicted[mine], measured[mine]).statistic))
    return fmean(found) if found else 0.0

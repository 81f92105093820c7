"""Shapley values: how much each feature moves a predicted cost away from the mean - exact, all coalitions counted."""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray

from valpnas.cells.features import FEATURES
from valpnas.errors import InvalidCellError
from valpnas.predictors.cells.contracts import FittedCost, checked_features

Floats = NDArray[np.float64]

_MOST_ROWS = 2**18  # predicted at once


def shapley_values(fitted: FittedCost, features: Floats, background: Floats) -> Floats:
    """Return ``(m, 9)``: the share of each feature in what is predicted of ``features``, ``(m, 9)``.

    What a coalition of features is worth is the mean prediction when they are those of the cell, and the others those
    of a row of ``background``, ``(k, 9)``: the interventional values of Lundberg and Lee (arXiv:1705.07874; Janzing et
    al., arXiv:1910.13413), of which POPNASv3 shows estimates. Nine features have 512 coalitions, so Shapley's sum is
    computed as it is. A row adds up to its prediction less the mean prediction of the background.

    Raises:
        InvalidCellError: either is of another shape or not finite, or the background has no row.
    """
    x, others = checked_features(features), checked_features(background)
    if not len(others):
        raise InvalidCellError("background", "expected one row or more, got none; give the features of trained cells")
    members = _coalitions(len(FEATURES))
    values = np.empty((len(x), len(FEATURES)))
    at_once = max(1, _MOST_ROWS // (len(members) * len(others)))
    for start in range(0, len(x), at_once):
        part = x[start : start + at_once]
        mixed = np.where(members[:, None], part[:, None, None], others)  # (part, coalitions, k, features)
        worth = fitted.predict(mixed.reshape(-1, len(FEATURES))).reshape(len(part), len(members), len(others))
        values[start : start + at_once] = worth.mean(axis=2) @ _weights(members)
    return values


def _coalitions(count: int) -> NDArray[np.bool_]:
    """Return ``(2**count, count)``: whose members are in each coalition."""
    return (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(bool)


def _weights(members: NDArray[np.bool_]) -> Floats:
    """Return ``(coalitions, features)``: what the worth of a coalition counts for a feature, in it or not (Shapley)."""
    count, sizes = members.shape[1], members.sum(axis=1)
    shares = np.array([factorial(s) * factorial(count - s - 1) / factorial(count) for s in range(count)])
    joined, alone = shares[np.maximum(sizes - 1, 0)], shares[np.minimum(sizes, count - 1)]
    return np.asarray(np.where(members, joined[:, None], -alone[:, None]))

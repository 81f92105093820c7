"""How good predictions are: the two measures of POPNASv2 and v3, rank correlation and relative error."""

from __future__ import annotations

from math import nan

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import spearmanr

from valpnas.errors import InvalidCellError

Floats = NDArray[np.float64]


def spearman(predicted: ArrayLike, measured: ArrayLike) -> float:
    """Return Spearman's rank correlation of two ``(n,)``; nan where either is the same everywhere, or n below 2.

    Raises:
        InvalidCellError: the lengths differ.
    """
    p, m = _pair(predicted, measured)
    if len(p) < 2 or not (np.ptp(p) and np.ptp(m)):
        return nan
    return float(spearmanr(p, m).statistic)


def mape(predicted: ArrayLike, measured: ArrayLike) -> float:
    """Return the mean error in percent of what was measured, over all that is not 0; nan where nothing is.

    Raises:
        InvalidCellError: the lengths differ.
    """
    p, m = _pair(predicted, measured)
    there = m != 0
    if not there.any():
        return nan
    return float(np.mean(np.abs(p - m)[there] / np.abs(m)[there]) * 100)


def _pair(predicted: ArrayLike, measured: ArrayLike) -> tuple[Floats, Floats]:
    p, m = np.asarray(predicted, np.float64), np.asarray(measured, np.float64)
    if p.ndim != 1 or p.shape != m.shape:
        raise InvalidCellError("predictions", f"expected as many predicted as measured, got {p.shape} and {m.shape}")
    return p, m

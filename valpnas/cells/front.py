"""The Pareto front of candidates by their estimates: score up, costs down, no cell twice, K at most (POPNASv3 3.3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from valpnas.cells.canonical import Keys
from valpnas.cells.dominance import non_dominated
from valpnas.errors import InvalidValpError


def pareto_front(scores: ArrayLike, costs: ArrayLike, keys: Keys, most: int | None = None) -> NDArray[np.intp]:
    """Return the indices of the front, best score first.

    ``scores`` and ``keys`` are ``(n,)``; ``costs``, such as training time and parameters, ``(n,)`` or
    ``(n, objectives)``. A candidate is out when any other is nowhere worse and somewhere better. Of equivalent cells on
    the front, whose keys are equal (``canonical_keys``), that of the best score stays, then of the least costs, then
    the first. The published code does not ask for an objective that is better, so candidates of equal estimates
    eliminate each other there.
    With ``most``, only so many of the best scores are returned.

    Raises:
        InvalidValpError: the lengths differ, or an estimate is not finite.
    """
    points = np.column_stack([-np.asarray(scores, np.float64), np.asarray(costs, np.float64)])
    if len(points) != len(keys) or not np.isfinite(points).all():
        wrong = int((~np.isfinite(points)).any(axis=1).sum())
        raise InvalidValpError(
            "cells", f"expected finite estimates for {len(keys)} cells, got {len(points)}, {wrong} of them not finite"
        )
    front = np.flatnonzero(non_dominated(points))
    best = front[np.lexsort((*points[front, ::-1].T,))]
    return best[np.sort(first_of_equal(keys[best]))][:most]


def first_of_equal(keys: Keys) -> NDArray[np.intp]:
    """Return the index of the first of each kind of key, in the order of the keys' values."""
    return np.asarray(np.unique(keys, return_index=True)[1])

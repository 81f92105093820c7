"""Stratified splits: which rows of a training file train, which are for diagnostics, which for validation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from valpnas.errors import DataError

Rows = NDArray[np.int64]

# Of a training file: a tenth validates, at least 60 rows (POPNASv3 4.4.1), but never more than a quarter; a twentieth
# is for diagnostics, at least 20 rows, but never more than a tenth. A set of 500 rows trains on 415.
VALIDATION, FEWEST_VALIDATION, MOST_VALIDATION = 0.1, 60, 0.25
DIAGNOSTIC, FEWEST_DIAGNOSTIC, MOST_DIAGNOSTIC = 0.05, 20, 0.1


def small_set_sizes(rows: int) -> tuple[int, int]:
    """Return how many of a training file's rows are for diagnostics and for validation."""

    def size(share: float, fewest: int, most: float) -> int:
        return max(1, min(max(round(share * rows), fewest), int(most * rows)))

    return (
        size(DIAGNOSTIC, FEWEST_DIAGNOSTIC, MOST_DIAGNOSTIC),
        size(VALIDATION, FEWEST_VALIDATION, MOST_VALIDATION),
    )


def stratified(labels: Rows, diagnostic: int, validation: int, seed: int) -> tuple[Rows, Rows, Rows]:
    """Return the rows that train, are for diagnostics and validate, each sorted.

    Every class has a share of each part that is proportional to within one row, and at least one row that trains.

    Raises:
        DataError: there are too few rows for that.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]  # by class, at random within each
    _, first = np.unique(labels[order], return_index=True)
    free = np.delete(order, first)
    wanted = diagnostic + validation
    if len(free) < wanted:
        raise DataError(
            f"expected at least {wanted + len(first)} rows to hold out {wanted} of {len(first)} classes, "
            f"got {len(labels)}; give more data"
        )
    held = free[_evenly(wanted, len(free))]
    looked_at = held[_evenly(diagnostic, wanted)]
    validates = np.setdiff1d(held, looked_at)
    return np.setdiff1d(order, held), np.sort(looked_at), validates


def _evenly(count: int, among: int) -> Rows:
    """Return ``count`` different places, spread evenly over ``among``."""
    return (2 * np.arange(count, dtype=np.int64) + 1) * among // (2 * count)

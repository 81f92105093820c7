"""Which points nothing dominates, among hundreds of thousands: by sorting for two objectives, in blocks for more.

A point dominates another when it is nowhere worse and somewhere better; equal points do not dominate each other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_FIRST, _MOST = 32, 512  # points that filter the others at once: few while there are many others
_CHUNK = 8192  # others at once, so that a comparison stays in a cache


def non_dominated(costs: Floats) -> Mask:
    """Return ``(n,)``: which of ``n`` points, ``(n, objectives)``, no other dominates; less is better everywhere.

    One or two objectives take one sort. More take ``front * n`` comparisons at worst, much fewer where a few points
    dominate most others.

    Raises:
        ValueError: the array has another number of axes or no objectives, or holds NaN, which compares with nothing.
    """
    if costs.ndim != 2 or not costs.shape[1] or np.isnan(costs).any():
        raise ValueError(f"expected (points, objectives) without NaN, got {costs.shape}, {np.isnan(costs).sum()} NaN")
    if costs.shape[1] == 1:
        return np.asarray(costs[:, 0] == costs[:, 0].min(initial=np.inf))
    return _by_sorting(costs) if costs.shape[1] == 2 else _by_blocks(costs)


def _by_sorting(costs: Floats) -> Mask:
    """Keep what is below everything to its left, and the least of those with an equal first objective."""
    kept = np.zeros(len(costs), bool)
    if not len(costs):
        return kept
    order = np.argsort(costs[:, 0], kind="stable")
    first, second = costs[order].T
    starts = np.flatnonzero(np.concatenate([[True], first[1:] != first[:-1]]))  # of runs of equal first objective
    least = np.minimum.reduceat(second, starts)
    left = np.minimum.accumulate(np.concatenate([[np.inf], least[:-1]]))
    run = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(first)))
    kept[order] = (second == least[run]) & ((second < left[run]) | (run == 0))
    return kept


def _by_blocks(costs: Floats) -> Mask:
    """Let the best left by the sum of ranks keep out whatever they dominate, until nothing is left.

    The sum of ranks grows with every objective, so nothing dominates what comes before it.
    """
    ranks = np.stack([np.unique(column, return_inverse=True)[1] for column in costs.T], axis=1)
    left = np.argsort(ranks.sum(axis=1), kind="stable")
    kept, size = np.zeros(len(costs), bool), _FIRST
    while len(left):
        head, left = left[:size], left[size:]
        head = head[~_dominated(ranks[head], ranks[head])]
        kept[head] = True
        chunks = [left[start : start + _CHUNK] for start in range(0, len(left), _CHUNK)]
        left = np.concatenate([chunk[~_dominated(ranks[chunk], ranks[head])] for chunk in chunks] or [left])
        size = min(2 * size, _MOST)
    return kept


def _dominated(points: NDArray[np.intp], by: NDArray[np.intp]) -> Mask:
    """Return which of ``points`` one of ``by`` dominates."""
    nowhere_worse = np.ones((len(by), len(points)), bool)
    for theirs, ours in zip(by.T, points.T, strict=True):
        nowhere_worse &= theirs[:, None] <= ours
    sums = by.sum(axis=1)[:, None] < points.sum(axis=1)  # nowhere worse and not equal
    return np.asarray((nowhere_worse & sums).any(axis=0))

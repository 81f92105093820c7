"""Ranks: the tests of the initial experiment, Kruskal and Wallis' over all operators and Dunn's of each two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import sqrt

import numpy as np
from scipy import stats

from valpnas.experiments.statistics import holm


def kruskal_wallis(groups: Mapping[str, Sequence[float]]) -> tuple[float, float]:
    """Return H and p of the hypothesis that all groups come from one distribution; 0 and 1 for less than two."""
    values = [list(group) for group in groups.values() if len(group)]
    if len(values) < 2 or len({v for group in values for v in group}) < 2:
        return 0.0, 1.0
    found = stats.kruskal(*values)
    return float(found.statistic), float(found.pvalue)


def dunn(groups: Mapping[str, Sequence[float]]) -> dict[tuple[str, str], tuple[float, float]]:
    """Return z and p, corrected by Holm's method, of each two groups (Dunn 1964, with the correction for ties).

    z above 0 says that the first has the higher ranks.
    """
    names = [name for name in groups if len(groups[name])]
    sizes = {name: len(groups[name]) for name in names}
    ranks = stats.rankdata(np.concatenate([np.asarray(groups[name], dtype=float) for name in names]))
    means, start = {}, 0
    for name in names:
        means[name] = float(ranks[start : start + sizes[name]].mean())
        start += sizes[name]
    total = len(ranks)
    _, counts = np.unique(ranks, return_counts=True)
    spread = total * (total + 1) / 12 - float((counts**3 - counts).sum()) / (12 * max(total - 1, 1))
    pairs = list(combinations(names, 2))
    z = [(means[a] - means[b]) / sqrt(spread * (1 / sizes[a] + 1 / sizes[b])) if spread else 0.0 for a, b in pairs]
    corrected = holm([float(2 * stats.norm.sf(abs(value))) for value in z])
    return {pair: (value, p) for pair, value, p in zip(pairs, z, corrected, strict=True)}

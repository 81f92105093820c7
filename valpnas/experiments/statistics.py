"""Paired statistics: Wilcoxon's signed-rank test, Holm's correction, an effect size, and what p can be at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log2

import numpy as np
from scipy import stats

_EXACT = 50  # differences up to which the exact distribution is used when no two are equally large
_ENUMERATED = 14  # and up to which every choice of signs is gone through when some are


@dataclass(frozen=True)
class SignedRank:
    """A comparison of paired values: ``wins`` counts the pairs in which the first is higher.

    ``p`` is two-sided. ``effect`` is the matched-pairs rank-biserial correlation: 1 when every pair that differs
    favours the first, -1 when every one favours the second, 0 when all are equal. ``least_p`` is the smallest p
    that so many differing pairs can give.
    """

    pairs: int
    wins: int
    losses: int
    mean: float
    spread: float  # standard deviation of the differences; 0 for one pair
    p: float
    effect: float
    least_p: float

    @property
    def ties(self) -> int:
        """Pairs without a difference."""
        return self.pairs - self.wins - self.losses


def signed_rank(first: Sequence[float], second: Sequence[float]) -> SignedRank:
    """Compare two arms by their values in the same pairs. Pairs without a difference are set aside, as Wilcoxon did."""
    differences = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    differing = differences[differences != 0]
    return SignedRank(
        pairs=len(differences),
        wins=int((differing > 0).sum()),
        losses=int((differing < 0).sum()),
        mean=float(differences.mean()) if len(differences) else 0.0,
        spread=float(differences.std(ddof=1)) if len(differences) > 1 else 0.0,
        p=_p_value(differing),
        effect=_rank_biserial(differing),
        least_p=least_p(len(differing)),
    )


def least_p(pairs: int) -> float:
    """Return the smallest two-sided p that so many differing pairs can give: all signs alike."""
    return float(min(1.0, 2.0 ** (1 - pairs)))


def pairs_needed(comparisons: int, level: float = 0.05) -> int:
    """Return the pairs from which on one of so many comparisons can be significant after Holm's correction."""
    return max(1, 1 + ceil(log2(max(comparisons, 1) / level)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values corrected for their number by Holm's step-down method; valid whatever their dependence."""
    corrected = [0.0] * len(p_values)
    least = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        least = max(least, (len(p_values) - rank) * p_values[index])
        corrected[index] = min(1.0, least)
    return corrected


def _p_value(differing: np.ndarray) -> float:
    """Use the exact distribution wherever it can be had; the normal approximation promises too much of few pairs."""
    count = len(differing)
    if count == 0:
        return 1.0
    if len(np.unique(np.abs(differing))) == count <= _EXACT:
        return float(stats.wilcoxon(differing, method="exact").pvalue)
    if count <= _ENUMERATED:
        return float(stats.wilcoxon(differing, method=stats.PermutationMethod(n_resamples=2**count)).pvalue)
    return float(stats.wilcoxon(differing, method="asymptotic").pvalue)


def _rank_biserial(differing: np.ndarray) -> float:
    ranks = stats.rankdata(np.abs(differing))
    return float(np.sum(np.sign(differing) * ranks) / ranks.sum()) if len(ranks) else 0.0

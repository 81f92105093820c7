"""Belief: Bayesian linear regression in closed form - weights and noise unknown, rows told in any order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Belief:
    """Normal-inverse-gamma belief about ``weights``, ``(features,)``, and the noise of what they predict.

    Given the noise variance v, the weights are normal around ``mean`` with precision ``precision`` / v, ``(features,
    features)``; v is inverse-gamma with ``shape`` and ``scale`` (Gelman et al., Bayesian Data Analysis, 14.2).
    """

    mean: Floats
    precision: Floats
    shape: float
    scale: float

    @staticmethod
    def prior(mean: Floats, variances: Floats, noise: float, rows: float) -> Belief:
        """Return a belief in weights around ``mean`` with independent ``variances``, and in a variance ``noise`` of
        single rewards as sure as if it had been seen in so many ``rows``.
        """
        return Belief(mean, np.diag(noise / variances), rows / 2 + 1, noise * rows / 2)

    def told(self, rows: Floats, rewards: Floats, weights: Floats | None = None) -> Belief:
        """Return the belief after ``rows``, ``(n, features)``, were rewarded so; ``weights`` say what a row counts."""
        if not len(rewards):
            return self
        w = np.ones(len(rewards)) if weights is None else weights
        precision = self.precision + (rows.T * w) @ rows
        before = self.precision @ self.mean
        mean = cho_solve(cho_factor(precision), before + rows.T @ (w * rewards))
        squares = float(self.mean @ before + (w * rewards) @ rewards - mean @ precision @ mean)
        return Belief(mean, precision, self.shape + float(w.sum()) / 2, self.scale + max(0.0, squares) / 2)

    @property
    def noise(self) -> float:
        """Expected variance of a single reward around what is predicted."""
        return self.scale / max(self.shape - 1, 1e-9)

    def expected(self, rows: Floats) -> tuple[Floats, Floats]:
        """Return what rows are worth on average, and the standard deviation of that, ``(n,)`` each."""
        factor = cho_factor(self.precision)
        variances = np.einsum("ij,ji->i", rows, cho_solve(factor, rows.T)) * self.noise
        return rows @ self.mean, np.sqrt(np.maximum(variances, 0.0))

    def drawn(self, rng: np.random.Generator) -> Floats:
        """Return weights drawn from the belief, ``(features,)``."""
        variance = self.scale / rng.gamma(self.shape)
        lower = np.linalg.cholesky(self.precision)
        step = np.linalg.solve(lower.T, rng.standard_normal(len(self.mean)))
        weights: Floats = self.mean + np.sqrt(variance) * step
        return weights

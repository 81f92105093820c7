"""Reference scorers: the yardsticks that problems declare for generation outputs, fitted once on training rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from torch import Tensor

from valpnas.contracts.problem import SampleScorer
from valpnas.training.data import Prepared

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FrechetScorer:
    """Frechet distance in the first principal components of the training targets.

    ``|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))`` between Gaussians fitted to the samples and to the held-out
    targets of a part (Heusel et al. 2017, with principal components in place of a network's features).
    """

    projection: PCA
    held_out: dict[str, tuple[Floats, Floats]]  # mean and covariance of the held-out features, by part
    samples: int

    def distance(self, samples: Tensor, part: str) -> float:
        """Return the distance of ``samples`` ``(n, *shape)`` to the held-out targets of ``part``."""
        features = self.projection.transform(_rows(samples))
        return frechet(_moments(features), self.held_out[part])


def fit_scorer(declared: SampleScorer, output: str, prepared: Prepared) -> FrechetScorer:
    """Fit the scorer that ``output`` declares."""
    train = _rows(prepared.train.targets[output])
    projection = PCA(min(declared.components, *train.shape), svd_solver="full").fit(train)
    parts = ("validation", "test")
    held_out = {part: _moments(projection.transform(_rows(prepared.parts[part].targets[output]))) for part in parts}
    return FrechetScorer(projection, held_out, declared.samples)


def frechet(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> float:
    """Return the Frechet distance between two Gaussians given as (mean, covariance)."""
    (mean1, cov1), (mean2, cov2) = one, other
    values, vectors = np.linalg.eigh(cov1)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    # tr (C1 C2)^(1/2) through the symmetric C1^(1/2) C2 C1^(1/2), which has the same eigenvalues and no complex ones.
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ cov2 @ root), 0, None)).sum()
    return float(np.square(mean1 - mean2).sum() + np.trace(cov1) + np.trace(cov2) - 2 * cross)


def _moments(features: Floats) -> tuple[Floats, Floats]:
    return features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False))


def _rows(values: Tensor) -> Floats:
    return values.detach().flatten(1).cpu().numpy().astype(np.float64)

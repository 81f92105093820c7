"""The Frechet distance between Gaussians fitted to two sets of features (Heusel et al. 2017, "FID")."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Moments = tuple[Floats, Floats]  # mean (d,) and covariance (d, d)


def moments(features: Floats) -> Moments:
    """Return mean and covariance of ``features`` ``(n, d)``."""
    return features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False))


def frechet(one: Moments, other: Moments) -> float:
    """Return ``|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))``."""
    (mean1, cov1), (mean2, cov2) = one, other
    values, vectors = np.linalg.eigh(cov1)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    # tr (C1 C2)^(1/2) through the symmetric C1^(1/2) C2 C1^(1/2), which has the same eigenvalues and no complex ones.
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ cov2 @ root), 0, None)).sum()
    return float(np.square(mean1 - mean2).sum() + np.trace(cov1) + np.trace(cov2) - 2 * cross)

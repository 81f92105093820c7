"""Features of the yardstick ``pca-frechet``: the first principal components of the training targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA
from torch import Tensor

from valpnas.contracts.problem import SampleScorer
from valpnas.training.data import Prepared
from valpnas.training.fitting import Fitting
from valpnas.training.frechet import Floats


@dataclass(frozen=True, eq=False)
class PcaFeatures:
    """Maps values ``(n, *shape)`` to principal components ``(n, components)``."""

    projection: PCA

    def __call__(self, values: Tensor) -> Floats:
        """Project."""
        projected: Floats = self.projection.transform(_rows(values))
        return projected


def fit_pca_features(declared: SampleScorer, output: str, prepared: Prepared, _: Fitting) -> PcaFeatures:
    """Fit the projection on the training rows: quick, so that nothing is kept."""
    train = _rows(prepared.train.targets[output])
    return PcaFeatures(PCA(min(declared.components, *train.shape), svd_solver="full").fit(train))


def _rows(values: Tensor) -> Floats:
    return values.detach().flatten(1).cpu().numpy().astype(np.float64)

"""The constant predictor's objectives, computed with numpy and scipy alone, as the problem files define them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigvals
from sklearn.decomposition import PCA

from valpnas.contracts.problem import Parts, Problem
from valpnas.graph.tasks import Classification, Distribution, Generation, Regression

Floats = NDArray[np.float64]


def reference_of(problem: Problem, parts: Parts) -> dict[str, float]:
    """Return each output's validation objective for the best constant of the training rows."""
    found = {}
    for output in problem.outputs:
        train, held_out = (part.targets[output.name].astype(np.float64) for part in (parts.train, parts.validation))
        if isinstance(output.task, Classification):
            found[output.name] = error_rate(train, held_out)
        elif isinstance(output.task, Regression):
            found[output.name] = standardised_error(train, held_out)
        elif isinstance(output.task, Distribution):
            found[output.name] = unexplained(train, held_out)
        else:
            assert isinstance(output.task, Generation)
            constant = np.repeat(train.mean(axis=0)[None], 50, axis=0)
            found[output.name] = frechet(constant, held_out, train, problem.samplers[output.name].components)
    return found


def error_rate(train: Floats, held_out: Floats) -> float:
    values, counts = np.unique(train, return_counts=True)
    return float((held_out != values[counts.argmax()]).mean())


def standardised_error(train: Floats, held_out: Floats) -> float:
    return float((((held_out - train.mean(axis=0)) / train.std(axis=0)) ** 2).mean())


def unexplained(train: Floats, held_out: Floats) -> float:
    """One by definition: the constant is the mean that the fraction is measured against."""
    spread = ((held_out - train.mean(axis=0)) ** 2).sum()
    return float(((held_out - train.mean(axis=0)) ** 2).sum() / spread)


def frechet(samples: Floats, held_out: Floats, train: Floats, components: int) -> float:
    """``|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))`` in the first principal components of ``train``."""
    projection = PCA(components).fit(train.reshape(len(train), -1))
    one, other = (projection.transform(rows.reshape(len(rows), -1)) for rows in (samples, held_out))
    (mean1, cov1), (mean2, cov2) = ((rows.mean(axis=0), np.cov(rows.T)) for rows in (one, other))
    roots = np.sqrt(np.clip(np.real(eigvals(cov1 @ cov2)), 0, None))  # the trace of a root is the sum of its roots
    return float(((mean1 - mean2) ** 2).sum() + np.trace(cov1) + np.trace(cov2) - 2 * roots.sum())

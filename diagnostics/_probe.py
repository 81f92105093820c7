"""Probes: how well can a linear map read a target from a component's value, on rows it was not fitted to?

Ridge regression in closed form on principal components, errors by cross-validation. Source: linear classifier probes,
Alain and Bengio, arXiv:1610.01644; randomised projection: Halko, Martinsson and Tropp, SIAM Review 53 (2011), 4.3-4.4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from valpnas.graph.tasks import Classification, Task

Floats = NDArray[np.float64]

_FOLDS = 4
_PENALTIES = (1e-3, 1e-1, 10.0)  # per row, on components of unit variance
_SPARE = 8  # directions drawn beyond those kept
_TINY = 1e-12


def numbers(value: Tensor) -> Floats:
    """Return a value as rows of numbers, centred."""
    return _centred(value.detach().flatten(1).cpu().numpy().astype(np.float64))


def target_numbers(task: Task, target: Tensor) -> Floats:
    """Return a target as rows of numbers, centred: classes as indicators, everything else as it is."""
    if isinstance(task, Classification):
        return _centred(np.eye(task.classes)[target.cpu().numpy()])
    return numbers(target)


def _centred(value: Floats) -> Floats:
    moved: Floats = value - value.mean(axis=0)
    return moved


def projected(value: Floats, most: int, rng: np.random.Generator) -> Floats:
    """Return ``value`` in its leading principal components, ``(n, at most most)``, largest first."""
    if value.shape[1] > most + _SPARE:
        drawn = value @ rng.standard_normal((value.shape[1], most + _SPARE))
        directions = np.linalg.qr(value.T @ np.linalg.qr(drawn)[0])[0]  # one power iteration
        value = value @ directions
    variances, vectors = np.linalg.eigh(value.T @ value)
    kept = np.argsort(-variances, kind="stable")[:most]
    kept = kept[variances[kept] > _TINY * max(float(variances.max()), _TINY)]
    components: Floats = value @ vectors[:, kept]
    return components


def unread(features: Floats, targets: dict[str, Floats]) -> dict[str, Floats]:
    """Return per target and row the squared error of the best ridge, ``(n,)``, in shares of the target's variance.

    Its mean is the cross-validated fraction of variance unexplained. The penalty is chosen per target among three by
    that mean, or infinite: what nothing can be read from leaves 1, and not more for the noise that was fitted.
    """
    names = list(targets)
    joint = np.concatenate([targets[name] for name in names], axis=1)
    residuals = np.concatenate([_residuals(_unit(features), joint), joint[None]])
    ends = np.cumsum([targets[name].shape[1] for name in names])
    found = {}
    for name, end in zip(names, ends, strict=True):
        columns = slice(int(end) - targets[name].shape[1], int(end))
        variance = max(float(np.square(targets[name]).sum(axis=1).mean()), _TINY)
        errors = np.square(residuals[:, :, columns]).sum(axis=2) / variance
        found[name] = errors[int(errors.mean(axis=1).argmin())]
    return found


def _unit(features: Floats) -> Floats:
    scaled: Floats = features / np.maximum(features.std(axis=0), _TINY)
    return scaled


def _residuals(features: Floats, targets: Floats) -> Floats:
    """Return what each penalty's ridge leaves of rows it was not fitted to, ``(penalties, n, columns)``."""
    rows = np.arange(len(features)) % _FOLDS
    gram, cross = features.T @ features, features.T @ targets
    left = np.empty((len(_PENALTIES), *targets.shape))
    for fold in range(_FOLDS):
        out = features[rows == fold]
        variances, vectors = np.linalg.eigh(gram - out.T @ out)
        rotated = vectors.T @ (cross - out.T @ targets[rows == fold])
        for i, penalty in enumerate(_PENALTIES):
            shrunk = np.maximum(variances, 0) + penalty * len(features) / 10
            left[i, rows == fold] = targets[rows == fold] - (out @ vectors) @ (rotated / shrunk[:, None])
    return left

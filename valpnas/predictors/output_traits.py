"""Traits of outputs: numbers about how well one is learnt, how fast it still learns, and whether it is memorised."""

from __future__ import annotations

from math import log

import numpy as np
from numpy.typing import NDArray

from valpnas.contracts.diagnostic import ModelView

Traits = dict[str, float]
Floats = NDArray[np.float64]

OUTPUT_TRAITS = ("gap", "level", "outlook", "slope")
"""What ``output_traits`` computes, sorted."""

_LATEST = 200  # batches whose mean is the training loss now
_BLOCKS = 20  # means of the history that a learning curve is fitted to
_LEAST = 1e-12  # of a loss, whose logarithm is taken


def output_traits(view: ModelView, horizon: int = 400) -> dict[str, Traits]:
    """Return by output: ``level``, ``gap``, ``slope`` and ``outlook``, all in the logarithm of its loss.

    ``level`` is the held-out loss, ``gap`` how far it lies above the training loss, ``slope`` the fall of the training
    loss per doubling of the batches so far, and ``outlook`` the fall that this promises for ``horizon`` further
    batches: training losses fall roughly as a power of the batches (Hestness et al., arXiv:1712.00409).
    """
    losses = view.losses()
    return {name: _traits(losses[name], history, horizon) for name, history in view.histories.items()}


def _traits(held_out: float, history: Floats, horizon: int) -> Traits:
    level = log(max(held_out, _LEAST))
    if len(history) < _BLOCKS:
        return {"level": level, "gap": 0.0, "slope": 0.0, "outlook": 0.0}
    power = _power(history)
    return {
        "level": level,
        "gap": level - log(max(float(history[-_LATEST:].mean()), _LEAST)),
        "slope": power * log(2),
        "outlook": power * log(1 + horizon / len(history)),
    }


def _power(history: Floats) -> float:
    """Return the power by which the second half of a history falls with the number of batches."""
    start = len(history) // 2
    blocks = np.array_split(np.arange(start, len(history)), _BLOCKS)
    means = np.array([history[block].mean() for block in blocks if len(block)])
    centres = np.array([block.mean() + 1 for block in blocks if len(block)])
    fitted = np.polynomial.Polynomial.fit(np.log(centres), np.log(np.maximum(means, _LEAST)), 1)
    return -float(fitted.convert().coef[-1])

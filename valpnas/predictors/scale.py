"""Scale: traits brought to one measure before anything linear is fitted to them, and gains kept from outliers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST = 0.5
"""Log loss beyond which a gain or a loss counts no more: a model that broke would outweigh all that did not."""

_FARTHEST = 3.0  # standard deviations: models of other problems lie farther out than any line was fitted


def clipped(gains: Floats | float) -> Floats:
    """Return gains between -``MOST`` and ``MOST``."""
    kept: Floats = np.clip(np.asarray(gains, dtype=float), -MOST, MOST)
    return kept


@dataclass(frozen=True, eq=False)
class Scale:
    """Standardises traits after sign(x) log(1 + |x|), which tames those with long tails; ``(traits,)`` each."""

    names: tuple[str, ...]
    centres: Floats
    spreads: Floats

    @staticmethod
    def of(names: Sequence[str], rows: Floats) -> Scale:
        """Return the scale of a sample, ``(rows, traits)``; a trait that is the same everywhere becomes 0."""
        squashed = _squashed(rows)
        return Scale(tuple(names), squashed.mean(0), squashed.std(0))

    def __call__(self, rows: Floats) -> Floats:
        """Return ``(rows, traits)`` in standard deviations, none farther out than three."""
        spreads = np.where(self.spreads > 0, self.spreads, np.inf)
        scaled: Floats = np.clip((_squashed(rows) - self.centres) / spreads, -_FARTHEST, _FARTHEST)
        return scaled


def _squashed(rows: Floats) -> Floats:
    return np.sign(rows) * np.log1p(np.abs(rows))

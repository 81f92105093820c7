"""What interventions share: by what factor a loss grows, over several draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

_MOST = 1e6  # an intervened network may overflow: that is as relevant as can be, and JSON knows no infinity


@dataclass(frozen=True)
class Growth:
    """``ratio``: median of loss after / loss before over the draws; ``spread``: largest / smallest, 1 = all alike."""

    ratio: float
    spread: float


def growth(
    before: Mapping[str, float], drawn: Sequence[Mapping[str, float]], outputs: Sequence[str], floor: float
) -> dict[str, Growth]:
    """Return the growth of each output's loss; ``floor`` is added to both losses.

    Losses are in units of the constant predictor's, so that a loss near zero that becomes ten times as large is still
    near zero: the floor keeps its ratio from being absurd.
    """
    return {output: _growth(before[output], [after[output] for after in drawn], floor) for output in outputs}


def _growth(before: float, drawn: Sequence[float], floor: float) -> Growth:
    ratios = np.nan_to_num([(after + floor) / (before + floor) for after in drawn], nan=_MOST, posinf=_MOST)
    ratios = np.minimum(ratios, _MOST)
    return Growth(float(np.median(ratios)), float(ratios.max() / ratios.min()))

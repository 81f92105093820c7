"""Bandit: Thompson sampling among places - what looks best under beliefs drawn once each, so that doubt is tried out.

A contextual bandit with a linear belief per arm (Agrawal and Goyal, arXiv:1209.3352); the arms are the changes, the
context a few traits of the place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from valpnas.predictors.learned import Learned

Floats = NDArray[np.float64]

BANDIT_TRAITS = (
    "outputs.gap", "outputs.outlook", "outputs.share", "relevance", "source.rank", "target.is network", "target.rank",
)  # fmt: skip
"""Few, for a run has few steps to learn their slopes from."""


def sampled(
    beliefs: Learned, arms: Mapping[str, Sequence[Mapping[str, float]]], rng: np.random.Generator
) -> dict[str, Floats]:
    """Return by change the reward of each of its places under weights drawn from the belief, ``(places,)``.

    ``arms`` are the traits of the places by change. The draws do not depend on their order.
    """
    return {change: beliefs.rows(arms[change]) @ beliefs.of(change).drawn(rng) for change in sorted(arms)}

"""change_lr: another learning rate for one output ([VALP] V-C)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.operator import Aggressiveness, Effect, Hint, Operator, Scope, Site
from valpnas.graph.valp import LOWEST_RATE, Valp
from valpnas.operators.hyperparameters._retraining import trained_otherwise

FACTORS = {"decrease": 0.5, "increase": 2.0}
HIGHEST_RATE = 1e-1
_ROUNDING = 1e-9  # halving and doubling must be able to reach the very ends of the range


@dataclass(frozen=True)
class ChangeLr(Operator):
    """Halve or double an output's learning rate within [1e-5, 1e-1]; a site's place is "decrease" or "increase".

    No weight changes. An output that leaves or joins others of equal training takes its optimiser state along.
    """

    name: str = "change_lr"
    scope: Scope = "hyperparameter"
    effect: Effect = "neutral"
    aggressiveness: Aggressiveness = "gentle"

    def sites(self, valp: Valp) -> Sequence[Site]:
        """Return both directions for every output, where they stay in the range."""
        return [
            Site(outputs=(output,), place=place)
            for output, how in valp.output_training.items()
            for place, factor in FACTORS.items()
            if LOWEST_RATE * (1 - _ROUNDING) <= how.learning_rate * factor <= HIGHEST_RATE * (1 + _ROUNDING)
        ]

    def apply(
        self,
        parents: tuple[Model, ...],
        site: Site,
        hint: Hint | None,  # noqa: ARG002
        rng: np.random.Generator,
    ) -> Mutated:
        """Change the learning rate of the site's output."""
        factor = FACTORS[site.place]
        return trained_otherwise(
            parents[0], site, rng, lambda how: replace(how, learning_rate=how.learning_rate * factor)
        )

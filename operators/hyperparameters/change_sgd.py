"""change_sgd: another SGD algorithm for one output ([VALP] V-C)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.operator import Aggressiveness, Effect, Hint, Operator, Scope, Site
from valpnas.graph.valp import ALGORITHMS, Valp
from valpnas.operators.hyperparameters._retraining import trained_otherwise


@dataclass(frozen=True)
class ChangeSgd(Operator):
    """Train an output by another algorithm, which a site's place names.

    No weight changes; the output's optimiser state starts afresh, since algorithms do not share moments.
    """

    name: str = "change_sgd"
    scope: Scope = "hyperparameter"
    effect: Effect = "neutral"
    aggressiveness: Aggressiveness = "gentle"

    def sites(self, valp: Valp) -> Sequence[Site]:
        """Return every other algorithm for every output."""
        return [
            Site(outputs=(output,), place=algorithm)
            for output, how in valp.output_training.items()
            for algorithm in ALGORITHMS
            if algorithm != how.algorithm
        ]

    def apply(
        self,
        parents: tuple[Model, ...],
        site: Site,
        hint: Hint | None,  # noqa: ARG002
        rng: np.random.Generator,
    ) -> Mutated:
        """Change the algorithm of the site's output."""
        return trained_otherwise(parents[0], site, rng, lambda how: replace(how, algorithm=site.place))

"""change_sgd: another SGD algorithm for one output ([VALP] V-C)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.operator import Aggressiveness, Effect, Hint, Operator, Scope, Site
from valpnas.graph.valp import ALGORITHMS, Valp
from valpnas.networks.draft import Draft


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
        draft = Draft(parents[0], rng)
        (output,) = site.outputs
        changed = replace(draft.valp.output_training[output], algorithm=site.place)
        draft.valp = draft.valp.with_training(output, changed)
        return draft.finish()

"""rest_output: an output is hardly trained any further, while others go on - early stopping of one output of several.

The paper has no such operator. Outputs of one model memorise their rows at different times, and a model that stops when
the first one does has not learnt the others yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.operator import Aggressiveness, Effect, Hint, Operator, Scope, Site
from valpnas.graph.valp import LOWEST_RATE, Valp
from valpnas.operators.hyperparameters._retraining import trained_otherwise


@dataclass(frozen=True)
class RestOutput(Operator):
    """Let an output rest: its learning rate becomes the lowest that there is, 1e-5.

    It is not 0: the output goes on to follow the networks that it shares, which the other outputs move. At a rate of 0
    it is soon lost. No weight changes. Legal for every output that does not rest while another one does not either.
    """

    drawn: ClassVar[bool] = False

    name: str = "rest_output"
    scope: Scope = "hyperparameter"
    effect: Effect = "neutral"
    aggressiveness: Aggressiveness = "gentle"

    def sites(self, valp: Valp) -> Sequence[Site]:
        """Return the outputs that do not rest, if there are several."""
        trained = valp.trained_outputs
        return [Site(outputs=(output,)) for output in trained] if len(trained) > 1 else []

    def apply(
        self,
        parents: tuple[Model, ...],
        site: Site,
        hint: Hint | None,  # noqa: ARG002
        rng: np.random.Generator,
    ) -> Mutated:
        """Lower the rate of the site's output."""
        return trained_otherwise(parents[0], site, rng, lambda how: replace(how, learning_rate=LOWEST_RATE))

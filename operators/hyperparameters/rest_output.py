"""rest_output: an output is trained no further, while the others go on - early stopping of one output among several.

The paper has no such operator. Outputs of one model memorise their rows at different times, and a model that stops when
the first one does has not learnt the others yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.operator import Aggressiveness, Effect, Hint, Operator, Scope, Site
from valpnas.graph.valp import Valp
from valpnas.networks.draft import Draft


@dataclass(frozen=True)
class RestOutput(Operator):
    """Let an output rest: its learning rate becomes 0.

    No weight changes. What serves the output alone then stays as it is, and a batch costs less, for nothing is passed
    back from it. Networks that it shares are driven by the other outputs alone, so what it predicts may still change.
    Legal for every output that does not rest while another one does not either.
    """

    name: str = "rest_output"
    scope: Scope = "hyperparameter"
    effect: Effect = "neutral"
    aggressiveness: Aggressiveness = "gentle"

    def sites(self, valp: Valp) -> Sequence[Site]:
        """Return the outputs that are trained, if there are several."""
        trained = [output for output, how in valp.output_training.items() if not how.rests]
        return [Site(outputs=(output,)) for output in trained] if len(trained) > 1 else []

    def apply(
        self,
        parents: tuple[Model, ...],
        site: Site,
        hint: Hint | None,  # noqa: ARG002
        rng: np.random.Generator,
    ) -> Mutated:
        """Train the site's output no further."""
        draft = Draft(parents[0], rng)
        (output,) = site.outputs
        changed = replace(draft.valp.output_training[output], learning_rate=0.0)
        draft.valp = draft.valp.with_training(output, changed)
        return draft.finish()

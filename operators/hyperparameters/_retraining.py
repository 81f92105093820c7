"""Training one output of a model otherwise: what operators on its learning rate and algorithm share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.operator import Site
from valpnas.graph.valp import OutputTraining
from valpnas.networks.draft import Draft


def trained_otherwise(
    model: Model, site: Site, rng: np.random.Generator, change: Callable[[OutputTraining], OutputTraining]
) -> Mutated:
    """Return ``model`` with the training of the site's output changed; no weight is."""
    draft = Draft(model, rng)
    (output,) = site.outputs
    draft.valp = draft.valp.with_training(output, change(draft.valp.output_training[output]))
    return draft.finish()

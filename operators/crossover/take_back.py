"""take_back: one output's own sub-networks, from an earlier model of the same search, at the lowest learning rate.

The paper has no such operator. Outputs of one model are at their best at different times; this brings one that is past
its best back to it while the others go on. Early stopping with the weights restored, of one output of several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.operator import Hint, Site
from valpnas.graph.valp import LOWEST_RATE, Valp
from valpnas.operators.crossover.donate_exclusive_subgraph import DonateExclusiveSubgraph


@dataclass(frozen=True)
class TakeBack(DonateExclusiveSubgraph):
    """Donate an output's exclusive subgraph, and let the output rest: its learning rate becomes the lowest, 1e-5.

    At the donor's rate the part would be past its best again soon. At 0 it would not follow what it shares with others,
    which they move. Legal for outputs beside one that goes on. All else is as in ``donate_exclusive_subgraph``.
    """

    drawn: ClassVar[bool] = False
    from_archive: ClassVar[bool] = True

    name: str = "take_back"

    def sites(self, valp: Valp) -> Sequence[Site]:
        """Return the outputs beside which another one is trained: somebody has to go on."""
        return [site for site in super().sites(valp) if {*valp.trained_outputs} - {*site.outputs}]

    def apply(self, parents: tuple[Model, ...], site: Site, hint: Hint | None, rng: np.random.Generator) -> Mutated:
        """Make the donation, and lower the rate; raises ``OperatorError`` for a donor that does not fit."""
        mutated = super().apply(parents, site, hint, rng)
        (output,) = site.outputs
        resting = replace(mutated.valp.output_training[output], learning_rate=LOWEST_RATE)
        return replace(mutated, valp=mutated.valp.with_training(output, resting))

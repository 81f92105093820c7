"""take_back: what made one output in an earlier model of the same search, at the lowest learning rate.

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
from valpnas.graph.subgraphs import exclusive_subgraph, makers
from valpnas.graph.valp import LOWEST_RATE, Valp
from valpnas.operators.crossover.donate_exclusive_subgraph import DonateExclusiveSubgraph


@dataclass(frozen=True)
class TakeBack(DonateExclusiveSubgraph):
    """Donate all that made an output's predictions, and let it rest: its learning rate becomes the lowest, 1e-5.

    The donor's networks come as copies, those among them that served other outputs, too: the output shares nothing any
    more, and predicts what it did. What is generated takes what made its samples; what feeds that may be the host's,
    so that samples are again what they were, and reconstructions nearly. At the donor's rate it would be past its best
    again soon. Legal for outputs beside one that goes on. All else is as in ``donate_exclusive_subgraph``.
    """

    drawn: ClassVar[bool] = False
    from_archive: ClassVar[bool] = True

    name: str = "take_back"

    def sites(self, valp: Valp) -> Sequence[Site]:
        """Return the outputs beside which another one is trained: somebody has to go on."""
        return [site for site in super().sites(valp) if {*valp.trained_outputs} - {*site.outputs}]

    def given(self, donor: Valp, output: str) -> frozenset[str]:
        """Return what made the output, and all that served it alone."""
        return exclusive_subgraph(donor, output) | makers(donor, output)

    def apply(self, parents: tuple[Model, ...], site: Site, hint: Hint | None, rng: np.random.Generator) -> Mutated:
        """Make the donation, and lower the rate; raises ``OperatorError`` for a donor that does not fit."""
        mutated = super().apply(parents, site, hint, rng)
        (output,) = site.outputs
        resting = replace(mutated.valp.output_training[output], learning_rate=LOWEST_RATE)
        return replace(mutated, valp=mutated.valp.with_training(output, resting))

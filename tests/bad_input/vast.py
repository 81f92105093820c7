"""A search that asks for more memory than there is, and for models that can be had; named in the run of the test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.job import Continue, Proposal
from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.operator import Aggressiveness, Effect, Operator, Scope, Site
from valpnas.graph.valp import Valp
from valpnas.networks.dense_spec import DenseSpec, Layer
from valpnas.networks.draft import Draft

WIDTHS = {"cannot be made": 60_000, "cannot be trained": 6_500, "can be had": 5}
"""Units of two layers: 14 GB of weights; 170 MB, which training takes four times; and next to nothing."""


@dataclass(frozen=True)
class Vast(Operator):
    """Adds a sub-network as wide as its place says."""

    name: str = "vast"
    scope: Scope = "macro"
    effect: Effect = "extender"
    aggressiveness: Aggressiveness = "aggressive"

    def sites(self, valp: Valp) -> Sequence[Site]:  # noqa: ARG002
        """Return one place per width."""
        return [Site(place=place) for place in WIDTHS]

    def apply(self, parents: tuple[Model, ...], site: Site, hint: Any, rng: np.random.Generator) -> Mutated:  # noqa: ARG002
        """Add it between the first input and the first output."""
        valp, width = parents[0].valp, WIDTHS[site.place]
        draft = Draft(parents[0], rng)
        layers = (Layer(width, "relu"), Layer(width, "relu"))
        new = draft.add_network(DenseSpec(4, layers), {valp.inputs[0].name: False})
        draft.connect(new, valp.outputs[0].name, "random")
        return draft.finish()


class InTurn(Chooser):
    """Proposes the places of ``Vast`` one after the other, again and again."""

    name: ClassVar[str] = "in-turn"

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:  # noqa: ARG002
        """Propose the first that was not tried."""
        sites = situation.untried("vast")
        return Proposal("vast", sites[0], "next in turn") if sites else Continue("no place is left")

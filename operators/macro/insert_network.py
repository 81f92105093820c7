"""insert_network: a new sub-network in the middle of an arc ([VALP] V-B; network morphism, facts E2.3b)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from valpnas.catalog import network_kind
from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.operator import Aggressiveness, Effect, Hint, Operator, Scope, Site
from valpnas.graph.spec import Shape
from valpnas.graph.valp import Arc, Valp
from valpnas.networks.dense import output_layer, random_dense
from valpnas.networks.dense_spec import DenseSpec
from valpnas.networks.draft import Draft
from valpnas.operators.macro._legality import hears

_ANY_VECTOR: Shape = (1,)  # what a network emits, whatever its width


@dataclass(frozen=True)
class InsertNetwork(Operator):
    """Replace an arc s -> t by s -> m -> t with a new sub-network m.

    Gentle: m is a random dense network that emits as many numbers as s, its last layer is zero and its arc from s
    carries the identity, so that m emits what s does whatever its activations; t hears m through the weights, and the
    identity if there was one, by which it heard s. Legal where s emits a vector and the space has dense networks.

    Aggressive: m is a random network of any kind that takes what s emits, a decoder included, and t hears it through
    random weights. Legal where there is such a kind. An identity that the arc carried is lost.

    No place is legal in a VALP of ``space.max_networks`` sub-networks.
    """

    name: str = "insert_network/gentle"
    scope: Scope = "macro"
    effect: Effect = "extender"
    aggressiveness: Aggressiveness = "gentle"

    def sites(self, valp: Valp) -> Sequence[Site]:
        """Return every arc on which a network may be put."""
        if len(valp.networks) >= self.space.max_networks:
            return []
        return [Site(arcs=((arc.source, arc.target),)) for arc in valp.arcs if self._fits(valp, arc)]

    def apply(
        self,
        parents: tuple[Model, ...],
        site: Site,
        hint: Hint | None,  # noqa: ARG002
        rng: np.random.Generator,
    ) -> Mutated:
        """Put a network on the site's arc."""
        draft = Draft(parents[0], rng)
        ((source, target),) = site.arcs
        if self.gentle:
            self._insert_identity(draft, source, target)
        else:
            self._insert_random(draft, source, target)
        return draft.finish()

    def _fits(self, valp: Valp, arc: Arc) -> bool:
        shape = valp.shape(arc.source)
        if self.gentle:
            return len(shape) == 1 and DenseSpec.kind in self.space.networks
        return bool(self._kinds(shape)) and hears(valp, arc.target, _ANY_VECTOR, instead=arc.source)

    def _kinds(self, shape: Shape) -> list[str]:
        return [kind for kind in self.space.networks if network_kind(kind).accepts(shape)]

    def _insert_identity(self, draft: Draft, source: str, target: str) -> None:
        (width,) = draft.valp.shape(source)
        spec = replace(random_dense(self.space, draft.rng), output=width)
        new = draft.add_network(spec, {source: True})
        for name in output_layer(spec):
            tensor = draft.weights[f"networks.{new}.{name}"]
            draft.put(f"networks.{new}.{name}", torch.zeros_like(tensor))
        draft.redirect(source, target, new)

    def _insert_random(self, draft: Draft, source: str, target: str) -> None:
        kind = str(draft.rng.choice(self._kinds(draft.valp.shape(source))))
        new = draft.add_network(network_kind(kind).random(self.space, draft.rng), {source: False})
        draft.disconnect(source, target)
        draft.connect(new, target, "random")

"""clone_network: a second network like a given one ([VALP] V-B; shared row blocks, facts E2.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.operator import Aggressiveness, Effect, Hint, Operator, Scope, Site
from valpnas.graph.valp import Valp
from valpnas.networks.draft import Draft


@dataclass(frozen=True)
class CloneNetwork(Operator):
    """Duplicate a sub-network and all its arcs.

    Gentle: the copy has the network's weights, and every receiver splits its weights for the network between the two,
    unevenly, so that the twins part in training. Not offered for decoders: the copy would draw a latent of its own,
    and two half-heard latents are not one. Aggressive: the copy starts from random weights, and so does what its
    receivers make of it.

    An identity that an arc to a receiver carries stays with the original; on the arcs into the network it is copied.
    No place is legal in a VALP of ``space.max_networks`` sub-networks.
    """

    name: str = "clone_network/gentle"
    scope: Scope = "macro"
    effect: Effect = "extender"
    aggressiveness: Aggressiveness = "gentle"

    def sites(self, valp: Valp) -> Sequence[Site]:
        """Return every sub-network that may be cloned."""
        if len(valp.networks) >= self.space.max_networks:
            return []
        clonable = [n.id for n in valp.networks if not (self.gentle and n.spec.decodes)]
        return [Site(components=(network,)) for network in clonable]

    def apply(
        self,
        parents: tuple[Model, ...],
        site: Site,
        hint: Hint | None,  # noqa: ARG002
        rng: np.random.Generator,
    ) -> Mutated:
        """Clone the site's network."""
        draft = Draft(parents[0], rng)
        (network,) = site.components
        if self.gentle:
            _share(draft, network)
        else:
            _add_twin(draft, network)
        return draft.finish()


def _share(draft: Draft, network: str) -> None:
    receivers = draft.valp.targets(network)
    copy = draft.copy_network(network)
    for receiver in receivers:
        draft.share_block(network, receiver, copy)


def _add_twin(draft: Draft, network: str) -> None:
    receivers = draft.valp.targets(network)
    identities = {arc.source: arc.identity for arc in draft.valp.arcs_into(network)}
    twin = draft.add_network(draft.valp.specs[network], identities)
    for receiver in receivers:
        draft.connect(twin, receiver, "random")

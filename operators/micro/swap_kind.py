"""swap_kind: a sub-network of another kind in the place of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from valpnas.catalog import network_kind
from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.operator import Aggressiveness, Effect, Hint, Operator, Scope, Site
from valpnas.graph.valp import Valp
from valpnas.networks.draft import Draft


@dataclass(frozen=True)
class SwapKind(Operator):
    """Replace a sub-network by a random one of another kind, between the same sources and receivers.

    Always aggressive: the new network's weights are random, and so is what its receivers make of it. Identities that
    arcs carried are lost. A place is the name of the new kind.

    Legal where the space has another kind that takes the sources. Decoders are neither replaced nor put in: what
    depends on latents alone must stay as it is.
    """

    name: str = "swap_kind/aggressive"
    scope: Scope = "micro"
    effect: Effect = "neutral"
    aggressiveness: Aggressiveness = "aggressive"

    def sites(self, valp: Valp) -> Sequence[Site]:
        """Return a site per sub-network and kind it may be swapped for."""
        kinds = [kind for kind in self.space.networks if not self._decodes(kind)]
        return [
            Site(components=(network.id,), place=kind)
            for network in valp.networks
            if not network.spec.decodes
            for kind in kinds
            if kind != network.spec.kind
            and all(network_kind(kind).accepts(valp.shape(source)) for source in valp.sources(network.id))
        ]

    def apply(
        self,
        parents: tuple[Model, ...],
        site: Site,
        hint: Hint | None,  # noqa: ARG002
        rng: np.random.Generator,
    ) -> Mutated:
        """Swap the site's network."""
        draft = Draft(parents[0], rng)
        (network,) = site.components
        sources, receivers = draft.valp.sources(network), draft.valp.targets(network)
        spec = network_kind(site.place).random(self.space, rng)
        new = draft.add_network(spec, dict.fromkeys(sources, False))  # first: the new network must not get the old id
        draft.remove_network(network)
        for receiver in receivers:
            draft.connect(new, receiver, "random")
        return draft.finish()

    def _decodes(self, kind: str) -> bool:
        return network_kind(kind).random(self.space, np.random.default_rng(0)).decodes

"""GrowthOperator: the shared half of every micro operator, which leaves the change itself to the network's kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from valpnas.catalog import network_kind
from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.network_kind import GrowthRule
from valpnas.contracts.operator import Aggressiveness, Effect, Hint, Operator, Scope, Site
from valpnas.errors import OperatorError
from valpnas.graph.valp import Valp
from valpnas.networks.draft import Draft


@dataclass(frozen=True)
class GrowthOperator(Operator):
    """An operator that changes one sub-network by the growth rule that the network's kind lists under ``name``.

    A new kind of network is thereby open to every micro operator, and a new micro operator is one rule per kind.
    """

    name: str
    scope: Scope = "micro"
    effect: Effect = "extender"
    aggressiveness: Aggressiveness = "gentle"

    def sites(self, valp: Valp) -> Sequence[Site]:
        """Return a site per sub-network and place inside it; kinds without a rule of this name offer none."""
        return [
            Site(components=(network.id,), place=place)
            for network in valp.networks
            if (rule := self._rule(network.spec.kind)) is not None
            for place in rule.places(network.spec, self.space)
        ]

    def takes(self, valp: Valp, site: Site) -> bool:
        """Ask the kind of the site's network."""
        specs = {network.id: network.spec for network in valp.networks}
        if len(site.components) != 1 or site.components[0] not in specs or site.arcs or site.outputs:
            return False
        spec = specs[site.components[0]]
        rule = self._rule(spec.kind)
        return rule is not None and rule.takes(spec, self.space, site.place)

    def apply(
        self,
        parents: tuple[Model, ...],
        site: Site,
        hint: Hint | None,  # noqa: ARG002
        rng: np.random.Generator,
    ) -> Mutated:
        """Change the site's sub-network at the site's place."""
        draft = Draft(parents[0], rng)
        (network,) = site.components
        spec = draft.valp.specs[network]
        rule = self._rule(spec.kind)
        if rule is None:
            raise OperatorError(f"expected a kind of network that {self.name} can change, got {spec.kind} ({network})")
        draft.set_network(network, rule.grow(spec, draft.state(network), site.place, self.space, rng))
        return draft.finish()

    def _rule(self, kind: str) -> GrowthRule | None:
        return network_kind(kind).growth().get(self.name)

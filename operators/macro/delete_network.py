"""delete_network: one sub-network less, its sources feeding its receivers instead ([VALP] V-B)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.operator import Aggressiveness, Effect, Hint, Operator, Scope, Site
from valpnas.graph.valp import Valp
from valpnas.networks.draft import Draft
from valpnas.operators.macro._legality import DecoderRule, hears


@dataclass(frozen=True)
class DeleteNetwork(Operator):
    """Remove a sub-network; each of its sources then feeds each of its receivers, through random weights where it
    did not before. Always aggressive. A small network between wide neighbours leaves more parameters than it had.

    Legal unless it is the only network between some input and some output, or removing it would let an input reach
    a generation output without a decoder.
    """

    name: str = "delete_network"
    scope: Scope = "macro"
    effect: Effect = "reducer"
    aggressiveness: Aggressiveness = "aggressive"

    def sites(self, valp: Valp) -> Sequence[Site]:
        """Return every sub-network that the model can do without."""
        rule = DecoderRule.of(valp)
        needed = _only_networks(valp)
        return [
            Site(components=(network.id,))
            for network in valp.networks
            if network.id not in needed
            and all(
                rule.allows(*arc) and hears(valp, arc[1], valp.shape(arc[0])) for arc in _new_arcs(valp, network.id)
            )
        ]

    def apply(
        self,
        parents: tuple[Model, ...],
        site: Site,
        hint: Hint | None,  # noqa: ARG002
        rng: np.random.Generator,
    ) -> Mutated:
        """Remove the site's network and join its neighbours."""
        draft = Draft(parents[0], rng)
        (network,) = site.components
        arcs = _new_arcs(draft.valp, network)
        draft.remove_network(network)
        for source, target in arcs:
            draft.connect(source, target, "random")
        return draft.finish()


def _new_arcs(valp: Valp, network: str) -> list[tuple[str, str]]:
    """Return the arcs that join the sources of ``network`` to its receivers and do not exist yet."""
    pairs = [(source, target) for source in valp.sources(network) for target in valp.targets(network)]
    return [pair for pair in pairs if pair not in valp.arc_map]


def _only_networks(valp: Valp) -> set[str]:
    """Return the sub-networks that are the only one between some input and some output."""
    ancestors = [valp.ancestors(output) for output in valp.tasks]
    behind = [valp.descendants(vertex.name).intersection(valp.specs) for vertex in valp.inputs]
    return {next(iter(only)) for b in behind for a in ancestors if len(only := a & b) == 1}

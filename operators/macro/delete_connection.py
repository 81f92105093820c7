"""delete_connection: one source less for a receiver ([VALP] V-B)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.operator import Aggressiveness, Effect, Hint, Operator, Scope, Site
from valpnas.graph.valp import Arc, Valp
from valpnas.networks.draft import Draft


@dataclass(frozen=True)
class DeleteConnection(Operator):
    """Remove an arc, the receiver's row block for it, and the identity it may have carried. Always aggressive.

    Legal if the receiver keeps another source and the source another receiver; an optional input needs none.
    """

    name: str = "delete_connection"
    scope: Scope = "macro"
    effect: Effect = "reducer"
    aggressiveness: Aggressiveness = "aggressive"

    def sites(self, valp: Valp) -> Sequence[Site]:
        """Return every arc that neither end needs."""
        optional = {vertex.name for vertex in valp.inputs if vertex.optional}
        return [Site(arcs=((arc.source, arc.target),)) for arc in valp.arcs if _is_spare(valp, arc, optional)]

    def apply(
        self,
        parents: tuple[Model, ...],
        site: Site,
        hint: Hint | None,  # noqa: ARG002
        rng: np.random.Generator,
    ) -> Mutated:
        """Remove the site's arc."""
        draft = Draft(parents[0], rng)
        ((source, target),) = site.arcs
        draft.disconnect(source, target)
        return draft.finish()


def _is_spare(valp: Valp, arc: Arc, optional: set[str]) -> bool:
    heard_elsewhere = arc.source in optional or len(valp.targets(arc.source)) > 1
    return heard_elsewhere and len(valp.sources(arc.target)) > 1

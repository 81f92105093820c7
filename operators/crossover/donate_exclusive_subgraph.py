"""donate_exclusive_subgraph: one output's own sub-networks, from a model that is good at it ([VALP] IV-D and V-D)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.operator import Aggressiveness, Effect, Hint, Operator, Scope, Site
from valpnas.errors import OperatorError
from valpnas.graph.subgraphs import exclusive_subgraph
from valpnas.graph.valp import Valp
from valpnas.networks.draft import Draft
from valpnas.networks.graft import graft
from valpnas.operators.crossover._donation import Donation, hearers, plan_donation


@dataclass(frozen=True)
class DonateExclusiveSubgraph(Operator):
    """Replace all that serves one output alone by what another model has for it, trained weights and all.

    The host, ``parents[0]``, loses the output's exclusive subgraph and the arcs into the output. The donor's comes in
    its place, with the output's head and its training (learning rate and algorithm). Arcs into the donated part come
    from the inputs as they did in the donor. Where they came from a sub-network that serves other outputs too, and so
    stays behind, one of the host of equal shape takes over the row block: of the same id and spec, for relatives, or
    else the one that serves most of the same outputs. Where the host has none, another one is heard instead, at first
    through zeros, or through random weights where nothing else would be heard.

    An input that only the removed part heard is led, through zeros, to a component that may hear it. All other outputs
    are predicted exactly as before. The output's history stays the host's, whose line of descent the child continues.

    Legal for every output of a model with several. A donor fits when it has something exclusive to the output that
    can be fed in the host, and ``space.max_networks`` has room for it. May add weights or remove some: neither is what
    it is for.
    """

    name: str = "donate_exclusive_subgraph"
    scope: Scope = "crossover"
    effect: Effect = "neutral"
    aggressiveness: Aggressiveness = "aggressive"

    def sites(self, valp: Valp) -> Sequence[Site]:
        """Return every output, if there are several."""
        return [Site(outputs=(output,)) for output in valp.tasks] if len(valp.tasks) > 1 else []

    def given(self, donor: Valp, output: str) -> frozenset[str]:
        """Return the networks of ``donor`` that are donated."""
        return exclusive_subgraph(donor, output)

    def fits(self, host: Valp, donor: Valp, site: Site) -> bool:
        """Say whether the donor's part can be fed in the host and does not make it too large."""
        (output,) = site.outputs
        donation = plan_donation(host, donor, output, self.given(donor, output))
        if donation is None:
            return False
        return len(host.networks) - len(donation.removed) + len(donation.donated) <= self.space.max_networks

    def apply(
        self,
        parents: tuple[Model, ...],
        site: Site,
        hint: Hint | None,  # noqa: ARG002
        rng: np.random.Generator,
    ) -> Mutated:
        """Make the donation; raises ``OperatorError`` for a donor that does not fit."""
        host, donor = parents
        (output,) = site.outputs
        donation = plan_donation(host.valp, donor.valp, output, self.given(donor.valp, output))
        if donation is None:
            raise OperatorError(f"expected a donor with something of its own for {output!r}, got one without")
        draft = Draft(host, rng)
        _clear(draft, output)
        names = graft(draft, donor, donation.donated, output, donation.heirs)
        draft.valp = draft.valp.with_training(output, donor.valp.output_training[output])
        _adapt(draft, donation, {**names, output: output})
        _lead_in(draft, [*names.values(), output])
        return draft.finish()


def _clear(draft: Draft, output: str) -> None:
    """Remove what serves the output alone, and the arcs into it."""
    for network in sorted(exclusive_subgraph(draft.valp, output)):
        draft.remove_network(network)
    for source in draft.valp.sources(output):
        draft.disconnect(source, output)


def _adapt(draft: Draft, donation: Donation, names: dict[str, str]) -> None:
    for source, target in donation.adapted:
        heard = bool(draft.valp.sources(names[target]))
        draft.connect(source, names[target], "zero" if heard else "random")


def _lead_in(draft: Draft, donated: Sequence[str]) -> None:
    """Let somebody hear each input that nothing hears any more and something must: the donated part if it may.

    Somebody always may. A decoder may hear an input, and so may an output that generates nothing; what generates
    has a decoder before it.
    """
    for vertex in draft.valp.inputs:
        if vertex.optional or draft.valp.targets(vertex.name):
            continue
        everybody = [*draft.valp.specs, *draft.valp.tasks]
        may = hearers(draft.valp, vertex.name, donated) or hearers(draft.valp, vertex.name, everybody)
        draft.connect(vertex.name, may[0], "zero")

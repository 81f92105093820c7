"""graft: sub-networks of one model, with their weights, into the draft of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from valpnas.contracts.model import Model, Origin
from valpnas.graph.valp import Arc, SubNetwork
from valpnas.networks.draft import Draft
from valpnas.networks.module import component_of, prefix_of


def graft(draft: Draft, donor: Model, networks: Sequence[str], output: str, heirs: Mapping[str, str]) -> dict[str, str]:
    """Add ``networks`` of ``donor`` and its head of ``output``, weights, buffers and optimiser state included.

    ``heirs`` says what stands here for each component of the donor that is not added but feeds what is: its receivers
    hear the heir through the row blocks they had for it. An arc from a component without an heir is left out.
    ``draft``'s own head of ``output`` must hear nothing. The donor is the child's second parent. Returns the ids that
    the networks have here, by those in the donor.
    """
    names: dict[str, str] = {}
    for network in networks:
        names[network] = draft.valp.fresh_id()
        added = SubNetwork(names[network], donor.valp.specs[network])
        draft.valp = draft.valp.with_networks([*draft.valp.networks, added], draft.valp.arcs)
        draft.networks[names[network]] = (1, network)
    receivers, here = {**names, output: output}, {**heirs, **names}
    arcs = [a for a in donor.valp.arcs if a.target in receivers and a.source in here]
    moved = [Arc(here[a.source], receivers[a.target], a.identity) for a in arcs]
    draft.valp = draft.valp.with_networks(draft.valp.networks, [*draft.valp.arcs, *moved])
    _tensors(draft, donor, receivers, here)
    return names


def _tensors(draft: Draft, donor: Model, receivers: Mapping[str, str], here: Mapping[str, str]) -> None:
    """Enter the donor's tensors of ``receivers`` under the names that they and their sources have here."""
    for name in [*donor.weights, *donor.buffers]:
        component = component_of(name)
        if component not in receivers:
            continue
        rest = name.removeprefix(prefix_of(donor.valp, component))
        if rest.startswith("sources."):
            _, source, block = rest.split(".", 2)
            if source not in here:
                continue
            rest = f"sources.{here[source]}.{block}"
        _enter(draft, donor, name, prefix_of(draft.valp, receivers[component]) + rest)


def _enter(draft: Draft, donor: Model, name: str, instead: str) -> None:
    """Enter a tensor of the donor, in memory of its own, which training would otherwise write to twice."""
    given, taken = (donor.weights, draft.weights) if name in donor.weights else (donor.buffers, draft.buffers)
    taken[instead] = given[name].clone()
    draft.origins[instead] = Origin(name, (None,) * given[name].dim(), parent=1)

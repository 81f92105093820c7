"""Every small VALP by brute force, and three ways to say that two of them are equal but for their ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations, product

import networkx as nx
from networkx.algorithms.isomorphism import categorical_edge_match, categorical_node_match

from valpnas.graph.spec import Spec
from valpnas.graph.validity import RULES
from valpnas.graph.valp import Arc, Input, Output, SubNetwork, Valp


def every_valp(
    inputs: Sequence[Input], specs: Sequence[Spec], outputs: Sequence[Output], identities: bool = False
) -> Iterator[Valp]:
    """Yield every valid VALP of these sub-networks, n1 first; arcs run forward along that order.

    Any other order of the same sub-networks gives the same structures under other ids.
    """
    networks = [SubNetwork(f"n{i + 1}", spec) for i, spec in enumerate(specs)]
    order = [*(i.name for i in inputs), *(n.id for n in networks)]
    givers = set(order) - {i.name for i in inputs if i.optional}
    receivers = [*(n.id for n in networks), *(o.name for o in outputs)]
    pairs = [(s, t) for i, s in enumerate(order) for t in receivers if t not in order or order.index(t) > i]
    choices = [_choices(target, networks, identities) for _, target in pairs]
    for chosen in product(*choices):
        arcs = [Arc(*pair, identity) for pair, identity in zip(pairs, chosen, strict=True) if identity is not None]
        if {a.source for a in arcs} >= givers and {a.target for a in arcs} == set(receivers):
            valp = Valp.make(inputs, networks, outputs, arcs)
            if all(RULES[rule](valp) is None for rule in ("decoded", "identity-fits")):  # the others hold by now
                yield valp


def _choices(target: str, networks: Sequence[SubNetwork], identities: bool) -> tuple[bool | None, ...]:
    """No arc, an arc, an arc with identity."""
    return (None, False, True) if identities and target in {n.id for n in networks} else (None, False)


def every_valp_of(
    inputs: int, rows: Iterable[Sequence[Spec]], outputs: Sequence[Output], identities: bool = False
) -> list[Valp]:
    """Return every valid VALP with so many inputs and one of these rows of sub-networks."""
    vertices = [Input(f"i{i + 1}", (4,)) for i in range(inputs)]
    return [valp for specs in rows for valp in every_valp(vertices, specs, outputs, identities)]


def renamed(valp: Valp, names: Mapping[str, str]) -> Valp:
    """Return ``valp`` with its sub-networks called what ``names`` says."""
    networks = [SubNetwork(names[n.id], n.spec) for n in valp.networks]
    arcs = [replace(a, source=names.get(a.source, a.source), target=names.get(a.target, a.target)) for a in valp.arcs]
    return valp.with_networks(networks, arcs)


def smallest_renaming(valp: Valp) -> object:
    """Return what is equal for two VALPs exactly when some renaming makes them equal: the first of all renamings.

    Plain tuples instead of ``renamed``, for speed; inputs, outputs and training are taken to be the same.
    """
    ids = [network.id for network in valp.networks]
    specs = [repr(network.spec) for network in valp.networks]
    arcs = [(arc.source, arc.target, arc.identity) for arc in valp.arcs]
    return min(_named(dict(zip(ids, order, strict=True)), specs, arcs) for order in permutations(ids))


def _named(names: Mapping[str, str], specs: list[str], arcs: list[tuple[str, str, bool]]) -> tuple[object, ...]:
    found = sorted(
        (names.get(source, source), names.get(target, target), identity) for source, target, identity in arcs
    )
    return tuple(sorted(zip(names.values(), specs, strict=True))), tuple(found)


def isomorphic(one: Valp, other: Valp) -> bool:
    """Say with networkx's matcher whether two VALPs differ in nothing but ids."""
    nodes, edges = categorical_node_match("is", None), categorical_edge_match("identity", None)
    return bool(nx.is_isomorphic(_labelled(one), _labelled(other), node_match=nodes, edge_match=edges))


def _labelled(valp: Valp) -> nx.DiGraph[str]:
    graph: nx.DiGraph[str] = nx.DiGraph()
    vertices: dict[str, object] = {
        **{i.name: i for i in valp.inputs},
        **{o.name: o for o in valp.outputs},
        **valp.specs,
    }
    for name, what in vertices.items():
        graph.add_node(name, **{"is": what})
    for arc in valp.arcs:
        graph.add_edge(arc.source, arc.target, identity=arc.identity)
    return graph

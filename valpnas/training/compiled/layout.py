"""Layout: which values lie side by side in memory, and which matrix products that makes one.

Narrow nodes (all affine ones but the wide) share one arena of rows, a row per number. Nodes that hear the same sources
lie together, so that a source is multiplied once for all of its receivers in a run. A product never mixes weights of
different optimiser groups or of different step counts: every stretch of parameters is then moved by one kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from valpnas.training.compiled.nodes import Affine, Node

Key = Hashable
Reached = tuple[int, ...]  # indices of the optimiser groups that move a component


@dataclass(frozen=True)
class Product:
    """One matrix ``(source size, columns)``; ``tensors`` are its column blocks, one per target."""

    source: str
    targets: tuple[str, ...]
    tensors: tuple[str, ...]
    reached: Reached
    age: Key


@dataclass(frozen=True)
class Layout:
    """The order of narrow nodes in the arena, cut into spans that stay in one piece, and all products."""

    spans: tuple[tuple[Affine, ...], ...]
    wide: tuple[Affine, ...]
    products: tuple[Product, ...]

    @property
    def narrow(self) -> tuple[Affine, ...]:
        """Nodes in the order of their rows."""
        return tuple(node for span in self.spans for node in span)


@dataclass(frozen=True)
class Traits:
    """What decides which weights may lie together: who moves a component, and how old a tensor is."""

    reached: Callable[[str], Reached]
    age: Callable[[str], Key]


def plan_layout(
    nodes: Sequence[Node], sizes: Mapping[str, int], wide: frozenset[str], traits: Traits, apart: bool
) -> Layout:
    """Return the layout of ``nodes``; ``sizes`` are those of all values, ``wide`` the nodes with memory of their own.

    ``apart`` says that products may not run across spans, because each span is a stack of several models.
    """
    affine = [node for node in nodes if isinstance(node, Affine)]
    narrow = sorted((node for node in affine if node.name not in wide), key=_order(affine, sizes, traits))
    spans = tuple(tuple(span) for _, span in groupby(narrow, key=lambda n: (traits.reached(n.component), _heard(n))))
    alone = tuple((node,) for node in affine if node.name in wide)
    runs = [*(spans if apart else [narrow]), *alone]
    products = [product for run in runs for source in _heard_by(run) for product in _products(source, run, traits)]
    return Layout(spans, tuple(node for (node,) in alone), tuple(products))


def runs_of(nodes: Sequence[Affine], key: Callable[[Affine], Key]) -> list[list[Affine]]:
    """Return ``nodes`` cut into neighbours of equal ``key``."""
    return [list(run) for _, run in groupby(nodes, key=key)]


def _order(
    nodes: Sequence[Affine], sizes: Mapping[str, int], traits: Traits
) -> Callable[[Affine], tuple[Reached, list[bool], str, str]]:
    """Return a sort key that brings receivers of a source together, those of large sources first."""
    sources = sorted({term.source for node in nodes for term in node.terms}, key=lambda s: (-sizes[s], s))

    def key(node: Affine) -> tuple[Reached, list[bool], str, str]:
        heard = _heard(node)
        return (traits.reached(node.component), [source not in heard for source in sources], node.activation, node.name)

    return key


def _heard(node: Affine) -> tuple[str, ...]:
    return tuple(term.source for term in node.terms)


def _heard_by(run: Sequence[Affine]) -> list[str]:
    return list(dict.fromkeys(source for node in run for source in _heard(node)))


def _products(source: str, run: Sequence[Affine], traits: Traits) -> list[Product]:
    """Return the products of ``source`` with every neighbour in ``run`` that hears it."""

    def key(node: Affine) -> Key:
        tensors = [term.tensor for term in node.terms if term.source == source]
        return (traits.reached(node.component), traits.age(tensors[0])) if tensors else None

    found = []
    for together in runs_of(run, key):
        if key(together[0]) is not None:
            tensors = [term.tensor for node in together for term in node.terms if term.source == source]
            names = tuple(node.name for node in together)
            reached, age = traits.reached(together[0].component), traits.age(tensors[0])
            found.append(Product(source, names, tuple(tensors), reached, age))
    return found

"""Lowering: from the torch module of a VALP to nodes in topological order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import torch
from torch import nn

from valpnas.graph.valp import Valp
from valpnas.networks.decoder import VectorDecoder
from valpnas.networks.dense import DenseModule
from valpnas.networks.dense_spec import DenseSpec
from valpnas.networks.head import Head
from valpnas.networks.module import ValpModule, prefix_of
from valpnas.training.compiled.nodes import Affine, Foreign, Latent, Node, Term


def lower(module: ValpModule) -> list[Node]:
    """Return the nodes of a whole VALP; its parameters are only named, so they may be anywhere."""
    valp = module.valp
    parts = {**dict(module.networks.items()), **dict(module.outputs.items())}
    return [node for name in (*valp.order, *valp.tasks) for node in _component(module, name, parts[name])]


def has_foreign(valp: Valp) -> bool:
    """Say whether ``valp`` has networks of kinds that only autograd knows."""
    with torch.device("meta"):  # shapes without memory
        return any(isinstance(node, Foreign) for node in lower(ValpModule(valp)))


def _component(module: ValpModule, name: str, part: nn.Module) -> list[Node]:
    sources, prefix = module.valp.sources(name), prefix_of(module.valp, name)
    # Exactly these classes: a subclass may compute something else.
    if type(part) is Head:
        terms = tuple(Term(source, f"{prefix}sources.{source}.weight") for source in sources)
        return [Affine(name, name, len(part.bias), terms, f"{prefix}bias")]
    if type(part) is DenseModule:
        return _Dense(name, name, prefix, part.spec, {source: source for source in sources}).nodes(part.identities)
    if type(part) is VectorDecoder:
        return _decoder(name, prefix, part, sources)
    return [Foreign(name, name, prod(module.valp.shape(name)), sources)]


def _decoder(name: str, prefix: str, part: VectorDecoder, sources: Sequence[str]) -> list[Node]:
    heads: list[Node] = [
        Affine(
            f"{name}:{head}",
            name,
            part.latent,
            tuple(Term(source, f"{prefix}sources.{source}.{head}") for source in sources),
            f"{prefix}bias.{head}",
        )
        for head in ("mean", "log_variance")
    ]
    draw = Latent(f"{name}:latent", name, part.latent, f"{name}:mean", f"{name}:log_variance")
    body = _Dense(name, name, f"{prefix}body.", part.body.spec, {"latent": draw.name})
    return [*heads, draw, *body.nodes(())]


class _Dense:
    """The nodes of one ``DenseSpec``; ``sources`` gives the value of each source by its name in tensors."""

    def __init__(self, name: str, component: str, prefix: str, spec: DenseSpec, sources: Mapping[str, str]) -> None:
        self._name, self._component, self._prefix, self._spec, self._sources = name, component, prefix, spec, sources
        self._found: list[Node] = []

    def nodes(self, identities: Sequence[str]) -> list[Node]:
        """Return the nodes; ``identities`` are the values added to the output."""
        spec, values = self._spec, dict[int, str]()
        last = len(spec.layers) + 1
        for position in range(1, last + 1):
            ending = [f"b{i}" for i, branch in enumerate(spec.branches) if branch.end == position]
            adds = tuple(identities) if position == last else ()
            value = self._layer("main", position - 1, values.get(position - 1), () if ending else adds)
            for path in ending:
                start = value if spec.start(path) == position else values.get(spec.start(path))
                value = self._branch(path, start, (value, *(adds if path == ending[-1] else ())))
            values[position] = value
        return [*self._found[:-1], self._renamed(self._found[-1])]

    def _branch(self, path: str, value: str | None, added: tuple[str, ...]) -> str:
        hidden = len(self._spec.paths[path])
        for j in range(hidden):
            value = self._layer(path, j, value, ())
        return self._layer(path, hidden, value, added)

    def _layer(self, path: str, j: int, value: str | None, added: tuple[str, ...]) -> str:
        hidden, prefix = self._spec.paths[path], f"{self._prefix}{path}.{j}."
        if value is None:  # at the input every source has its own block
            terms = tuple(Term(v, f"{self._prefix}sources.{source}.{path}") for source, v in self._sources.items())
        else:
            terms = (Term(value, f"{prefix}weight"),)
        size, activation = (hidden[j].width, hidden[j].activation) if j < len(hidden) else (
            self._spec.end_width(path), "linear")  # fmt: skip
        name = f"{self._name}:{path}.{j}"
        self._found.append(Affine(name, self._component, size, terms, f"{prefix}bias", activation, added))
        return name

    def _renamed(self, node: Node) -> Node:
        assert isinstance(node, Affine)  # noqa: S101 - every path ends in a linear layer
        return Affine(self._name, node.component, node.size, node.terms, node.bias, node.activation, node.added)

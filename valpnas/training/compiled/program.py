"""Program: the schedule of one batch - the calls forward, and for each optimiser group the calls backward."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from itertools import groupby

import torch
from torch import Tensor

from valpnas.training.compiled.activations import MAKERS, Planned
from valpnas.training.compiled.calls import Calls, partial, product_into, product_to
from valpnas.training.compiled.layout import Layout, Product
from valpnas.training.compiled.nodes import Affine, Foreign, Node, levels
from valpnas.training.compiled.parameters import Parameters
from valpnas.training.compiled.values import Values


class Program:
    """Plans the owned layers of one or several models; ``special`` nodes (draws, foreign networks) are handed in."""

    def __init__(
        self, nodes: Sequence[Node], layout: Layout, parameters: Parameters, flat: Tensor, values: Values
    ) -> None:
        """Plan every activation and put the results where receivers look for them."""
        self._nodes, self._layout, self._parameters, self._flat, self._values = nodes, layout, parameters, flat, values
        self._level = levels(list(nodes))
        self._by_level = [list(each) for _, each in groupby(sorted(nodes, key=self._at), key=self._at)]
        self._products: dict[str, list[int]] = {}
        for index, product in enumerate(layout.products):
            self._products.setdefault(product.source, []).append(index)
        self._activations = {run[0].name: (run, self._activation(run)) for run in self._runs()}

    def forward(self, inputs: Sequence[str], special: Mapping[str, Calls]) -> Calls:
        """Return the calls that compute every value; ``special`` are the calls of nodes that are not affine."""
        calls = self._biases()
        for source in inputs:
            calls += self._products_of(source)
        for nodes in self._by_level:
            for node in nodes:
                calls += self._added(node)
            for _, planned in self._activations_at(nodes):
                calls += planned.forward
            for node in nodes:
                calls += special.get(node.name, [])
            for node in nodes:
                calls += self._products_of(node.name)
        return calls

    def backward(
        self,
        group: int,
        gradient: Tensor,
        reached: Container[str],
        inputs: Sequence[str],
        special: Mapping[str, Calls],
    ) -> Calls:
        """Return the calls from the gradients by the logits to ``gradient``, flat like the weights.

        Only components in ``reached`` take part. ``special`` as in ``forward``.
        """
        calls: Calls = []
        begun: set[str] = set()  # values whose gradient holds something of this pass
        for nodes in reversed(self._by_level):
            taking_part = [node for node in nodes if node.component in reached]
            for node in taking_part:
                calls += self._gradients_of(node.name, group, gradient, begun, passes_on=True)
            for run, planned in self._activations_at(taking_part):
                assert all(node.component in reached for node in run)  # noqa: S101 - runs are cut by who moves them
                calls += planned.backward
            for node in taking_part:
                calls += self._passed_on(node, inputs, begun)
                calls += special.get(node.name, [])
        for source in inputs:
            calls += self._gradients_of(source, group, gradient, begun, passes_on=False)
        return calls + self._bias_gradients(gradient, reached)

    def _at(self, node: Node) -> int:
        return self._level[node.name]

    def _runs(self) -> Iterator[list[Affine]]:
        """Yield neighbours that one call can activate: alike, ready together, moved by the same optimisers."""
        groups = {name: p.reached for p in self._layout.products for name in p.targets}
        pieces = self._layout.spans if self._values.models > 1 else (self._layout.narrow,)
        for piece in (*pieces, *((node,) for node in self._layout.wide)):
            for _, run in groupby(piece, key=lambda n: (n.activation, self._at(n), groups[n.name])):
                yield list(run)

    def _activation(self, run: Sequence[Affine]) -> Planned:
        names = [node.name for node in run]
        total = self._values.before(*names)
        planned = MAKERS[run[0].activation](total, self._values.gradient(*names))
        if planned.result is not total:
            self._values.put_run(names, planned.result)
        return planned

    def _activations_at(self, nodes: Sequence[Node]) -> list[tuple[list[Affine], Planned]]:
        return [self._activations[node.name] for node in nodes if node.name in self._activations]

    def _biases(self) -> Calls:
        """Return the calls that begin every sum with its bias."""
        rows = self._parameters.rows
        calls: Calls = [partial(self._values.arena[:rows].copy_, self._flat[:rows].unsqueeze(1))] if rows else []
        for node in self._layout.wide:
            calls.append(partial(self._values.wide(node.name).copy_, self._wide_bias(self._flat, node).unsqueeze(-2)))
        return calls

    def _bias_gradients(self, gradient: Tensor, reached: Container[str]) -> Calls:
        rows = self._parameters.rows
        ones = self._values.empty(self._values.rows).fill_(1.0)
        calls: Calls = [partial(torch.mv, self._values.gradients[:rows], ones, out=gradient[:rows])] if rows else []
        for node in self._layout.wide:
            if node.component in reached:
                above = self._values.wide_gradient(node.name)
                calls.append(partial(torch.sum, above, -2, out=self._wide_bias(gradient, node)))
        return calls

    def _wide_bias(self, flat: Tensor, node: Affine) -> Tensor:
        place = self._parameters.places[node.bias]
        whole = flat[place.offset : place.offset + self._values.models * node.size]
        return whole if self._values.models == 1 else whole.view(self._values.models, node.size)

    def _matrix(self, flat: Tensor, index: int) -> Tensor:
        """Return the weights of a product, ``(source size, columns)``, for several models a stack of them."""
        product, start, models = self._layout.products[index], self._parameters.starts[index], self._values.models
        height, width = self._values.size(product.source), sum(self._values.size(name) for name in product.targets)
        whole = flat[start : start + models * height * width]
        return whole.view(height, width) if models == 1 else whole.view(models, height, width)

    def _products_of(self, source: str) -> Calls:
        return [self._product(index, self._layout.products[index]) for index in self._products.get(source, [])]

    def _product(self, index: int, product: Product) -> Callable[[], object]:
        value, weights = self._values.forward(product.source), self._matrix(self._flat, index)
        if self._values.is_wide(product.targets[0]):
            return product_into(self._values.wide(product.targets[0]), value.mT, weights)
        return product_into(self._values.before(*product.targets), weights.mT, value)

    def _gradients_of(self, source: str, group: int, gradient: Tensor, begun: set[str], passes_on: bool) -> Calls:
        """Return, for each product of ``source``, the calls for its weights' gradient and for that of the source."""
        calls: Calls = []
        for index in self._products.get(source, []):
            product = self._layout.products[index]
            if group not in product.reached:
                continue
            above = self._values.gradient(*product.targets)
            calls.append(product_to(self._matrix(gradient, index), self._values.forward(source), above.mT))
            if passes_on:
                add = product_into if source in begun else product_to
                calls.append(add(self._values.gradient(source), self._matrix(self._flat, index), above))
                begun.add(source)
        return calls

    def _added(self, node: Node) -> Calls:
        if not isinstance(node, Affine):
            return []
        total = self._values.before(node.name)
        return [partial(total.add_, self._values.forward(value)) for value in node.added]

    def _passed_on(self, node: Node, inputs: Container[str], begun: set[str]) -> Calls:
        """Return the calls that give a node's gradient to what was added to it, or begin those of other sources."""
        calls: Calls = []
        if isinstance(node, Foreign):  # it adds to all of its sources
            calls = [self._values.gradient(v).zero_ for v in node.sources if v not in inputs and v not in begun]
            begun.update(node.sources)
        elif isinstance(node, Affine):
            for value in node.added:
                if value not in inputs:
                    below = self._values.gradient(value)
                    calls.append(
                        partial(below.add_ if value in begun else below.copy_, self._values.gradient(node.name))
                    )
                    begun.add(value)
        return calls

"""Parameters: every owned weight of one or several models in one flat buffer, and where each tensor lies in it.

The buffer begins with the biases of the arena, in the order of its rows, so that all bias gradients are one reduction.
Gradients and optimiser state are buffers of the same form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from valpnas.networks.module import component_of
from valpnas.training.compiled.layout import Layout, Product, Reached, Traits


@dataclass(frozen=True)
class Place:
    """Where a tensor lies: offset in the first model, distance to the next model's, shape and strides."""

    offset: int
    next_model: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def of(self, flat: Tensor, model: int) -> Tensor:
        """Return the tensor of ``model`` as a view of ``flat``."""
        return flat.as_strided(self.shape, self.strides, self.offset + model * self.next_model)


@dataclass(frozen=True)
class Segment:
    """A contiguous stretch of weights that are moved alike: by which groups, and as old as ``tensor`` of ``model``."""

    start: int
    end: int
    reached: Reached
    tensor: str
    model: int


class Parameters:
    """The flat form of the owned weights of ``models`` models of one layout."""

    def __init__(self, layout: Layout, sizes: Mapping[str, int], traits: Traits, models: int) -> None:
        """Give every tensor its place."""
        self.models, self._sizes, self._traits = models, sizes, traits
        self.places: dict[str, Place] = {}
        self.starts: dict[int, int] = {}  # offset of each product's matrix, by index in the layout
        self._pieces: list[Segment] = []
        self.size = 0
        for span in layout.spans:
            self._place_biases([(node.name, node.bias, node.component) for node in span])
        self.rows = self.size
        for node in layout.wide:
            self._place_biases([(node.name, node.bias, node.component)])
        order = sorted(range(len(layout.products)), key=lambda i: _alike(layout.products[i]))
        for index in order:
            self._place_product(index, layout.products[index])

    def _place_biases(self, biases: Sequence[tuple[str, str, str]]) -> None:
        height = sum(self._sizes[name] for name, _, _ in biases)
        start = self.size
        for name, tensor, _ in biases:
            self.places[tensor] = Place(start, height, (self._sizes[name],), (1,))
            start += self._sizes[name]
        for model in range(self.models):
            for name, tensor, component in biases:
                self._piece(self._sizes[name], self._traits.reached(component), tensor, model)

    def _place_product(self, index: int, product: Product) -> None:
        rows = self._sizes[product.source]
        widths = [self._sizes[target] for target in product.targets]
        self.starts[index], column = self.size, 0
        for tensor, width in zip(product.tensors, widths, strict=True):
            strides = (sum(widths), 1)
            self.places[tensor] = Place(self.size + column, rows * sum(widths), (rows, width), strides)
            column += width
        for model in range(self.models):
            self._piece(rows * sum(widths), product.reached, product.tensors[0], model)

    def _piece(self, length: int, reached: Reached, tensor: str, model: int) -> None:
        self._pieces.append(Segment(self.size, self.size + length, reached, tensor, model))
        self.size += length

    def segments(self, group: int, step: Callable[[Segment], float]) -> list[Segment]:
        """Return the stretches that optimiser ``group`` moves, as few as their step counts allow."""
        found: list[Segment] = []
        for piece in (piece for piece in self._pieces if group in piece.reached):
            last = found[-1] if found else None
            if last and last.end == piece.start and step(last) == step(piece):
                found[-1] = replace(last, end=piece.end)
            else:
                found.append(piece)
        return found

    def moved_by(self, group: int) -> list[str]:
        """Return the names of all tensors that optimiser ``group`` moves."""
        return [name for name in self.places if group in self._traits.reached(component_of(name))]

    def load(self, flat: Tensor, tensors: Sequence[Mapping[str, Tensor]]) -> None:
        """Copy the tensors of every model into ``flat``; a name that a model lacks is left as it is."""
        for model, named in enumerate(tensors):
            for name, place in self.places.items():
                if name in named:
                    place.of(flat, model).copy_(named[name])

    def read(self, flat: Tensor, model: int) -> dict[str, Tensor]:
        """Return copies of all tensors of ``model``."""
        return {name: place.of(flat, model).clone(memory_format=torch.contiguous_format)
                for name, place in self.places.items()}  # fmt: skip


def _alike(product: Product) -> tuple[str, str]:
    """Return what brings products that are moved alike together."""
    return repr(product.reached), repr(product.age)

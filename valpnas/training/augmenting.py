"""Augmenting: a batch of images altered on the device, all images at once, with draws from one explicit generator.

Moved images are filled up by reflection at the edge of the last pixel, as Keras does unless told otherwise; by whole
pixels, so that nothing is blurred. Cut-out squares are black and may reach over the border (DeVries and Taylor 2017).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from valpnas.contracts.augmentation import Augmentation, is_image
from valpnas.graph.valp import Input


@dataclass(frozen=True, eq=False)
class Augmenter:
    """Alters the inputs ``names``, images ``(n, channels, height, width)``; others pass as they are."""

    how: Augmentation
    names: tuple[str, ...]
    generator: torch.Generator

    @staticmethod
    def of(how: Augmentation, inputs: Iterable[Input], generator: torch.Generator) -> Augmenter:
        """Return what alters the image inputs among ``inputs``, if ``how`` alters anything."""
        return Augmenter(how, tuple(i.name for i in inputs if is_image(i)) if how else (), generator)

    def __call__(self, inputs: dict[str, Tensor]) -> Mapping[str, Tensor]:
        """Return the inputs of a batch with every image altered by draws of its own."""
        return {**inputs, **{name: self.altered(inputs[name]) for name in self.names}}

    def altered(self, images: Tensor) -> Tensor:
        """Return ``images`` moved, mirrored and cut, as far as asked."""
        if self.how.shift:
            images = moved(moved(images, self.how.shift, 2, self.generator), self.how.shift, 3, self.generator)
        if self.how.flip:
            images = flipped(images, self.generator)
        return cut_out(images, self.how.cutout, self.generator) if self.how.cutout else images


def moved(images: Tensor, share: float, dim: int, generator: torch.Generator) -> Tensor:
    """Return each image moved along ``dim`` by up to ``share`` of its size, uniform over whole pixels."""
    size, rows = images.shape[dim], len(images)
    most = min(round(share * size), size - 1)
    if most == 0:
        return images
    by = torch.randint(-most, most + 1, (rows, 1), generator=generator, device=images.device)
    index = torch.arange(size, device=images.device) + by
    index = torch.where(index < 0, -1 - index, index)  # mirrored at the edge of the last pixel, which is there twice
    index = torch.where(index >= size, 2 * size - 1 - index, index)
    index = index.reshape(rows, 1, *(size if d == dim else 1 for d in (2, 3)))
    return images.gather(dim, index.expand(images.shape))


def flipped(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return each image mirrored left to right with a chance of one half."""
    mirrored = torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device) < 0.5
    return torch.where(mirrored, images.flip(3), images)


def cut_out(images: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Return each image with a black rectangle of ``share`` of its sides, at least a pixel, around a random pixel."""
    holes = [_hole(images, share, dim, generator) for dim in (2, 3)]
    return images.masked_fill(holes[0].reshape(len(images), 1, -1, 1) & holes[1].reshape(len(images), 1, 1, -1), 0.0)


def _hole(images: Tensor, share: float, dim: int, generator: torch.Generator) -> Tensor:
    """Return which places along ``dim`` are cut out of each image, ``(n, size)``."""
    size = images.shape[dim]
    side = max(1, round(share * size))
    start = torch.randint(size, (len(images), 1), generator=generator, device=images.device) - side // 2
    places = torch.arange(size, device=images.device)
    return (places >= start) & (places < start + side)

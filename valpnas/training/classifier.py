"""The fixed classifier that judges samples: three strided convolutions, features, classes; plain functions."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own custom
from tqdm import tqdm

from valpnas.seeding import stream, torch_stream
from valpnas.training.device import small_network_settings
from valpnas.training.fitting import Tensors


@dataclass(frozen=True)
class Recipe:
    """All that decides the fitted classifier besides its data.

    1,250 batches are three passes over 53,000 images: an error of 13 % on Fashion-MNIST and of 3 % on MNIST, in some
    ten seconds of one core.
    """

    channels: tuple[int, ...] = (8, 16, 32)
    features: int = 64
    batches: int = 1250
    batch_size: int = 128
    learning_rate: float = 2e-3  # at first; it falls to zero in a straight line
    seed: int = 0
    version: int = 1  # to be raised when the code below makes another network of the same numbers


def fit_classifier(recipe: Recipe, images: Tensor, labels: Tensor, classes: int, quiet: bool) -> Tensors:
    """Fit the classifier to ``images`` ``(n, channels, height, width)`` and ``labels`` ``(n,)``, on the CPU."""
    generator = torch_stream(stream(recipe.seed, "classifier"))
    weights = _initial(recipe, tuple(images.shape[1:]), classes, generator)
    optimiser = torch.optim.Adam(list(weights.values()), lr=recipe.learning_rate, fused=True)
    steps = tqdm(range(recipe.batches), "sample scorer", disable=quiet or None, leave=False, dynamic_ncols=True)
    with small_network_settings(), torch.enable_grad():  # one thread: the order of additions is part of the result
        for step in steps:
            for group in optimiser.param_groups:
                group["lr"] = recipe.learning_rate * (1 - step / recipe.batches)
            rows = torch.randint(len(images), (recipe.batch_size,), generator=generator)
            loss = F.cross_entropy(logits(weights, images[rows]), labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return {name: weight.detach() for name, weight in weights.items()}


def penultimate(weights: Tensors, images: Tensor) -> Tensor:
    """Return the features ``(n, d)`` of the images, what the classes are told from."""
    seen = images
    for level in range(len([name for name in weights if name.startswith("convolution")])):
        seen = F.relu(F.conv2d(seen, weights[f"convolution.{level}"], weights[f"bias.{level}"], stride=2, padding=1))
    return F.relu(F.linear(seen.flatten(1), weights["features"], weights["features.bias"]))


def logits(weights: Tensors, images: Tensor) -> Tensor:
    """Return the logits of the classes, ``(n, classes)``."""
    return F.linear(penultimate(weights, images), weights["classes"], weights["classes.bias"])


def _initial(recipe: Recipe, shape: tuple[int, ...], classes: int, generator: torch.Generator) -> dict[str, Tensor]:
    channels, *extent = shape
    weights = {}
    for level, width in enumerate(recipe.channels):
        weights[f"convolution.{level}"] = _kaiming((width, channels, 3, 3), generator)
        weights[f"bias.{level}"] = torch.zeros(width)
        channels, extent = width, [(size + 1) // 2 for size in extent]
    weights["features"] = _kaiming((recipe.features, channels * prod(extent)), generator)
    weights["features.bias"] = torch.zeros(recipe.features)
    weights["classes"] = torch.zeros(classes, recipe.features)
    weights["classes.bias"] = torch.zeros(classes)
    return {name: weight.requires_grad_() for name, weight in weights.items()}


def _kaiming(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return nn.init.kaiming_normal_(torch.empty(shape), generator=generator)
